"""The holiday notices in published data: they seed the table of days, and the table is what counts."""

from datetime import date

from chinese_calendar import constants  # type: ignore[import-untyped]  # it ships no annotations

from scheduling.domain.calendar import DayKind, NamedDay
from scheduling.domain.forecast import holiday_of


def announced_years() -> frozenset[int]:
    """Return the years whose notice is known."""
    return frozenset(day.year for day in constants.holidays)


def announced_days(year: int) -> dict[date, NamedDay]:
    """Return what the notice for a year makes of its days, ordinary ones left out."""
    off = {day: NamedDay(DayKind.HOLIDAY, holiday_of(name)) for day, name in constants.holidays.items()}
    worked = {day: NamedDay(DayKind.MAKE_UP, holiday_of(name)) for day, name in constants.workdays.items()}
    return {day: named for day, named in sorted({**off, **worked}.items()) if day.year == year}
