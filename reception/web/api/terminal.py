"""API of the township terminal: registration, the township's answer, raising, and what a reload shows."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from aiohttp import web
from sqlalchemy import select

from reception.domain.actors import Terminal
from reception.domain.errors import BadInput
from reception.domain.ids import VisitId
from reception.domain.registration import Matter, Registration, Visitor
from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.keys import EDGE, SETTINGS
from reception.services import arrivals, desk, intake, suspension, views
from reception.services.chronicle import ChatTold, conversation
from reception.services.visit import visitor_left as give_up
from reception.services.work import Work
from reception.store.tables import PersonRow, PlaceRow, RoleGrantRow, UnitRow, VisitRow
from reception.store.visits import Visits
from reception.web.api.answers import (
    ChatView,
    ParkedView,
    Raised,
    RegisteredVisit,
    StaffLine,
    TerminalView,
    VisitMoved,
    VisitView,
)
from reception.web.api.bodies import Nothing, Raise, Register, TownshipAnswerBody
from reception.web.commands import answered, as_answer, run_once
from reception.web.principals import terminal
from reception.web.requests import body_of

# How long a finished visit's receipt is shown after a reload: the next visitor must not find it.
RECEIPT_SHOWN = timedelta(minutes=10)


async def show_terminal(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/terminal`: the room, its officers, and the visit at hand."""
    actor, settings = terminal(request), request.app[SETTINGS]

    async def read(work: Work) -> TerminalView:
        place = await work.session.get_one(PlaceRow, actor.place)
        unit = await work.session.get_one(UnitRow, actor.unit)
        return TerminalView(
            seat=actor.seat,
            room_name=place.name,
            unit_name=unit.name,
            county_phone=settings.county_phone,
            officers=await township_officers(work, actor.unit),
            visit=await _visit_at(work, actor),
            parked=await _parked_at(work, actor),
        )

    return answered(await request.app[EDGE].read(read))


async def township_officers(work: Work, unit: str) -> list[StaffLine]:
    """Return who may have answered at the township."""
    query = (
        select(PersonRow.id, PersonRow.name, PersonRow.post)
        .join(RoleGrantRow, RoleGrantRow.person_id == PersonRow.id)
        .where(PersonRow.unit_id == unit, RoleGrantRow.role == Role.TOWNSHIP_OFFICER, PersonRow.is_active)
        .order_by(PersonRow.username)
    )
    return [
        StaffLine(id=person, name=name, post=post) for person, name, post in await work.session.execute(query)
    ]


async def _visit_at(work: Work, actor: Terminal) -> VisitView | None:
    row = await Visits(work.session).latest_at_device(actor.device, work.today)
    if row is None or not _is_shown(row, work.now):
        return None
    standing = (await views.standings(work, [VisitId(row.id)]))[0]
    is_talking = standing.state is VisitState.IN_CALL
    return _visit_view(standing, await conversation(work, row, actor.seat) if is_talking else [])


async def _parked_at(work: Work, actor: Terminal) -> list[ParkedView]:
    rows = await Visits(work.session).parked_at_device(actor.device, work.today)
    return [
        ParkedView(visit=line.visit, ticket=line.ticket, since=line.since)
        for line in await views.suspended_lines(work, rows)
    ]


def _is_shown(row: VisitRow, now: datetime) -> bool:
    """Say whether the terminal's page still is about this visit."""
    if row.state == VisitState.CANCELLED:
        return False
    ended_at = row.closed_at or row.pending_since
    return ended_at is None or now - ended_at < RECEIPT_SHOWN


def _visit_view(standing: views.VisitStanding, chat: list[ChatTold]) -> VisitView:
    """Turn a visit's standing into what its terminal may see."""
    return VisitView(
        visit=standing.visit,
        ticket=standing.ticket,
        case_no=standing.case_number,
        state=standing.state,
        direct=standing.is_direct,
        room=standing.visit if standing.state is VisitState.IN_CALL else None,
        position=standing.position,
        expected_minutes=standing.expected_minutes,
        called=list(standing.called),
        officer_name=standing.officer_name,
        officer_post=standing.officer_post,
        callback_owner=standing.callback_owner,
        callback_by=standing.callback_by,
        receipt=standing.receipt,
        suspended_reason=standing.suspended_reason,
        chat=as_answer(list[ChatView], chat),
    )


async def register(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits`: register who came and what about."""
    actor, body = terminal(request), await body_of(request, Register)
    form = _form(body)

    async def use_case(work: Work) -> RegisteredVisit:
        made = await intake.register(work, actor, form)
        if body.appointment is not None:
            await arrivals.take_up(work, actor, made.visit, body.appointment)
        return RegisteredVisit(
            visit=made.visit, ticket=made.ticket, case_no=made.case_number, state=made.state
        )

    return await run_once(request, use_case, status=201)


def _form(body: Register) -> Registration:
    if not body.anonymous and body.visitor is None:
        raise BadInput({"visitor.name": "required"})
    who = None if body.anonymous else body.visitor
    group = body.group
    return Registration(
        visitor=Visitor(who.name, who.id_number, who.phone, who.address) if who else None,
        head_count=group.head_count if group else 1,
        representatives=tuple(
            Visitor(one.name, one.id_number, one.phone) for one in (group.representatives if group else [])
        ),
        matters=tuple(Matter(matter.kind, matter.summary) for matter in body.matters),
        is_direct=body.direct,
    )


async def answer_at_township(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/township-answer`."""
    actor, body = terminal(request), await body_of(request, TownshipAnswerBody)
    visit = VisitId(request.match_info["visit"])

    async def use_case(work: Work) -> VisitMoved:
        state = await intake.answer_at_township(
            work,
            actor,
            visit,
            officer=body.officer,
            answer=body.answer,
            satisfied=body.satisfied,
            doubt=body.doubt,
        )
        return VisitMoved(visit=visit, state=state)

    return await run_once(request, use_case)


async def raise_visit(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/raise`: call the county."""
    actor, body = terminal(request), await body_of(request, Raise)
    visit = VisitId(request.match_info["visit"])
    ring_for = timedelta(seconds=request.app[SETTINGS].ring_s)
    appointed_first = timedelta(seconds=request.app[SETTINGS].appointed_first_s)

    async def use_case(work: Work) -> Raised:
        await desk.raise_to_county(
            work,
            actor,
            visit,
            present=body.declaration.present,
            officer_left=body.declaration.officer_left,
            confirmed=body.declaration.confirmed,
            ring_for=ring_for,
            appointed_first=appointed_first,
        )
        standing = (await views.standings(work, [visit]))[0]
        return Raised(
            visit=visit,
            state=standing.state,
            position=standing.position,
            expected_minutes=standing.expected_minutes,
        )

    return await run_once(request, use_case)


async def cancel(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/cancel`: the visitor takes the visit back."""
    return await _move(request, intake.cancel)


async def park(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/park`: put a suspended visit aside, to serve somebody else."""
    return await _move(request, suspension.park)


async def take_up(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/take-up`: take a visit up again that was put aside."""
    return await _move(request, suspension.take_up)


async def visitor_left(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/visitor-left`: nobody will come back to a suspended visit."""
    return await _move(request, give_up)


async def _move(
    request: web.Request, step: Callable[[Work, Terminal, VisitId], Awaitable[VisitState]]
) -> web.StreamResponse:
    await body_of(request, Nothing)
    actor, visit = terminal(request), VisitId(request.match_info["visit"])

    async def use_case(work: Work) -> VisitMoved:
        return VisitMoved(visit=visit, state=await step(work, actor, visit))

    return await run_once(request, use_case)
