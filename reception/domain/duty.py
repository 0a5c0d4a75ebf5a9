"""Who may be rung: the rule that turns an officer's situation into a duty state.  No IO."""

from enum import StrEnum

from reception.domain.errors import Refusal
from reception.domain.visits import PENDING_LIMIT


class DutyState(StrEnum):
    OFF = "off"
    READY = "ready"
    BUSY = "busy"  # in a call, or its outcome form is open
    BLOCKED = "blocked"  # too many outcomes in 待补录


class NotOnDuty(Refusal):
    """Only an officer on duty may do this."""

    code = "not_on_duty"


class OfficerBusy(Refusal):
    """The officer is in a call or owes the outcome of the last one."""

    code = "officer_busy"


class TooManyPending(Refusal):
    """Three outcomes are in 待补录; add them first."""

    code = "too_many_pending"


class OutcomesPending(Refusal):
    """Going off duty is refused while an outcome is owed."""

    code = "outcomes_pending"


class DutyCheckMissing(Refusal):
    """The test ring was not confirmed, so nobody may be routed there."""

    code = "duty_check_missing"


class AlreadyAnswered(Refusal):
    """Another officer was first."""

    code = "already_answered"


def duty_state(*, on_shift: bool, in_call: bool, pending: int) -> DutyState:
    """Tell whether an officer is free to be rung.

    Args:
        on_shift: went on duty, with test ring and device check, and not off again.
        in_call: a call is running or its outcome form is still open.
        pending: outcomes in 待补录 that this officer owns; >= 0.
    """
    if not on_shift:
        return DutyState.OFF
    if in_call:
        return DutyState.BUSY
    if pending >= PENDING_LIMIT:
        return DutyState.BLOCKED
    return DutyState.READY


def refuse_unless_ready(state: DutyState) -> None:
    """Raise the refusal that belongs to a state in which no ring may be answered."""
    refusals: dict[DutyState, type[Refusal]] = {
        DutyState.OFF: NotOnDuty,
        DutyState.BUSY: OfficerBusy,
        DutyState.BLOCKED: TooManyPending,
    }
    if state in refusals:
        raise refusals[state]
