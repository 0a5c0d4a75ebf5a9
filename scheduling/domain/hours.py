"""When an office is open: opening hours by weekday, over the calendar.  No IO, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import IntEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from scheduling.domain.calendar import Calendar, DayKind

OFFICE_TIME = ZoneInfo("Asia/Shanghai")


class Weekday(IntEnum):
    """As `date.weekday()` counts."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


# A make-up day is worked like the working day next to it.
_MADE_UP_AS = {Weekday.SATURDAY: Weekday.FRIDAY, Weekday.SUNDAY: Weekday.MONDAY}


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """One stretch of opening, half-open, office time; `opens` < `closes`."""

    weekday: Weekday
    opens: time
    closes: time

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError("an office opens before it closes")


@dataclass(frozen=True, slots=True)
class Hours:
    """The week of one unit; spans of one day do not overlap."""

    spans: tuple[Span, ...]

    @classmethod
    def of(cls, spans: Iterable[Span]) -> "Hours":
        """Sort spans into a week.

        Raises:
            ValueError: two of them overlap.
        """
        ordered = tuple(sorted(spans))
        for earlier, later in pairwise(ordered):
            if earlier.weekday == later.weekday and later.opens < earlier.closes:
                raise ValueError("opening hours overlap")
        return cls(ordered)

    def on(self, weekday: Weekday) -> list[tuple[time, time]]:
        """Return the stretches of a weekday, earliest first."""
        return [(span.opens, span.closes) for span in self.spans if span.weekday == weekday]


USUAL = Hours.of(
    Span(weekday, opens, closes)
    for weekday in Weekday
    if weekday < Weekday.SATURDAY
    for opens, closes in ((time(8, 30), time(12, 0)), (time(13, 30), time(17, 30)))
)


def open_spans(hours: Hours, calendar: Calendar, day: date) -> list[tuple[time, time]]:
    """Return when a unit is open on a day, earliest first, office time; empty when it is closed.

    A unit that receives on Saturdays does so on ordinary ones, not on holidays.  A make-up day
    without hours of its own has those of the working day next to it.
    """
    weekday, kind = Weekday(day.weekday()), calendar.kind_of(day).kind
    if kind is DayKind.HOLIDAY:
        return []
    own = hours.on(weekday)
    if kind is DayKind.MAKE_UP and not own:
        return hours.on(_MADE_UP_AS.get(weekday, weekday))
    return own


def is_open(hours: Hours, calendar: Calendar, at: datetime) -> bool:
    """Say whether a unit is open at a moment; at the closing time it is closed."""
    local = at.astimezone(OFFICE_TIME)
    return any(opens <= local.time() < closes for opens, closes in open_spans(hours, calendar, local.date()))
