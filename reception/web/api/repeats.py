"""API of repeat visits: proposals and links, the ladder, hearings, the question about handling."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from reception.domain.access import can
from reception.domain.actors import Officer
from reception.domain.errors import NotAllowed
from reception.domain.handling import TOLD_FROM, Question
from reception.domain.ids import CaseId, PersonId, VisitId
from reception.domain.ladder import AbsenceReason
from reception.domain.policy import Action
from reception.keys import EDGE, SWITCHBOARD
from reception.services import (
    assignments,
    handling_questions,
    hearings,
    ladder,
    record,
    repeat_view,
    repeats,
)
from reception.services.repeat_view import LinkTold
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.repeat_tables import RepeatLinkRow
from reception.store.visits import Visits
from reception.web.api.bodies import Nothing
from reception.web.commands import answered, as_answer, run_once
from reception.web.denials import write_denial
from reception.web.principals import officer
from reception.web.requests import body_of
from reception.web.shapes.repeats import (
    AloneBody,
    AnswersView,
    AssignBody,
    AssignmentView,
    ExcuseBody,
    HandlingBody,
    HandlingPlaceView,
    HearingBody,
    HearingDayBody,
    HearingLineView,
    HearingsView,
    Kept,
    LadderAdopted,
    LadderBody,
    LinkMoved,
    LookedAgain,
    RepeatsView,
    RepeatView,
    TotalsView,
    TotalView,
)


async def show_repeats(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/visits/{visit}/repeats`: earlier cases of the visit, before accepting and in the call."""
    actor, chosen = officer(request), VisitId(request.match_info["visit"])
    present = request.app[SWITCHBOARD].people_present()

    async def read(work: Work) -> RepeatsView:
        links = await repeat_view.view(work, actor, chosen, present=present)
        row = await Visits(work.session).get(chosen)
        return RepeatsView(
            visit=chosen,
            may_judge=can(actor, Action.JUDGE_REPEAT),
            is_host=row.outcome_owner_id == actor.person,
            links=[_link(link) for link in links],
            absence_reasons=list(AbsenceReason),
        )

    return answered(await request.app[EDGE].read(read))


def _link(told: LinkTold) -> RepeatView:
    """Copy a link; the question about the handling is left out where it was not told."""
    view = as_answer(RepeatView, _without_handling(told))
    if told.handling is None:
        return view
    return msgspec.structs.replace(view, handling=as_answer(HandlingPlaceView, told.handling))


def _without_handling(told: LinkTold) -> dict[str, object]:
    return {name: getattr(told, name) for name in LinkTold.__slots__ if name != "handling"}


