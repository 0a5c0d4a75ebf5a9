"""When an office is open: its week over the calendar."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.domain.calendar import Calendar, DayKind, NamedDay
from scheduling.domain.hours import OFFICE_TIME, USUAL, Hours, Span, Weekday, is_open, open_spans

MORNING, AFTERNOON = (time(8, 30), time(12, 0)), (time(13, 30), time(17, 30))
MONDAY, SATURDAY, SUNDAY = date(2026, 3, 2), date(2026, 3, 7), date(2026, 3, 8)
PLAIN = Calendar(frozenset({2026, 2027}))


def the_day(day: date, kind: DayKind) -> Calendar:
    return Calendar(frozenset({2026, 2027}), {day: NamedDay(kind)})


def test_the_usual_office_opens_twice_on_a_working_day_and_not_at_the_weekend() -> None:
    assert open_spans(USUAL, PLAIN, MONDAY) == [MORNING, AFTERNOON]
    assert open_spans(USUAL, PLAIN, SATURDAY) == []


def test_nobody_is_open_on_a_holiday() -> None:
    every_day = Hours.of(Span(weekday, *MORNING) for weekday in Weekday)

    assert open_spans(USUAL, the_day(MONDAY, DayKind.HOLIDAY), MONDAY) == []
    assert open_spans(every_day, the_day(SATURDAY, DayKind.HOLIDAY), SATURDAY) == []


def test_a_make_up_day_is_worked_like_the_working_day_next_to_it() -> None:
    hours = Hours.of([Span(Weekday.FRIDAY, *MORNING), Span(Weekday.MONDAY, *AFTERNOON)])

    assert open_spans(hours, the_day(SATURDAY, DayKind.MAKE_UP), SATURDAY) == [MORNING]
    assert open_spans(hours, the_day(SUNDAY, DayKind.MAKE_UP), SUNDAY) == [AFTERNOON]


def test_a_unit_that_receives_on_saturdays_keeps_its_own_hours() -> None:
    hours = Hours.of([*USUAL.spans, Span(Weekday.SATURDAY, time(9), time(11))])

    assert open_spans(hours, PLAIN, SATURDAY) == [(time(9), time(11))]
    assert open_spans(hours, the_day(SATURDAY, DayKind.MAKE_UP), SATURDAY) == [(time(9), time(11))]


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        (time(8, 29, 59), False),
        (time(8, 30), True),
        (time(11, 59, 59), True),
        (time(12, 0), False),  # half-open: at the closing time it is closed
        (time(17, 29), True),
        (time(17, 30), False),
    ],
)
def test_an_office_is_open_from_its_first_minute_to_the_one_before_closing(
    clock: time, expected: bool
) -> None:
    at = datetime.combine(MONDAY, clock, OFFICE_TIME).astimezone(UTC)

    assert is_open(USUAL, PLAIN, at) is expected


def test_hours_that_overlap_or_run_backwards_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        Hours.of([Span(Weekday.MONDAY, time(8), time(12)), Span(Weekday.MONDAY, time(11), time(13))])
    with pytest.raises(ValueError, match="before it closes"):
        Span(Weekday.MONDAY, time(12), time(8))


@settings(deadline=None)
@given(st.integers(0, 2 * 365 * 24 * 60))
def test_being_open_agrees_with_the_spans_of_the_day(minute: int) -> None:
    local = datetime(2026, 1, 1, tzinfo=OFFICE_TIME) + timedelta(minutes=minute)

    inside = [opens <= local.time() < closes for opens, closes in open_spans(USUAL, PLAIN, local.date())]

    assert is_open(USUAL, PLAIN, local.astimezone(UTC)) is any(inside)
    assert not (any(inside) and local.weekday() >= 5)
