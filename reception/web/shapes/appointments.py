"""Bodies and answers of the API of appointments."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from reception.web.api.answers import Answer
from reception.web.api.bodies import Body, Code, Id, Moment

Note = Annotated[str, Meta(max_length=500)]
Minutes = Annotated[int, Meta(ge=15, le=240)]


class Book(Body, kw_only=True):
    """Room, official and liaison at one hour; `case` is the case's number."""

    room: Id
    official: Id
    liaison: Id | None = None
    starts_at: Moment
    minutes: Minutes
    case: Id | None = None
    kind: Code = "visit"
    note: Note = ""


class Reject(Body, kw_only=True):
    """Why a request is not accepted, from the list."""

    reason: Code


class CancelAppointment(Body, kw_only=True):
    """Why an appointment is cancelled, from the list."""

    reason: Code


class MoveAppointment(Body, kw_only=True):
    """Another hour, and where named another room, official or liaison."""

    starts_at: Moment
    room: Id | None = None
    official: Id | None = None
    liaison: Id | None = None
    version: int


class NoShow(Body, kw_only=True):
    """Who did not come and why, confirmed by a person."""

    side: Code
    reason: Code


class BlockRoom(Body, kw_only=True):
    """From when to when a room is out of use."""

    room: Id
    starts_at: Moment
    ends_at: Moment
    reason: Code


class Reallocate(Body, kw_only=True):
    """Which day to give away, and to whom; without a name to the same post."""

    date: date
    to: Id | None = None


class AppointmentView(Answer, kw_only=True):
    """An appointment as it stands after the request."""

    id: str
    state: str
    version: int
    room: str
    official: str
    liaison: str | None
    starts_at: datetime
    ends_at: datetime
    hold_until: datetime | None
    ticket: str | None


class RoomBlocked(Answer, kw_only=True):
    """A block that was made, and the appointments that stand in it."""

    id: str
    affected: list[str]


class RoomUnblocked(Answer, kw_only=True):
    """A block that was lifted."""

    id: str


class HandedOver(Answer, kw_only=True):
    """An appointment that somebody else has now."""

    appointment: str
    official: str


class DayReallocated(Answer, kw_only=True):
    """Who took what of a day, and what nobody could take."""

    moved: list[HandedOver]
    left: list[str]


class MissedView(Answer, kw_only=True):
    """An appointment that a side seems to have missed; a suggestion, for a person to confirm."""

    appointment: str
    ticket: str | None
    official: str
    starts_at: datetime
    side: str


class MissedToday(Answer, kw_only=True):
    """What of today seems to have been missed, earliest first."""

    missed: list[MissedView]


class ExpectedView(Answer, kw_only=True):
    """One of today's appointments at a terminal: a number and an hour, nobody's name."""

    appointment: str
    ticket: str
    starts_at: datetime
    state: str


class ExpectedToday(Answer, kw_only=True):
    """Today's appointments of a terminal's room, earliest first."""

    appointments: list[ExpectedView]
