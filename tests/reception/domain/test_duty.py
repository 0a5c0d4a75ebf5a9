"""Who may be rung."""

import pytest

from reception.domain.duty import (
    DutyState,
    NotOnDuty,
    OfficerBusy,
    TooManyPending,
    duty_state,
    refuse_unless_ready,
)
from reception.domain.errors import Refusal
from reception.domain.visits import PENDING_LIMIT


@pytest.mark.parametrize(
    ("on_shift", "in_call", "pending", "expected"),
    [
        (False, False, 0, DutyState.OFF),
        (False, True, 0, DutyState.OFF),  # the shift decides first
        (True, False, 0, DutyState.READY),
        (True, False, PENDING_LIMIT - 1, DutyState.READY),  # the last that is tolerated
        (True, False, PENDING_LIMIT, DutyState.BLOCKED),
        (True, True, PENDING_LIMIT, DutyState.BUSY),  # the call of this moment is named before what is owed
        (True, True, 0, DutyState.BUSY),
    ],
)
def test_an_officers_situation_decides_the_duty_state(
    on_shift: bool, in_call: bool, pending: int, expected: DutyState
) -> None:
    assert duty_state(on_shift=on_shift, in_call=in_call, pending=pending) is expected


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        (DutyState.OFF, NotOnDuty),
        (DutyState.BUSY, OfficerBusy),
        (DutyState.BLOCKED, TooManyPending),
    ],
)
def test_each_state_but_ready_has_a_refusal_of_its_own(state: DutyState, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        refuse_unless_ready(state)


def test_a_ready_officer_is_not_refused() -> None:
    refuse_unless_ready(DutyState.READY)


def test_three_outcomes_owed_take_an_officer_out_of_routing() -> None:
    assert PENDING_LIMIT == 3
