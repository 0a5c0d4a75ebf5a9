"""Pages of the three administrators: devices and calls, roles and sessions, audit."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from sqlalchemy import select

from reception.domain.access import can, may
from reception.domain.errors import BadInput, Refusal
from reception.domain.ids import DeviceId, PersonId, PlaceId, VisitId
from reception.domain.policy import Action
from reception.domain.roles import Role
from reception.domain.visits import OCCUPIES_OFFICER
from reception.keys import DEVICES, EDGE, PEOPLE, SETTINGS
from reception.services import accounts, visit
from reception.services.work import Work
from reception.store.audit import HeadForged
from reception.store.tables import AuditRow, DeviceRow, PersonRow, PlaceRow, UnitRow
from reception.store.visits import Visits
from reception.web.contexts import render
from reception.web.errors import status_of
from reception.web.principals import officer
from reception.web.sockets import close_logins
from signaling.keys import HUB

AUDIT_PAGE = 100


@dataclass(frozen=True, slots=True)
class CallLine:
    """A running call as the system administrator sees it: nothing of who or what."""

    visit: str
    ticket: str
    place: str
    officer: str
    since: datetime | None


async def show(request: web.Request) -> web.StreamResponse:
    """`GET /admin`."""
    if Role.AUDIT_ADMIN in officer(request).roles:
        raise web.HTTPFound("/admin/audit")
    return await _page(request)


async def _page(
    request: web.Request, *, error: str | None = None, code: object = None, status: int = 200
) -> web.Response:
    actor = officer(request)
    present = request.app[HUB].present()

    async def read(work: Work) -> dict[str, object]:
        sees_devices = can(actor, Action.REVOKE_DEVICE)
        return {
            "may": _rights(request),
            "places": await _places(work, present) if sees_devices else [],
            "people": await _people(work, request) if can(actor, Action.LIST_PEOPLE) else [],
            "roles": [role.value for role in Role if role is not Role.TERMINAL],
            "calls": await _calls(work) if can(actor, Action.STOP_CALL) else [],
            "code": code,
            "error": error,
        }

    return render(request, "pages/admin.html", await request.app[EDGE].read(read), status=status)


def _rights(request: web.Request) -> set[str]:
    actor = officer(request)
    rights = {
        "devices": Action.REVOKE_DEVICE,
        "people": Action.LIST_PEOPLE,
        "roles": Action.GRANT_ROLE,
        "sessions": Action.REVOKE_SESSION,
        "audit": Action.READ_AUDIT,
        "calls": Action.STOP_CALL,
    }
    return {name for name, action in rights.items() if can(actor, action)}


async def _places(work: Work, present: frozenset[str]) -> list[dict[str, object]]:
    query = (
        select(PlaceRow, UnitRow.name).join(UnitRow, UnitRow.id == PlaceRow.unit_id).order_by(PlaceRow.code)
    )
    devices: dict[str, list[dict[str, object]]] = {}
    for row in (await work.session.scalars(select(DeviceRow).order_by(DeviceRow.enrolled_at))).all():
        devices.setdefault(row.place_id, []).append(
            {
                "id": row.id,
                "name": row.name,
                "fingerprint": row.fingerprint,
                "enrolled_at": row.enrolled_at,
                "revoked_at": row.revoked_at,
                "present": f"t-{row.id}" in present,
            }
        )
    return [
        {
            "id": place.id,
            "code": place.code,
            "name": place.name,
            "unit": unit,
            "devices": devices.get(place.id, []),
        }
        for place, unit in await work.session.execute(query)
    ]


async def _people(work: Work, request: web.Request) -> list[dict[str, object]]:
    actor, people = officer(request), request.app[PEOPLE]
    counts = await people.session_counts(work)
    units = dict((await work.session.execute(select(UnitRow.id, UnitRow.name))).all())
    return [
        {
            "id": line.person,
            "username": line.username,
            "name": line.name,
            "post": line.post,
            "unit": units[line.unit],
            "roles": sorted(line.roles),
            "sessions": counts.get(line.person, 0),
        }
        for line in await accounts.list_people(work, actor)
    ]


async def _calls(work: Work) -> list[CallLine]:
    lines = []
    for row in await Visits(work.session).in_states(OCCUPIES_OFFICER):
        place = await work.session.get_one(PlaceRow, row.place_id)
        host = await work.session.get_one(PersonRow, row.officer_id)
        lines.append(CallLine(row.id, row.ticket, place.name, host.name, row.answered_at))
    return lines


async def _then_back(request: web.Request, deed: Callable[[], Awaitable[None]]) -> web.StreamResponse:
    """Do something and show the page again, with the refusal in words if there was one."""
    try:
        await deed()
    except Refusal as refusal:
        return await _page(request, error=refusal.code, status=status_of(refusal))
    raise web.HTTPFound("/admin")


async def issue_code(request: web.Request) -> web.StreamResponse:
    """`POST /admin/places/{place}/enrolment-code`: shown once, on the page that answers."""
    actor, devices = officer(request), request.app[DEVICES]
    place = PlaceId(request.match_info["place"])
    issued = await request.app[EDGE].run(lambda work: devices.issue_code(work, actor, place))

    async def name(work: Work) -> str:
        return (await work.session.get_one(PlaceRow, place)).name

    shown = {
        "code": issued.code,
        "place": await request.app[EDGE].read(name),
        "expires_at": issued.expires_at,
    }
    return await _page(request, code=shown)


async def revoke_device(request: web.Request) -> web.StreamResponse:
    """`POST /admin/devices/{device}/revoke`: refused from now on, its live socket included."""
    actor, devices = officer(request), request.app[DEVICES]
    device = DeviceId(request.match_info["device"])

    async def deed() -> None:
        closed = await request.app[EDGE].run(lambda work: devices.revoke(work, actor, device))
        await close_logins(request, closed)

    return await _then_back(request, deed)


async def change_role(request: web.Request) -> web.StreamResponse:
    """`POST /admin/people/{person}/roles`: grant or revoke one role."""
    actor, form = officer(request), await request.post()
    person = PersonId(request.match_info["person"])

    async def deed() -> None:
        if form.get("role") not in set(Role):
            raise BadInput({"role": "unknown"})
        role = Role(str(form.get("role")))
        if form.get("action") == "revoke":
            closed = await request.app[EDGE].run(lambda work: accounts.revoke_role(work, actor, person, role))
            await close_logins(request, closed)
        else:
            await request.app[EDGE].run(lambda work: accounts.grant_role(work, actor, person, role))

    return await _then_back(request, deed)


async def revoke_sessions(request: web.Request) -> web.StreamResponse:
    """`POST /admin/people/{person}/sessions/revoke`: sign somebody out everywhere."""
    actor, people = officer(request), request.app[PEOPLE]
    person = PersonId(request.match_info["person"])

    async def use_case(work: Work) -> list[str]:
        may(actor, Action.REVOKE_SESSION)
        closed: list[str] = []
        for line in await people.sessions_of(work, person):
            closed.extend(await people.revoke(work, actor, line.login))
        return closed

    async def deed() -> None:
        await close_logins(request, await request.app[EDGE].run(use_case))

    return await _then_back(request, deed)


async def stop_call(request: web.Request) -> web.StreamResponse:
    """`POST /admin/calls/{visit}/stop`: the visit goes to 待补录 with its owner."""
    actor, chosen = officer(request), VisitId(request.match_info["visit"])

    async def deed() -> None:
        await request.app[EDGE].run(lambda work: visit.stop(work, actor, chosen))

    return await _then_back(request, deed)


async def show_audit(request: web.Request) -> web.StreamResponse:
    """`GET /admin/audit?page=`."""
    return await _audit_page(request, verdict=None)


async def verify_audit(request: web.Request) -> web.StreamResponse:
    """`POST /admin/audit/verify`: walk the whole chain now."""
    actor, edge = officer(request), request.app[EDGE]
    may(actor, Action.READ_AUDIT)
    try:
        exported = edge.audit.read_head(request.app[SETTINGS].audit_head_path)
    except HeadForged:
        return await _audit_page(request, verdict=None, error="audit_head_forged")
    found = await edge.read(lambda work: work.audit.verify(work.session, exported))
    verdict = {
        "ok": found.ok,
        "count": found.count,
        "first_bad_seq": found.first_bad_seq,
        "head": found.head.hash,
    }
    return await _audit_page(request, verdict=verdict)


async def _audit_page(request: web.Request, *, verdict: object, error: str | None = None) -> web.Response:
    page = request.query.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 7 else 1

    async def read(work: Work) -> list[dict[str, object]]:
        query = (
            select(AuditRow)
            .order_by(AuditRow.seq.desc())
            .limit(AUDIT_PAGE)
            .offset((max(number, 1) - 1) * AUDIT_PAGE)
        )
        return [_audit_line(row) for row in (await work.session.scalars(query)).all()]

    events = await request.app[EDGE].read(read)
    return render(
        request,
        "pages/audit.html",
        {"events": events, "verdict": verdict, "page": number, "page_size": AUDIT_PAGE, "error": error},
    )


def _audit_line(row: AuditRow) -> dict[str, object]:
    body = json.loads(row.body)
    return {
        "seq": row.seq,
        "at": row.at,
        "actor": row.actor,
        "action": row.action,
        "object_type": row.object_type,
        "object_id": row.object_id,
        "result": body["result"],
        "reason_code": body["reason_code"],
    }
