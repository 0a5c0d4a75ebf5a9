"""A person's own account: open sessions, one-time password."""

import segno
from aiohttp import web

from reception.domain.errors import Refusal
from reception.keys import EDGE, PEOPLE
from reception.services import one_time
from reception.services.work import Work
from reception.store.tables import PersonRow
from reception.web.contexts import render
from reception.web.errors import status_of
from reception.web.principals import officer
from reception.web.sockets import close_logins


async def show(request: web.Request) -> web.StreamResponse:
    """`GET /account`."""
    return await _page(request)


async def _page(request: web.Request, *, error: str | None = None, status: int = 200) -> web.Response:
    actor, people = officer(request), request.app[PEOPLE]

    async def read(work: Work) -> dict[str, object]:
        row = await work.session.get_one(PersonRow, actor.person)
        lines = await people.sessions_of(work, actor.person)
        return {
            "sessions": [
                {
                    "id": line.login,
                    "browser": line.browser,
                    "created_at": line.created_at,
                    "last_seen_at": line.last_seen_at,
                    "current": line.login == actor.login,
                }
                for line in lines
            ],
            "totp": _offer(work, request, enrolled=row.totp_sealed is not None),
            "error": error,
        }

    return render(request, "pages/account.html", await request.app[EDGE].read(read), status=status)


def _offer(work: Work, request: web.Request, *, enrolled: bool) -> dict[str, object]:
    if enrolled:
        return {"enrolled": True, "secret": "", "uri": "", "qr_svg_data_uri": "", "sealed": ""}
    offer = one_time.offer(work, officer(request))
    return {
        "enrolled": False,
        "secret": offer.secret,
        "uri": offer.uri,
        "qr_svg_data_uri": segno.make(offer.uri, error="m").svg_data_uri(scale=4),
        "sealed": offer.sealed,
    }


async def revoke(request: web.Request) -> web.StreamResponse:
    """`POST /account/sessions/{login}/revoke`: end one of one's own sessions."""
    actor, people = officer(request), request.app[PEOPLE]
    login = request.match_info["login"]
    closed = await request.app[EDGE].run(lambda work: people.revoke(work, actor, login))
    await close_logins(request, closed)
    raise web.HTTPFound("/account")


async def enrol_totp(request: web.Request) -> web.StreamResponse:
    """`POST /account/totp`: put the offered one-time password in force."""
    actor, form = officer(request), await request.post()
    sealed, code = str(form.get("sealed", ""))[:1024], str(form.get("code", ""))[:8]
    try:
        await request.app[EDGE].run(lambda work: one_time.confirm(work, actor, sealed=sealed, code=code))
    except Refusal as refusal:
        return await _page(request, error=refusal.code, status=status_of(refusal))
    raise web.HTTPFound("/account")
