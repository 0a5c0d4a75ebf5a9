"""API of the rosters: who is on a post, and everything that changes it."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta

from aiohttp import web

from reception.domain.access import may
from reception.domain.errors import BadInput
from reception.domain.ids import PersonId
from reception.domain.policy import Action
from reception.domain.roles import Role
from reception.keys import EDGE, SETTINGS, SWITCHBOARD
from reception.services import roster_alerts, roster_plans, roster_requests, rosters
from reception.services.roster_plans import NewRotation, checked
from reception.services.work import Work
from reception.web.api.bodies import Nothing
from reception.web.commands import answered, as_answer, run_once
from reception.web.principals import officer
from reception.web.requests import body_of
from reception.web.shapes.rosters import (
    ActingBody,
    ChannelBody,
    GapView,
    LeaderDayBody,
    LeaveBody,
    OnPostView,
    OverrideBody,
    PostReportView,
    RosterChanged,
    RosterReport,
    RosterShareView,
    RotationBody,
    RotationChange,
    StandingBody,
    SwapBody,
    WhoView,
)
from scheduling.domain.roster import Post

LONGEST_REPORT = 366


async def show_who(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/rosters/who?role=&unit=&at=`: who is on a post, with the reason."""
    may(officer(request), Action.READ_ROSTERS)
    role, unit, moment = request.query.get("role", ""), request.query.get("unit", ""), _at(request)
    if role not in roster_plans.POSTS:
        raise BadInput({"role": "unknown"})
    present = request.app[SWITCHBOARD].people_present()
    found = await request.app[EDGE].read(
        lambda work: rosters.who_now(work, Role(role), unit, present=present, at=moment)
    )
    people = [as_answer(OnPostView, one) for one in found]
    return answered(WhoView(role=role, unit=unit, at=moment or request.app[EDGE].clock(), people=people))


def _at(request: web.Request) -> datetime | None:
    text = request.query.get("at", "")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput({"at": "wrong"}) from None
    if moment.tzinfo is None:
        raise BadInput({"at": "wrong"})
    return moment


