"""A typed holiday notice: read whole, or every line that does not hold is named."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.domain.announced import announced_days
from scheduling.domain.calendar import DayKind, NamedDay
from scheduling.domain.forecast import Holiday
from scheduling.domain.notice import read_notice

WORDS = {"休": "off", "班": "work", "至": "", "春节": "spring_festival", "Spring Festival": "spring_festival"}


def test_a_notice_is_read_line_by_line() -> None:
    notice = read_notice("2027-02-05 2027-02-11 休 春节\n\n2027-02-14 班 春节\n2027-03-08 off", 2027, WORDS)

    assert notice.faults == {}
    assert notice.days[date(2027, 2, 11)] == NamedDay(DayKind.HOLIDAY, Holiday.SPRING_FESTIVAL)
    assert notice.days[date(2027, 2, 14)] == NamedDay(DayKind.MAKE_UP, Holiday.SPRING_FESTIVAL)
    assert notice.days[date(2027, 3, 8)] == NamedDay(DayKind.HOLIDAY)
    assert len(notice.days) == 9


@pytest.mark.parametrize(
    "line",
    [
        "2027年2月5日至2027年2月11日 休 春节",  # as in the State Council's own words
        "2027/2/5, 2027/2/11, 休, 春节",
        "2027.2.5 ~ 2027.2.11 off spring_festival",
        "2027-02-05 - 2027-02-11 off Spring Festival",  # a name of two words
    ],
)
def test_dates_may_be_written_in_the_usual_ways(line: str) -> None:
    assert read_notice(line, 2027, WORDS) == read_notice("2027-02-05 2027-02-11 休 春节", 2027, WORDS)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("2027-02-30 休", "not_a_date"),
        ("2027-02-05", "unreadable"),
        ("休 春节", "unreadable"),
        ("2027-02-05 休 班", "unreadable"),
        ("2027-02-05 休 立春", "unreadable"),  # a holiday that nobody knows is not dropped in silence
        ("2027-02-11 2027-02-05 休", "order"),
        ("2027-02-01 2027-04-05 休", "order"),
        ("2028-01-01 休", "other_year"),
        ("2026-12-28 休", "other_year"),  # the notice decides from 29 December on
        ("2027-02-15 班", "not_a_weekend"),
    ],
)
def test_a_line_that_does_not_hold_is_named(line: str, code: str) -> None:
    notice = read_notice(f"2027-01-01 休\n{line}", 2027, WORDS)

    assert notice.faults == {2: code}


def test_days_given_twice_and_an_empty_notice_are_refused() -> None:
    assert read_notice("2027-01-01 休\n2027-01-01 休", 2027, WORDS).faults == {2: "twice"}
    assert read_notice(" \n", 2027, WORDS).faults == {0: "required"}


def test_a_notice_may_claim_the_last_days_of_the_year_before() -> None:
    assert read_notice("2026-12-31 2027-01-02 休", 2027, WORDS).faults == {}


@settings(deadline=None)
@given(st.integers(2012, 2026))
def test_every_published_notice_can_be_typed(year: int) -> None:
    days = announced_days(year)
    lines = [
        f"{day} {'off' if named.kind is DayKind.HOLIDAY else 'work'} {named.name}"
        for day, named in days.items()
    ]

    notice = read_notice("\n".join(lines), year, WORDS)

    assert notice.faults == {}
    assert notice.days == days


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_but_never_a_defect(text: str) -> None:
    notice = read_notice(text, 2027, WORDS)

    assert all(day - date(2026, 12, 29) >= timedelta(0) for day in notice.days)
