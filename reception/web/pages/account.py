"""A person's own account: open sessions, one-time password."""

import segno
from aiohttp import web

from reception.domain.access import can
from reception.domain.actors import Officer
from reception.domain.errors import Refusal
from reception.domain.policy import Action
from reception.keys import EDGE, PEOPLE
from reception.services import feeds, one_time, recusals
from reception.services.feeds import FeedKind
from reception.services.work import Work
from reception.store.tables import PersonRow
from reception.web.api.calendar import feed_address
from reception.web.contexts import render
from reception.web.errors import status_of
from reception.web.principals import officer
from reception.web.sockets import close_logins


async def show(request: web.Request) -> web.StreamResponse:
    """`GET /account`."""
    return await page(request)


async def page(
    request: web.Request, *, error: str | None = None, status: int = 200, feed_address: str | None = None
) -> web.Response:
    """Render the account's page, with the code of what was refused, or an address that is shown once."""
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
            "ties": await recusals.read_ties(work, actor) if _declares(actor) else None,
            "relations": recusals.RELATIONS,
            "feed": await _feed(work, actor, feed_address),
            "error": error,
        }

    return render(request, "pages/account.html", await request.app[EDGE].read(read), status=status)


def _declares(actor: Officer) -> bool:
    return can(actor, Action.DECLARE_TIES, is_own=True)


async def _feed(work: Work, actor: Officer, address: str | None) -> dict[str, object] | None:
    """Tell of the feed of one's own appointments; None for who has none to be expected."""
    if not can(actor, Action.SUBSCRIBE_OWN, is_own=True):
        return None
    issued = (await feeds.open_feeds(work, FeedKind.PERSON, [actor.person])).get(actor.person)
    return {"since": issued.created_at if issued else None, "address": address}


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
        return await page(request, error=refusal.code, status=status_of(refusal))
    raise web.HTTPFound("/account")


async def change_feed(request: web.Request) -> web.StreamResponse:
    """`POST /account/feed`: a new address for one's own appointments, shown once, or none any more."""
    actor, form = officer(request), await request.post()
    if form.get("action") == "revoke":
        await request.app[EDGE].run(lambda work: feeds.revoke(work, actor, FeedKind.PERSON, actor.person))
        raise web.HTTPFound("/account")
    secret = await request.app[EDGE].run(lambda work: feeds.issue(work, actor, FeedKind.PERSON, actor.person))
    return await page(request, feed_address=feed_address(request, secret))
