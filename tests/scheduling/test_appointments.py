"""The life of an appointment, who did not come, and when a room may be booked at all."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain.announced import announced_days, announced_years
from scheduling.domain.appointments import (
    AGREED,
    ALLOWED,
    CLAIMS,
    MOVABLE,
    AppointmentAction,
    AppointmentState,
    AppointmentWrongState,
    Presence,
    Side,
    absent_side,
    follow,
    was_kept,
)
from scheduling.domain.booking import (
    InThePast,
    NotAWorkingDay,
    Openness,
    OutsideHours,
    RoomBlocked,
)
from scheduling.domain.calendar import Calendar, NamedDay
from scheduling.domain.hours import USUAL
from scheduling.domain.reallocation import hand_over
from scheduling.domain.slots import Edges, Plan, Span
from scheduling.errors import SchedulingRefusal

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in the office
GRACE = timedelta(minutes=15)
HOUR = timedelta(hours=1)


# The table


def test_every_state_is_reached_and_the_last_ones_are_left_by_nothing() -> None:
    reached = {after for row in ALLOWED.values() for after in row.values()}

    assert reached == set(AppointmentState) - {AppointmentState.HELD}
    ends = {state for state, row in ALLOWED.items() if not row}
    assert ends == {
        AppointmentState.REJECTED,
        AppointmentState.DONE,
        AppointmentState.NO_SHOW,
        AppointmentState.CANCELLED,
    }


@pytest.mark.parametrize("state", AppointmentState)
@pytest.mark.parametrize("action", AppointmentAction)
def test_a_step_that_the_table_does_not_know_is_refused(
    state: AppointmentState, action: AppointmentAction
) -> None:
    if action in ALLOWED[state]:
        assert follow(state, action) is ALLOWED[state][action]
        return
    with pytest.raises(AppointmentWrongState):
        follow(state, action)


def test_what_may_be_moved_takes_time_and_what_is_over_takes_none() -> None:
    assert MOVABLE < CLAIMS
    assert not {state for state, row in ALLOWED.items() if not row} & CLAIMS
    assert AGREED.isdisjoint({AppointmentState.HELD, AppointmentState.REQUESTED})


# Who did not come


@pytest.mark.parametrize(
    ("minutes", "citizen", "county", "side"),
    [
        (14, False, False, None),  # nobody is late yet
        (15, False, True, Side.CITIZEN),
        (15, False, False, Side.CITIZEN),  # whom the county would have waited for
        (15, True, False, Side.COUNTY),
        (15, True, True, None),  # also where a stand-in answered
        (600, True, True, None),
    ],
)
def test_presence_suggests_who_is_missing(
    minutes: int, citizen: bool, county: bool, side: Side | None
) -> None:
    presence = Presence(citizen_came=citizen, county_came=county)

    assert absent_side(NOW, presence, NOW + timedelta(minutes=minutes), grace=GRACE) is side


def test_a_cancelled_appointment_says_nothing_of_anybodys_coming() -> None:
    assert was_kept(AppointmentState.CANCELLED) is None
    assert was_kept(AppointmentState.REJECTED) is None
    assert was_kept(AppointmentState.APPROVED) is None
    assert was_kept(AppointmentState.NO_SHOW, Side.CITIZEN) is False
    assert was_kept(AppointmentState.NO_SHOW, Side.COUNTY) is True
    assert was_kept(AppointmentState.DONE) is True


# When a room may be booked


def calendar() -> Calendar:
    years = announced_years()
    days: dict[date, NamedDay] = {}
    for year in years:
        days |= announced_days(year)
    return Calendar(frozenset(years), days)


def openness(blocks: Mapping[str, list[Span]] | None = None) -> Openness:
    return Openness(calendar(), {"east": USUAL}, blocks or {})


def at(day: int, hour: int, minute: int = 0, *, month: int = 3, minutes: int = 30) -> Plan:
    """Plan half an hour in the east room, office time."""
    starts_at = datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)
    return Plan("east", "shen", None, None, starts_at, timedelta(minutes=minutes), Edges())


@pytest.mark.parametrize(
    ("plan", "refusal"),
    [
        (at(2, 8, 45), InThePast),
        (at(7, 10), NotAWorkingDay),  # a Saturday
        (at(1, 10, month=5), NotAWorkingDay),  # Labour Day
        (at(3, 8), OutsideHours),
        (at(3, 11, 45), OutsideHours),  # runs into the noon break
        (at(3, 17, 15), OutsideHours),
        (at(3, 23, 45), OutsideHours),  # runs into the next day
        (at(2, 9), None),  # this very moment
        (at(3, 11, 30), None),  # ends with the morning
        (at(3, 17, 0), None),
    ],
)
def test_a_room_is_booked_within_the_hours_of_a_working_day_that_lies_ahead(
    plan: Plan, refusal: type[SchedulingRefusal] | None
) -> None:
    if refusal is None:
        openness().refuse_closed(plan, NOW)
        assert openness().admits(plan, NOW)
        return
    with pytest.raises(refusal):
        openness().refuse_closed(plan, NOW)
    assert not openness().admits(plan, NOW)


@pytest.mark.parametrize(
    ("plan", "is_blocked"),
    [
        (at(3, 9, 30), False),  # ends when the block begins
        (at(3, 9, 45), True),
        (at(3, 10, 30), True),
        (at(3, 11, 0), False),  # the block is over: the room is back by itself
    ],
)
def test_a_blocked_room_is_back_when_its_hour_is_over(plan: Plan, is_blocked: bool) -> None:
    block = Span(at(3, 10).starts_at, at(3, 11).starts_at)

    assert openness({"east": [block]}).admits(plan, NOW) is not is_blocked
    if is_blocked:
        with pytest.raises(RoomBlocked):
            openness({"east": [block]}).refuse_closed(plan, NOW)


# A day given to others


def booked(official: str, *hours: int) -> list[tuple[str, Plan]]:
    plans = [(f"{official}-{hour}", at(3, hour)) for hour in hours]
    return [(name, Plan("east", official, None, None, plan.starts_at, plan.length)) for name, plan in plans]


def test_a_day_is_given_to_whoever_is_free_for_each_hour() -> None:
    luo_is_busy = {claim for _, plan in booked("luo", 9) for claim in plan.claims()}

    handed = hand_over(booked("shen", 9, 10), ["luo", "fang"], taken=luo_is_busy)

    assert [(one.appointment, one.stand_in) for one in handed] == [("shen-9", "fang"), ("shen-10", "luo")]
    assert all(one.plan.official == one.stand_in for one in handed)


def test_what_nobody_can_take_is_listed_and_stays() -> None:
    luo_is_busy = {claim for _, plan in booked("luo", 9) for claim in plan.claims()}

    handed = hand_over(booked("shen", 9), ["luo"], taken=luo_is_busy)

    assert [(one.stand_in, one.plan.official) for one in handed] == [(None, "shen")]


def test_a_stand_in_is_given_one_meeting_at_a_time() -> None:
    """Two appointments at one hour in two rooms, as a stand-in's own liaison may have them."""
    both = [(room, Plan(room, "shen", None, None, NOW, HOUR)) for room in ("east", "west")]

    handed = hand_over(both, ["luo"], taken=())

    assert sorted(one.stand_in or "-" for one in handed) == ["-", "luo"]


@given(
    st.lists(st.integers(0, 40), max_size=12, unique=True),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40)), max_size=20),
)
def test_giving_a_day_away_never_books_anybody_twice(own: list[int], others: list[tuple[int, int]]) -> None:
    quarter = timedelta(minutes=15)
    names = ["luo", "fang", "gu"]
    taken = {
        claim
        for person, at_ in others
        for claim in Plan(f"r{person}", names[person], None, None, NOW + at_ * quarter, quarter).claims()
    }
    plans = [(f"a{at_}", Plan(f"own{at_}", "shen", None, None, NOW + at_ * quarter, quarter)) for at_ in own]

    handed = hand_over(plans, names, taken=taken)

    given_away = [one.plan for one in handed if one.stand_in is not None]
    new = [claim for plan in given_away for claim in plan.claims() if claim.resource.startswith("person:")]
    assert len(handed) == len(plans)
    assert len(new) == len(set(new))
    assert taken.isdisjoint(new)
