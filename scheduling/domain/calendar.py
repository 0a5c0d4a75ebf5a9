"""Working days with make-up days (调休), and when a time limit ends.  No IO, no clock.

What a day is comes from rows (`Calendar`).  A year whose notice has not been
published is forecast, and every answer that leans on such a year says so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from dateutil.relativedelta import relativedelta

from scheduling.domain.forecast import Holiday, forecast

_ONE_DAY = timedelta(days=1)
# New Year's notice may claim the last days of December (2017-12-30 to 2018-01-01), so they wait for it, too.
_CLAIMED_FROM = (12, 29)


class Unit(StrEnum):
    """What a time limit is counted in."""

    CALENDAR_DAY = "calendar_day"
    WORKING_DAY = "working_day"
    MONTH = "month"


class DayKind(StrEnum):
    """What a day is."""

    WORKDAY = "workday"
    REST = "rest"  # an ordinary Saturday or Sunday
    HOLIDAY = "holiday"
    MAKE_UP = "make_up"  # 补班: a Saturday or Sunday that is worked

    @property
    def is_worked(self) -> bool:
        """Whether offices work on such a day."""
        return self in (DayKind.WORKDAY, DayKind.MAKE_UP)


@dataclass(frozen=True, slots=True)
class NamedDay:
    """What a notice, or an edit, makes of one day.

    Attributes:
        name: the holiday that it belongs to; None where it has none.
    """

    kind: DayKind
    name: Holiday | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """What a day is, as far as is known.

    Attributes:
        is_provisional: the notice that decides it has not been loaded.
    """

    kind: DayKind
    name: Holiday | None
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class Due:
    """When a time limit ends.

    Attributes:
        is_provisional: a day that was looked at on the way may still become another one.
    """

    day: date
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of every year.

    Attributes:
        announced: years whose notice has been loaded.
        days: what the notices and edits say; any other day follows its weekday, or the forecast.
    """

    announced: frozenset[int] = frozenset()
    days: Mapping[date, NamedDay] = field(default_factory=dict)

    def kind_of(self, day: date) -> Day:
        """Tell what a day is; never fails, however far away the day is."""
        named = self.days.get(day)
        if named is not None:
            return Day(named.kind, named.name, is_provisional=False)
        is_provisional = not self._is_settled(day)
        holiday = forecast(day.year).get(day) if is_provisional else None
        if holiday is not None:
            return Day(DayKind.HOLIDAY, holiday, is_provisional)
        return Day(DayKind.REST if day.weekday() >= 5 else DayKind.WORKDAY, None, is_provisional)

    def is_working_day(self, day: date) -> bool:
        """Say whether offices work on this day, as far as is known."""
        return self.kind_of(day).kind.is_worked

    def _is_settled(self, day: date) -> bool:
        if (day.month, day.day) >= _CLAIMED_FROM:
            return day.year in self.announced and day.year + 1 in self.announced
        return day.year in self.announced


def first_day_of_notice(year: int) -> date:
    """Return the earliest day that the notice for a year may decide: late in December before it."""
    return date(year - 1, *_CLAIMED_FROM)


def due_date(start: date, n: int, unit: Unit, calendar: Calendar) -> Due:
    """Return the last day of a time limit, by articles 201 to 203 of the Civil Code.

    The day on which it starts is not counted (201).  A limit in months ends on the
    corresponding day, or on the last day of a month that has none (202).  Where the last
    day is a day of rest, the limit ends on the next working day (203).

    Args:
        start: the day of the event, e.g. of receipt.
        n: length; >= 1.

    Raises:
        ValueError: `n` is less than 1.
    """
    if n < 1:
        raise ValueError("a time limit is at least 1 long")
    if unit is Unit.WORKING_DAY:
        return _nth_working_day(start + _ONE_DAY, n, calendar)
    last = start + (relativedelta(months=n) if unit is Unit.MONTH else timedelta(days=n))
    return _nth_working_day(last, 1, calendar)


def _nth_working_day(first: date, n: int, calendar: Calendar) -> Due:
    """Find the nth working day from `first` on, `first` included."""
    is_provisional = False
    for day in _days_from(first):
        found = calendar.kind_of(day)
        is_provisional = is_provisional or found.is_provisional
        n -= found.kind.is_worked
        if n == 0:
            return Due(day, is_provisional)
    raise AssertionError  # pragma: no cover - days do not end


def _days_from(first: date) -> Iterator[date]:
    while True:
        yield first
        first += _ONE_DAY
