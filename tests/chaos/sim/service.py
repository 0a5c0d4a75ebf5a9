"""One run of the server: its door, its hall and its desk, and what it tells whom after each commit."""

import random
from collections import deque
from collections.abc import Callable

from reception.domain.suspension import Fate
from reception.domain.visits import OWES_OUTCOME, VisitState
from signaling.client_messages import Ack, Chat, ClientMessage, Command, Join, Leave, Media
from signaling.ids import SeatId
from signaling.server_messages import ChatLine, Duty, Refused, Result, Visit
from signaling.tokens import Claims
from tests.chaos.sim.clockwork import Clockwork, Life
from tests.chaos.sim.desk import Desk, Request
from tests.chaos.sim.disk import AddFact, Commit, Disk, PutResult, Tables
from tests.chaos.sim.door import NOON, Door, Live
from tests.chaos.sim.hall import Hall
from tests.chaos.sim.wire import PageEnd, Socket
from tests.chaos.sim.witness import Witness

_KEEP_EVERY_MS = 1_000
_KEPT = frozenset({VisitState.IN_CALL, VisitState.WRAP_UP, VisitState.SUSPENDED})


class Service:
    """From the start of a process to its death; only the disk goes from one to the next."""

    def __init__(
        self,
        number: int,
        officers: tuple[SeatId, ...],
        clockwork: Clockwork,
        dice: random.Random,
        disk: Disk,
        witness: Witness,
        *,
        day_ends_at: float,
    ) -> None:
        self.life = Life()
        self._officers = officers
        self._clockwork = clockwork
        self._dice = dice
        self._disk = disk
        self._began = clockwork.now
        self._gone_since: dict[SeatId, float] = {}
        self._tickets = 0
        self._sockets: list[Socket] = []
        self._waiting: dict[Socket, deque[Command]] = {}
        self._kept: set[str] = set()  # visits whose fate is being carried out
        self.door = Door(f"e{number}", self.life, clockwork, dice, disk, self, witness)
        self.hall = Hall(self.life, clockwork, self.door.deliver)
        self.desk = Desk(officers, self._away_since, lambda: clockwork.now, day_ends_at)
        for row in disk.tables.visits.values():
            self.hall.reconcile(row.id, disk.tables)
        clockwork.later(_KEEP_EVERY_MS, self._keep, "keep", life=self.life)

    def dial(self, claims: Claims, page: PageEnd, *, is_disturbed: bool, is_slow: bool) -> Socket:
        """A page fetches a ticket and opens a socket with it."""
        self._tickets += 1
        socket = Socket(
            claims,
            self._tickets,
            self._clockwork,
            self._dice,
            self.door,
            page,
            is_disturbed=is_disturbed,
            is_slow=is_slow,
        )
        self._sockets = [one for one in self._sockets if one.is_open]
        self._sockets.append(socket)
        return socket

    def die(self) -> None:
        """The process is killed."""
        self.life.is_over = True
        for socket in self._sockets:
            socket.server_died()
        self._disk.crash()

    def request(self, request: Request, answer: Callable[[str], None]) -> None:
        """One request over HTTP."""

        def then(commit: Commit) -> None:
            self._settle(commit, request.visit)
            answer(commit.answer)

        self._disk.carry_out(self.desk.transaction(request), then, self.life)

    # What the door calls

    def appeared(self, seat: SeatId) -> None:
        self._gone_since.pop(seat, None)
        self._tell_duty(seat)
        tables = self._disk.tables
        for row in tables.visits.values():
            if seat == row.terminal or seat in tables.participants.get(row.id, ()):
                self.door.deliver(seat, Visit(visit=row.id, state=row.state.value))

    def vanished(self, seat: SeatId) -> None:
        self._gone_since.setdefault(seat, self._clockwork.now)
        self.hall.vanished(seat)

    def said(self, live: Live, frame: ClientMessage) -> None:
        if isinstance(frame, Ack):
            live.session.acknowledge(frame.seq)
        elif isinstance(frame, Command) and live.socket is not None:
            waiting = self._waiting.setdefault(live.socket, deque())
            waiting.append(frame)
            if len(waiting) == 1:
                self._act(live, live.socket, frame)

    # Commands, one after another for each socket

    def _act(self, live: Live, socket: Socket, command: Command) -> None:
        if isinstance(command, Chat):
            self._chat(live, socket, command)
        elif live.socket is not socket:
            self._done(live, socket, command, "")
        elif isinstance(command, Join | Leave | Media):
            self._done(live, socket, command, self.hall.act(live.seat, command))

    def _done(self, live: Live, socket: Socket, command: Command, answer: str) -> None:
        if answer:
            live.session.commands.done(command.cseq)
            socket.to_page(Result(re=command.id) if answer == "ok" else Refused(code=answer, re=command.id))
        waiting = self._waiting[socket]
        waiting.popleft()
        if waiting:
            following = waiting[0]
            name = type(following).__name__
            action = lambda: self._act(live, socket, following)  # noqa: E731 - a step of its own
            self._clockwork.later(0, action, name, live.seat, life=self.life)
        else:
            del self._waiting[socket]

    def _chat(self, live: Live, socket: Socket, command: Chat) -> None:
        seat, room = live.seat, command.room

        def transaction(tables: Tables) -> Commit:
            known = tables.results.get(command.id)
            if known is not None:
                return Commit(known)
            if not self.hall.is_participant(room, seat):
                return Commit("not_joined")
            line = ChatLine(room=room, from_seat=seat, text=command.text, at=NOON)
            facts = (AddFact(one, line) for one in tables.participants[room])
            return Commit("ok", (*facts, PutResult(command.id, "ok")))

        def then(commit: Commit) -> None:
            self._wake(commit)
            self._done(live, socket, command, commit.answer)

        self._disk.carry_out(transaction, then, self.life)

    # After a commit

    def _settle(self, commit: Commit, visit: str) -> None:
        """Let rooms and pages follow the record."""
        tables = self._disk.tables
        row = tables.visits.get(visit)
        if row is None or not commit.writes:
            return
        self.hall.reconcile(visit, tables)
        for seat in dict.fromkeys((row.terminal, *tables.participants.get(visit, ()))):
            self.door.deliver(seat, Visit(visit=visit, state=row.state.value))
        if row.state in OWES_OUTCOME or row.state is VisitState.OUTCOME_LOGGED:
            for seat in tables.participants[visit]:
                self._tell_duty(seat)
        self._wake(commit)

    def _wake(self, commit: Commit) -> None:
        seats = {write.seat: None for write in commit.writes if isinstance(write, AddFact)}
        self.door.wake(seats)

    def _tell_duty(self, seat: SeatId) -> None:
        if seat in self._officers:
            state, pending = self._disk.tables.duty_of(seat)
            self.door.deliver(seat, Duty(state=state.value, pending=pending))

    def _keep(self) -> None:
        """Look whether anything is to be done with a visit whose line is lost."""
        tables = self._disk.tables
        for row in tables.visits.values():
            if row.state not in _KEPT or row.id in self._kept:
                continue
            if self.desk.fate(row, tables) is not Fate.STAY:
                self._carry_out_fate(row.id)
        self._clockwork.later(_KEEP_EVERY_MS, self._keep, "keep", life=self.life)

    def _carry_out_fate(self, visit: str) -> None:
        def then(commit: Commit) -> None:
            self._kept.discard(visit)
            self._settle(commit, visit)

        self._kept.add(visit)
        self._disk.carry_out(self.desk.keep(visit), then, self.life)

    def _away_since(self, seat: SeatId) -> float | None:
        if self.door.is_connected(seat):
            return None
        return self._gone_since.get(seat, self._began)
