"""The invariants I1 to I5 as questions to journal and database, plus the answers nobody should get.

I6 and I7 are asked of what sockets carried, in `wire.py`; I8 and I9 of the processes, by the harness.
Each function returns one line per violation; an empty list is the proof.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from tests.chaos.oracle.journal import Entry, definite, unresolved
from tests.chaos.oracle.record import Record

# What an acknowledged deed leaves on the visit's timeline, exactly once.
_LEAVES = {
    "raise": "raised",
    "answer": "answered",
    "end": "call_ended",
    "outcome": "outcome_logged",
}
_AT_TERMINAL = frozenset({"registered", "township_answered", "waiting", "in_call"})
_MAY_STAND_OPEN = frozenset({"suspended", "outcome_pending"})


def violations(
    entries: Sequence[Entry], record: Record, *, rooms: Iterable[str] = (), running: bool = False
) -> list[str]:
    """Ask everything at once.

    Args:
        rooms: ids of the places that the journal's clients worked in; no one else registered there.
        running: calls and open forms are in order, because clients are still at work.
    """
    return [
        *defects(entries),
        *lost_or_doubled(entries, record),
        *made_from_nothing(entries, record, set(rooms)),
        *unaccounted(entries, record, running=running),
        *answered_twice(entries, record),
        *rooms_taken_twice(record, set(rooms)),
        *unaudited(record),
    ]


def defects(entries: Iterable[Entry]) -> list[str]:
    """No client ever gets an answer that says that the service is broken."""
    return [f"defect: {entry.op} was answered {entry.code}" for entry in entries if entry.mark == "defect"]


def lost_or_doubled(entries: Sequence[Entry], record: Record) -> list[str]:
    """I1: every acknowledged write is there, once."""
    return [
        *_registrations(entries, record),
        *_deeds(entries, record),
        *_receipts(entries, record),
        *_drafts(entries, record),
        *_lines(entries, record),
    ]


def _registrations(entries: Sequence[Entry], record: Record) -> Iterator[str]:
    tickets = {str(row["id"]): row["ticket"] for row in record.visits}
    seen: Counter[str] = Counter()
    for entry in definite(entries, "ok", "register"):
        seen[entry.visit] += 1
        if tickets.get(entry.visit) != entry.value:
            yield f"I1: registration {entry.visit} with ticket {entry.value} is lost"
    yield from (f"I1: two registrations were told visit {visit}" for visit, n in seen.items() if n > 1)


def _deeds(entries: Sequence[Entry], record: Record) -> Iterator[str]:
    happened = Counter((row["visit_id"], row["kind"]) for row in record.events)
    for op, kind in _LEAVES.items():
        for entry in definite(entries, "ok", op):
            times = happened[entry.visit, kind]
            if times != 1:
                yield f"I1: {op} of {entry.visit} was acknowledged and stands {times} times"
    for (of_visit, kept), count in happened.items():
        if kept in _LEAVES.values() and count > 1:
            yield f"I1: {kept} stands {count} times on {of_visit}"


def _receipts(entries: Sequence[Entry], record: Record) -> Iterator[str]:
    receipts = {str(row["visit_id"]): row["receipt"] for row in record.outcomes}
    for entry in definite(entries, "ok", "outcome"):
        if receipts.get(entry.visit) != entry.value:
            yield f"I1: outcome {entry.value} of {entry.visit} is lost"
    for receipt, times in Counter(receipts.values()).items():
        if times > 1:
            yield f"I1: receipt {receipt} was given {times} times"


def _drafts(entries: Sequence[Entry], record: Record) -> Iterator[str]:
    kept = {str(row["visit_id"]): row["version"] for row in record.drafts}
    logged = {str(row["visit_id"]) for row in record.outcomes}
    for entry in definite(entries, "ok", "draft"):
        version = kept.get(entry.visit)
        if entry.visit not in logged and (not isinstance(version, int) or version < int(entry.value)):
            yield f"I1: draft {entry.value} of {entry.visit} is lost, {version} stands"


def _lines(entries: Sequence[Entry], record: Record) -> Iterator[str]:
    kept = Counter((row["visit_id"], row["seat"]) for row in record.lines)
    said = Counter((entry.visit, entry.who) for entry in definite(entries, "ok", "chat"))
    maybe = unresolved(entries, "chat")
    unsure = Counter((e.visit, e.who) for e in definite(entries, "invoke", "chat") if e.key in maybe)
    for place in said.keys() | unsure.keys():
        if not said[place] <= kept[place] <= said[place] + unsure[place]:
            yield f"I1: {said[place]} lines were acknowledged in {place}, {kept[place]} are kept"


def made_from_nothing(entries: Sequence[Entry], record: Record, rooms: set[str]) -> list[str]:
    """I1, the other way round: no visit stands in these rooms that nobody registered, or registered once."""
    known = {entry.visit for entry in definite(entries, "ok", "register")}
    since = min((entry.wall for entry in entries), default=0.0)
    strange = [
        row["id"]
        for row in record.visits
        if row["place_id"] in rooms and row["id"] not in known and seconds(row["registered_at"]) >= since
    ]
    unsure = unresolved(entries, "register")
    if len(strange) > len(unsure):
        return [f"I1: {len(strange)} visits nobody was told of, {len(unsure)} requests had no answer"]
    return []


def unaccounted(entries: Sequence[Entry], record: Record, *, running: bool) -> list[str]:
    """I2: an answered visit has its outcome, or stands open in somebody's name."""
    outcomes = Counter(row["visit_id"] for row in record.outcomes)
    answered = {row["visit_id"] for row in record.events if row["kind"] == "answered"}
    answered |= {entry.visit for entry in definite(entries, "ok", "answer")}
    found = []
    for row in record.visits:
        if row["id"] not in answered and row["answered_at"] is None:
            continue
        state = row["state"]
        is_logged = state == "outcome_logged" and outcomes[row["id"]] == 1
        is_owed = state in _MAY_STAND_OPEN and row["outcome_owner_id"] is not None
        if state == "outcome_pending" and not row["pending_reason"]:
            is_owed = False
        is_open = running and state in ("in_call", "wrap_up") and row["officer_id"] is not None
        if not (is_logged or is_owed or is_open):
            found.append(f"I2: {row['id']} was answered and is {state} with {outcomes[row['id']]} outcomes")
    return found


