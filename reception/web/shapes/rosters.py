"""Bodies and answers of the rosters' API."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from reception.web.api.answers import Answer
from reception.web.api.bodies import Body, Moment
from scheduling.domain.rotation import Handover

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Clock = Annotated[str, msgspec.Meta(max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
People = Annotated[list[Id], msgspec.Meta(max_length=40)]


class RotationBody(Body, kw_only=True):
    """People who take turns on a post.

    `rule` is an RRULE about days; a time in `closes` that is not after `opens` is on the next day.
    """

    role: Id
    unit: Id
    members: People
    rule: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    opens: Clock
    closes: Clock
    starts_on: date
    handover: Handover = Handover.WEEKLY
    working_days_only: bool = True


class RotationChange(Body, kw_only=True):
    """Other members, and perhaps a last day."""

    members: People
    ends_on: date | None = None


class OverrideBody(Body, kw_only=True):
    """Somebody on a post for a time; without `instead_of` in place of everybody there."""

    role: Id
    unit: Id
    person: Id
    starts_at: Moment
    ends_at: Moment
    instead_of: Id | None = None


class SwapBody(Body, kw_only=True):
    """An own shift that is offered, to one colleague or to all.

    `back_starts_at` is the shift of that colleague that is wanted in return.
    """

    role: Id
    unit: Id
    starts_at: Moment
    to: Id | None = None
    back_starts_at: Moment | None = None


class LeaveBody(Body, kw_only=True):
    """Somebody's leave."""

    person: Id
    starts_at: Moment
    ends_at: Moment
    kind: Id = "leave"


class ActingBody(Body, kw_only=True):
    """A deputy for somebody's leave; no end means until further notice."""

    person: Id
    deputy: Id
    starts_at: Moment
    ends_at: Moment | None = None


class LeaderDayBody(Body, kw_only=True):
    """A leader's reception day."""

    person: Id
    starts_at: Moment
    ends_at: Moment


class StandingBody(Body, kw_only=True):
    """Who holds a post when no shift applies, first to ring first."""

    role: Id
    unit: Id
    people: People


class ChannelBody(Body, kw_only=True):
    """Whether somebody could be reached in one way; never the number."""

    person: Id
    kind: Id
    works: bool


class RosterChanged(Answer, kw_only=True):
    """What was written, and the state it is in."""

    id: str
    state: str


class OnPostView(Answer, kw_only=True):
    """Somebody to ring for a post; `deputy` comes behind those who are on it."""

    person: str
    name: str
    post: str
    why: str
    instead_of: str | None
    is_reachable: bool
    is_present: bool
    until: datetime | None


class WhoView(Answer, kw_only=True):
    """Whom to ring for a post, in order."""

    role: str
    unit: str
    at: datetime
    people: list[OnPostView]


class GapView(Answer, kw_only=True):
    """A time in which nobody is on a post and somebody should be."""

    starts_at: datetime
    ends_at: datetime


class RosterShareView(Answer, kw_only=True):
    """What one person does on a post in the period."""

    person: str
    shifts: int
    hours: float


class PostReportView(Answer, kw_only=True):
    """How well one post is filled."""

    role: str
    unit: str
    unit_name: str
    expected_hours: float
    gap_hours: float
    spread_hours: float
    gaps: list[GapView]
    shares: list[RosterShareView]


class RosterReport(Answer, kw_only=True):
    """How well every post is filled from one office date to another, both included."""

    from_date: date
    to_date: date
    posts: list[PostReportView]
