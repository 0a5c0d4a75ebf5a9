"""API of a guest's page: the one place of the service that its cookie is sent to."""

from aiohttp import web

from reception.domain.guests import CodeWrong
from reception.keys import EDGE, GUEST_DOOR, SETTINGS
from reception.services import guests
from reception.services.denials import Denied, settled
from reception.services.guests import GuestView
from reception.services.work import Work
from reception.store.idempotency import StoredAnswer, recall, remember
from reception.web.api.devices import issue_ticket
from reception.web.api.ice import list_ice_servers
from reception.web.audience import GUEST_PATH
from reception.web.commands import answered, as_answer, run_once
from reception.web.principals import guest, signed_in
from reception.web.requests import body_of, idempotency_key, request_hash
from reception.web.security import guest_cookie
from reception.web.shapes.calls import GuestCode, GuestName, GuestPageView, RedeemLink


async def redeem(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/guest/redeem`: open a one-time link; from now on it is this browser's."""
    body, door = await body_of(request, RedeemLink), request.app[GUEST_DOOR]
    opened = settled(
        await request.app[EDGE].run(
            lambda work: door.redeem(
                work, token=body.token, browser=body.browser, address=request.remote or ""
            )
        )
    )
    response = answered(GuestPageView(state="code"))
    response.set_cookie(
        guest_cookie(request),
        opened.secret,
        httponly=True,
        samesite="Strict",
        secure=request.app[SETTINGS].is_secure,
        path=GUEST_PATH,
    )
    return response


async def show(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/guest`: where this browser's link stands; `none` for a browser that has none."""
    if signed_in(request) is None:
        return answered(GuestPageView(state="none"))
    actor = guest(request)
    return answered(_page(await request.app[EDGE].read(lambda work: guests.view(work, actor))))


async def prove(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/guest/code`: the six digits; a wrong try that is sent again counts once."""
    actor, body = guest(request), await body_of(request, GuestCode)
    key, digest, door = idempotency_key(request), await request_hash(request), request.app[GUEST_DOOR]

    async def once(work: Work) -> GuestView | Denied:
        if await recall(work.session, actor.login, key, digest) is not None:
            return Denied(CodeWrong())
        result = await door.prove(work, actor, body.code)
        if isinstance(result, Denied):
            await remember(work.session, actor.login, key, digest, StoredAnswer(409, ""), at=work.now)
        return result

    return answered(_page(settled(await request.app[EDGE].run(once))))


async def wait(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/guest/wait`: say who one is, and wait until the host lets one in."""
    actor, body = guest(request), await body_of(request, GuestName)

    async def use_case(work: Work) -> GuestPageView:
        return _page(await guests.wait(work, actor, body.name))

    return await run_once(request, use_case)


async def issue_guest_ticket(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/guest/ws-ticket`: opens one socket, from the lobby on."""
    actor = guest(request)
    await request.app[EDGE].read(lambda work: guests.refuse_unless_waiting(work, actor))
    return await issue_ticket(request)


async def list_guest_ice(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/guest/ice-servers`: ways round a blocked UDP, from the lobby on."""
    actor = guest(request)
    await request.app[EDGE].read(lambda work: guests.refuse_unless_waiting(work, actor))
    return await list_ice_servers(request)


def _page(told: GuestView) -> GuestPageView:
    return as_answer(GuestPageView, told)
