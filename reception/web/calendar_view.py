"""A year of the calendar as the page shows it: months of weeks, holidays by name.  No IO."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from itertools import groupby

from scheduling.domain.calendar import Calendar, DayKind
from scheduling.domain.forecast import Holiday
from scheduling.domain.hours import USUAL, Hours, Span, Weekday

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayCell:
    """One day in a month's grid."""

    day: date
    kind: DayKind
    name: Holiday | None
    is_provisional: bool
    is_today: bool


@dataclass(frozen=True, slots=True)
class Month:
    """A month's weeks from Monday to Sunday; None stands for a day of another month."""

    number: int
    weeks: tuple[tuple[DayCell | None, ...], ...]
    working_days: int


@dataclass(frozen=True, slots=True)
class HolidayLine:
    """A holiday with its days off in one stretch, and the weekends worked for it."""

    name: Holiday
    first: date
    last: date
    days: int
    make_up: tuple[date, ...]
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class HoursRow:
    """A unit's week.

    Attributes:
        days: `08:30-12:00 13:30-17:30` for each weekday, Monday first; empty when closed.
        faults: weekday to code, where what was typed does not hold.
    """

    unit: str
    name: str
    days: tuple[str, ...]
    is_usual: bool
    faults: Mapping[int, str] = field(default_factory=dict)


def months_of(calendar: Calendar, year: int, today: date) -> list[Month]:
    """Lay a year out in twelve grids."""
    return [_month(calendar, year, number, today) for number in range(1, 13)]


def _month(calendar: Calendar, year: int, number: int, today: date) -> Month:
    first = date(year, number, 1)
    cells: list[DayCell | None] = [None] * first.weekday()
    for day in _days(first, _last_of(first)):
        found = calendar.kind_of(day)
        cells.append(DayCell(day, found.kind, found.name, found.is_provisional, day == today))
    cells += [None] * (-len(cells) % 7)
    weeks = tuple(tuple(cells[start : start + 7]) for start in range(0, len(cells), 7))
    return Month(number, weeks, sum(cell.kind.is_worked for cell in cells if cell))


def holidays_of(calendar: Calendar, year: int) -> list[HolidayLine]:
    """List a year's holidays, earliest first, each with the weekends that are worked for it."""
    found = [(day, calendar.kind_of(day)) for day in _days(date(year, 1, 1), date(year, 12, 31))]
    worked: dict[Holiday | None, list[date]] = {}
    for day, what in found:
        if what.kind is DayKind.MAKE_UP:
            worked.setdefault(what.name, []).append(day)
    lines = []
    off = [(day, what) for day, what in found if what.kind is DayKind.HOLIDAY]
    for name, group in groupby(off, key=lambda pair: pair[1].name):
        days = list(group)
        lines.append(
            HolidayLine(
                name=name or Holiday.LOCAL,
                first=days[0][0],
                last=days[-1][0],
                days=len(days),
                make_up=tuple(worked.pop(name, ())),
                is_provisional=any(what.is_provisional for _, what in days),
            )
        )
    return lines


def hours_row(unit: str, name: str, own: Hours | None) -> HoursRow:
    """Write a unit's week as the form shows it."""
    hours = own or USUAL
    days = (
        " ".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in hours.on(weekday))
        for weekday in Weekday
    )
    return HoursRow(unit, name, tuple(days), own is None)


def read_hours(days: Sequence[str]) -> tuple[Hours, dict[int, str]]:
    """Read a week from the form, Monday first.

    Returns:
        The hours, and the faults by weekday; a day that does not hold is closed.
    """
    spans: list[Span] = []
    faults: dict[int, str] = {}
    for weekday in Weekday:
        try:
            stretch = [Span(weekday, *_times(part)) for part in days[weekday].split()]
            Hours.of(stretch)
        except ValueError:
            faults[int(weekday)] = "not_hours"
        else:
            spans += stretch
    return Hours.of(spans), faults


def _times(part: str) -> tuple[time, time]:
    opens, _, closes = part.replace("：", ":").replace("—", "-").replace("–", "-").partition("-")
    return time.fromisoformat(opens.zfill(5)), time.fromisoformat(closes.zfill(5))


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += _ONE_DAY


def _last_of(first: date) -> date:
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return following - _ONE_DAY
