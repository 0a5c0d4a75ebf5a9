"""API of the county desk: duty, ring, call, outcome."""

import msgspec
from aiohttp import web

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.ids import CaseId, PersonId, VisitId
from reception.domain.outcomes import NEEDS_DUE, OutcomeCode
from reception.domain.policy import Action
from reception.domain.redaction import Level
from reception.domain.visits import OWES_OUTCOME, VisitState
from reception.keys import EDGE, SWITCHBOARD
from reception.services import desk, invitations, outcome, record, views, visit
from reception.services.chronicle import tell
from reception.services.conflicts import visit_for
from reception.services.work import Work
from reception.store.duty import Duty
from reception.store.tables import CaseRow, VisitRow
from reception.store.visits import Visits
from reception.web.api.answers import (
    AnsweredVisit,
    CasePanel,
    ChatView,
    Colleague,
    CurrentView,
    DeclarationView,
    DeskView,
    DraftSaved,
    DraftView,
    DutyView,
    MatterView,
    Me,
    OutcomeLogged,
    OutcomeOption,
    OwnerOption,
    PendingView,
    PersonView,
    QueueLineView,
    SuspendedView,
    TownshipAnswerView,
    VisitMoved,
)
from reception.web.api.bodies import DraftBody, DutyOn, Invite, Nothing, OutcomeBody
from reception.web.commands import answered, run_once
from reception.web.commands import as_answer as _as
from reception.web.principals import officer
from reception.web.requests import body_of


