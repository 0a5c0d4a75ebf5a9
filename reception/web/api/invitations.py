"""API of asking people in, from both sides: the host who asks, and who is asked."""

from datetime import datetime, timedelta

import msgspec
import segno
from aiohttp import web

from reception.domain.errors import BadInput
from reception.domain.guests import GuestState
from reception.domain.ids import GuestId, PersonId, VisitId
from reception.domain.roles import Role
from reception.keys import EDGE, SETTINGS, SWITCHBOARD
from reception.services import attendance, guest_links, invitations, liaisons
from reception.services.call_control import led
from reception.services.work import Work
from reception.web.api.answers import Answer, AnsweredVisit, VisitMoved
from reception.web.api.bodies import DutyOn, Nothing
from reception.web.commands import answered, as_answer, run_once
from reception.web.principals import officer
from reception.web.requests import body_of
from reception.web.shapes.calls import (
    AbsenceBody,
    AbsenceConfirmed,
    AskedView,
    AttendanceView,
    BriefView,
    CandidatesView,
    CandidateView,
    GuestLineView,
    GuestLinkMade,
    GuestStands,
    InvitedAnswer,
    InviteRole,
    LiaisonCall,
    LiaisonDuty,
    LiaisonView,
    MakeGuestLink,
    PostsView,
    PostView,
)
from reception.web.sockets import close_logins


class _MadeLink(Answer, kw_only=True):
    guest: str
    expires_at: datetime


