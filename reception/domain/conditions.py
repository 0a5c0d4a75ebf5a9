"""Rules of a running call: who may be put on hold or out of it, and who leads it.  No IO.

Source: domain paper 3.11 and N-4.  What of it the media plane enforces is `signaling.media.forwarding`.
"""

from collections.abc import Collection
from enum import StrEnum

from reception.domain.errors import BadInput, Refusal

PRIVATE_LEAST = 2  # a private part is a talk: it takes two


class RemoveReason(StrEnum):
    """Why somebody is put out of a call; a closed list, because the record keeps it."""

    DISTURBS = "disturbs"  # 扰乱接访秩序
    NOT_NEEDED = "not_needed"  # 不再需要参加
    WRONG_PERSON = "wrong_person"  # 请错了人
    UNKNOWN_PERSON = "unknown_person"  # 身份无法确认
    CONFLICT = "conflict"  # 需要回避


class NotLeading(Refusal):
    """Only the officer who received the visit, or whoever leads the call now, may do this."""

    code = "not_leading"


class NotInCall(Refusal):
    """Nobody in this call has that seat."""

    code = "not_in_call"


class NotYourself(Refusal):
    """Who conducts a call does not hold or remove their own seat."""

    code = "not_yourself"


class CannotRemove(Refusal):
    """The visitor and the officer who received the visit are the call: end it, or hand it over."""

    code = "cannot_remove"


class RemovedFromCall(Refusal):
    """Put out of this visit; only who conducts it can let this person in again."""

    code = "removed_from_call"


class LeadNotTaken(Refusal):
    """Whoever leads a call may leave it only when somebody else has taken the lead."""

    code = "lead_not_taken"


class LeadNotOffered(Refusal):
    """The lead was not offered to this person, or the offer was withdrawn."""

    code = "lead_not_offered"


class CannotLead(Refusal):
    """A visitor or a guest by link does not lead a call: it takes a member of staff."""

    code = "cannot_lead"


def refuse_private(seats: Collection[str], present: Collection[str]) -> None:
    """Raise BadInput unless a private part between these seats makes sense among those in the call."""
    if not set(seats) <= set(present):
        raise BadInput({"seats": "unknown"})
    if len(set(seats)) < PRIVATE_LEAST:
        raise BadInput({"seats": "too_few"})
