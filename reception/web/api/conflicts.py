"""API of conflicts of interest: whom a case complains about, and who takes no part in it."""

from aiohttp import web

from reception.domain.ids import PersonId, VisitId
from reception.keys import EDGE
from reception.services import accused, recusals
from reception.services.work import Work
from reception.web.api.bodies import Nothing
from reception.web.commands import answered, as_answer, run_once
from reception.web.principals import officer
from reception.web.requests import body_of
from reception.web.shapes.conflicts import (
    AccusedBody,
    AccusedChanged,
    CaseAccusedView,
    DecideRecusal,
    OpenRecusalsView,
    OpenRecusalView,
    RecusalAsked,
    RecusalBody,
    RecusalDecided,
)


async def show_accused(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/visits/{visit}/accused`: for the visit's host and the petition office."""
    actor, visit = officer(request), VisitId(request.match_info["visit"])
    told = await request.app[EDGE].read(lambda work: accused.read_accused(work, actor, visit))
    return answered(as_answer(CaseAccusedView, told))


async def add_accused(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/accused`: whoever is in conflict by it is out when this answers."""
    actor, body = officer(request), await body_of(request, AccusedBody)
    visit = VisitId(request.match_info["visit"])

    async def use_case(work: Work) -> AccusedChanged:
        await accused.add_accused(work, actor, visit, unit=body.unit, name=body.name)
        return AccusedChanged(visit=visit)

    return await run_once(request, use_case)


async def remove_accused(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/accused/{accused}/remove`: take an entry back."""
    await body_of(request, Nothing)
    actor, visit = officer(request), VisitId(request.match_info["visit"])
    entry = request.match_info["accused"]

    async def use_case(work: Work) -> AccusedChanged:
        await accused.remove_accused(work, actor, visit, entry)
        return AccusedChanged(visit=visit)

    return await run_once(request, use_case)


async def ask_recusal(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/recusal`: one's own word, or the visitor's wish."""
    actor, body = officer(request), await body_of(request, RecusalBody)
    visit = VisitId(request.match_info["visit"])

    async def use_case(work: Work) -> RecusalAsked:
        person = PersonId(body.person) if body.person else None
        origin = await recusals.ask(work, actor, visit, reason=body.reason, person=person)
        return RecusalAsked(origin=origin)

    return await run_once(request, use_case)


async def list_recusals(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/recusals`: what waits for this leader's decision."""
    actor = officer(request)
    found = await request.app[EDGE].read(lambda work: recusals.awaiting(work, actor))
    return answered(OpenRecusalsView(recusals=as_answer(list[OpenRecusalView], found)))


async def decide_recusal(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/recusals/{recusal}/decide`: granted stays; refused binds nobody."""
    actor, body = officer(request), await body_of(request, DecideRecusal)
    recusal = request.match_info["recusal"]

    async def use_case(work: Work) -> RecusalDecided:
        decision = await recusals.decide(work, actor, recusal, is_granted=body.granted)
        return RecusalDecided(decision=decision)

    return await run_once(request, use_case)