async def list_posts(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/posts`: which posts may be asked into a call."""
    found = await request.app[EDGE].read(invitations.posts)
    return answered(PostsView(posts=as_answer(list[PostView], found)))


async def list_candidates(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/visits/{visit}/candidates?role=&unit=`: who holds a post now, and who acts for them."""
    actor, visit = officer(request), VisitId(request.match_info["visit"])
    role, unit = _role(request.query.get("role", "")), request.query.get("unit", "")[:64]
    present = request.app[SWITCHBOARD].people_present()
    found = await request.app[EDGE].read(
        lambda work: invitations.choices(work, actor, visit, role, unit, present)
    )
    return answered(
        CandidatesView(
            candidates=[
                CandidateView(
                    person=one.who.person,
                    name=one.who.name,
                    post=one.who.post,
                    why=one.who.why,
                    instead_of=one.who.instead_of,
                    reachable=one.who.is_present,
                    barred=one.is_barred,
                    asked=one.is_asked,
                )
                for one in found
            ]
        )
    )


def _role(code: str) -> Role:
    if code not in invitations.POSTS:
        raise BadInput({"role": "unknown"})
    return Role(code)


async def invite_role(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/invite-role`: ring whoever holds a post now."""
    actor, body = officer(request), await body_of(request, InviteRole)
    visit, role = VisitId(request.match_info["visit"]), _role(body.role)
    present = request.app[SWITCHBOARD].people_present()

    async def use_case(work: Work) -> InvitedAnswer:
        asked = await invitations.invite_role(
            work,
            actor,
            visit,
            role,
            body.unit,
            present,
            person=PersonId(body.person) if body.person else None,
            shows_summary=body.summary,
        )
        return InvitedAnswer(attendance=asked.id, person=asked.person_id or "")

    return await run_once(request, use_case)


async def accept(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/accept-invitation`: come into the call; a liaison arrives on hold."""
    await body_of(request, Nothing)
    actor, visit = officer(request), VisitId(request.match_info["visit"])

    async def use_case(work: Work) -> AnsweredVisit:
        return AnsweredVisit(visit=visit, room=visit, state=await invitations.accept(work, actor, visit))

    return await run_once(request, use_case)


async def decline(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/decline-invitation`: say that one does not come."""
    await body_of(request, Nothing)
    actor, visit = officer(request), VisitId(request.match_info["visit"])

    async def use_case(work: Work) -> VisitMoved:
        await invitations.decline(work, actor, visit)
        return VisitMoved(visit=visit, state="declined")

    return await run_once(request, use_case)


async def show_attendance(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/visits/{visit}/attendance`: who was asked into a call, for its leader, to its end."""
    actor, visit = officer(request), VisitId(request.match_info["visit"])

    async def read(work: Work) -> AttendanceView:
        await led(work, actor, visit)
        asked = (await attendance.asked_into(work, [visit])).get(visit, [])
        return AttendanceView(
            asked=as_answer(list[AskedView], asked),
            guests=as_answer(list[GuestLineView], await guest_links.lines_of(work, [visit])),
        )

    return answered(await request.app[EDGE].read(read))


async def confirm_absence(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/attendance/{attendance}/absence`: why somebody who was asked did not come."""
    actor, body = officer(request), await body_of(request, AbsenceBody)
    chosen = request.match_info["attendance"]

    async def use_case(work: Work) -> AbsenceConfirmed:
        await attendance.confirm_absence(work, actor, chosen, body.reason)
        return AbsenceConfirmed(attendance=chosen, reason=body.reason)

    return await run_once(request, use_case)


# One-time links


async def make_guest_link(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/guests`: a one-time link with its QR code and second-channel code."""
    actor, body = officer(request), await body_of(request, MakeGuestLink)
    visit = VisitId(request.match_info["visit"])
    valid_for = timedelta(minutes=request.app[SETTINGS].guest_link_min)

    async def use_case(work: Work) -> _MadeLink:
        made = await guest_links.make(
            work,
            actor,
            visit,
            role=body.role,
            title=body.title,
            valid_for=valid_for,
            not_before=body.not_before,
        )
        return _MadeLink(guest=made.id, expires_at=made.expires_at)

    kept = await run_once(request, use_case, status=201)
    # Only ids are stored with the answer; the secrets follow from them.
    made = msgspec.json.decode(kept.body if isinstance(kept.body, bytes) else b"", type=_MadeLink)
    return answered(await _shown(request, made), status=201)


async def _shown(request: web.Request, made: _MadeLink) -> GuestLinkMade:
    async def read(work: Work) -> guest_links.Secrets:
        return guest_links.secrets_of(work.vault, GuestId(made.guest))

    opened_by = await request.app[EDGE].read(read)
    link = f"{_origin(request)}/join#{opened_by.token}"
    return GuestLinkMade(
        guest=made.guest,
        link=link,
        qr=segno.make(link, error="m").svg_data_uri(scale=4),
        code=opened_by.code,
        expires_at=made.expires_at,
    )


def _origin(request: web.Request) -> str:
    """Return the origin that the host's own page came from: it was checked, so it is one of ours."""
    return request.headers.get("Origin") or min(request.app[SETTINGS].origins)


async def revoke_guest(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/guests/{guest}/revoke`: kill a link whose guest is not in the call."""
    await body_of(request, Nothing)
    actor, visit = officer(request), VisitId(request.match_info["visit"])
    guest = GuestId(request.match_info["guest"])

    async def use_case(work: Work) -> GuestStands:
        await guest_links.revoke(work, actor, visit, guest)
        return GuestStands(guest=guest, state=GuestState.OVER)

    answer = await run_once(request, use_case)
    await close_logins(request, [guest])
    return answer


async def admit_guest(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/visits/{visit}/guests/{guest}/admit`: let a guest out of the lobby into the call."""
    await body_of(request, Nothing)
    actor, visit = officer(request), VisitId(request.match_info["visit"])
    guest = GuestId(request.match_info["guest"])

    async def use_case(work: Work) -> GuestStands:
        await guest_links.admit(work, actor, visit, guest)
        return GuestStands(guest=guest, state=GuestState.ADMITTED)

    return await run_once(request, use_case)


# A department's liaison


async def show_liaison(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/liaison`: duty, open invitations, the call that one is in."""
    return answered(await liaison_view(request))


async def liaison_view(request: web.Request) -> LiaisonView:
    """Read everything that a liaison's page shows when it is opened."""
    actor = officer(request)
    told = await request.app[EDGE].read(lambda work: liaisons.read(work, actor))
    return LiaisonView(
        person=actor.person,
        name=actor.name,
        post=actor.post,
        unit=told.unit,
        seat=actor.seat,
        state=told.state,
        invitations=as_answer(list[BriefView], told.briefs),
        current=LiaisonCall(visit=told.current, room=told.current) if told.current else None,
    )


async def liaison_on(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/liaison/duty-on`: after the click, the test ring and the device check."""
    actor, body = officer(request), await body_of(request, DutyOn)

    async def use_case(work: Work) -> LiaisonDuty:
        state = await liaisons.go_on(
            work, actor, camera=body.camera, microphone=body.microphone, ring_heard=body.ring_heard
        )
        return LiaisonDuty(state=state)

    return await run_once(request, use_case)


async def liaison_off(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/liaison/duty-off`: nobody is rung here any more."""
    await body_of(request, Nothing)
    actor = officer(request)

    async def use_case(work: Work) -> LiaisonDuty:
        return LiaisonDuty(state=await liaisons.go_off(work, actor))

    return await run_once(request, use_case)