def answered_twice(entries: Sequence[Entry], record: Record) -> list[str]:
    """I3: one officer answers."""
    told: dict[str, set[str]] = defaultdict(set)
    for entry in definite(entries, "ok", "answer"):
        told[entry.visit].add(entry.who)
    officers = {str(row["id"]): row["officer_id"] for row in record.visits}
    found = []
    for visit, people in told.items():
        if len(people) > 1:
            found.append(f"I3: {len(people)} officers were told that {visit} is theirs")
        elif officers.get(visit) not in people:
            found.append(f"I3: {visit} was given to {people}, the record says {officers.get(visit)}")
    return found


def rooms_taken_twice(record: Record, rooms: set[str]) -> list[str]:
    """I4: a room has one visit at a time, now and at every moment since the clients began."""
    taken = Counter(row["place_id"] for row in record.visits if row["state"] in _AT_TERMINAL)
    found = [f"I4: {times} visits stand in room {place}" for place, times in taken.items() if times > 1]
    by_room: dict[object, list[Mapping[str, object]]] = defaultdict(list)
    for row in record.visits:
        if row["place_id"] in rooms:
            by_room[row["place_id"]].append(row)
    for place, rows in by_room.items():
        rows.sort(key=lambda row: seconds(row["registered_at"]))
        for earlier, later in pairwise(rows):
            ended = earlier["ended_at"] or earlier["closed_at"]
            if ended is not None and seconds(ended) > seconds(later["registered_at"]):
                found.append(f"I4: {later['id']} began in room {place} before {earlier['id']} had ended")
    return found


def unaudited(record: Record) -> list[str]:
    """I5: an outcome stands if and only if its audit entry stands, and the chain has no gap."""
    outcomes = Counter(row["visit_id"] for row in record.outcomes)
    audited = Counter(row["object_id"] for row in record.audits if row["action"] == "outcome_logged")
    found = [
        f"I5: {visit} has {outcomes[visit]} outcomes and {audited[visit]} audit entries"
        for visit in outcomes.keys() | audited.keys()
        if outcomes[visit] != audited[visit]
    ]
    numbers = sorted(int(str(row["seq"])) for row in record.audits)
    if numbers != list(range(1, len(numbers) + 1)):
        found.append("I5: the audit chain has a gap")
    return found


def seconds(moment: object) -> float:
    """Read a stored point in time: text of SQLite in UTC, or an aware datetime of PostgreSQL."""
    if isinstance(moment, datetime):
        return moment.timestamp()
    read = datetime.fromisoformat(str(moment))
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
