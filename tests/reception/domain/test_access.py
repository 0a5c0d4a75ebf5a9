"""Every role and every action: what is not granted here is denied."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reception.domain.access import Place, can, may
from reception.domain.errors import NotAllowed, NotFound
from reception.domain.policy import POLICY, Action
from reception.domain.roles import ADMINS, COUNTY, Role

OWN_UNIT = "u1"
TERMINAL_ACTIONS = {
    Action.REGISTER_VISIT,
    Action.ANSWER_TOWNSHIP,
    Action.RAISE_VISIT,
    Action.PARK_VISIT,
    Action.KEEP_DEVICES,
    Action.FOLLOW_CALL,
}
DESK_ACTIONS = {
    Action.GO_ON_DUTY,
    Action.ANSWER_VISIT,
    Action.INVITE,
    Action.JOIN_VISIT,
    Action.END_CALL,
    Action.CONTROL_CALL,
    Action.FOLLOW_CALL,
    Action.WRITE_OUTCOME,
    Action.VIEW_CASE,
    Action.SEARCH_CASES,
    Action.RUN_ROBOT,
}
# Of repeat visits; a director assigns within the own section alone.
JUDGE_ACTIONS = {Action.JUDGE_REPEAT, Action.ASK_ABOUT_HANDLING}
HEARING_ACTIONS = {Action.PLAN_HEARING, Action.TOTAL_HANDLING}
REPEAT_OFFICE_ACTIONS = (
    JUDGE_ACTIONS | HEARING_ACTIONS | {Action.ASSIGN_CASE, Action.SET_LADDER, Action.READ_HANDLING}
)
# A feed of one's own appointments is made for oneself alone; a township's room only by that township.
CALENDAR_OFFICE_ACTIONS = {Action.KEEP_CALENDAR, Action.SUBSCRIBE_ROOM}
DEVICE_ACTIONS = {Action.ISSUE_ENROLMENT_CODE, Action.REVOKE_DEVICE, Action.LIST_PEOPLE}

# Written down a second time, by role instead of by action, so that a slip in one of the two shows.
GRANTED: dict[Role, set[Action]] = {
    Role.TERMINAL: TERMINAL_ACTIONS,
    Role.GUEST: {Action.COME_BY_LINK},
    Role.TOWNSHIP_OFFICER: {Action.VIEW_CASE, Action.SEARCH_CASES},
    Role.COUNTY_DUTY_OFFICER: DESK_ACTIONS | JUDGE_ACTIONS,  # unseals only the own visit
    Role.PETITION_OFFICE: DESK_ACTIONS | REPEAT_OFFICE_ACTIONS | {Action.UNSEAL_IDENTITY},
    Role.SECTION_DIRECTOR: DESK_ACTIONS | {Action.UNSEAL_IDENTITY},
    Role.BRANCH_LEADER: DESK_ACTIONS | {Action.UNSEAL_IDENTITY},
    Role.MAIN_LEADER: DESK_ACTIONS | HEARING_ACTIONS | {Action.HOLD_HEARING} | {Action.UNSEAL_IDENTITY},
    Role.DEPARTMENT_LIAISON: {Action.CONTROL_CALL, Action.END_CALL},  # with the lead taken over
    Role.SYS_ADMIN: DEVICE_ACTIONS | {Action.CREATE_PERSON, Action.STOP_CALL},
    Role.SECURITY_ADMIN: DEVICE_ACTIONS | {Action.GRANT_ROLE, Action.REVOKE_SESSION},
    Role.AUDIT_ADMIN: {Action.READ_AUDIT},
}


for calendar_reader in (*COUNTY, Role.TOWNSHIP_OFFICER, Role.DEPARTMENT_LIAISON):
    GRANTED[calendar_reader].add(Action.SEE_CALENDAR)
GRANTED[Role.PETITION_OFFICE] |= CALENDAR_OFFICE_ACTIONS
GRANTED[Role.TOWNSHIP_OFFICER] |= {Action.SUBSCRIBE_ROOM}
# Appointments: everybody who books, and of the county alone whoever decides on other people's.
for booker in (*COUNTY, Role.TOWNSHIP_OFFICER, Role.TERMINAL):
    GRANTED[booker] = GRANTED[booker] | {Action.BOOK_APPOINTMENT}
GRANTED[Role.TOWNSHIP_OFFICER] |= {Action.CONFIRM_NO_SHOW}
GRANTED[Role.PETITION_OFFICE] |= {
    Action.DECIDE_APPOINTMENT,
    Action.CONFIRM_NO_SHOW,
    Action.BLOCK_ROOM,
    Action.REALLOCATE_DAY,
}
# Rosters: read by whoever works with cases, kept by the office; people ask for themselves alone.
for roster_reader in (*COUNTY, Role.TOWNSHIP_OFFICER, Role.DEPARTMENT_LIAISON):
    GRANTED[roster_reader] = GRANTED[roster_reader] | {Action.READ_ROSTERS}
for board_reader in COUNTY | {Role.TOWNSHIP_OFFICER}:
    GRANTED[board_reader] = GRANTED[board_reader] | {Action.SEE_SCHEDULE}
GRANTED[Role.PETITION_OFFICE] |= {Action.KEEP_ROSTERS}
# Conflicts of interest: the county enters and asks, a level above decides; one's own ties are one's own.
for county_role in COUNTY:
    GRANTED[county_role] = GRANTED[county_role] | {Action.NAME_ACCUSED, Action.ASK_RECUSAL}
for leader in (Role.SECTION_DIRECTOR, Role.BRANCH_LEADER, Role.MAIN_LEADER):
    GRANTED[leader] |= {Action.DECIDE_RECUSAL}
# Bringing people in: a liaison is asked in, and who came is read above and explained by the office.
GRANTED[Role.DEPARTMENT_LIAISON] |= {Action.GO_ON_DUTY, Action.JOIN_VISIT}
for attendance_reader in (Role.PETITION_OFFICE, Role.BRANCH_LEADER, Role.MAIN_LEADER):
    GRANTED[attendance_reader] |= {Action.VIEW_ATTENDANCE}
GRANTED[Role.PETITION_OFFICE] |= {Action.CONFIRM_ABSENCE}


@dataclass(frozen=True, slots=True)
class Somebody:
    """An actor with these roles."""

    roles: frozenset[Role]
    unit: str = OWN_UNIT


def _one(role: Role) -> Somebody:
    return Somebody(frozenset({role}))


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_it_is_granted_and_nothing_else(role: Role, action: Action) -> None:
    assert can(_one(role), action) is (action in GRANTED[role])


def test_every_action_has_a_row() -> None:
    assert set(POLICY) == set(Action)


@pytest.mark.parametrize("action", Action)
def test_nobody_without_a_role_may_do_anything(action: Action) -> None:
    with pytest.raises(NotAllowed):
        may(Somebody(frozenset()), action, is_own=True)


@pytest.mark.parametrize("role", Role)
def test_only_the_county_unseals_and_the_duty_officer_only_the_own_visit(role: Role) -> None:
    assert can(_one(role), Action.UNSEAL_IDENTITY, is_own=True) is (role in COUNTY)
    assert can(_one(role), Action.UNSEAL_IDENTITY) is (role in COUNTY - {Role.COUNTY_DUTY_OFFICER})


@pytest.mark.parametrize("role", Role)
def test_the_county_decides_on_the_own_appointment_and_the_office_on_every_one(role: Role) -> None:
    assert can(_one(role), Action.DECIDE_APPOINTMENT, is_own=True) is (role in COUNTY)
    assert can(_one(role), Action.DECIDE_APPOINTMENT) is (role is Role.PETITION_OFFICE)


@pytest.mark.parametrize("role", [*sorted(ADMINS), Role.DEPARTMENT_LIAISON, Role.TERMINAL])
@pytest.mark.parametrize("action", [Action.VIEW_CASE, Action.SEARCH_CASES, Action.UNSEAL_IDENTITY])
def test_no_administrator_liaison_or_terminal_reads_a_case(role: Role, action: Action) -> None:
    with pytest.raises(NotAllowed):
        may(_one(role), action, is_own=True, place=Place(OWN_UNIT, is_direct=False))


@pytest.mark.parametrize(
    "place",
    [
        Place(OWN_UNIT, is_direct=True),  # went past the own township
        Place("u2", is_direct=False),  # another township's
        Place("u2", is_direct=True),
    ],
)
def test_to_a_township_what_is_not_its_own_does_not_exist(place: Place) -> None:
    with pytest.raises(NotFound):
        may(_one(Role.TOWNSHIP_OFFICER), Action.VIEW_CASE, place=place)


def test_a_township_sees_the_visits_it_answered() -> None:
    may(_one(Role.TOWNSHIP_OFFICER), Action.VIEW_CASE, place=Place(OWN_UNIT, is_direct=False))


@pytest.mark.parametrize("role", sorted(COUNTY))
def test_the_county_sees_what_went_past_the_township(role: Role) -> None:
    may(_one(role), Action.VIEW_CASE, place=Place("u2", is_direct=True))


@given(st.frozensets(st.sampled_from(Role)), st.sampled_from(Role), st.sampled_from(Action))
def test_another_role_never_takes_a_right_away(roles: frozenset[Role], more: Role, action: Action) -> None:
    if can(Somebody(roles), action):
        assert can(Somebody(roles | {more}), action)
