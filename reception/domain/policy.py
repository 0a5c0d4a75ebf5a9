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
        _A.GO_ON_DUTY: _county(_S.ANY),
        _A.ANSWER_VISIT: _county(_S.ANY),
        _A.INVITE: _county(_S.PART),
        _A.JOIN_VISIT: _county(_S.PART),
        _A.FOLLOW_CALL: {**_county(_S.PART), _R.TERMINAL: _S.PART},
        _A.END_CALL: _county(_S.PART),
        _A.WRITE_OUTCOME: _county(_S.PART),
        _A.STOP_CALL: _each(_R.SYS_ADMIN),
        # The record.  No administrator reads a case (N-9), no liaison either (N-4).
        _A.VIEW_CASE: {**_county(_S.ANY), _R.TOWNSHIP_OFFICER: _S.UNIT},
        _A.SEARCH_CASES: {**_county(_S.ANY), _R.TOWNSHIP_OFFICER: _S.UNIT},
        _A.UNSEAL_IDENTITY: {**_county(_S.ANY), _R.COUNTY_DUTY_OFFICER: _S.OWN},
        # Administration, divided among three people.
        _A.ISSUE_ENROLMENT_CODE: _each(_R.SYS_ADMIN, _R.SECURITY_ADMIN),
        _A.REVOKE_DEVICE: _each(_R.SYS_ADMIN, _R.SECURITY_ADMIN),
        _A.LIST_PEOPLE: _each(_R.SYS_ADMIN, _R.SECURITY_ADMIN),
        _A.CREATE_PERSON: _each(_R.SYS_ADMIN),
        _A.GRANT_ROLE: _each(_R.SECURITY_ADMIN),
        _A.REVOKE_SESSION: _each(_R.SECURITY_ADMIN),
        _A.READ_AUDIT: _each(_R.AUDIT_ADMIN),
        # The rehearsal robot of demonstration mode.
        _A.RUN_ROBOT: _county(_S.PART),
    }
)


def scopes_of(roles: Iterable[Role], action: Action) -> frozenset[Scope]:
    """Return how far these roles may do `action`; empty when not at all."""
    granted = POLICY[action]
    return frozenset(granted[role] for role in roles if role in granted)
