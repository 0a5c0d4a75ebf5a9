"""Rotations: who has which day; and what the roster is worth."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain.report import Share, coverage, merged, within
from scheduling.domain.roster import Facts, Leave, Post, Span, Turn, Why
from scheduling.domain.rotation import Handover, Rotation, RuleWrong, refuse_wrong_rule, shifts

OFFICE = ZoneInfo("Asia/Shanghai")
POST = Post("department_liaison", "land")
MONDAY = date(2026, 11, 23)
WEEKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"


def on_weekdays(day: date) -> bool:
    return day.weekday() < 5


def rotation(
    *members: str,
    rule: str = WEEKDAYS,
    handover: Handover = Handover.DAILY,
    closes: time = time(17, 30),
    ends_on: date | None = None,
    working_days_only: bool = True,
) -> Rotation:
    return Rotation(
        "r", POST, members, rule, time(8, 30), closes, MONDAY, ends_on, handover, working_days_only
    )


def dealt(
    chosen: Rotation, days: int, *, first: date = MONDAY, off: frozenset[date] = frozenset()
) -> list[tuple[date, str | None]]:
    found = shifts(
        chosen,
        first,
        first + timedelta(days=days - 1),
        zone=OFFICE,
        is_working_day=lambda day: on_weekdays(day) and day not in off,
    )
    return [(shift.span.start.astimezone(OFFICE).date(), shift.person) for shift in found]


def test_members_take_over_from_day_to_day() -> None:
    assert [person for _, person in dealt(rotation("A", "B", "C"), 7)] == ["A", "B", "C", "A", "B"]


def test_members_take_over_from_week_to_week() -> None:
    people = [person for _, person in dealt(rotation("A", "B", handover=Handover.WEEKLY), 21)]

    assert people == ["A"] * 5 + ["B"] * 5 + ["A"] * 5


def test_a_later_look_deals_the_same_turns() -> None:
    chosen = rotation("A", "B", "C")

    assert dealt(chosen, 21)[7:] == dealt(chosen, 12, first=MONDAY + timedelta(days=9))


def test_a_holiday_is_left_out_and_eats_nobodys_turn() -> None:
    tuesday = MONDAY + timedelta(days=1)

    found = dealt(rotation("A", "B", "C"), 3, off=frozenset({tuesday}))

    assert found == [(MONDAY, "A"), (MONDAY + timedelta(days=2), "B")]


def test_a_make_up_day_is_dealt_by_a_daily_rule() -> None:
    saturday = MONDAY + timedelta(days=5)
    found = shifts(
        rotation("A", "B", rule="FREQ=DAILY"),
        saturday,
        saturday + timedelta(days=1),
        zone=OFFICE,
        is_working_day=lambda day: on_weekdays(day) or day == saturday,
    )

    assert [(shift.span.start.astimezone(OFFICE).date(), shift.person) for shift in found] == [
        (saturday, "B")
    ]


def test_a_shift_has_its_hours_in_office_time_and_may_end_after_midnight() -> None:
    day, night = (
        next(shifts(chosen, MONDAY, MONDAY, zone=OFFICE, is_working_day=on_weekdays))
        for chosen in (rotation("A"), rotation("A", closes=time(8, 30)))
    )

    assert day.span.start == datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
    assert day.span.end == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert night.span.end == datetime(2026, 11, 24, 0, 30, tzinfo=UTC)


def test_a_rotation_ends_with_its_last_day() -> None:
    assert len(dealt(rotation("A", ends_on=MONDAY + timedelta(days=1)), 7)) == 2


def test_a_rotation_without_members_still_says_when_somebody_should_be_there() -> None:
    assert dealt(rotation(), 2) == [(MONDAY, None), (MONDAY + timedelta(days=1), None)]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MINUTELY",  # half a million shifts a year
        "FREQ=WEEKLY;COUNT=3",  # an end of its own, beside the rotation's
        "FREQ=WEEKLY;BYDAY=XX",
        "BYDAY=MO",
        "",
        "FREQ=DAILY;BYHOUR=9,10,11",  # finer than a day
        "FREQ=MONTHLY;BYMONTHDAY=99",  # well formed, and not a day
    ],
)
def test_a_rule_that_is_not_about_days_is_refused(rule: str) -> None:
    with pytest.raises(RuleWrong):
        refuse_wrong_rule(rule)


@pytest.mark.parametrize(
    "rule", [WEEKDAYS, "FREQ=DAILY", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "FREQ=MONTHLY;BYDAY=1MO"]
)
def test_rules_about_days_are_taken(rule: str) -> None:
    refuse_wrong_rule(rule)


@given(st.integers(1, 5), st.sets(st.integers(0, 59), max_size=20), st.sampled_from(Handover))
def test_turns_are_dealt_evenly_whatever_the_calendar_leaves_out(
    members: int, off: set[int], handover: Handover
) -> None:
    chosen = rotation(*"ABCDE"[:members], handover=handover)
    days_off = frozenset(MONDAY + timedelta(days=day) for day in off)

    found = dealt(chosen, 60, off=days_off)

    assert not {day for day, _ in found} & days_off
    by_week = handover is Handover.WEEKLY
    turns = {day - timedelta(days=day.weekday()) if by_week else day: person for day, person in found}
    counts = [list(turns.values()).count(person) for person in "ABCDE"[:members]]
    assert max(counts) - min(counts) <= 1


# Report


def hour(value: float) -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC) + timedelta(hours=value)


def span(start: float, end: float) -> Span:
    return Span(hour(start), hour(end))


def test_hours_without_anybody_are_found_and_the_others_are_counted() -> None:
    facts = Facts(
        (Turn("A", span(8, 12), Why.SHIFT), Turn("B", span(12, 16), Why.SHIFT)), (Leave("B", span(14, 20)),)
    )

    found = coverage(facts, [span(8, 12), span(12, 18)])

    assert found.gaps == (span(14, 18),)
    assert found.shares == (Share("A", 1, 4.0), Share("B", 1, 2.0))
    assert (found.expected_hours, found.gap_hours, found.covered_percent) == (10, 4, 60)
    assert found.spread_hours == 2


def test_a_post_that_nobody_expects_anybody_on_has_no_gap() -> None:
    assert coverage(Facts(), []).covered_percent == 100


def test_spans_are_joined_and_cut_to_a_period() -> None:
    assert merged([span(5, 9), span(1, 3), span(2, 5)]) == [span(1, 9)]
    assert list(within([span(1, 9), span(20, 21)], hour(4), hour(6))) == [span(4, 6)]
