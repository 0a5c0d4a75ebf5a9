"""I6 and I7: what sockets carried, held against what was said and against the record."""

from collections import Counter
from collections.abc import Iterable, Sequence

from tests.chaos.oracle.invariants import seconds
from tests.chaos.oracle.journal import Entry, definite
from tests.chaos.oracle.record import Record
from tests.chaos.proxy.line import Line


def faults_of(lines: Iterable[Line]) -> list[str]:
    """I6: the numbers of a session have no gap and no repetition, and no session was lost."""
    return [f"I6: {line.credentials.seat} {fault}" for line in lines for fault in line.faults]


def unheard(entries: Sequence[Entry], talks: Iterable[tuple[str, Sequence[Line]]]) -> list[str]:
    """I6: everybody in a conversation got every acknowledged line of it, once.

    Args:
        talks: rooms, each with the lines of those who were in it from its beginning.
    """
    found = []
    said = definite(entries, "ok", "chat")
    for room, lines in talks:
        texts = {entry.value for entry in said if entry.visit == room}
        for line in lines:
            heard, seat = Counter(line.lines), line.credentials.seat
            found += [f"I6: {seat} never heard {text!r}" for text in texts - heard.keys()]
            found += [f"I6: {seat} heard {text!r} {n} times" for text, n in heard.items() if n > 1]
    return found


def told_too_early(entries: Sequence[Entry], record: Record) -> list[str]:
    """I7: nobody is told of an open room before the record lets them in."""
    places = {(row["visit_id"], row["seat"]) for row in record.places}
    answered = {row["id"]: row["answered_at"] for row in record.visits}
    found = []
    for entry in entries:
        if entry.op != "told_room":
            continue
        since = answered.get(entry.visit)
        if (entry.visit, entry.who) not in places or since is None or seconds(since) > entry.wall:
            found.append(f"I7: {entry.who} was told of room {entry.visit} without a place in it")
    return found