async def show_desk(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/desk`."""
    return answered(await desk_view(request, officer(request)))


async def desk_view(request: web.Request, actor: Officer) -> DeskView:
    """Read everything that the desk shows when it is opened."""
    present = request.app[SWITCHBOARD].people_present()

    async def read(work: Work) -> DeskView:
        state, pending = await Duty(work.session).state_of(actor.person)
        queues = await views.queues(work, await views.queue_lines(work), [actor.person])
        return DeskView(
            me=Me(person=actor.person, name=actor.name, post=actor.post, seat=actor.seat),
            duty=DutyView(state=state, pending=pending),
            queue=[_queue_line(line) for line in queues[actor.person]],
            pending=[
                PendingView(
                    visit=line.visit,
                    case_no=line.case_number,
                    ticket=line.ticket,
                    reason=line.reason,
                    since=line.since,
                )
                for line in await views.pending_lines(work, actor.person)
            ],
            suspended=await _suspended(work, actor),
            current=await _current(work, actor),
            colleagues=[
                Colleague(
                    person=line.person,
                    name=line.name,
                    post=line.post,
                    present=line.person in present,
                    free=line.state == "ready",
                )
                for line in await Duty(work.session).on_shift()
                if line.person != actor.person
            ],
        )

    return await request.app[EDGE].read(read)


def _queue_line(line: views.QueueLine) -> QueueLineView:
    return QueueLineView(
        visit=line.visit,
        ticket=line.ticket,
        place=line.place,
        matter_kinds=list(line.matter_kinds),
        raised_at=line.raised_at,
        state=line.state,
        direct=line.direct,
        officer=line.officer,
    )


async def _suspended(work: Work, actor: Officer) -> list[SuspendedView]:
    rows = await views.without_hidden(
        work, actor.person, await Visits(work.session).suspended_of(actor.person)
    )
    return [
        SuspendedView(
            visit=line.visit,
            case_no=line.case_number,
            ticket=line.ticket,
            place=line.place,
            reason=line.reason,
            since=line.since,
            parked=line.is_parked,
            offered=line.is_offered,
        )
        for line in await views.suspended_lines(work, rows)
    ]


async def _current(work: Work, actor: Officer) -> CurrentView | None:
    own = await Visits(work.session).occupying(actor.person)
    if own is not None:
        return CurrentView(visit=own.id, room=own.id, state=own.state, is_host=True)
    joined = await Visits(work.session).joined_call(actor.seat)
    if joined is not None:
        return CurrentView(visit=joined.id, room=joined.id, state=joined.state, is_host=False)
    return None


async def duty_on(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/duty/on`: after the click, the test ring and the device check."""
    actor, body = officer(request), await body_of(request, DutyOn)

    async def use_case(work: Work) -> DutyView:
        await desk.go_on_duty(
            work, actor, camera=body.camera, microphone=body.microphone, ring_heard=body.ring_heard
        )
        return await _duty(work, actor)

    return await run_once(request, use_case)


async def duty_off(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/duty/off`: refused while an outcome is owed."""
    await body_of(request, Nothing)
    actor = officer(request)

    async def use_case(work: Work) -> DutyView:
        await desk.go_off_duty(work, actor)
        return await _duty(work, actor)

    return await run_once(request, use_case)


async def _duty(work: Work, actor: Officer) -> DutyView:
    await work.session.flush()
    state, pending = await Duty(work.session).state_of(actor.person)
    return DutyView(state=state, pending=pending)


async def answer(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/answer`: take a ringing or waiting visit."""
    await body_of(request, Nothing)
    actor, chosen = officer(request), VisitId(request.match_info["visit"])

    async def use_case(work: Work) -> AnsweredVisit:
        state = await visit.answer(work, actor, chosen)
        return AnsweredVisit(visit=chosen, room=chosen, state=state)

    return await run_once(request, use_case)


async def decline(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/decline`: silence the own bell."""
    await body_of(request, Nothing)
    actor, chosen = officer(request), VisitId(request.match_info["visit"])

    async def use_case(work: Work) -> VisitMoved:
        return VisitMoved(visit=chosen, state=await desk.decline(work, actor, chosen))

    return await run_once(request, use_case)


async def invite(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/invite`: ask a colleague on duty into the call."""
    actor, body = officer(request), await body_of(request, Invite)
    chosen, present = VisitId(request.match_info["visit"]), request.app[SWITCHBOARD].people_present()

    async def use_case(work: Work) -> VisitMoved:
        await invitations.invite_person(work, actor, chosen, PersonId(body.person), present)
        return VisitMoved(visit=chosen, state=VisitState.IN_CALL)

    return await run_once(request, use_case)


async def join(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/join`: accept an invitation."""
    await body_of(request, Nothing)
    actor, chosen = officer(request), VisitId(request.match_info["visit"])

    async def use_case(work: Work) -> AnsweredVisit:
        return AnsweredVisit(visit=chosen, room=chosen, state=await invitations.accept(work, actor, chosen))

    return await run_once(request, use_case)


async def end(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/end`: end the call; the outcome form is open now."""
    await body_of(request, Nothing)
    actor, chosen = officer(request), VisitId(request.match_info["visit"])

    async def use_case(work: Work) -> VisitMoved:
        return VisitMoved(visit=chosen, state=await visit.end(work, actor, chosen))

    return await run_once(request, use_case)


async def stop(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/stop`: an administrator stops a call without learning what it is about."""
    await body_of(request, Nothing)
    actor, chosen = officer(request), VisitId(request.match_info["visit"])

    async def use_case(work: Work) -> VisitMoved:
        return VisitMoved(visit=chosen, state=await visit.stop(work, actor, chosen))

    return await run_once(request, use_case)


async def save_draft(request: web.Request) -> web.StreamResponse:
    """`PUT /api/v1/visits/{visit}/draft`: keep what has been typed."""
    actor, body = officer(request), await body_of(request, DraftBody)
    chosen = VisitId(request.match_info["visit"])
    draft = outcome.Draft(body.code, body.asked, body.answer, body.next, body.due_on, body.owner)

    async def use_case(work: Work) -> DraftSaved:
        saved = await outcome.save_draft(work, actor, chosen, draft, body.version)
        return DraftSaved(version=saved.version, saved_at=saved.saved_at)

    return await run_once(request, use_case)


async def show_draft(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/visits/{visit}/draft`."""
    actor, chosen = officer(request), VisitId(request.match_info["visit"])
    saved = await request.app[EDGE].read(lambda work: outcome.read_draft(work, actor, chosen))
    if saved is None:
        return answered(DraftView())
    fields = msgspec.structs.asdict(saved.draft)
    return answered(DraftView(**fields, version=saved.version, saved_at=saved.saved_at))


async def log_outcome(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/outcome`: the outcome that ends the visit."""
    actor, body = officer(request), await body_of(request, OutcomeBody)
    chosen = VisitId(request.match_info["visit"])
    form = outcome.Draft(body.code, body.asked, body.answer, body.next, body.due_on, body.owner)

    async def use_case(work: Work) -> OutcomeLogged:
        receipt = await outcome.log(work, actor, chosen, form)
        return OutcomeLogged(visit=chosen, receipt=receipt, state=VisitState.OUTCOME_LOGGED)

    return await run_once(request, use_case)


async def show_panel(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/visits/{visit}`: the case panel, for somebody who is in the visit or on duty for it."""
    actor, chosen = officer(request), VisitId(request.match_info["visit"])
    return answered(await request.app[EDGE].read(lambda work: _panel(work, actor, chosen)))


async def _panel(work: Work, actor: Officer, chosen: VisitId) -> CasePanel:
    row = await visit_for(work, actor, chosen)
    await _refuse_stranger(work, actor, row)
    told = await tell(work, row, content=True, people=Level.MASKED, ear=actor.seat)
    case = await work.session.get_one(CaseRow, row.case_id)
    return CasePanel(
        visit=chosen,
        case_no=case.number,
        ticket=told.ticket,
        state=told.state,
        place=told.place,
        direct=told.is_direct,
        anonymous=told.is_anonymous,
        head_count=told.head_count,
        raised_at=told.raised_at,
        matters=_as(list[MatterView], told.matters),
        township_answer=_as(TownshipAnswerView | None, told.township_answer),
        declaration=_as(DeclarationView | None, told.declaration),
        people=_as(list[PersonView], told.people),
        chat=_as(list[ChatView], told.chat),
        owners=[
            OwnerOption(person=person, name=name, post=post)
            for person, name, post in await record.outcome_owners(work, CaseId(case.id))
        ],
        outcome_codes=[OutcomeOption(code=code, needs_due=NEEDS_DUE[code]) for code in OutcomeCode],
    )


async def _refuse_stranger(work: Work, actor: Officer, row: VisitRow) -> None:
    """Let in who takes part, who owes the outcome, and, of a visit in the queue, who may answer it."""
    is_offered = row.first_chance_until is not None
    if VisitState(row.state) is VisitState.WAITING or is_offered:
        may(actor, Action.ANSWER_VISIT)
        return
    if VisitState(row.state) in OWES_OUTCOME or VisitState(row.state) is VisitState.OUTCOME_LOGGED:
        await visit.refuse_unless_in_visit(work, actor, VisitId(row.id))
        return
    may(actor, Action.VIEW_CASE)
