"""What an appointment takes of whose time, and what is offered to whoever came second."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain.slots import (
    ALTERNATIVES,
    QUARTER,
    Claim,
    Edges,
    OffGrid,
    Part,
    Plan,
    Span,
    nearest_free,
    of_case,
    of_person,
    of_room,
    refuse_off_grid,
)

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 09:00 in the office
HALF_HOUR = timedelta(minutes=30)
EDGES = Edges(QUARTER, QUARTER)


def a_plan(
    starts_at: datetime = NINE,
    *,
    room: str = "east",
    official: str = "shen",
    liaison: str | None = None,
    case: str | None = None,
    length: timedelta = HALF_HOUR,
    edges: Edges = EDGES,
) -> Plan:
    return Plan(room, official, liaison, case, starts_at, length, edges)


def hours_of(plan: Plan, resource: str) -> list[tuple[str, Part]]:
    return [
        (f"{claim.at:%H:%M}", part)
        for claim, part in sorted(plan.claims().items())
        if claim.resource == resource
    ]


# Claims


def test_room_and_case_are_taken_for_the_meeting_alone() -> None:
    plan = a_plan(case="XF1")

    meeting = [("01:00", Part.MEETING), ("01:15", Part.MEETING)]
    assert hours_of(plan, of_room("east")) == meeting
    assert hours_of(plan, of_case("XF1")) == meeting


def test_the_officials_are_taken_for_briefing_and_wrap_up_too() -> None:
    plan = a_plan(liaison="qin")

    whole = [
        ("00:45", Part.BRIEFING),
        ("01:00", Part.MEETING),
        ("01:15", Part.MEETING),
        ("01:30", Part.WRAP_UP),
    ]
    assert hours_of(plan, of_person("shen")) == whole
    assert hours_of(plan, of_person("qin")) == whole


def test_a_liaison_who_is_the_official_is_claimed_once() -> None:
    assert a_plan(liaison="shen").claims() == a_plan().claims()


@pytest.mark.parametrize(
    ("later", "clashes"),
    [
        (timedelta(minutes=45), True),  # the second briefing falls into the first wrap-up
        (timedelta(minutes=60), False),  # wrap-up 09:30-09:45, briefing 09:45-10:00
        (timedelta(minutes=-45), True),
        (timedelta(minutes=-60), False),
    ],
)
def test_two_meetings_of_one_official_leave_room_for_both_edges(later: timedelta, clashes: bool) -> None:
    first, second = a_plan(), a_plan(NINE + later, room="west")

    assert bool(first.claims().keys() & second.claims().keys()) is clashes


@pytest.mark.parametrize("later", [HALF_HOUR, -HALF_HOUR])
def test_a_room_is_free_again_when_the_meeting_ends(later: timedelta) -> None:
    """The next citizen may sit down while the former officials still write."""
    first, second = a_plan(), a_plan(NINE + later, official="luo")

    assert not first.claims().keys() & second.claims().keys()


@given(st.integers(-40, 40), st.integers(1, 8), st.integers(1, 8), st.integers(0, 4), st.integers(0, 4))
def test_claims_clash_exactly_where_spans_overlap(
    shift: int, first_length: int, second_length: int, before: int, after: int
) -> None:
    edges = Edges(before * QUARTER, after * QUARTER)
    first = a_plan(length=first_length * QUARTER, edges=edges)
    second = a_plan(NINE + shift * QUARTER, room="west", length=second_length * QUARTER, edges=edges)

    clash = bool(first.claims().keys() & second.claims().keys())

    assert clash is first.whole.overlaps(second.whole)


@pytest.mark.parametrize(
    "plan",
    [
        a_plan(NINE + timedelta(minutes=5)),  # between two quarters
        a_plan(NINE + timedelta(seconds=1)),
        a_plan(length=timedelta(minutes=20)),
        a_plan(length=timedelta(0)),
        a_plan(length=timedelta(hours=5)),  # longer than anybody is received
        a_plan(edges=Edges(timedelta(minutes=10))),
        a_plan(edges=Edges(timedelta(hours=2))),
    ],
)
def test_a_plan_off_the_grid_is_refused(plan: Plan) -> None:
    with pytest.raises(OffGrid):
        refuse_off_grid(plan)


def test_a_plan_on_the_grid_passes() -> None:
    refuse_off_grid(a_plan())


# Alternatives


def free_near(wanted: Plan, *taken: Plan, rooms: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    found = nearest_free(
        wanted,
        taken={claim for plan in taken for claim in plan.claims()},
        is_open=lambda _: True,
        not_before=NINE - timedelta(hours=1),
        within=timedelta(days=1),
        rooms=rooms,
    )
    return [(plan.room, f"{plan.starts_at:%H:%M}") for plan in found]


def test_the_nearest_three_are_offered_the_later_one_first() -> None:
    taken = a_plan(official="luo", edges=Edges())

    assert free_near(a_plan(edges=Edges()), taken) == [
        ("east", "01:30"),
        ("east", "00:30"),
        ("east", "01:45"),
    ]


def test_another_room_at_the_same_hour_comes_before_another_hour() -> None:
    taken = a_plan(official="luo")

    assert free_near(a_plan(), taken, rooms=("east", "west"))[0] == ("west", "01:00")


def test_an_official_who_is_taken_is_not_offered_in_another_room() -> None:
    taken = a_plan(room="north")

    found = free_near(a_plan(), taken, rooms=("east", "west"))

    assert ("west", "01:00") not in found
    assert len(found) == ALTERNATIVES


def test_nothing_is_offered_before_now_or_where_it_is_closed() -> None:
    wanted = a_plan()
    found = nearest_free(
        wanted,
        taken=wanted.claims(),
        is_open=lambda plan: plan.starts_at.hour < 2,
        not_before=NINE,
        within=timedelta(hours=2),
    )

    # Open until 10:00 office time, and until 09:45 the official is taken.
    assert found == []


@st.composite
def days(draw: st.DrawFn) -> list[Plan]:
    return [
        a_plan(
            NINE + draw(st.integers(0, 24)) * QUARTER,
            room=draw(st.sampled_from(["east", "west"])),
            official=draw(st.sampled_from(["shen", "luo"])),
            length=draw(st.integers(1, 4)) * QUARTER,
        )
        for _ in range(draw(st.integers(1, 8)))
    ]


@given(days())
def test_every_alternative_is_free_and_nothing_nearer_was(taken: list[Plan]) -> None:
    wanted = taken[0]
    claimed = {claim for plan in taken for claim in plan.claims()}

    found = nearest_free(
        wanted,
        taken=claimed,
        is_open=lambda _: True,
        not_before=NINE - timedelta(days=1),
        within=timedelta(hours=12),
    )

    distances = [abs(plan.starts_at - wanted.starts_at) for plan in found]
    assert len(found) == ALTERNATIVES
    assert distances == sorted(distances)
    assert all(claimed.isdisjoint(plan.claims()) for plan in found)
    nearer = set(quarters_around(wanted, distances[-1])) - {plan.starts_at for plan in found}
    assert all(not claimed.isdisjoint(moved(wanted, at).claims()) for at in nearer)


def quarters_around(plan: Plan, distance: timedelta) -> Iterator[datetime]:
    """Yield the beginnings strictly nearer than a distance."""
    at = plan.starts_at - distance + QUARTER
    while at < plan.starts_at + distance:
        yield at
        at += QUARTER


def moved(plan: Plan, at: datetime) -> Plan:
    return a_plan(at, room=plan.room, official=plan.official, length=plan.length)


def test_spans_that_touch_do_not_overlap() -> None:
    first = Span(NINE, NINE + HALF_HOUR)

    assert not first.overlaps(Span(first.end, first.end + HALF_HOUR))
    assert list(first.quarters()) == [NINE, NINE + QUARTER]
    assert Claim("a", NINE) < Claim("a", NINE + QUARTER) < Claim("b", NINE)
