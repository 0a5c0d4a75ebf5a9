"""Who may do what, as one table: what it does not grant is denied.

The scopes say how far a grant reaches.  `domain.access` reads the table, the
documentation prints it, and a test asserts every cell.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from reception.domain.roles import COUNTY, Role


class Action(StrEnum):
    """What an actor may ask for."""

    REGISTER_VISIT = "register_visit"
    ANSWER_TOWNSHIP = "answer_township"
    RAISE_VISIT = "raise_visit"
    PARK_VISIT = "park_visit"
    GO_ON_DUTY = "go_on_duty"
    ANSWER_VISIT = "answer_visit"
    INVITE = "invite"
    JOIN_VISIT = "join_visit"
    COME_BY_LINK = "come_by_link"
    VIEW_ATTENDANCE = "view_attendance"
    CONFIRM_ABSENCE = "confirm_absence"
    FOLLOW_CALL = "follow_call"
    KEEP_DEVICES = "keep_devices"
    END_CALL = "end_call"
    WRITE_OUTCOME = "write_outcome"
    STOP_CALL = "stop_call"
    VIEW_CASE = "view_case"
    SEARCH_CASES = "search_cases"
    UNSEAL_IDENTITY = "unseal_identity"
    ISSUE_ENROLMENT_CODE = "issue_enrolment_code"
    REVOKE_DEVICE = "revoke_device"
    LIST_PEOPLE = "list_people"
    CREATE_PERSON = "create_person"
    GRANT_ROLE = "grant_role"
    REVOKE_SESSION = "revoke_session"
    READ_AUDIT = "read_audit"
    RUN_ROBOT = "run_robot"
    READ_ROSTERS = "read_rosters"
    KEEP_ROSTERS = "keep_rosters"
    ASK_ROSTERS = "ask_rosters"
    CONTROL_CALL = "control_call"
    NAME_ACCUSED = "name_accused"
    ASK_RECUSAL = "ask_recusal"
    DECIDE_RECUSAL = "decide_recusal"
    DECLARE_TIES = "declare_ties"
    BOOK_APPOINTMENT = "book_appointment"
    DECIDE_APPOINTMENT = "decide_appointment"
    CONFIRM_NO_SHOW = "confirm_no_show"
    BLOCK_ROOM = "block_room"
    REALLOCATE_DAY = "reallocate_day"
    SEE_SCHEDULE = "see_schedule"
    JUDGE_REPEAT = "judge_repeat"
    ASSIGN_CASE = "assign_case"
    SET_LADDER = "set_ladder"
    ASK_ABOUT_HANDLING = "ask_about_handling"
    READ_HANDLING = "read_handling"
    TOTAL_HANDLING = "total_handling"
    PLAN_HEARING = "plan_hearing"
    HOLD_HEARING = "hold_hearing"
    SEE_CALENDAR = "see_calendar"
    KEEP_CALENDAR = "keep_calendar"
    SUBSCRIBE_OWN = "subscribe_own"
    SUBSCRIBE_ROOM = "subscribe_room"


class Scope(StrEnum):
    """How far a grant reaches."""

    ANY = "any"  # everything in the county
    PART = "part"  # what the actor takes part in: the service fetches nothing else
    UNIT = "unit"  # visits of the actor's own unit, except those that went to the county directly
    OWN = "own"  # only what is shown to be the actor's own


_A, _R, _S = Action, Role, Scope


def _county(scope: Scope) -> dict[Role, Scope]:
    return dict.fromkeys(COUNTY, scope)


def _each(*roles: Role) -> dict[Role, Scope]:
    return dict.fromkeys(roles, Scope.ANY)


POLICY: Mapping[Action, Mapping[Role, Scope]] = MappingProxyType(
    {
        # At the terminal, whoever works there: the device is the actor, and only its own visits exist for it.
        _A.REGISTER_VISIT: {_R.TERMINAL: _S.PART},
        _A.ANSWER_TOWNSHIP: {_R.TERMINAL: _S.PART},
        _A.RAISE_VISIT: {_R.TERMINAL: _S.PART},
        _A.PARK_VISIT: {_R.TERMINAL: _S.PART},
        _A.KEEP_DEVICES: {_R.TERMINAL: _S.PART},
        # At the desk.
        _A.GO_ON_DUTY: {**_county(_S.ANY), _R.DEPARTMENT_LIAISON: _S.PART},
        _A.ANSWER_VISIT: _county(_S.ANY),
        _A.INVITE: _county(_S.PART),
        _A.JOIN_VISIT: {**_county(_S.PART), _R.DEPARTMENT_LIAISON: _S.PART},
        _A.COME_BY_LINK: {_R.GUEST: _S.PART},
        # Who should have come and who did: a host says it of the own visit, the petition office of every one.
        _A.VIEW_ATTENDANCE: _each(_R.PETITION_OFFICE, _R.BRANCH_LEADER, _R.MAIN_LEADER),
        _A.CONFIRM_ABSENCE: {**_county(_S.OWN), _R.PETITION_OFFICE: _S.ANY},
        _A.FOLLOW_CALL: {**_county(_S.PART), _R.TERMINAL: _S.PART},
        _A.END_CALL: {**_county(_S.PART), _R.DEPARTMENT_LIAISON: _S.PART},
        # Whoever leads a call conducts it; a liaison may have taken the lead over.
        _A.CONTROL_CALL: {**_county(_S.PART), _R.DEPARTMENT_LIAISON: _S.PART},
        _A.WRITE_OUTCOME: _county(_S.PART),
        _A.STOP_CALL: _each(_R.SYS_ADMIN),
        # The record.  No administrator reads a case (N-9), no liaison either (N-4).
        _A.VIEW_CASE: {**_county(_S.ANY), _R.TOWNSHIP_OFFICER: _S.UNIT},
        _A.SEARCH_CASES: {**_county(_S.ANY), _R.TOWNSHIP_OFFICER: _S.UNIT},
        _A.UNSEAL_IDENTITY: {**_county(_S.ANY), _R.COUNTY_DUTY_OFFICER: _S.OWN},
        # The week's board: a township sees its own rooms, of others that they are taken; a liaison visits.
        _A.SEE_SCHEDULE: {
            **_county(_S.ANY),
            _R.TOWNSHIP_OFFICER: _S.UNIT,
            _R.DEPARTMENT_LIAISON: _S.OWN,
        },
        # Repeat visits.  Those who handle a case never see what a visitor said of it.
        _A.JUDGE_REPEAT: _each(_R.COUNTY_DUTY_OFFICER, _R.PETITION_OFFICE),
        _A.ASSIGN_CASE: {_R.PETITION_OFFICE: _S.ANY, _R.SECTION_DIRECTOR: _S.OWN},
        _A.SET_LADDER: _each(_R.PETITION_OFFICE),
        _A.ASK_ABOUT_HANDLING: {_R.COUNTY_DUTY_OFFICER: _S.PART, _R.PETITION_OFFICE: _S.PART},
        _A.READ_HANDLING: {_R.COUNTY_DUTY_OFFICER: _S.OWN, _R.PETITION_OFFICE: _S.ANY},
        _A.TOTAL_HANDLING: _each(_R.PETITION_OFFICE, _R.MAIN_LEADER),
        _A.PLAN_HEARING: _each(_R.PETITION_OFFICE, _R.MAIN_LEADER),
        _A.HOLD_HEARING: _each(_R.MAIN_LEADER),
        # Conflicts of interest: the host of a visit, or the petition office, enters whom it complains about;
        # a level above decides who takes no part; everybody declares the own posts and relatives.
        _A.NAME_ACCUSED: {**_county(_S.PART), _R.PETITION_OFFICE: _S.ANY},
        _A.ASK_RECUSAL: {**_county(_S.PART), _R.PETITION_OFFICE: _S.ANY},
        _A.DECIDE_RECUSAL: _each(_R.SECTION_DIRECTOR, _R.BRANCH_LEADER, _R.MAIN_LEADER),
        _A.DECLARE_TIES: {
            **_county(_S.OWN),
            _R.TOWNSHIP_OFFICER: _S.OWN,
            _R.DEPARTMENT_LIAISON: _S.OWN,
        },
        # Administration, divided among three people.
        _A.ISSUE_ENROLMENT_CODE: _each(_R.SYS_ADMIN, _R.SECURITY_ADMIN),
        _A.REVOKE_DEVICE: _each(_R.SYS_ADMIN, _R.SECURITY_ADMIN),
        _A.LIST_PEOPLE: _each(_R.SYS_ADMIN, _R.SECURITY_ADMIN),
        _A.CREATE_PERSON: _each(_R.SYS_ADMIN),
        _A.GRANT_ROLE: _each(_R.SECURITY_ADMIN),
        _A.REVOKE_SESSION: _each(_R.SECURITY_ADMIN),
        _A.READ_AUDIT: _each(_R.AUDIT_ADMIN),
        # Working days and hours are everybody's business; an address of a feed shows times and rooms only.
        _A.SEE_CALENDAR: {**_county(_S.ANY), **_each(_R.TOWNSHIP_OFFICER, _R.DEPARTMENT_LIAISON)},
        _A.KEEP_CALENDAR: _each(_R.PETITION_OFFICE),
        _A.SUBSCRIBE_OWN: {
            **_county(_S.OWN),
            _R.TOWNSHIP_OFFICER: _S.OWN,
            _R.DEPARTMENT_LIAISON: _S.OWN,
        },
        _A.SUBSCRIBE_ROOM: {_R.PETITION_OFFICE: _S.ANY, _R.TOWNSHIP_OFFICER: _S.UNIT},
        # Appointments: a township asks for its own rooms, the office or the official decides.
        _A.BOOK_APPOINTMENT: {**_county(_S.ANY), _R.TOWNSHIP_OFFICER: _S.UNIT, _R.TERMINAL: _S.PART},
        _A.DECIDE_APPOINTMENT: {**_county(_S.OWN), _R.PETITION_OFFICE: _S.ANY},
        _A.CONFIRM_NO_SHOW: {
            **_county(_S.OWN),
            _R.PETITION_OFFICE: _S.ANY,
            _R.TOWNSHIP_OFFICER: _S.UNIT,
        },
        _A.BLOCK_ROOM: _each(_R.PETITION_OFFICE),
        _A.REALLOCATE_DAY: _each(_R.PETITION_OFFICE),
        # Rosters: the office keeps them, everybody asks for themselves, units outside read what is published.
        _A.READ_ROSTERS: {
            **_county(_S.ANY),
            _R.TOWNSHIP_OFFICER: _S.PART,
            _R.DEPARTMENT_LIAISON: _S.PART,
        },
        _A.KEEP_ROSTERS: _each(_R.PETITION_OFFICE),
        _A.ASK_ROSTERS: {
            **_county(_S.OWN),
            _R.TOWNSHIP_OFFICER: _S.OWN,
            _R.DEPARTMENT_LIAISON: _S.OWN,
        },
        # The rehearsal robot of demonstration mode.
        _A.RUN_ROBOT: _county(_S.PART),
    }
)


def scopes_of(roles: Iterable[Role], action: Action) -> frozenset[Scope]:
    """Return how far these roles may do `action`; empty when not at all."""
    granted = POLICY[action]
    return frozenset(granted[role] for role in roles if role in granted)
