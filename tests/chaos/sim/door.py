"""The server's sessions around the pure core: opening, going on, telling, reading journals."""

import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from signaling.client_messages import ClientMessage, Hello, Resume
from signaling.fields import ResumeFailure
from signaling.ids import SeatId
from signaling.limits import Limits
from signaling.ports import StoredSession
from signaling.server_messages import Resumed, ResumeFailed, ServerEvent, ServerMessage, Welcome
from signaling.session import Bearer, Session, Verdict, judge
from tests.chaos.sim.clockwork import Clockwork, Life
from tests.chaos.sim.disk import Commit, Disk, EndSession, PutSession, Tables, Write
from tests.chaos.sim.wire import Socket
from tests.chaos.sim.witness import Witness

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIMITS = Limits(window_s=30.0, backlog_events=12)
_PAGE_OF_FACTS = 4  # small, so that a journal is often read in several goes


class Presence(Protocol):
    """What becomes of a seat when its sockets come and go."""

    def appeared(self, seat: SeatId) -> None: ...

    def vanished(self, seat: SeatId) -> None: ...

    def said(self, live: "Live", frame: ClientMessage) -> None: ...


class Live:
    """One session of this run and the socket that it has or lacks."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.socket: Socket | None = None
        self.owes_confirmation = False
        self.is_reading = False
        self.is_woken = False

    @property
    def seat(self) -> SeatId:
        return self.session.seat


class Door:
    """Who is connected in one run of the server, and what each page is told."""

    def __init__(
        self,
        epoch: str,
        life: Life,
        clockwork: Clockwork,
        dice: random.Random,
        disk: Disk,
        presence: Presence,
        witness: Witness,
    ) -> None:
        self.epoch = epoch
        self._life = life
        self._clockwork = clockwork
        self._dice = dice
        self._disk = disk
        self._presence = presence
        self._witness = witness
        self._began = clockwork.now
        self._by_seat: dict[SeatId, Live] = {}
        self._by_socket: dict[Socket, Live | None] = {}
        self._turns: dict[SeatId, deque[Callable[[], None]]] = {}
        self._secrets = 0

    def is_connected(self, seat: SeatId) -> bool:
        live = self._by_seat.get(seat)
        return live is not None and live.socket is not None

    def sockets(self) -> list[Socket]:
        return list(self._by_socket)

    # What comes in

    def heard(self, socket: Socket, frame: ClientMessage) -> None:
        """One frame of a page."""
        if socket not in self._by_socket:
            if not isinstance(frame, Hello | Resume):
                socket.close(4400, "hello_expected")
                return
            self._by_socket[socket] = None
            self._in_turn(socket.claims.seat, lambda: self._enter(socket, frame))
            return
        live = self._by_socket[socket]
        if live is None or live.socket is not socket or isinstance(frame, Hello | Resume):
            return
        if live.owes_confirmation:
            live.owes_confirmation = False
            self._in_turn(live.seat, lambda: self._confirm(live, socket))
        self._presence.said(live, frame)

    def lost(self, socket: Socket) -> None:
        """A socket is closed, by whomever."""
        live = self._by_socket.get(socket)
        if live is not None and live.socket is socket:
            live.socket = None
            live.session.detached(self._clockwork.now)
            ms = round(LIMITS.window_s * 1000) + 50
            self._clockwork.later(ms, lambda: self._expire(live), "window", live.seat, life=self._life)
            self._presence.vanished(live.seat)
        self._by_socket.pop(socket, None)

    # What goes out

    def deliver(self, seat: SeatId, event: ServerEvent) -> None:
        """Tell the seat's page, now or when it comes back in time."""
        live = self._by_seat.get(seat)
        if live is None:
            return
        self._witness.tells(seat, event)
        frame = live.session.record(event, self._clockwork.now)
        if frame is not None and live.socket is not None:
            live.socket.to_page(frame)

    def wake(self, seats: Iterable[SeatId]) -> None:
        for seat in seats:
            if (live := self._by_seat.get(seat)) is not None:
                self._wake(live)

    def _wake(self, live: Live) -> None:
        if live.socket is None:
            return
        live.is_woken = True
        if not live.is_reading:
            live.is_reading = True
            self._clockwork.later(0, lambda: self._read(live), "read", live.seat, life=self._life)

    def _read(self, live: Live) -> None:
        live.is_woken = False
        facts = self._facts(live)
        ms = self._dice.choice((0, 0, 10, 200))
        self._clockwork.later(ms, lambda: self._tell(live, facts), "tell", live.seat, life=self._life)

    def _facts(self, live: Live) -> Sequence[ServerEvent]:
        pos = live.session.pos
        return self._disk.tables.facts[live.seat][pos : pos + _PAGE_OF_FACTS]

    def _tell(self, live: Live, facts: Sequence[ServerEvent]) -> None:
        live.is_reading = False
        if live.socket is None or self._by_seat.get(live.seat) is not live:
            return
        before = live.session.pos
        for fact in facts:
            if fact.pos > live.session.pos:
                self.deliver(live.seat, fact)
        if live.is_woken or live.session.pos > before:
            self._wake(live)

    # Opening, one at a time for each seat

    def _in_turn(self, seat: SeatId, work: Callable[[], None]) -> None:
        turns = self._turns.setdefault(seat, deque())
        turns.append(work)
        if len(turns) == 1:
            work()

    def _next_turn(self, seat: SeatId) -> None:
        turns = self._turns[seat]
        turns.popleft()
        if turns:
            turns[0]()

    def _enter(self, socket: Socket, first: Hello | Resume) -> None:
        if not socket.is_open:
            self._next_turn(socket.claims.seat)
        elif isinstance(first, Resume):
            self._clockwork.later(
                self._dice.choice((0, 10)), lambda: self._resume(first, socket), "find", life=self._life
            )
        elif self._is_overtaken(socket):
            self._witness.met["late hello"] += 1
            self._refuse(socket, 4401, "conflict")
        else:
            self._begin(socket)

    def _is_overtaken(self, socket: Socket) -> bool:
        """A newer ticket of the seat was used first, e.g. by the page that gave this socket up long ago."""
        held = self._by_seat.get(socket.claims.seat)
        return held is not None and socket.number < held.session.number

    def _refuse(self, socket: Socket, code: int, reason: str) -> None:
        socket.to_page(ResumeFailed(reason="conflict", last_cseq=0))
        socket.close(code, reason)
        self._next_turn(socket.claims.seat)

    def _secret(self) -> str:
        self._secrets += 1
        return f"{self.epoch}-{self._secrets}"

    def _begin(self, socket: Socket, instead_of: str | None = None) -> None:
        seat, sid, token = socket.claims.seat, self._secret(), self._secret()
        head = len(self._disk.tables.facts[seat])
        row = StoredSession(sid, seat, socket.claims.login, token, None, self.epoch)

        def transaction(tables: Tables) -> Commit:
            older = tables.sid_of.get(seat)
            ends: tuple[Write, ...] = (EndSession(older),) if older is not None else ()
            return Commit("opened", (*ends, PutSession(row)))

        def then(_: Commit) -> None:
            session = Session(
                sid, socket.claims, LIMITS, number=socket.number, pos=head, instead_of=instead_of
            )
            self._attach_new(session, socket, self._welcome(seat, sid, token, head))
            self._next_turn(seat)

        self._disk.carry_out(transaction, then, self._life)

    def _attach_new(self, session: Session, socket: Socket, opening: ServerMessage) -> Live:
        older = self._by_seat.get(session.seat)
        live = self._by_seat[session.seat] = Live(session)
        if older is not None and older.socket is not None:
            is_same_page = session.instead_of in {older.session.sid, older.session.instead_of}
            older.socket.close(4409, "replaced" if is_same_page and session.instead_of else "taken_over")
            older.socket = None
            self._presence.vanished(session.seat)
        self._attach(live, socket, opening, ())
        self._presence.appeared(session.seat)
        return live

    def _attach(self, live: Live, socket: Socket, opening: ServerMessage, replay: Iterable[bytes]) -> None:
        live.socket = socket
        self._by_socket[socket] = live
        live.session.attached(socket.number)
        socket.to_page(opening)
        for frame in replay:
            socket.to_page(frame)
        self._wake(live)
        if not socket.is_open:  # it broke while the store was asked
            self._clockwork.later(0, lambda: self.lost(socket), "late", live.seat, life=self._life)

    def _find(self, sid: str) -> StoredSession | None:
        row = self._disk.tables.sessions.get(sid)
        is_late = self._clockwork.now > self._began + LIMITS.window_s
        return None if row is None or (row.epoch != self.epoch and is_late) else row

    def _resume(self, wish: Resume, socket: Socket) -> None:
        seat = socket.claims.seat
        stored, held = self._find(wish.sid), self._by_seat.get(seat)
        bearer = Bearer(socket.claims, socket.number, wish.sid, wish.token)
        verdict = judge(
            bearer,
            stored,
            held.session if held is not None else None,
            is_connected=held is not None and held.socket is not None,
            epoch=self.epoch,
            now=self._clockwork.now,
        )
        self._witness.met[verdict.value] += 1
        if verdict in {Verdict.GO_ON, Verdict.ADOPT} and stored is not None:
            if verdict is Verdict.ADOPT and wish.last_pos > len(self._disk.tables.facts[seat]):
                self._witness.broken(f"I1: the journal of {seat} was set back behind {wish.last_pos}")
            self._rotate(wish, socket, stored, is_new=verdict is Verdict.ADOPT)
            return
        if verdict is Verdict.EXPIRED:
            self._begin_instead(wish, socket, "expired")
            return
        if verdict in {Verdict.REUSED, Verdict.CONFLICT}:
            self._witness.broken(f"I6: an honest page of {seat} was judged {verdict}")
        code, reason = (4409, "taken_over") if verdict is Verdict.TAKEN_OVER else (4401, "conflict")
        self._refuse(socket, code, reason)

    def _begin_instead(self, wish: Resume, socket: Socket, reason: ResumeFailure) -> None:
        socket.to_page(ResumeFailed(reason=reason, last_cseq=0))
        self._begin(socket, instead_of=wish.sid)

    def _rotate(self, wish: Resume, socket: Socket, stored: StoredSession, *, is_new: bool) -> None:
        token = self._secret()
        row = StoredSession(stored.sid, stored.seat, stored.login, token, wish.token, self.epoch)

        def transaction(tables: Tables) -> Commit:
            now = tables.sessions.get(stored.sid)
            if now is None or now.token_hash != stored.token_hash:
                return Commit("ended")
            return Commit("rotated", (PutSession(row),))

        def then(commit: Commit) -> None:
            if commit.answer == "ended":
                self._begin_instead(wish, socket, "expired")
                return
            if is_new:
                self._adopt(wish, socket, token)
            elif not self._go_on(wish, socket, token):
                return
            self._next_turn(stored.seat)

        self._disk.carry_out(transaction, then, self._life)

    def _adopt(self, wish: Resume, socket: Socket, token: str) -> None:
        session = Session(
            wish.sid,
            socket.claims,
            LIMITS,
            number=socket.number,
            seq=wish.last_seq,
            pos=wish.last_pos,
            cseq=wish.last_result_cseq,
        )
        live = self._attach_new(session, socket, self._resumed(wish, token, last_cseq=0))
        live.owes_confirmation = True

    def _go_on(self, wish: Resume, socket: Socket, token: str) -> bool:
        live = self._by_seat.get(socket.claims.seat)
        if live is None or live.session.sid != wish.sid:
            self._begin_instead(wish, socket, "expired")
            return False
        replay = live.session.replay(wish.last_seq, self._clockwork.now)
        if replay is None:
            self._witness.met["gap"] += 1
            self._begin_instead(wish, socket, "gap")
            return False
        self._witness.met["told again"] += len(replay)
        former, live.socket = live.socket, None
        if former is not None:
            former.close(4409, "replaced")
        live.owes_confirmation = True
        self._attach(live, socket, self._resumed(wish, token, last_cseq=live.session.commands.upto), replay)
        if former is None:
            self._presence.appeared(live.seat)
        return True

    def _confirm(self, live: Live, socket: Socket) -> None:
        sid = live.session.sid

        def transaction(tables: Tables) -> Commit:
            row = tables.sessions.get(sid)
            if live.socket is not socket or row is None:
                return Commit("none")
            bare = StoredSession(sid, row.seat, row.login, row.token_hash, None, row.epoch)
            return Commit("confirmed", (PutSession(bare),))

        self._disk.carry_out(transaction, lambda _: self._next_turn(live.seat), self._life)

    def _expire(self, live: Live) -> None:
        if self._by_seat.get(live.seat) is live and live.session.is_over(self._clockwork.now):
            del self._by_seat[live.seat]
            sid = live.session.sid
            self._disk.carry_out(lambda _: Commit("over", (EndSession(sid),)), lambda _: None, self._life)

    def _welcome(self, seat: SeatId, sid: str, token: str, head: int) -> Welcome:
        return Welcome(
            seat=seat,
            sid=sid,
            resume_token=token,
            window_s=round(LIMITS.window_s),
            pos=head,
            epoch=self.epoch,
            proto=1,
            build="sim",
            server_time=NOON,
        )

    def _resumed(self, wish: Resume, token: str, *, last_cseq: int) -> Resumed:
        return Resumed(
            sid=wish.sid,
            resume_token=token,
            epoch=self.epoch,
            replay_from=wish.last_seq + 1,
            last_cseq=last_cseq,
            build="sim",
            server_time=NOON,
        )
