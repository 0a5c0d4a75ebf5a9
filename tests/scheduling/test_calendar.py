"""Working days, make-up days and time limits: the vectors of the rules, and what holds for every limit."""

from datetime import date, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.domain.announced import announced_days, announced_years
from scheduling.domain.calendar import (
    Calendar,
    Day,
    DayKind,
    Due,
    NamedDay,
    Unit,
    due_date,
    first_day_of_notice,
)
from scheduling.domain.deadlines import TERMS, Clock
from scheduling.domain.forecast import Holiday, forecast

PUBLISHED = Calendar(
    announced_years(),
    {day: named for year in announced_years() for day, named in announced_days(year).items()},
)

starts = st.dates(date(2004, 1, 1), date(2040, 12, 31))
lengths = st.integers(1, 90)
units = st.sampled_from(Unit)


@pytest.mark.parametrize(
    ("start", "n", "unit", "due"),
    [
        # accepted, 60 days for handling; then the one extension of 30
        (date(2024, 3, 1), 60, Unit.CALENDAR_DAY, date(2024, 4, 30)),
        (date(2024, 4, 30), 30, Unit.CALENDAR_DAY, date(2024, 5, 30)),
        # the last day lies in the National Day holiday
        (date(2024, 9, 19), 15, Unit.CALENDAR_DAY, date(2024, 10, 8)),
        # Spring Festival, with the Sundays 4 and 18 February worked
        (date(2024, 2, 1), 15, Unit.WORKING_DAY, date(2024, 2, 27)),
        # a month that has no 31st
        (date(2024, 1, 31), 1, Unit.MONTH, date(2024, 2, 29)),
        # the corresponding day is a Saturday
        (date(2024, 5, 15), 1, Unit.MONTH, date(2024, 6, 17)),
        # the last day is a Sunday that is worked
        (date(2024, 2, 3), 1, Unit.CALENDAR_DAY, date(2024, 2, 4)),
    ],
)
def test_a_time_limit_ends_where_the_rules_say(start: date, n: int, unit: Unit, due: date) -> None:
    assert due_date(start, n, unit, PUBLISHED) == Due(due, is_provisional=False)


def test_a_limit_shorter_than_one_is_a_defect() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        due_date(date(2024, 1, 1), 0, Unit.CALENDAR_DAY, PUBLISHED)


@settings(deadline=None)
@given(starts, lengths, units)
def test_no_limit_ends_on_a_day_of_rest(start: date, n: int, unit: Unit) -> None:
    assert PUBLISHED.is_working_day(due_date(start, n, unit, PUBLISHED).day)


@settings(deadline=None)
@given(starts, lengths, units)
def test_a_later_start_or_a_longer_limit_never_ends_earlier(start: date, n: int, unit: Unit) -> None:
    due = due_date(start, n, unit, PUBLISHED).day

    assert due_date(start + timedelta(days=1), n, unit, PUBLISHED).day >= due
    assert due_date(start, n + 1, unit, PUBLISHED).day >= due


@settings(deadline=None)
@given(starts, lengths)
def test_a_limit_of_working_days_holds_exactly_so_many(start: date, n: int) -> None:
    due = due_date(start, n, Unit.WORKING_DAY, PUBLISHED).day

    days = [start + timedelta(days=ahead) for ahead in range(1, (due - start).days + 1)]
    assert sum(PUBLISHED.is_working_day(day) for day in days) == n


@settings(deadline=None)
@given(starts, lengths)
def test_a_limit_in_days_is_longer_only_by_the_rest_at_its_end(start: date, n: int) -> None:
    last = start + timedelta(days=n)
    due = due_date(start, n, Unit.CALENDAR_DAY, PUBLISHED).day

    assert due >= last
    assert not any(
        PUBLISHED.is_working_day(last + timedelta(days=ahead)) for ahead in range((due - last).days)
    )


