"""What an appointment takes of whose time, and where the next free time is: no IO, no clock.

Time is cut into quarters of an hour.  An appointment claims every quarter that it touches, of its
room, its official, its liaison and its case; the briefing before and the wrap-up after it claim the
two officials alone (feature row C9).  Spans are half-open, so one may begin where another ends.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count

from scheduling.errors import SchedulingRefusal

QUARTER = timedelta(minutes=15)
LONGEST = timedelta(hours=4)
LONGEST_EDGE = timedelta(hours=1)
ALTERNATIVES = 3


class Part(StrEnum):
    """What somebody's quarter of an hour is claimed for."""

    BRIEFING = "briefing"
    MEETING = "meeting"
    WRAP_UP = "wrap_up"


class OffGrid(SchedulingRefusal):
    """A time that does not begin on a quarter of an hour, or a length that is no number of quarters."""

    code = "off_grid"


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to just before `end`; aware times."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Span") -> bool:
        """Tell whether the two have a moment in common."""
        return self.start < other.end and other.start < self.end

    def quarters(self) -> Iterator[datetime]:
        """Yield the beginning of every quarter, earliest first; both ends lie on the grid."""
        at = self.start
        while at < self.end:
            yield at
            at += QUARTER


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """One quarter of an hour of one room, person or case.

    Attributes:
        resource: `room:…`, `person:…` or `case:…`; a person is the same in every post.
    """

    resource: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Edges:
    """How long the officials sit together before and after, without room and citizen."""

    briefing: timedelta = timedelta(0)
    wrap_up: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Plan:
    """Who meets where and when.

    Attributes:
        case: the citizen's case, if there is one: one case is not in two rooms at once.
        starts_at: on a quarter of an hour.
        length: of the meeting itself, in whole quarters; > 0.
    """

    room: str
    official: str
    liaison: str | None
    case: str | None
    starts_at: datetime
    length: timedelta
    edges: Edges = Edges()

    @property
    def meeting(self) -> Span:
        """When the citizen is there."""
        return Span(self.starts_at, self.starts_at + self.length)

    @property
    def whole(self) -> Span:
        """When the officials are bound, briefing and wrap-up included."""
        return Span(self.meeting.start - self.edges.briefing, self.meeting.end + self.edges.wrap_up)

    @property
    def people(self) -> tuple[str, ...]:
        """The officials, each once."""
        return (self.official,) if self.liaison in (None, self.official) else (self.official, self.liaison)

    @property
    def resources(self) -> tuple[str, ...]:
        """Everything that the appointment takes the time of."""
        case = (of_case(self.case),) if self.case else ()
        return (of_room(self.room), *map(of_person, self.people), *case)

    def claims(self) -> dict[Claim, Part]:
        """Return every quarter that the plan needs, with what for."""
        meeting, whole = self.meeting, self.whole
        found = {
            Claim(resource, at): Part.MEETING for resource in self.resources for at in meeting.quarters()
        }
        for person in map(of_person, self.people):
            for at in Span(whole.start, meeting.start).quarters():
                found[Claim(person, at)] = Part.BRIEFING
            for at in Span(meeting.end, whole.end).quarters():
                found[Claim(person, at)] = Part.WRAP_UP
        return found


def of_room(room: str) -> str:
    """Name a room as something that time is claimed of."""
    return f"room:{room}"


def of_person(person: str) -> str:
    """Name a person as somebody whose time is claimed."""
    return f"person:{person}"


def of_case(case: str) -> str:
    """Name a case as something that is dealt with once at a time."""
    return f"case:{case}"


def refuse_off_grid(plan: Plan) -> None:
    """Raise OffGrid unless a plan is made of whole quarters and lasts no longer than it may."""
    lengths = (plan.length, plan.edges.briefing, plan.edges.wrap_up)
    is_whole = all(length % QUARTER == timedelta(0) for length in lengths)
    is_bounded = timedelta(0) < plan.length <= LONGEST and all(
        timedelta(0) <= edge <= LONGEST_EDGE for edge in (plan.edges.briefing, plan.edges.wrap_up)
    )
    start = plan.starts_at
    is_on_quarter = start.minute % 15 == 0 and start.second == 0 and start.microsecond == 0
    if not (is_whole and is_bounded and is_on_quarter):
        raise OffGrid


def nearest_free(
    wanted: Plan,
    *,
    taken: Collection[Claim],
    is_open: Callable[[Plan], bool],
    not_before: datetime,
    within: timedelta,
    rooms: Collection[str] = (),
    officials: Collection[str] = (),
) -> list[Plan]:
    """Find the free plans next to one that is taken.

    Args:
        taken: quarters of the resources in question that others claimed.
        is_open: tells whether hours, working days and blocks allow a plan.
        not_before: nothing that begins earlier is offered.
        within: how far before and after the wanted beginning to look.
        rooms: other rooms that would do.
        officials: others of the same post.

    Returns:
        At most `ALTERNATIVES`, nearest in time first; at one time that which changes least, and a later
        time before one that is as much earlier.
    """
    busy = frozenset(taken)
    others = [room for room in sorted(set(rooms)) if room != wanted.room]
    stand_ins = [person for person in sorted(set(officials)) if person not in wanted.people]
    found: list[Plan] = []
    for starts_at in _outward(wanted.starts_at, within):
        if starts_at < not_before:
            continue
        here = replace(wanted, starts_at=starts_at)
        for plan in (
            here,
            *(replace(here, room=room) for room in others),
            *(replace(here, official=person) for person in stand_ins),
        ):
            if busy.isdisjoint(plan.claims()) and is_open(plan):
                found.append(plan)
                if len(found) == ALTERNATIVES:
                    return found
    return found


def _outward(at: datetime, within: timedelta) -> Iterator[datetime]:
    """Yield quarters around a moment, nearest first, the later of two that are as near before the earlier."""
    yield at
    for step in count(1):
        if step * QUARTER > within:
            return
        yield at + step * QUARTER
        yield at - step * QUARTER
