"""Bodies and answers of bringing people in: posts, invitations, attendance, one-time links, guests."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from reception.web.api.answers import Answer
from reception.web.api.bodies import Body, Code, Id

Title = Annotated[str, Meta(max_length=80)]


# Asking by post


class PostView(Answer, kw_only=True):
    """A post that may be asked into a call."""

    role: str
    unit: str
    name: str


class PostsView(Answer, kw_only=True):
    """Every post that may be asked into a call."""

    posts: list[PostView]


class CandidateView(Answer, kw_only=True):
    """Somebody who holds a post now, or acts for who does."""

    person: str
    name: str
    post: str
    why: str
    instead_of: str | None
    reachable: bool
    barred: bool
    asked: bool


class CandidatesView(Answer, kw_only=True):
    """Whom to ask for a post, in order."""

    candidates: list[CandidateView]


class InviteRole(Body, kw_only=True):
    """Ask whoever holds a post; `person` names one of the acting chain."""

    role: Code
    unit: Id
    person: Id = ""
    summary: bool = False


class InvitedAnswer(Answer, kw_only=True):
    """Who is being asked."""

    attendance: str
    person: str


# Attendance


class AskedView(Answer, kw_only=True):
    """One person who was asked, and what became of it."""

    id: str
    role: str
    unit_id: str | None
    unit: str
    person: str | None
    guest: str | None
    name: str
    post: str
    why: str
    instead_of: str | None
    presence: str
    is_held: bool
    asked_at: datetime
    joined_at: datetime | None
    left_at: datetime | None
    absence: str | None


class GuestLineView(Answer, kw_only=True):
    """A one-time link as its host sees it."""

    guest: str
    role: str
    title: str
    state: str
    end: str | None
    name: str
    expires_at: datetime


class AttendanceView(Answer, kw_only=True):
    """Everybody who was asked into a visit."""

    asked: list[AskedView]
    guests: list[GuestLineView]


class AbsenceBody(Body, kw_only=True):
    """Why somebody did not come."""

    reason: Code


class AbsenceConfirmed(Answer, kw_only=True):
    """The reason stands."""

    attendance: str
    reason: str


class MakeGuestLink(Body, kw_only=True):
    """Somebody without an account is asked in; `not_before` delays the link, now by default."""

    role: Code
    title: Title
    not_before: Annotated[datetime, Meta(tz=True)] | None = None


class GuestLinkMade(Answer, kw_only=True):
    """A new link: shown once, to its host."""

    guest: str
    link: str
    qr: str
    code: str
    expires_at: datetime


class GuestStands(Answer, kw_only=True):
    """What a host's deed left a link in."""

    guest: str
    state: str


class RedeemLink(Body, kw_only=True):
    """The token of the address, and what this browser alone knows."""

    token: Annotated[str, Meta(min_length=1, max_length=128)]
    browser: Annotated[str, Meta(min_length=32, max_length=64)]


class GuestCode(Body, kw_only=True):
    """The six digits that came by another way."""

    code: Annotated[str, Meta(max_length=16)]


class GuestName(Body, kw_only=True):
    """What the guest is called."""

    name: Annotated[str, Meta(max_length=80)]


class GuestPageView(Answer, kw_only=True):
    """What a guest's page shows; `state` is `none` for a browser that is bound to no link."""

    state: str
    end: str | None = None
    seat: str = ""
    room: str = ""
    title: str = ""
    host_name: str = ""
    host_post: str = ""
    tries: int = 0
    live: bool = False


# A department's liaison


class BriefView(Answer, kw_only=True):
    """What a liaison may know before coming: never who the visitor is."""

    visit: str
    ticket: str
    matter_kinds: list[str]
    summaries: list[str]
    from_name: str
    from_post: str
    asked_at: datetime


class LiaisonCall(Answer, kw_only=True):
    """The call that a liaison is in."""

    visit: str
    room: str


class LiaisonView(Answer, kw_only=True):
    """Everything that a liaison's page shows when it is opened."""

    person: str
    name: str
    post: str
    unit: str
    seat: str
    state: str
    invitations: list[BriefView]
    current: LiaisonCall | None


class LiaisonDuty(Answer, kw_only=True):
    """A liaison's duty state."""

    state: str
