"""What becomes of a visit whose line is lost: every row of the rule, and what holds for all of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reception.domain.duty import DutyState
from reception.domain.suspension import (
    BLINK,
    Fate,
    Patience,
    Situation,
    fate_of,
    first_chance,
    reason_of,
)
from reception.domain.visits import OWES_OUTCOME, SuspendReason, VisitAction, VisitState, follow

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PATIENCE = Patience(line=timedelta(seconds=45), form=timedelta(minutes=15))
LONG_AGO = NOW - timedelta(hours=2)
JUST_NOW = NOW - timedelta(seconds=1)
IN_CALL = Situation(VisitState.IN_CALL, None, None, DutyState.BUSY)
SUSPENDED = Situation(VisitState.SUSPENDED, None, None, DutyState.READY)
WRAP_UP = Situation(VisitState.WRAP_UP, None, None, DutyState.BUSY)
AT_45_S, BEFORE_45_S = NOW - PATIENCE.line, NOW - PATIENCE.line + timedelta(microseconds=1)

TABLE = [
    # A call waits for a lost line, and no longer than its patience.
    (IN_CALL, Fate.STAY),
    (replace(IN_CALL, terminal_away=BEFORE_45_S), Fate.STAY),
    (replace(IN_CALL, terminal_away=AT_45_S), Fate.SUSPEND),
    (replace(IN_CALL, officer_away=BEFORE_45_S), Fate.STAY),
    (replace(IN_CALL, officer_away=AT_45_S), Fate.SUSPEND),
    (replace(IN_CALL, terminal_away=AT_45_S, officer_away=JUST_NOW), Fate.SUSPEND),
    # Nothing else ends a call: neither midnight nor a place that looks taken by the call itself.
    (replace(IN_CALL, is_of_today=False, is_place_taken=True), Fate.STAY),
    # Both there and the officer free: it goes on by itself, offered or not.
    (SUSPENDED, Fate.RETURN),
    (replace(SUSPENDED, is_offered=True), Fate.RETURN),
    # The terminal is there, the officer is away, in another call, off duty or blocked: to the queue, once.
    (replace(SUSPENDED, officer_away=JUST_NOW), Fate.OFFER),
    (replace(SUSPENDED, officer_duty=DutyState.BUSY), Fate.OFFER),
    (replace(SUSPENDED, officer_duty=DutyState.OFF), Fate.OFFER),
    (replace(SUSPENDED, officer_duty=DutyState.BLOCKED), Fate.OFFER),
    (replace(SUSPENDED, officer_away=JUST_NOW, is_offered=True), Fate.STAY),
    # Who said "not now" is not put into the call by the service.
    (replace(SUSPENDED, has_declined=True), Fate.OFFER),
    (replace(SUSPENDED, has_declined=True, is_offered=True), Fate.STAY),
    # Nobody at the terminal: it waits, out of the queue; a blink does not silence the bells.
    (replace(SUSPENDED, terminal_away=LONG_AGO), Fate.STAY),
    (replace(SUSPENDED, terminal_away=JUST_NOW, is_offered=True), Fate.STAY),
    (replace(SUSPENDED, terminal_away=NOW - BLINK, is_offered=True), Fate.WITHDRAW),
    # Put aside, or somebody else sits there: out of the queue at once, and no return.
    (replace(SUSPENDED, is_parked=True), Fate.STAY),
    (replace(SUSPENDED, is_parked=True, is_offered=True), Fate.WITHDRAW),
    (replace(SUSPENDED, is_place_taken=True), Fate.STAY),
    (replace(SUSPENDED, is_place_taken=True, is_offered=True), Fate.WITHDRAW),
    # The office day has ended: whatever else is true.
    (replace(SUSPENDED, is_of_today=False), Fate.GIVE_UP),
    (replace(SUSPENDED, is_of_today=False, is_parked=True), Fate.GIVE_UP),
    (replace(SUSPENDED, is_of_today=False, terminal_away=LONG_AGO), Fate.GIVE_UP),
    # The outcome form has its own, longer patience, and cares for its owner only.
    (replace(WRAP_UP, terminal_away=LONG_AGO), Fate.STAY),
    (replace(WRAP_UP, officer_away=NOW - PATIENCE.line), Fate.STAY),
    (replace(WRAP_UP, officer_away=NOW - PATIENCE.form), Fate.GIVE_UP),
]

moments = st.none() | st.integers(0, 7200).map(lambda seconds: NOW - timedelta(seconds=seconds))
situations = st.builds(
    Situation,
    state=st.sampled_from(VisitState),
    terminal_away=moments,
    officer_away=moments,
    officer_duty=st.sampled_from(DutyState),
    is_offered=st.booleans(),
    is_parked=st.booleans(),
    is_place_taken=st.booleans(),
    has_declined=st.booleans(),
    is_of_today=st.booleans(),
)
ACTIONS = {
    Fate.SUSPEND: VisitAction.SUSPEND,
    Fate.RETURN: VisitAction.RETURN,
    Fate.GIVE_UP: VisitAction.LOSE,
}


@pytest.mark.parametrize(("situation", "fate"), TABLE)
def test_the_rule_says_what_becomes_of_a_visit(situation: Situation, fate: Fate) -> None:
    assert fate_of(situation, NOW, PATIENCE) is fate


@given(situations)
def test_a_fate_is_always_a_step_that_the_visit_may_take(situation: Situation) -> None:
    fate = fate_of(situation, NOW, PATIENCE)

    if fate in ACTIONS:
        assert follow(situation.state, ACTIONS[fate]) in OWES_OUTCOME
    elif fate is not Fate.STAY:
        assert situation.state is VisitState.SUSPENDED


@given(situations)
def test_a_visit_goes_on_only_with_somebody_at_both_ends_and_a_free_officer(situation: Situation) -> None:
    if fate_of(situation, NOW, PATIENCE) is Fate.RETURN:
        assert situation.terminal_away is None
        assert situation.officer_away is None
        assert situation.officer_duty is DutyState.READY
        assert not any((situation.is_parked, situation.is_place_taken, situation.has_declined))


@given(situations)
def test_nobody_is_given_up_on_within_the_same_day(situation: Situation) -> None:
    suspended = replace(situation, state=VisitState.SUSPENDED, is_of_today=True)

    assert fate_of(suspended, NOW, PATIENCE) is not Fate.GIVE_UP


@given(situations)
def test_offering_and_withdrawing_do_not_chase_each_other(situation: Situation) -> None:
    fate = fate_of(situation, NOW, PATIENCE)

    if fate is Fate.OFFER:
        assert fate_of(replace(situation, is_offered=True), NOW, PATIENCE) is Fate.STAY
    if fate is Fate.WITHDRAW:
        assert fate_of(replace(situation, is_offered=False), NOW, PATIENCE) is Fate.STAY


@given(situations, st.integers(0, 45))
def test_no_call_is_suspended_before_its_patience_has_run_out(situation: Situation, seconds: int) -> None:
    since = NOW - timedelta(seconds=seconds)
    call = replace(situation, state=VisitState.IN_CALL, terminal_away=since, officer_away=since)

    is_suspended = fate_of(call, NOW, PATIENCE) is Fate.SUSPEND

    assert is_suspended is (seconds == 45)


@pytest.mark.parametrize(
    ("terminal_away", "officer_away", "reason"),
    [
        (LONG_AGO, None, SuspendReason.TERMINAL_GONE),
        (None, LONG_AGO, SuspendReason.OFFICER_GONE),
        # One stayed away, the other has only just gone, too: nobody is there.
        (LONG_AGO, JUST_NOW, SuspendReason.EVERYBODY_GONE),
        (JUST_NOW, LONG_AGO, SuspendReason.EVERYBODY_GONE),
    ],
)
def test_the_reason_names_whose_line_is_lost(
    terminal_away: datetime | None, officer_away: datetime | None, reason: SuspendReason
) -> None:
    call = replace(IN_CALL, terminal_away=terminal_away, officer_away=officer_away)

    assert reason_of(call) is reason


@pytest.mark.parametrize(
    ("situation", "is_kept"),
    [
        (replace(SUSPENDED, officer_away=JUST_NOW), True),  # the page may be back in a moment
        (replace(SUSPENDED, officer_duty=DutyState.BUSY), False),  # in another call: no use in waiting
        (replace(SUSPENDED, officer_duty=DutyState.OFF), False),
        (replace(SUSPENDED, has_declined=True), False),
    ],
)
def test_the_same_officer_is_waited_for_only_where_there_is_hope(situation: Situation, is_kept: bool) -> None:
    length = timedelta(seconds=30)

    assert first_chance(situation, length) == (length if is_kept else timedelta(0))
