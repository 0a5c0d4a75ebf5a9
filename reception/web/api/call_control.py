"""API of a running call: hold, private part, removal, lead. Answered when the media plane has it."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from reception.domain.actors import Officer
from reception.domain.ids import VisitId
from reception.keys import EDGE
from reception.services import call_control
from reception.services.work import Work
from reception.web.api.bodies import Nothing
from reception.web.commands import answered, run_once
from reception.web.principals import officer
from reception.web.requests import body_of
from reception.web.shapes.conditions import (
    CallChanged,
    HoldSeat,
    OfferLead,
    PrivatePart,
    PutOutList,
    PutOutView,
    ReadmitSeat,
    RemoveSeat,
)
from signaling.ids import SeatId

Deed = Callable[[Work, Officer, VisitId], Awaitable[None]]


async def _done(request: web.Request, deed: Deed) -> web.StreamResponse:
    actor, chosen = officer(request), VisitId(request.match_info["visit"])

    async def use_case(work: Work) -> CallChanged:
        await deed(work, actor, chosen)
        return CallChanged(visit=chosen)

    return await run_once(request, use_case)


async def hold(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/hold`: put somebody on hold, or release them."""
    body = await body_of(request, HoldSeat)
    return await _done(
        request, lambda work, actor, visit: call_control.hold(work, actor, visit, SeatId(body.seat), body.on)
    )


async def set_private(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/private`: begin a private part, change its group, or end it."""
    body = await body_of(request, PrivatePart)
    group = [SeatId(seat) for seat in body.seats] if body.seats is not None else None
    return await _done(
        request, lambda work, actor, visit: call_control.set_private(work, actor, visit, group)
    )


async def remove(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/remove`: put somebody out of the call, and keep them out of the visit."""
    body = await body_of(request, RemoveSeat)
    return await _done(
        request,
        lambda work, actor, visit: call_control.remove(work, actor, visit, SeatId(body.seat), body.reason),
    )


async def readmit(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/readmit`: let somebody who was put out be invited again."""
    body = await body_of(request, ReadmitSeat)
    return await _done(
        request, lambda work, actor, visit: call_control.readmit(work, actor, visit, SeatId(body.seat))
    )


async def offer_lead(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/offer-lead`: ask somebody in the call to lead it."""
    body = await body_of(request, OfferLead)
    seat = SeatId(body.seat) if body.seat is not None else None
    return await _done(request, lambda work, actor, visit: call_control.offer_lead(work, actor, visit, seat))


async def take_lead(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/take-lead`: take the lead that was offered."""
    await body_of(request, Nothing)
    return await _done(request, call_control.take_lead)


async def leave(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/leave`: go out of a call that goes on without this officer."""
    await body_of(request, Nothing)
    return await _done(request, call_control.leave)


async def list_put_out(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/visits/{visit}/removed`: who was put out, for whoever conducts the call."""
    actor, visit = officer(request), VisitId(request.match_info["visit"])
    found = await request.app[EDGE].read(lambda work: call_control.put_out(work, actor, visit))
    return answered(
        PutOutList(
            removed=[
                PutOutView(seat=one.seat, name=one.name, role=one.role, reason=one.reason) for one in found
            ]
        )
    )
