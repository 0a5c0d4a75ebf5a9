"""When the fictional visits took place: working hours of the office, never two at once.  No IO, no clock."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from reception.services.work import OFFICE_TIME

# 65 minutes apart: the longest visit, from registration to outcome, ends before the next one begins.
BEGINNINGS = (time(8, 35), time(9, 40), time(10, 45), time(13, 35), time(14, 40), time(15, 45))
LATE_MIN = 5  # a visit begins up to this much later

# month, first day, last day
_HOLIDAYS = ((1, 1, 3), (5, 1, 5), (10, 1, 7))


def working_days(first: date, last: date) -> Iterator[date]:
    """Yield Mondays to Fridays from `first` to `last`, both included, without the fixed holidays."""
    day = first
    while day <= last:
        if day.weekday() < 5 and not _is_holiday(day):
            yield day
        day += timedelta(days=1)


def beginnings(dice: random.Random, first: date, last: date, count: int) -> list[datetime]:
    """Choose `count` different beginnings of visits, earliest first, in UTC.

    Fewer where the days do not hold as many.
    """
    free = [(day, at) for day in working_days(first, last) for at in BEGINNINGS]
    chosen = sorted(dice.sample(free, min(count, len(free))))
    return [_instant(day, at) + timedelta(seconds=dice.randrange(LATE_MIN * 60)) for day, at in chosen]


def office_date(at: datetime) -> date:
    """Return the office's calendar date of a moment."""
    return at.astimezone(OFFICE_TIME).date()


def in_words(day: date) -> str:
    """Write a date as the office does: 2026年3月2日."""
    return f"{day.year}年{day.month}月{day.day}日"


def _is_holiday(day: date) -> bool:
    return any(day.month == month and first <= day.day <= last for month, first, last in _HOLIDAYS)


def _instant(day: date, at: time) -> datetime:
    return datetime.combine(day, at, OFFICE_TIME).astimezone(UTC)
