"""Looks on after every step: what must never be seen in the record, in a room or on a page."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from reception.domain.visits import ALLOWED, AT_TERMINAL, OCCUPIES_OFFICER, OWES_OUTCOME, VisitState
from signaling.ids import SeatId
from signaling.media.forwarding import rows
from signaling.room import Room
from signaling.server_messages import ChatLine, RoomState, ServerEvent
from tests.chaos.sim.disk import Disk, Tables, VisitRow

_NEXT = {state: frozenset(actions.values()) for state, actions in ALLOWED.items()}


class Violation(AssertionError):
    """An invariant does not hold."""


class Witness:
    """Holds what it sees against the record, which is what is synced and nothing else.

    Args:
        is_attended: whether a seat has a page that somebody uses.

    Attributes:
        met: how often what happened, so that nobody takes a county in which nothing does for a sound one.
    """

    def __init__(self, disk: Disk, is_attended: Callable[[SeatId], bool]) -> None:
        self._is_attended = is_attended
        self.met: Counter[str] = Counter()
        self._disk = disk
        self._visits: dict[str, VisitRow] = {}
        self._participants: dict[str, tuple[SeatId, ...]] = {}
        self._audited = 0
        self._answered: dict[tuple[str, str], str] = {}  # visit and round: who
        self._outcomes = 0
        self._owed: dict[str, int] = defaultdict(int)  # outcomes of a visit less their audit entries
        self._lines: dict[SeatId, tuple[int, set[str]]] = {}
        self.acknowledged: list[tuple[SeatId, str, str]] = []  # page, command or request, answer

    def broken(self, what: str) -> None:
        """Say that an invariant does not hold."""
        raise Violation(what)

    def tells(self, seat: SeatId, event: ServerEvent) -> None:
        """I7, when the server says something."""
        if not isinstance(event, RoomState) or event.phase == "closed":
            return
        if seat not in self._disk.tables.participants.get(event.room, ()):
            self.broken(f"I7: {seat} is told of room {event.room} without a place in the record")

    def told(self, seat: SeatId, before: int, event: ServerEvent) -> None:
        """I6, when a page takes a fact behind position `before`, and the shape of a room that it is shown."""
        if isinstance(event, RoomState):
            self._check_shown(seat, event)
        if not event.pos:
            return
        if event.pos != before + 1:
            self.broken(f"I6: {seat} has fact {event.pos} behind {before}")
        journal = self._disk.tables.facts[seat]
        if event.pos > len(journal) or type(journal[event.pos - 1]) is not type(event):
            self.broken(f"I6: {seat} has fact {event.pos}, which the record does not have")

    def gives_way(self, seat: SeatId) -> None:
        """A page stays closed because another one of its seat is there."""
        if not self._is_attended(seat):
            self.broken(f"I6: {seat} has no page left, each gave way to another")

    def check_record(self) -> None:
        """I2, I3 and I5, when something was synced."""
        tables = self._disk.tables
        self._check_audit(tables)
        for row in tables.visits.values():
            if self._visits.get(row.id) is not row:
                self._check_visit(row, tables)
                self._visits[row.id] = row
        for visit, seats in tables.participants.items():
            lost = set(self._participants.get(visit, ())) - set(seats)
            if lost or len(set(seats)) != len(seats):
                self.broken(f"I4: {visit} has participants {seats}")
            self._participants[visit] = seats
        self._check_lines(tables)

    def check_rooms(self, rooms_now: Iterable[Room], tables: Tables) -> None:
        """I7 and that nobody is twice in a room, when a room has changed."""
        for room in rooms_now:
            view = room.view()
            seats = [place.seat for place in view.members]
            slots = [len(set(place.slots.values())) == len(place.slots) for place in view.members]
            if len(set(seats)) != len(seats) or not all(slots):
                self.broken(f"I4: somebody is twice in room {room.id}")
            admitted = tables.participants.get(room.id, ())
            for row in rows(view.phase, view.members, view.conditions):
                if row.receiver not in admitted or row.sender not in admitted:
                    self.broken(f"I7: {row.sender} is forwarded to {row.receiver} outside the record")

    def check_acknowledged(self) -> None:
        """I1: everything that was acknowledged exists."""
        results = self._disk.tables.results
        for seat, key, answer in self.acknowledged:
            if results.get(key) != answer:
                self.broken(f"I1: {seat} was told {answer} for {key}, the record says {results.get(key)}")

    def _check_visit(self, row: VisitRow, tables: Tables) -> None:
        before = self._visits.get(row.id)
        if before is not None and row.state is not before.state and row.state not in _NEXT[before.state]:
            self.broken(f"I2: {row.id} went from {before.state} to {row.state}")
        was_answered = before is not None and before.state in OWES_OUTCOME
        if was_answered and row.state not in OWES_OUTCOME | {VisitState.OUTCOME_LOGGED}:
            self.broken(f"I2: {row.id} was answered and is {row.state}")
        if (row.state is VisitState.OUTCOME_LOGGED) is not (row.id in tables.outcomes):
            self.broken(f"I2: {row.id} is {row.state}, its outcome says otherwise")
        if row.state is VisitState.OUTCOME_PENDING and (row.owner is None or row.pending is None):
            self.broken(f"I2: {row.id} is owed by nobody or for no reason")
        if row.state is VisitState.SUSPENDED and (
            row.officer not in tables.participants[row.id] or row.suspended is None
        ):
            self.broken(f"I2: {row.id} is suspended without its participants or a reason")
        others = [other for other in tables.visits.values() if other.id != row.id]
        if row.state in AT_TERMINAL and any(
            o.terminal == row.terminal and o.state in AT_TERMINAL for o in others
        ):
            self.broken(f"I4: two visits are at {row.terminal}")
        if row.state in OCCUPIES_OFFICER and any(
            o.officer == row.officer and o.state in OCCUPIES_OFFICER for o in others
        ):
            self.broken(f"I3: {row.officer} has two visits")

    def _check_audit(self, tables: Tables) -> None:
        for what, visit, more in tables.audit[self._audited :]:
            if what == "outcome":
                self._owed[visit] -= 1
            elif what == "answered":
                round_, officer = more.split(" ")
                first = self._answered.setdefault((visit, round_), officer)
                if first != officer:
                    self.broken(f"I3: {first} and {officer} both answered {visit}")
        for visit in tables.outcomes[self._outcomes :]:
            self._owed[visit] += 1
            if tables.outcomes.count(visit) != 1:
                self.broken(f"I2: {visit} has two outcomes")
        self._audited, self._outcomes = len(tables.audit), len(tables.outcomes)
        for visit, difference in self._owed.items():
            if difference:
                self.broken(f"I5: {visit} has an outcome without its audit entry, or the reverse")

    def _check_lines(self, tables: Tables) -> None:
        """I1: a line is in a journal once, however often it was said."""
        for seat, journal in tables.facts.items():
            upto, lines = self._lines.get(seat, (0, set()))
            for fact in journal[upto:]:
                if isinstance(fact, ChatLine):
                    if fact.text in lines:
                        self.broken(f"I1: line {fact.text} is twice in the journal of {seat}")
                    lines.add(fact.text)
            self._lines[seat] = (len(journal), lines)

    def _check_shown(self, seat: SeatId, event: RoomState) -> None:
        seats = [peer.seat for peer in event.peers]
        slots = [peer.slot for peer in event.peers if peer.seat != seat]
        if len(set(seats)) != len(seats) or len(set(slots)) != len(slots):
            self.broken(f"I4: {seat} sees somebody twice in room {event.room}")
