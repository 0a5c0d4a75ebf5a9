"""API of appointments: ask, answer, move, arrive; rooms out of use; a day given to others."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from aiohttp import web

from reception.domain.actors import Actor
from reception.domain.ids import PersonId
from reception.keys import EDGE, SETTINGS
from reception.services import appointments, arrivals, reallocation, room_blocks
from reception.services.appointments import Rules, Shift, Wish
from reception.services.work import Work
from reception.settings import Settings
from reception.web.api.bodies import Nothing
from reception.web.commands import answered, as_answer, run_once
from reception.web.principals import SignedOut, officer, signed_in, terminal
from reception.web.requests import body_of
from reception.web.shapes.appointments import (
    AppointmentView,
    BlockRoom,
    Book,
    CancelAppointment,
    DayReallocated,
    ExpectedToday,
    ExpectedView,
    HandedOver,
    MissedToday,
    MissedView,
    MoveAppointment,
    NoShow,
    Reallocate,
    Reject,
    RoomBlocked,
    RoomUnblocked,
)
from scheduling.domain.slots import Edges, Span
from scheduling.store.appointment_tables import AppointmentRow


def rules_of(settings: Settings) -> Rules:
    """Return what the county has decided on bookings."""
    return Rules(
        hold_for=timedelta(seconds=settings.appointment_hold_s),
        edges=Edges(
            timedelta(minutes=settings.appointment_briefing_min),
            timedelta(minutes=settings.appointment_wrap_up_min),
        ),
    )


async def hold(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/appointments`: take room, official and liaison for a few minutes."""
    actor, body = _actor(request), await body_of(request, Book)
    rules = rules_of(request.app[SETTINGS])
    wish = Wish(
        room=body.room,
        official=PersonId(body.official),
        liaison=PersonId(body.liaison) if body.liaison is not None else None,
        starts_at=body.starts_at,
        minutes=body.minutes,
        case=body.case,
        kind=body.kind,
        note=body.note,
    )
    return await _run(request, lambda work: appointments.hold(work, actor, wish, rules), status=201)


async def complete(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/appointments/{appointment}/request`: complete a hold; the county is asked."""
    await body_of(request, Nothing)
    actor, chosen = _actor(request), _chosen(request)
    return await _run(request, lambda work: appointments.request(work, actor, chosen))


async def approve(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/appointments/{appointment}/approve`: accept a request."""
    await body_of(request, Nothing)
    actor, chosen = officer(request), _chosen(request)
    return await _run(request, lambda work: appointments.approve(work, actor, chosen))


async def reject(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/appointments/{appointment}/reject`: refuse a request, with a reason from the list."""
    actor, chosen, body = officer(request), _chosen(request), await body_of(request, Reject)
    return await _run(request, lambda work: appointments.reject(work, actor, chosen, body.reason))


async def move(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/appointments/{appointment}/move`: another hour, room or official."""
    actor, chosen, body = _actor(request), _chosen(request), await body_of(request, MoveAppointment)
    shift = Shift(
        starts_at=body.starts_at,
        room=body.room,
        official=PersonId(body.official) if body.official is not None else None,
        liaison=PersonId(body.liaison) if body.liaison is not None else None,
    )
    return await _run(request, lambda work: appointments.move(work, actor, chosen, shift, body.version))


async def cancel(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/appointments/{appointment}/cancel`: with a reason from the list."""
    actor, chosen, body = _actor(request), _chosen(request), await body_of(request, CancelAppointment)
    return await _run(request, lambda work: appointments.cancel(work, actor, chosen, body.reason))


async def arrive(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/appointments/{appointment}/arrive`: the citizen is in the room."""
    await body_of(request, Nothing)
    actor, chosen = _actor(request), _chosen(request)
    return await _run(request, lambda work: arrivals.arrive(work, actor, chosen))


async def no_show(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/appointments/{appointment}/no-show`: a person confirms who did not come."""
    actor, chosen, body = officer(request), _chosen(request), await body_of(request, NoShow)
    return await _run(request, lambda work: arrivals.no_show(work, actor, chosen, body.side, body.reason))


async def done(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/appointments/{appointment}/done`: it was kept, outside of a visit of this service."""
    await body_of(request, Nothing)
    actor, chosen = officer(request), _chosen(request)
    return await _run(request, lambda work: arrivals.done(work, actor, chosen))


async def block_room(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/room-blocks`: put a room out of use for a while."""
    actor, body = officer(request), await body_of(request, BlockRoom)
    span = Span(body.starts_at, body.ends_at)

    async def use_case(work: Work) -> RoomBlocked:
        blocked = await room_blocks.block(work, actor, body.room, span, body.reason)
        return RoomBlocked(id=blocked.id, affected=list(blocked.affected))

    return await run_once(request, use_case, status=201)


async def lift_block(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/room-blocks/{block}/lift`: give a room back before its block is over."""
    await body_of(request, Nothing)
    actor, chosen = officer(request), request.match_info["block"]

    async def use_case(work: Work) -> RoomUnblocked:
        await room_blocks.lift(work, actor, chosen)
        return RoomUnblocked(id=chosen)

    return await run_once(request, use_case)


async def reallocate(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/officials/{person}/reallocate`: give somebody's whole day to others."""
    actor, body = officer(request), await body_of(request, Reallocate)
    person = PersonId(request.match_info["person"])
    to = PersonId(body.to) if body.to is not None else None

    async def use_case(work: Work) -> DayReallocated:
        found = await reallocation.reallocate(work, actor, person, body.date, to)
        return DayReallocated(
            moved=[
                HandedOver(appointment=one.appointment, official=one.plan.official) for one in found.moved
            ],
            left=list(found.left),
        )

    return await run_once(request, use_case)


async def show_expected(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/terminal/appointments`: who is expected today, as numbers."""
    actor = terminal(request)
    found = await request.app[EDGE].read(lambda work: arrivals.expected_at(work, actor))
    return answered(ExpectedToday(appointments=as_answer(list[ExpectedView], found)))


async def show_missed(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/appointments/missed`: whom presence suggests to be absent today."""
    actor, grace = officer(request), timedelta(minutes=request.app[SETTINGS].no_show_grace_min)
    found = await request.app[EDGE].read(lambda work: arrivals.missed_today(work, actor, grace=grace))
    return answered(MissedToday(missed=as_answer(list[MissedView], found)))


async def _run(
    request: web.Request, step: Callable[[Work], Awaitable[AppointmentRow]], *, status: int = 200
) -> web.Response:
    async def use_case(work: Work) -> AppointmentView:
        return _view(await step(work))

    return await run_once(request, use_case, status=status)


def _view(row: AppointmentRow) -> AppointmentView:
    return AppointmentView(
        id=row.id,
        state=row.state,
        version=row.version,
        room=row.room_id,
        official=row.official_id,
        liaison=row.liaison_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        hold_until=row.hold_until,
        ticket=row.ticket,
    )


def _actor(request: web.Request) -> Actor:
    login = signed_in(request)
    if login is None:
        raise SignedOut
    return login.actor


def _chosen(request: web.Request) -> str:
    return request.match_info["appointment"]
