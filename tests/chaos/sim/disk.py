"""The database on a disk that forgets what was not synced: tables, writes, one transaction at a time."""

import random
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from msgspec.structs import replace

from reception.domain.duty import DutyState, duty_state
from reception.domain.visits import OCCUPIES_OFFICER, PendingReason, SuspendReason, VisitState
from signaling.ids import SeatId
from signaling.ports import StoredSession
from signaling.server_messages import ServerEvent
from tests.chaos.sim.clockwork import Clockwork, Life


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit as the record has it.

    Attributes:
        round: how often it has rung so far; each round is answered once at most.
    """

    id: str
    terminal: SeatId
    state: VisitState
    officer: SeatId | None = None
    owner: SeatId | None = None
    round: int = 0
    suspended: SuspendReason | None = None
    pending: PendingReason | None = None
    is_offered: bool = False
    is_parked: bool = False
    has_declined: bool = False


@dataclass(slots=True)
class Tables:
    """Everything that survives."""

    visits: dict[str, VisitRow] = field(default_factory=dict)
    participants: dict[str, tuple[SeatId, ...]] = field(default_factory=dict)
    outcomes: list[str] = field(default_factory=list)
    audit: list[tuple[str, str, str]] = field(default_factory=list)  # what, visit, more
    facts: defaultdict[SeatId, list[ServerEvent]] = field(default_factory=lambda: defaultdict(list))
    sessions: dict[str, StoredSession] = field(default_factory=dict)
    sid_of: dict[SeatId, str] = field(default_factory=dict)  # the one that has not ended
    results: dict[str, str] = field(default_factory=dict)  # by command or request

    def duty_of(self, officer: SeatId) -> tuple[DutyState, int]:
        """The officer's duty, and how many outcomes he owes."""
        visits = self.visits.values()
        pending = sum(v.state is VisitState.OUTCOME_PENDING and v.owner == officer for v in visits)
        in_call = any(v.officer == officer and v.state in OCCUPIES_OFFICER for v in visits)
        return duty_state(on_shift=True, in_call=in_call, pending=pending), pending

    def at_terminal(self, terminal: SeatId, states: frozenset[VisitState]) -> VisitRow | None:
        """The terminal's visit in one of these states."""
        return next((v for v in self.visits.values() if v.terminal == terminal and v.state in states), None)


class Write(Protocol):
    def apply(self, tables: Tables) -> None: ...


@dataclass(frozen=True, slots=True)
class PutVisit:
    row: VisitRow

    def apply(self, tables: Tables) -> None:
        tables.visits[self.row.id] = self.row


@dataclass(frozen=True, slots=True)
class PutParticipants:
    visit: str
    seats: tuple[SeatId, ...]

    def apply(self, tables: Tables) -> None:
        tables.participants[self.visit] = self.seats


@dataclass(frozen=True, slots=True)
class AddOutcome:
    visit: str

    def apply(self, tables: Tables) -> None:
        tables.outcomes.append(self.visit)


@dataclass(frozen=True, slots=True)
class AddAudit:
    what: str
    visit: str
    more: str = ""

    def apply(self, tables: Tables) -> None:
        tables.audit.append((self.what, self.visit, self.more))


@dataclass(frozen=True, slots=True)
class AddFact:
    seat: SeatId
    fact: ServerEvent

    def apply(self, tables: Tables) -> None:
        journal = tables.facts[self.seat]
        journal.append(replace(self.fact, pos=len(journal) + 1))


@dataclass(frozen=True, slots=True)
class PutSession:
    row: StoredSession

    def apply(self, tables: Tables) -> None:
        tables.sessions[self.row.sid] = self.row
        tables.sid_of[self.row.seat] = self.row.sid


@dataclass(frozen=True, slots=True)
class EndSession:
    sid: str

    def apply(self, tables: Tables) -> None:
        row = tables.sessions.pop(self.sid, None)
        if row is not None and tables.sid_of.get(row.seat) == self.sid:
            del tables.sid_of[row.seat]


@dataclass(frozen=True, slots=True)
class PutResult:
    key: str
    answer: str

    def apply(self, tables: Tables) -> None:
        tables.results[self.key] = self.answer


@dataclass(frozen=True, slots=True)
class Commit:
    """What a transaction wants to be true, and what its caller is told then."""

    answer: str
    writes: tuple[Write, ...] = ()


Transaction = Callable[[Tables], Commit]
Then = Callable[[Commit], None]


class Disk:
    """One writer, as SQLite has it: the next transaction begins when the one before it is synced.

    Attributes:
        tables: what is synced; nobody sees anything else.
        version: grows with everything that is synced.
    """

    def __init__(self, clockwork: Clockwork, dice: random.Random) -> None:
        self.tables = Tables()
        self.version = 0
        self.synced: list[Write] = []
        self.unsynced: tuple[Write, ...] = ()
        self._waiting: deque[tuple[Transaction, Then, Life]] = deque()
        self._is_busy = False
        self._clockwork = clockwork
        self._dice = dice

    def carry_out(self, transaction: Transaction, then: Then, life: Life) -> None:
        """Commit, then say so to the caller if it still lives."""
        self._waiting.append((transaction, then, life))
        if not self._is_busy:
            self._is_busy = True
            self._clockwork.later(0, self._take, "transaction", life=life)

    def crash(self) -> None:
        """The power goes: what was being synced is there or is not, the rest comes from the disk alone."""
        if self.unsynced and self._dice.random() < 0.5:
            self._keep()
        self.unsynced = ()
        self._waiting.clear()
        self._is_busy = False
        self.tables = Tables()
        for write in self.synced:
            write.apply(self.tables)

    def _take(self) -> None:
        if not self._waiting:
            self._is_busy = False
            return
        transaction, then, life = self._waiting.popleft()
        commit = transaction(self.tables)
        self.unsynced = commit.writes
        ms = self._dice.choice((0, 5, 5, 20, 400)) if commit.writes else 0
        self._clockwork.later(ms, lambda: self._sync(commit, then, life), "sync", commit.answer, life=life)

    def _sync(self, commit: Commit, then: Then, life: Life) -> None:
        self._keep()
        self._acknowledge(commit, then, life)
        self._take()

    def _acknowledge(self, commit: Commit, then: Then, life: Life) -> None:
        ms = self._dice.choice((0, 0, 10))
        self._clockwork.later(ms, lambda: then(commit), "committed", commit.answer, life=life)

    def _keep(self) -> None:
        if not self.unsynced:
            return
        for write in self.unsynced:
            write.apply(self.tables)
        self.synced.extend(self.unsynced)
        self.unsynced = ()
        self.version += 1