async def show_report(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/rosters/report?from=&to=`: gaps and balance of every post, both days included."""
    may(officer(request), Action.KEEP_ROSTERS)
    first, last = _day(request, "from"), _day(request, "to")
    if not timedelta(0) <= last - first < timedelta(days=LONGEST_REPORT):
        raise BadInput({"to": "wrong"})
    found = await request.app[EDGE].read(lambda work: rosters.report(work, first, last))
    return answered(RosterReport(from_date=first, to_date=last, posts=[_report_line(one) for one in found]))


def _day(request: web.Request, name: str) -> date:
    try:
        return date.fromisoformat(request.query.get(name, ""))
    except ValueError:
        raise BadInput({name: "wrong"}) from None


def _report_line(found: rosters.PostReport) -> PostReportView:
    cover = found.coverage
    return PostReportView(
        role=found.post.role,
        unit=found.post.unit,
        unit_name=found.unit_name,
        expected_hours=cover.expected_hours,
        gap_hours=cover.gap_hours,
        spread_hours=cover.spread_hours,
        gaps=[GapView(starts_at=gap.start, ends_at=gap.end) for gap in cover.gaps if gap.end is not None],
        shares=[as_answer(RosterShareView, share) for share in cover.shares],
    )


async def _once(
    request: web.Request, deed: Callable[[Work], Awaitable[tuple[str, str]]], *, status: int = 200
) -> web.Response:
    async def use_case(work: Work) -> RosterChanged:
        chosen, state = await deed(work)
        return RosterChanged(id=chosen, state=state)

    return await run_once(request, use_case, status=status)


def horizon(request: web.Request) -> timedelta:
    """Return how far ahead shifts are dealt."""
    return timedelta(days=request.app[SETTINGS].roster_horizon_days)


async def add_rotation(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/rosters/rotations`: make a rotation and deal its shifts."""
    actor, body = officer(request), await body_of(request, RotationBody)
    new = NewRotation(
        post=Post(body.role, body.unit),
        members=tuple(map(PersonId, body.members)),
        rule=body.rule,
        opens=time.fromisoformat(body.opens),
        closes=time.fromisoformat(body.closes),
        starts_on=body.starts_on,
        handover=body.handover,
        working_days_only=body.working_days_only,
    )

    async def deed(work: Work) -> tuple[str, str]:
        made = await roster_plans.add_rotation(work, actor, new, horizon=horizon(request))
        return made, "in_force"

    return await _once(request, deed, status=201)


async def change_rotation(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/rosters/rotations/{rotation}`: other members or a last day, from now on."""
    actor, body = officer(request), await body_of(request, RotationChange)
    chosen, people = request.match_info["rotation"], [PersonId(one) for one in body.members]

    async def deed(work: Work) -> tuple[str, str]:
        await roster_plans.change_rotation(
            work, actor, chosen, people, ends_on=body.ends_on, horizon=horizon(request)
        )
        return chosen, "in_force"

    return await _once(request, deed)


async def add_override(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/rosters/overrides`: put somebody on a post, or oneself into a gap."""
    actor, body = officer(request), await body_of(request, OverrideBody)
    span, post = checked(body.starts_at, body.ends_at), Post(body.role, body.unit)
    replaced = PersonId(body.instead_of) if body.instead_of else None

    async def deed(work: Work) -> tuple[str, str]:
        made = await roster_plans.add_override(
            work, actor, post, PersonId(body.person), span, instead_of=replaced
        )
        return made, "in_force"

    return await _once(request, deed, status=201)


async def set_standing(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/rosters/standing`: say who holds a post when no shift applies."""
    actor, body = officer(request), await body_of(request, StandingBody)
    post, people = Post(body.role, body.unit), [PersonId(one) for one in body.people]

    async def deed(work: Work) -> tuple[str, str]:
        await roster_plans.set_standing(work, actor, post, people)
        return f"{post.role}:{post.unit}", "in_force"

    return await _once(request, deed)


async def ask_swap(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/rosters/swaps`: offer an own shift to a colleague, or to all of the post."""
    actor, body = officer(request), await body_of(request, SwapBody)
    post, taker = Post(body.role, body.unit), PersonId(body.to) if body.to else None

    async def deed(work: Work) -> tuple[str, str]:
        made = await roster_requests.ask_swap(
            work, actor, post, body.starts_at, taker=taker, back_starts_at=body.back_starts_at
        )
        return made, "requested"

    return await _once(request, deed, status=201)


async def settle_swap(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/rosters/swaps/{swap}/accept`, `…/decline` and `…/withdraw`."""
    actor = officer(request)
    await body_of(request, Nothing)
    chosen, word = request.match_info["swap"], request.path.rpartition("/")[2]
    ways = {
        "accept": (roster_requests.accept_swap, "accepted"),
        "decline": (roster_requests.decline_swap, "declined"),
        "withdraw": (roster_requests.withdraw_swap, "withdrawn"),
    }
    settle, state = ways[word]

    async def deed(work: Work) -> tuple[str, str]:
        await settle(work, actor, chosen)
        return chosen, state

    return await _once(request, deed)


async def ask_leave(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/rosters/leaves`: the office writes leave down, others ask for their own."""
    actor, body = officer(request), await body_of(request, LeaveBody)
    span = checked(body.starts_at, body.ends_at)
    return await _once(
        request,
        lambda work: roster_requests.ask_leave(work, actor, PersonId(body.person), span, body.kind),
        status=201,
    )


async def settle_leave(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/rosters/leaves/{leave}/grant`, `…/decline` and `…/withdraw`."""
    actor = officer(request)
    await body_of(request, Nothing)
    chosen, word = request.match_info["leave"], request.path.rpartition("/")[2]
    state = {"grant": "granted", "decline": "declined", "withdraw": "withdrawn"}[word]

    async def deed(work: Work) -> tuple[str, str]:
        await roster_requests.settle_leave(work, actor, chosen, state)
        return chosen, state

    return await _once(request, deed)


async def add_acting(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/rosters/actings`: name a deputy for somebody's leave."""
    actor, body = officer(request), await body_of(request, ActingBody)

    async def deed(work: Work) -> tuple[str, str]:
        person, deputy = PersonId(body.person), PersonId(body.deputy)
        made = await roster_plans.add_acting(work, actor, person, deputy, body.starts_at, body.ends_at)
        return made, "in_force"

    return await _once(request, deed, status=201)


async def add_leader_day(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/rosters/leader-days`: publish a leader's reception day."""
    actor, body = officer(request), await body_of(request, LeaderDayBody)
    span = checked(body.starts_at, body.ends_at)

    async def deed(work: Work) -> tuple[str, str]:
        return await roster_plans.add_leader_day(work, actor, PersonId(body.person), span), "published"

    return await _once(request, deed, status=201)


async def cancel(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/rosters/overrides|actings|leader-days/{change}/cancel`: take a change back."""
    actor = officer(request)
    await body_of(request, Nothing)
    kinds = {"overrides": "override", "actings": "acting", "leader-days": "leader_day"}
    kind, chosen = kinds[request.path.split("/")[-3]], request.match_info["change"]

    async def deed(work: Work) -> tuple[str, str]:
        await roster_plans.cancel(work, actor, kind, chosen)
        return chosen, "cancelled"

    return await _once(request, deed)


async def check_channel(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/rosters/channels`: write down whether somebody can be reached in one way."""
    actor, body = officer(request), await body_of(request, ChannelBody)
    if body.kind not in roster_alerts.CHANNELS:
        raise BadInput({"kind": "unknown"})

    async def deed(work: Work) -> tuple[str, str]:
        person = PersonId(body.person)
        await roster_alerts.check_channel(work, actor, person, body.kind, works=body.works)
        return body.person, "works" if body.works else "does_not_work"

    return await _once(request, deed)
