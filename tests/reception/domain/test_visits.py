"""The life of a visit: what may follow what, and that no way leads around the outcome."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reception.domain.visits import (
    ALLOWED,
    AT_TERMINAL,
    OCCUPIES_OFFICER,
    OWES_OUTCOME,
    VisitAction,
    VisitState,
    WrongState,
    follow,
)

FINAL = frozenset({VisitState.CLOSED_SATISFIED, VisitState.OUTCOME_LOGGED, VisitState.CANCELLED})
ANSWERED = OWES_OUTCOME | {VisitState.OUTCOME_LOGGED}


@pytest.mark.parametrize("state", VisitState)
@pytest.mark.parametrize("action", VisitAction)
def test_an_action_leads_where_the_table_says_or_nowhere(state: VisitState, action: VisitAction) -> None:
    if action in ALLOWED[state]:
        assert follow(state, action) is ALLOWED[state][action]
        return

    with pytest.raises(WrongState):
        follow(state, action)


def test_every_state_has_a_row_and_every_action_a_place() -> None:
    assert set(ALLOWED) == set(VisitState)
    assert {action for row in ALLOWED.values() for action in row} == set(VisitAction)


def test_final_states_are_exactly_those_that_nothing_follows() -> None:
    assert {state for state, row in ALLOWED.items() if not row} == FINAL


@given(st.lists(st.sampled_from(VisitAction), max_size=40))
def test_an_answered_visit_ends_only_with_its_outcome(actions: list[VisitAction]) -> None:
    state, path = VisitState.REGISTERED, [VisitState.REGISTERED]
    for action in actions:
        if action in ALLOWED[state]:
            state = follow(state, action)
            path.append(state)

    if VisitState.IN_CALL in path:
        assert state in ANSWERED
    if path[-1] is VisitState.OUTCOME_LOGGED:
        assert path[-2] in {VisitState.WRAP_UP, VisitState.OUTCOME_PENDING}


def test_every_state_is_reached_from_registration() -> None:
    reached, frontier = {VisitState.REGISTERED}, [VisitState.REGISTERED]
    while frontier:
        for after in ALLOWED[frontier.pop()].values():
            if after not in reached:
                reached.add(after)
                frontier.append(after)

    assert reached == set(VisitState)


def test_the_call_never_runs_without_a_room_and_an_officer() -> None:
    assert VisitState.IN_CALL in AT_TERMINAL & OCCUPIES_OFFICER & OWES_OUTCOME
    assert not FINAL & (AT_TERMINAL | OCCUPIES_OFFICER | OWES_OUTCOME)


def test_a_pending_outcome_leaves_the_officer_free_to_be_rung() -> None:
    assert VisitState.OUTCOME_PENDING not in OCCUPIES_OFFICER
