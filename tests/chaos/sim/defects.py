"""Planted bugs: the simulation has to find each of them, or it proves nothing."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from reception.domain.suspension import Fate
from reception.domain.visits import VisitAction, VisitState, follow
from signaling.ids import SeatId
from signaling.ports import StoredSession
from signaling.room import Member, Room
from signaling.server_messages import ServerEvent
from signaling.session import Backlog, Bearer, Session, Verdict, judge
from tests.chaos.sim import desk, disk, door, hall
from tests.chaos.sim.disk import Commit, Disk, PutParticipants, PutSession, Tables, VisitRow, Write
from tests.chaos.sim.door import Door, Live
from tests.chaos.sim.world import OFFICERS

Defect = Callable[[pytest.MonkeyPatch], None]


def acknowledge_before_sync(patch: pytest.MonkeyPatch) -> None:
    """The caller is told that it is done while it is only written."""

    def take(self: Disk) -> None:
        if not self._waiting:
            self._is_busy = False
            return
        transaction, then, life = self._waiting.popleft()
        commit = transaction(self.tables)
        self.unsynced = commit.writes

        def sync() -> None:
            self._keep()
            self._take()

        self._clockwork.later(0, lambda: then(commit), "too early", commit.answer, life=life)
        ms = self._dice.choice((0, 5, 5, 20, 400)) if commit.writes else 0
        self._clockwork.later(ms, sync, "sync", commit.answer, life=life)

    patch.setattr(disk.Disk, "_take", take)


def read_on_before_delivery(patch: pytest.MonkeyPatch) -> None:
    """A fact counts as told when it is read from the journal; the socket may break before it is told."""
    facts_of = Door._facts

    def facts(self: Door, live: Live) -> Sequence[ServerEvent]:
        found = facts_of(self, live)
        live.session.pos += len(found)
        return found

    def tell(self: Door, live: Live, found: Sequence[ServerEvent]) -> None:
        live.is_reading = False
        if live.socket is None:
            return
        newest = live.session.pos
        for fact in found:
            live.session.pos = fact.pos - 1
            self.deliver(live.seat, fact)
        live.session.pos = newest
        if live.is_woken or found:
            self._wake(live)

    patch.setattr(door.Door, "_facts", facts)
    patch.setattr(door.Door, "_tell", tell)


def answer_without_condition(patch: pytest.MonkeyPatch) -> None:
    """Whoever answers has the visit, whatever it is by then."""

    def follow_blindly(state: VisitState, action: VisitAction) -> VisitState:
        is_answer = action in {VisitAction.ANSWER_RING, VisitAction.RETURN}
        return VisitState.IN_CALL if is_answer else follow(state, action)

    patch.setattr(desk, "follow", follow_blindly)
    patch.setattr(desk.Desk, "refuse_late_answer", lambda _self, _row: None)


def trim_the_backlog_early(patch: pytest.MonkeyPatch) -> None:
    """An acknowledgement takes one event more with it, and nobody knows."""
    right = Backlog.acknowledge

    def acknowledge(self: Backlog, seq: int) -> None:
        right(self, seq + 1)
        self._let_go = min(self._let_go, seq)

    patch.setattr(Backlog, "acknowledge", acknowledge)


def tell_again_what_arrived(patch: pytest.MonkeyPatch) -> None:
    """A resume tells the last event that had arrived once more."""
    right = Backlog.after
    patch.setattr(Backlog, "after", lambda self, seq, now: right(self, max(seq - 1, 0), now))


def number_each_socket(patch: pytest.MonkeyPatch) -> None:
    """Numbers begin anew with each socket."""
    right = Session.attached

    def attached(self: Session, number: int) -> None:
        right(self, number)
        self.seq = 0

    patch.setattr(Session, "attached", attached)


def log_past_the_audit(patch: pytest.MonkeyPatch) -> None:
    """An outcome is committed, its audit entry is left for later."""
    patch.setattr(desk.Desk, "audit_outcome", lambda _self, _row: ())


def forget_answers_in_a_crash(patch: pytest.MonkeyPatch) -> None:
    """What was done is done again when its repetition comes after a crash."""
    right = Disk.crash

    def crash(self: Disk) -> None:
        right(self)
        self.tables.results.clear()

    patch.setattr(disk.Disk, "crash", crash)


def forget_the_previous_token(patch: pytest.MonkeyPatch) -> None:
    """A new token is given out and the one before it is worthless at once."""

    def apply(self: PutSession, tables: Tables) -> None:
        tables.sessions[self.row.sid] = replace(self.row, previous_hash=None)
        tables.sid_of[self.row.seat] = self.row.sid

    patch.setattr(disk.PutSession, "apply", apply)


def let_in_everybody_who_was_rung(patch: pytest.MonkeyPatch) -> None:
    """A room shows itself to every officer, whoever was admitted."""
    right = hall.Hall._open

    def open_(self: hall.Hall, visit: str, seats: tuple[SeatId, ...]) -> None:
        right(self, visit, tuple(dict.fromkeys((*seats, *OFFICERS))))
        for officer in OFFICERS:
            self._send(self.rooms[visit].join(officer, self._clockwork.now))

    patch.setattr(hall.Hall, "_open", open_)


def lose_participants_when_suspended(patch: pytest.MonkeyPatch) -> None:
    """A suspended visit keeps its terminal only."""
    right = desk.Desk._keep

    def keep(self: desk.Desk, row: VisitRow, fate: Fate, tables: Tables) -> Sequence[Write]:
        writes = tuple(right(self, row, fate, tables))
        is_lost = fate is Fate.SUSPEND
        return (*writes, PutParticipants(row.id, (row.terminal,))) if is_lost else writes

    patch.setattr(desk.Desk, "_keep", keep)


def close_silently_at_the_end_of_the_day(patch: pytest.MonkeyPatch) -> None:
    """A suspended visit whose day is over is cancelled, and nobody owes its outcome."""
    right = desk.Desk.keep

    def keep(self: desk.Desk, visit: str) -> Callable[[Tables], Commit]:
        transaction = right(self, visit)

        def wrong(tables: Tables) -> Commit:
            commit, row = transaction(tables), tables.visits[visit]
            if commit.answer != Fate.GIVE_UP:
                return commit
            return Commit(commit.answer, (disk.PutVisit(replace(row, state=VisitState.CANCELLED)),))

        return wrong

    patch.setattr(desk.Desk, "keep", keep)


def show_two_in_one_slot(patch: pytest.MonkeyPatch) -> None:
    """Whoever comes into a room is shown in the first slot."""
    add = Room._add

    def wrong(self: Room, member: Member) -> None:
        add(self, member)
        for chair in self._places.values():
            chair.slots = dict.fromkeys(chair.slots, 0)

    patch.setattr(Room, "_add", wrong)


def let_a_late_hello_take_over(patch: pytest.MonkeyPatch) -> None:
    """A `hello` that its page gave up long ago ends the session that the page has by now."""
    patch.setattr(door.Door, "_is_overtaken", lambda _self, _socket: False)


def let_a_late_resume_begin_anew(patch: pytest.MonkeyPatch) -> None:
    """A `resume` that its page gave up long ago ends the session that was begun instead of the one it names.

    Rare: it takes a backlog that has run over, and a slow network; some kept seeds have both.
    """
    right = judge

    def wrong(
        bearer: Bearer,
        stored: StoredSession | None,
        held: Session | None,
        *,
        is_connected: bool,
        epoch: str,
        now: float,
    ) -> Verdict:
        verdict = right(bearer, stored, held, is_connected=is_connected, epoch=epoch, now=now)
        return Verdict.EXPIRED if verdict is Verdict.LATE and stored is None else verdict

    patch.setattr(door, "judge", wrong)


DEFECTS: tuple[Defect, ...] = (
    acknowledge_before_sync,
    read_on_before_delivery,
    answer_without_condition,
    trim_the_backlog_early,
    tell_again_what_arrived,
    number_each_socket,
    log_past_the_audit,
    forget_answers_in_a_crash,
    forget_the_previous_token,
    let_in_everybody_who_was_rung,
    lose_participants_when_suspended,
    close_silently_at_the_end_of_the_day,
    show_two_in_one_slot,
    let_a_late_hello_take_over,
)
