"""Bodies and answers of the calendar's API."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from reception.web.api.answers import Answer
from reception.web.api.bodies import Body
from scheduling.domain.calendar import DayKind, Unit
from scheduling.domain.forecast import Holiday

Year = Annotated[int, Meta(ge=2000, le=2100)]


class NamedDayBody(Body, kw_only=True):
    """What a day is to be."""

    day: date
    kind: DayKind
    name: Holiday | None = None


class NoticeBody(Body, kw_only=True):
    """The notice for a year: every day that is not what its weekday says."""

    year: Year
    days: Annotated[list[NamedDayBody], Meta(min_length=1, max_length=120)]


class CalendarChanged(Answer, kw_only=True):
    """How many deadlines have another day, or a certain one, now."""

    moved: int


class DayView(Answer, kw_only=True):
    """What a day is, as far as is known."""

    day: date
    kind: DayKind
    name: Holiday | None
    is_provisional: bool


class DaysView(Answer, kw_only=True):
    """A stretch of days, in order."""

    days: list[DayView]


class DueView(Answer, kw_only=True):
    """When a time limit ends."""

    start: date
    n: int
    unit: Unit
    day: date
    is_provisional: bool
