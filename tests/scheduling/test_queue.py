"""Who comes next, and how long that may take."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain.queue import Waiting, expected_minutes, in_calling_order

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

queues = st.lists(
    st.builds(
        Waiting,
        id=st.uuids().map(str),
        raised_at=st.integers(min_value=0, max_value=300).map(
            lambda minutes: NOW + timedelta(minutes=minutes)
        ),
        is_promised=st.booleans(),
        is_suspended=st.booleans(),
    ),
    max_size=20,
    unique_by=lambda visit: visit.id,
)


def waiting(name: str, minute: int, *, promised: bool = False) -> Waiting:
    return Waiting(name, NOW + timedelta(minutes=minute), promised)


def test_who_was_raised_first_is_called_first() -> None:
    queue = [waiting("late", 9), waiting("early", 1), waiting("middle", 5)]

    assert [visit.id for visit in in_calling_order(queue)] == ["early", "middle", "late"]


def test_a_promised_call_back_keeps_the_head_of_the_queue() -> None:
    queue = [waiting("new", 1), waiting("promised", 30, promised=True)]

    assert [visit.id for visit in in_calling_order(queue)] == ["promised", "new"]


def test_a_call_that_was_cut_off_comes_before_everybody() -> None:
    cut_off = Waiting("cut off", NOW + timedelta(minutes=50), is_promised=False, is_suspended=True)
    queue = [waiting("new", 1), waiting("promised", 30, promised=True), cut_off]

    assert [visit.id for visit in in_calling_order(queue)] == ["cut off", "promised", "new"]


def test_visits_of_the_same_moment_keep_one_order() -> None:
    queue = [waiting("b", 1), waiting("a", 1)]

    assert in_calling_order(queue) == in_calling_order(queue[::-1])


@given(queues)
def test_ordering_loses_and_adds_nobody(queue: list[Waiting]) -> None:
    ordered = in_calling_order(queue)

    assert sorted(ordered, key=lambda visit: visit.id) == sorted(queue, key=lambda visit: visit.id)
    assert in_calling_order(reversed(queue)) == ordered


@given(queues.filter(bool))
def test_a_newcomer_never_delays_a_promise_or_an_earlier_visit(queue: list[Waiting]) -> None:
    before = [visit.id for visit in in_calling_order(queue)]
    newcomer = Waiting("newcomer", NOW + timedelta(hours=6), is_promised=False)

    after = [visit.id for visit in in_calling_order([*queue, newcomer])]

    assert after == [*before, "newcomer"]


@pytest.mark.parametrize(
    ("ahead", "officers", "minutes"),
    [
        (0, 1, 1),  # next, yet nobody answers in no time
        (1, 1, 12),
        (3, 1, 36),
        (3, 2, 12),  # two officers take two at once; the third waits for one round
        (4, 2, 24),
        (0, 0, None),  # nobody on duty: any number would be invented
        (5, -1, None),
    ],
)
def test_the_wait_counts_whole_rounds_of_calls(ahead: int, officers: int, minutes: int | None) -> None:
    assert expected_minutes(ahead, officers, 12.0) == minutes


def test_a_wait_is_rounded_up_to_whole_minutes() -> None:
    assert expected_minutes(1, 1, 6.1) == 7
