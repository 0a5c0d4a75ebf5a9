"""Who should have come into a call and what became of it: no IO, no clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reception.domain.errors import Refusal

RINGS_FOR = timedelta(seconds=30)  # then the next of the chain is offered


class Presence(StrEnum):
    """What became of somebody who was asked."""

    UNREACHED = "unreached"  # no page of theirs was connected
    RINGING = "ringing"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    PASSED_ON = "passed_on"  # the next of the chain was asked instead
    ACCEPTED = "accepted"
    PRESENT = "present"
    LEFT = "left"
    WITHDRAWN = "withdrawn"  # the visit was over, or the link dead, before they came


class Absence(StrEnum):
    """Why somebody did not come; chosen by a person who asked."""

    ON_LEAVE = "on_leave"
    OTHER_DUTY = "other_duty"
    NO_CHANNEL = "no_channel"  # no working device or line
    NOT_INFORMED = "not_informed"
    REFUSED = "refused"
    NOT_NEEDED = "not_needed"  # the matter was settled without them


class CameAfterAll(Refusal):
    """The person was in the call, or still may come."""

    code = "came_after_all"


class NotInPost(Refusal):
    """The person does not hold this post now, nor acts for who does."""

    code = "not_in_post"


class NobodyInPost(Refusal):
    """Nobody holds this post now."""

    code = "nobody_in_post"


class InvitationOver(Refusal):
    """The invitation was withdrawn or passed on."""

    code = "invitation_over"


@dataclass(frozen=True, slots=True)
class Asked:
    """The moments of one invitation."""

    asked_at: datetime
    rung_at: datetime | None
    accepted_at: datetime | None
    joined_at: datetime | None
    left_at: datetime | None
    why_closed: str | None


_CLOSED = {"declined": Presence.DECLINED, "passed_on": Presence.PASSED_ON}


def presence_of(asked: Asked, now: datetime) -> Presence:
    """Tell what became of an invitation."""
    if asked.joined_at is not None:
        return Presence.PRESENT if asked.left_at is None else Presence.LEFT
    if asked.why_closed is not None:
        return _CLOSED.get(asked.why_closed, Presence.WITHDRAWN)
    if asked.accepted_at is not None:
        return Presence.ACCEPTED
    if asked.rung_at is None:
        return Presence.UNREACHED
    return Presence.RINGING if now - asked.asked_at < RINGS_FOR else Presence.NO_ANSWER


# The host is offered the next of the chain.
GIVES_WAY = frozenset({Presence.UNREACHED, Presence.NO_ANSWER, Presence.DECLINED})
# Nobody came, and the host may still be waiting for nobody.
ABSENT = GIVES_WAY | {Presence.PASSED_ON, Presence.WITHDRAWN}
