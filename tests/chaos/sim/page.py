"""A page's side of the line after docs/protocol.md, over any number of sockets and requests."""

import random
from collections.abc import Callable

from msgspec.structs import replace

from signaling.client_messages import Ack, Chat, Hello, Join, Resume
from signaling.codec import decode_server
from signaling.ids import RoomId, SeatId
from signaling.server_messages import (
    Duty,
    Invite,
    Ping,
    Refused,
    Result,
    Resumed,
    ResumeFailed,
    Ring,
    RingStopped,
    RoomState,
    ServerEvent,
    Visit,
    Welcome,
)
from signaling.tokens import Claims
from tests.chaos.sim.clockwork import Clockwork, Life
from tests.chaos.sim.disk import Tables
from tests.chaos.sim.wire import Closed, FromServer, Socket
from tests.chaos.sim.witness import Witness

_ACK_AFTER = 5
_OPENING_MS = 3_000


class Page:
    """One page of one seat, in memory only: a reload makes another one.

    Args:
        dial: opens a socket, None where there is no network or no server.
        snapshot: what a page reads as a whole over HTTP.
    """

    def __init__(
        self,
        seat: SeatId,
        name: str,
        clockwork: Clockwork,
        dice: random.Random,
        witness: Witness,
        dial: Callable[["Page"], Socket | None],
        snapshot: Callable[[], Tables],
    ) -> None:
        self.seat = seat
        self.claims = Claims(seat, f"login-{seat}")
        self.name = name
        self.life = Life()
        self.is_ready = False  # welcome or resumed came on the present socket
        self.seq = self.pos = 0
        self.visits: dict[str, str] = {}
        self.rooms: dict[str, RoomState] = {}
        self.ringing: set[str] = set()
        self.duty: Duty | None = None
        self.unanswered: dict[str, Join | Chat] = {}
        self._clockwork = clockwork
        self._dice = dice
        self._witness = witness
        self._dial = dial
        self._snapshot = snapshot
        self._socket: Socket | None = None
        self._sid = self._token = self._epoch = ""
        self._cseq = self._commands = 0
        self._answered: set[int] = set()
        self._upto = 0  # every command up to this one has its answer
        self._acked = 0
        self._is_ack_due = False

    @property
    def socket(self) -> Socket | None:
        return self._socket

    def close(self) -> None:
        """The page is gone; what it said last may still arrive."""
        self.life.is_over = True
        self._give_up()

    def open(self) -> None:
        """Open a socket now or, where that cannot be, in a while."""
        if self._socket is not None or self.life.is_over:
            return
        socket = self._dial(self)
        if socket is None:
            self._come_back()
            return
        self._socket, self.is_ready = socket, False
        if self._sid:
            socket.to_server(
                Resume(
                    ticket="t",
                    proto=1,
                    sid=self._sid,
                    token=self._token,
                    last_seq=self.seq,
                    last_pos=self.pos,
                    last_result_cseq=self._upto,
                )
            )
        else:
            socket.to_server(Hello(ticket="t", proto=1))
        self._clockwork.later(
            _OPENING_MS, lambda: self._check_open(socket), "waited", self.name, life=self.life
        )

    def chat(self, room: str) -> None:
        """Say a line that nobody else says."""
        key = self.next_key()
        self._command(Chat(id=key, room=RoomId(room), text=key))

    def join(self, room: str) -> None:
        self._command(Join(id=self.next_key(), room=RoomId(room)))

    def next_key(self) -> str:
        """Name a command or a request as nobody else does."""
        self._commands += 1
        return f"{self.name}-{self._commands}"

    def _command(self, command: Join | Chat) -> None:
        self._cseq += 1
        command = self.unanswered[command.id] = replace(command, cseq=self._cseq)
        if self.is_ready and self._socket is not None:
            self._socket.to_server(command)

    # What comes in

    def heard(self, socket: Socket, frame: FromServer) -> None:
        """One frame, or the end of a socket."""
        if socket is not self._socket:
            return
        if isinstance(frame, Closed):
            self._ended(frame)
            return
        message = decode_server(frame) if isinstance(frame, bytes) else frame
        match message:
            case Welcome():
                self._begin(message)
            case Resumed():
                self._go_on(message)
            case ResumeFailed():
                self._sid = ""
            case Result() | Refused():
                self._answer(message)
            case Ping():
                pass
            case _:
                self._event(message)

    def _begin(self, welcome: Welcome) -> None:
        if self.is_ready:
            return  # the proxy said it twice
        self._sid, self._token, self._epoch = welcome.sid, welcome.resume_token, welcome.epoch
        if welcome.pos < self.pos:
            self._witness.broken(f"I6: the journal of {self.seat} went back to {welcome.pos}")
        self.seq, self.pos, self._acked = 0, welcome.pos, 0
        self._cseq = self._upto = 0
        self._answered.clear()
        tables = self._snapshot()
        self.ringing = {row.id for row in tables.visits.values() if row.state == "waiting" or row.is_offered}
        self.unanswered = {
            key: replace(command, cseq=number)
            for number, (key, command) in enumerate(self.unanswered.items(), 1)
        }
        self._cseq = len(self.unanswered)
        self._forget_views()
        self._ready()

    def _go_on(self, resumed: Resumed) -> None:
        if self.is_ready:
            return
        if resumed.replay_from != self.seq + 1:
            self._witness.broken(f"I6: {self.seat} has {self.seq}, is told from {resumed.replay_from}")
        if resumed.epoch != self._epoch:
            self._forget_views()
        if resumed.last_cseq > self._cseq:
            self._witness.broken(f"I6: {self.seat} is told of commands that it never said")
        self._token, self._epoch = resumed.resume_token, resumed.epoch
        self._ready()

    def _forget_views(self) -> None:
        self.visits.clear()
        self.rooms.clear()
        self.duty = None

    def _ready(self) -> None:
        """Join the rooms first, then say again what has no answer."""
        self.is_ready = True
        repeated = list(self.unanswered.values())
        for visit, state in self.visits.items():
            if state == "in_call":
                self.join(visit)
        for command in repeated:
            if self._socket is not None:
                self._socket.to_server(command)

    def _answer(self, answer: Result | Refused) -> None:
        command = self.unanswered.pop(str(answer.re), None)
        if command is None:
            return
        if isinstance(command, Chat) and isinstance(answer, Result):
            self._witness.acknowledged.append((self.seat, command.id, "ok"))
        if isinstance(command, Join) and isinstance(answer, Refused):
            self.rooms.pop(command.room, None)
        self._answered.add(command.cseq)
        while self._upto + 1 in self._answered:
            self._upto += 1
            self._answered.remove(self._upto)

    def _event(self, event: ServerEvent) -> None:
        seq, pos = event.seq, event.pos
        assert self._socket is not None
        if not self.is_ready or seq != self.seq + 1:
            if not self._socket.is_disturbed:
                self._witness.broken(f"I6: {self.seat} has {self.seq} and is told {seq}")
            if not self.is_ready or seq > self.seq:
                self._give_up()
                self._come_back()
            return
        self._witness.told(self.seat, self.pos, event)
        self.seq = seq
        self.pos = pos or self.pos
        self._take(event)
        self._owe_ack()

    def _take(self, event: ServerEvent) -> None:
        match event:
            case Ring():
                self.ringing.add(event.visit)
            case RingStopped():
                self.ringing.discard(event.visit)
            case Visit():
                self.visits[event.visit] = event.state
                if event.state == "in_call" and event.visit not in self.rooms:
                    self.join(event.visit)
            case RoomState(phase="closed"):
                self.rooms.pop(event.room, None)
            case RoomState():
                self.rooms[event.room] = event
            case Duty():
                self.duty = event
            case Invite() | _:
                pass

    def _owe_ack(self) -> None:
        if self.seq - self._acked >= _ACK_AFTER:
            self._ack()
        elif not self._is_ack_due:
            self._is_ack_due = True
            self._clockwork.later(1_000, self._ack, "ack", self.name, life=self.life)

    def _ack(self) -> None:
        self._is_ack_due = False
        if self.is_ready and self._socket is not None and self.seq > self._acked:
            self._acked = self.seq
            self._socket.to_server(Ack(seq=self.seq))

    # The line is lost

    def _ended(self, closed: Closed) -> None:
        self._socket, self.is_ready = None, False
        if closed.code == 4401:
            self._sid = ""
        if closed.reason == "taken_over":
            self.life.is_over = True
            self._witness.gives_way(self.seat)
            return
        self._come_back()

    def _check_open(self, socket: Socket) -> None:
        if self._socket is socket and not self.is_ready:
            self._give_up()
            self._come_back()

    def _give_up(self) -> None:
        socket, self._socket, self.is_ready = self._socket, None, False
        if socket is not None:
            socket.leave()

    def _come_back(self) -> None:
        ms = self._dice.choice((0, 50, 250, 2_000))
        self._clockwork.later(max(ms, 10), self.open, "dial", self.name, life=self.life)