@settings(deadline=None)
@given(st.dates(date(2025, 6, 1), date(2028, 6, 30)), lengths, units)
def test_a_limit_is_provisional_just_when_a_day_it_looked_at_is(start: date, n: int, unit: Unit) -> None:
    due = due_date(start, n, unit, PUBLISHED)

    first = start + timedelta(days=1)  # where working days are counted, each of them is looked at
    if unit is not Unit.WORKING_DAY:  # else only the last day, and the days of rest that follow it
        first = start + (relativedelta(months=n) if unit is Unit.MONTH else timedelta(days=n))
    looked_at = [first + timedelta(days=ahead) for ahead in range((due.day - first).days + 1)]
    assert due.is_provisional is any(PUBLISHED.kind_of(day).is_provisional for day in looked_at)


def test_a_year_that_nobody_announced_is_forecast_and_says_so() -> None:
    new_year, workday, saturday = date(2027, 1, 1), date(2027, 1, 5), date(2027, 1, 9)

    assert PUBLISHED.kind_of(new_year) == Day(DayKind.HOLIDAY, Holiday.NEW_YEAR, is_provisional=True)
    assert PUBLISHED.kind_of(workday) == Day(DayKind.WORKDAY, None, is_provisional=True)
    assert PUBLISHED.kind_of(saturday) == Day(DayKind.REST, None, is_provisional=True)


def test_the_last_days_of_december_wait_for_the_notice_of_the_next_year() -> None:
    """New Year's holiday of 2018 began on 30 December 2017."""
    assert not PUBLISHED.kind_of(date(2026, 12, 28)).is_provisional
    assert PUBLISHED.kind_of(date(2026, 12, 29)).is_provisional
    assert not PUBLISHED.kind_of(date(2025, 12, 31)).is_provisional
    assert first_day_of_notice(2027) == date(2026, 12, 29)


def test_sixty_days_into_a_year_without_a_notice_end_provisionally() -> None:
    assert due_date(date(2026, 11, 20), 60, Unit.CALENDAR_DAY, PUBLISHED) == Due(date(2027, 1, 19), True)
    assert due_date(date(2026, 11, 20), 25, Unit.WORKING_DAY, PUBLISHED) == Due(date(2026, 12, 25), False)


def test_what_a_person_says_of_one_day_is_certain_also_in_a_forecast_year() -> None:
    day = date(2027, 3, 8)
    calendar = Calendar(days={day: NamedDay(DayKind.HOLIDAY, Holiday.LOCAL)})

    assert calendar.kind_of(day) == Day(DayKind.HOLIDAY, Holiday.LOCAL, is_provisional=False)


def test_published_data_names_every_holiday_by_a_word_of_ours() -> None:
    names = {named.name for year in announced_years() for named in announced_days(year).values()}
    commemorated = [
        day
        for year in announced_years()
        for day, named in announced_days(year).items()
        if named.name is Holiday.COMMEMORATION
    ]

    assert None not in names
    assert {day.year for day in commemorated} == {2015}
    assert {name for year in range(2027, 2099) for name in forecast(year).values()} >= {
        Holiday.NEW_YEAR, Holiday.SPRING_FESTIVAL, Holiday.TOMB_SWEEPING, Holiday.LABOUR_DAY,
        Holiday.DRAGON_BOAT, Holiday.MID_AUTUMN, Holiday.NATIONAL_DAY,
    }  # fmt: skip


def test_published_make_up_days_are_weekends_and_holidays_are_not_worked() -> None:
    for year in announced_years():
        for day, named in announced_days(year).items():
            assert named.kind in (DayKind.HOLIDAY, DayKind.MAKE_UP)
            assert named.kind is DayKind.HOLIDAY or day.weekday() >= 5


def test_a_forecast_beyond_all_tables_still_answers() -> None:
    assert due_date(date(2199, 12, 30), 60, Unit.WORKING_DAY, PUBLISHED).is_provisional


def test_every_clock_of_the_rules_has_its_length() -> None:
    assert set(TERMS) == set(Clock)
    assert all(term.n >= 1 for term in TERMS.values())
