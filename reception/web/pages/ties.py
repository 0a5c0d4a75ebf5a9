"""Pages of conflicts of interest: what staff declare of themselves, and what leaders decide."""

from datetime import date

from aiohttp import web

from reception.domain.errors import Refusal
from reception.keys import EDGE
from reception.services import recusals
from reception.web.contexts import render
from reception.web.errors import status_of
from reception.web.pages.account import page
from reception.web.principals import officer

_ID_LENGTH, _NAME_LENGTH = 64, 80


async def declare_posting(request: web.Request) -> web.StreamResponse:
    """`POST /account/postings`."""
    actor, form = officer(request), await request.post()
    unit = str(form.get("unit", ""))[:_ID_LENGTH]
    since, to = _day(form.get("since")), _day(form.get("to"))
    try:
        await request.app[EDGE].run(
            lambda work: recusals.declare_posting(work, actor, unit=unit, since=since, to=to)
        )
    except Refusal as refusal:
        return await page(request, error=refusal.code, status=status_of(refusal))
    raise web.HTTPFound("/account#ties")


async def declare_relative(request: web.Request) -> web.StreamResponse:
    """`POST /account/relatives`."""
    actor, form = officer(request), await request.post()
    unit, relation = str(form.get("unit", ""))[:_ID_LENGTH], str(form.get("relation", ""))[:_ID_LENGTH]
    name = str(form.get("name", ""))[:_NAME_LENGTH]
    try:
        await request.app[EDGE].run(
            lambda work: recusals.declare_relative(work, actor, unit=unit, relation=relation, name=name)
        )
    except Refusal as refusal:
        return await page(request, error=refusal.code, status=status_of(refusal))
    raise web.HTTPFound("/account#ties")


async def show_recusals(request: web.Request) -> web.StreamResponse:
    """`GET /recusals`: what waits for this leader's decision."""
    actor = officer(request)
    found = await request.app[EDGE].read(lambda work: recusals.awaiting(work, actor))
    return render(request, "pages/recusals.html", {"recusals": found})


async def decide_recusal(request: web.Request) -> web.StreamResponse:
    """`POST /recusals/{recusal}/decide`."""
    actor, form = officer(request), await request.post()
    recusal, is_granted = request.match_info["recusal"], form.get("decision") == "granted"
    await request.app[EDGE].run(lambda work: recusals.decide(work, actor, recusal, is_granted=is_granted))
    raise web.HTTPFound("/recusals")


def _day(typed: object) -> date | None:
    """Read a date input; what is no date counts as not given."""
    try:
        return date.fromisoformat(str(typed))
    except ValueError:
        return None
