"""Who a route is for.  A route without an audience does not start."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from aiohttp import web

from reception.domain import roles
from reception.domain.roles import Role

V = "/api/v1"
# The one place that the cookie of a guest is sent to.
GUEST_PATH = f"{V}/guest"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Audience:
    """A closed set of roles, or everybody.

    Attributes:
        is_public: reachable without signing in.
        roles: who else may come; a terminal is the role of that name.
    """

    is_public: bool
    roles: frozenset[Role]

    def admits(self, roles: Iterable[Role]) -> bool:
        """Say whether somebody with these roles may use the route."""
        return self.is_public or bool(self.roles & set(roles))


PUBLIC = Audience(is_public=True, roles=frozenset())
STAFF = Audience(is_public=False, roles=frozenset(Role) - roles.UNGRANTED)
TERMINAL = Audience(is_public=False, roles=frozenset({Role.TERMINAL}))
COUNTY = Audience(is_public=False, roles=roles.COUNTY)
DESK = COUNTY
LEDGER = Audience(is_public=False, roles=COUNTY.roles | {Role.TOWNSHIP_OFFICER})
IN_CALL = Audience(is_public=False, roles=DESK.roles | {Role.TERMINAL})
# Liaisons are in calls, too, but not in what was said before they came.
SOCKET = Audience(is_public=False, roles=IN_CALL.roles | {Role.DEPARTMENT_LIAISON})
ASKED_IN = Audience(is_public=False, roles=COUNTY.roles | {Role.DEPARTMENT_LIAISON})
LIAISON = Audience(is_public=False, roles=frozenset({Role.DEPARTMENT_LIAISON}))
GUEST = Audience(is_public=False, roles=frozenset({Role.GUEST}))
ATTENDANCE = Audience(
    is_public=False, roles=frozenset({Role.PETITION_OFFICE, Role.BRANCH_LEADER, Role.MAIN_LEADER})
)
BOOKERS = Audience(is_public=False, roles=COUNTY.roles | {Role.TOWNSHIP_OFFICER, Role.TERMINAL})
OFFICE = Audience(is_public=False, roles=frozenset({Role.PETITION_OFFICE}))
SCHEDULE_READERS = Audience(
    is_public=False, roles=COUNTY.roles | {Role.TOWNSHIP_OFFICER, Role.DEPARTMENT_LIAISON}
)
# Who works with cases, as against those who administer.
BUSINESS = Audience(is_public=False, roles=SCHEDULE_READERS.roles)
LEADERS = Audience(
    is_public=False, roles=frozenset({Role.SECTION_DIRECTOR, Role.BRANCH_LEADER, Role.MAIN_LEADER})
)
SYS_ADMIN = Audience(is_public=False, roles=frozenset({Role.SYS_ADMIN}))
SECURITY_ADMIN = Audience(is_public=False, roles=frozenset({Role.SECURITY_ADMIN}))
DEVICE_ADMIN = Audience(is_public=False, roles=frozenset({Role.SYS_ADMIN, Role.SECURITY_ADMIN}))
AUDIT_ADMIN = Audience(is_public=False, roles=frozenset({Role.AUDIT_ADMIN}))
ADMINS = Audience(is_public=False, roles=roles.ADMINS)


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table of routes.

    Attributes:
        body: struct of the JSON body of an API route; None for none.
        answer: struct of its JSON answer.
        is_replayed: an unsafe API route whose stored answer serves a repeated request.
    """

    method: str
    path: str
    handler: Handler
    audience: Audience
    name: str
    body: type | None = None
    answer: type | None = None
    is_replayed: bool = False


def read(path: str, handler: Handler, audience: Audience, name: str, answer: type) -> Route:
    """Make the row of an API route that only looks."""
    return Route("GET", path, handler, audience, name, answer=answer)


def deed(path: str, handler: Handler, audience: Audience, name: str, body: type, answer: type) -> Route:
    """Make the row of an API route that changes something, and may be asked for again."""
    return Route("POST", path, handler, audience, name, body, answer, is_replayed=True)