async def look_again(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/repeats/search`: look for earlier cases once more."""
    await body_of(request, Nothing)
    actor, chosen = officer(request), VisitId(request.match_info["visit"])

    async def use_case(work: Work) -> LookedAgain:
        return LookedAgain(found=await repeats.look_again(work, actor, chosen))

    return await run_once(request, use_case)


async def confirm(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/repeat-links/{link}/confirm`: it is the same matter."""
    return await _decide(request, repeats.confirm)


async def reject(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/repeat-links/{link}/reject`: it is not."""
    return await _decide(request, repeats.reject)


async def unlink(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/repeat-links/{link}/unlink`: the confirmation was a mistake."""
    return await _decide(request, repeats.unlink)


async def _decide(
    request: web.Request, decision: Callable[[Work, Officer, str], Awaitable[RepeatLinkRow]]
) -> web.StreamResponse:
    await body_of(request, Nothing)
    actor, link = officer(request), request.match_info["link"]

    async def use_case(work: Work) -> LinkMoved:
        row = await decision(work, actor, link)
        return LinkMoved(link=row.id, state=row.state, count=row.count, rung=row.rung)

    return await run_once(request, use_case)


async def excuse(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/repeat-links/{link}/excuse`: why the people of the rung did not take part."""
    actor, body, link = officer(request), await body_of(request, ExcuseBody), request.match_info["link"]

    async def use_case(work: Work) -> Kept:
        await ladder.excuse(
            work,
            actor,
            link,
            kind=body.kind,
            resumes_on=body.resumes_on,
            reason=body.reason,
            note=body.note,
        )
        return Kept(id=link)

    return await run_once(request, use_case)


async def be_alone(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/repeat-links/{link}/alone`: the handlers leave the media, or come back."""
    actor, body, link = officer(request), await body_of(request, AloneBody), request.match_info["link"]

    async def use_case(work: Work) -> Kept:
        await handling_questions.alone(work, actor, link, on=body.on)
        return Kept(id=link)

    return await run_once(request, use_case)


async def keep_handling(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/repeat-links/{link}/handling`: what the visitor said while the handlers were out."""
    actor, body, link = officer(request), await body_of(request, HandlingBody), request.match_info["link"]
    replies = {str(question): getattr(body, question) for question in Question}

    async def use_case(work: Work) -> Kept:
        await handling_questions.keep(work, actor, link, replies=replies, words=body.words)
        return Kept(id=link)

    return await run_once(request, use_case)


async def show_handling(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/repeat-links/{link}/handling`: what was said; the reading is in the audit chain."""
    actor, link = officer(request), request.match_info["link"]
    try:
        told = await request.app[EDGE].run(lambda work: handling_questions.read(work, actor, link))
    except NotAllowed:
        await write_denial(request, AuditAction.ACCESS_DENIED, "handling", link)
        raise
    replies = {str(question): str(reply) for question, reply in told.replies.items()}
    return answered(AnswersView(**replies, words=told.words))


async def show_totals(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/handling`: what was said of each section, from five answers on."""
    actor = officer(request)
    totals = await request.app[EDGE].read(lambda work: handling_questions.totals(work, actor))
    return answered(TotalsView(told_from=TOLD_FROM, totals=as_answer(list[TotalView], totals)))


async def assign(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/cases/{number}/assignment`: which section handles the case, and who in it."""
    actor, body = officer(request), await body_of(request, AssignBody)
    number = request.match_info["number"]

    async def use_case(work: Work) -> AssignmentView:
        case = await record.find_case(work, actor, number)
        assigned = await assignments.assign(work, actor, CaseId(case.id), body.section, PersonId(body.owner))
        return as_answer(AssignmentView, assigned)

    return await run_once(request, use_case)


async def list_hearings(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/hearings`: what the main leader is to hear."""
    actor = officer(request)
    lines = await request.app[EDGE].read(lambda work: hearings.open_hearings(work, actor))
    return answered(HearingsView(hearings=as_answer(list[HearingLineView], lines)))


async def plan_hearing(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/hearings/{hearing}/day`: on which day the report is heard."""
    actor, body = officer(request), await body_of(request, HearingDayBody)
    hearing = request.match_info["hearing"]

    async def use_case(work: Work) -> Kept:
        await hearings.plan(work, actor, hearing, body.on)
        return Kept(id=hearing)

    return await run_once(request, use_case)


async def hold_hearing(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/hearings/{hearing}/minutes`: minutes and acceleration order."""
    actor, body = officer(request), await body_of(request, HearingBody)
    hearing = request.match_info["hearing"]

    async def use_case(work: Work) -> Kept:
        await hearings.hear(
            work,
            actor,
            hearing,
            minutes=body.minutes,
            order=body.order,
            due_on=body.due_on,
            owner=PersonId(body.owner),
        )
        return Kept(id=hearing)

    return await run_once(request, use_case)


async def adopt_ladder(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/ladder`: thresholds that hold from a later day on."""
    actor, body = officer(request), await body_of(request, LadderBody)

    async def use_case(work: Work) -> LadderAdopted:
        adopted = await ladder.adopt(
            work,
            actor,
            effective_from=body.effective_from,
            repeat_threshold=body.repeat_threshold,
            multiple_threshold=body.multiple_threshold,
        )
        return LadderAdopted(version=adopted.version, effective_from=adopted.effective_from)

    return await run_once(request, use_case)
