"""Bodies and answers of what is done to a running call: hold, private part, removal, lead."""

from typing import Annotated

from msgspec import Meta

from reception.domain.conditions import RemoveReason
from reception.web.api.answers import Answer
from reception.web.api.bodies import Body
from signaling.messages import MAX_MEMBERS

Seat = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+\Z", min_length=1, max_length=64)]


class HoldSeat(Body, kw_only=True):
    """Put somebody on hold, or release them."""

    seat: Seat
    on: bool


class PrivatePart(Body, kw_only=True):
    """Between whom a private part is; null ends it."""

    seats: Annotated[list[Seat], Meta(max_length=MAX_MEMBERS)] | None


class RemoveSeat(Body, kw_only=True):
    """Put somebody out of the call."""

    seat: Seat
    reason: RemoveReason


class ReadmitSeat(Body, kw_only=True):
    """Let somebody who was put out be invited again."""

    seat: Seat


class OfferLead(Body, kw_only=True):
    """Who is asked to lead the call; null withdraws the question."""

    seat: Seat | None


class CallChanged(Answer, kw_only=True):
    """It is done, and the media plane has it."""

    visit: str


class PutOutView(Answer, kw_only=True):
    """Somebody who was put out and may not come back by themselves."""

    seat: str
    name: str
    role: str
    reason: str


class PutOutList(Answer, kw_only=True):
    """Everybody who was put out of a call."""

    removed: list[PutOutView]
