"""The life of a one-time link, from its making to its end: no IO, no clock."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reception.domain.errors import Refusal
from reception.domain.visits import VisitState

CODE_TRIES = 5
# A link lives as long as its visit may still be talked in.
_ALIVE = frozenset({VisitState.IN_CALL, VisitState.SUSPENDED})


class GuestRole(StrEnum):
    """What somebody without an account is asked in for; also the role under their picture."""

    INTERPRETER = "interpreter"  # 翻译（手语、方言、少数民族语言）
    EXPERT = "expert"  # 专家
    DEPARTMENT = "department"  # 职能部门工作人员
    OTHER = "other"


class GuestState(StrEnum):
    ISSUED = "issued"  # nobody has opened the link
    CODE = "code"  # bound to a browser that still owes the code
    NAME = "name"  # the code was right
    LOBBY = "lobby"  # waits for the host
    ADMITTED = "admitted"
    OVER = "over"


class GuestEnd(StrEnum):
    """Why a link is dead."""

    EXPIRED = "expired"
    REVOKED = "revoked"
    CODE_SPENT = "code_spent"
    REMOVED = "removed"
    VISIT_OVER = "visit_over"


class LinkUnknown(Refusal):
    """No such link, or only a part of it was opened."""

    code = "guest_link_unknown"


class LinkUsed(Refusal):
    """Another browser was first; a link is good for one."""

    code = "guest_link_used"


class LinkEarly(Refusal):
    """The link is not good yet."""

    code = "guest_link_early"


class LinkDead(Refusal):
    """The link is over; the code on the wire says for which reason of GuestEnd."""

    code = "guest_link_dead"

    def __init__(self, why: GuestEnd) -> None:
        super().__init__(why)
        self.code = f"guest_link_{why}"


class CodeWrong(Refusal):
    """These are not the six digits that the host has."""

    code = "guest_code_wrong"


class WrongGuestState(Refusal):
    """The link does not stand where this is possible."""

    code = "guest_wrong_state"


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What the standing of a link follows from."""

    not_before: datetime
    expires_at: datetime
    redeemed_at: datetime | None
    proven_at: datetime | None
    waiting_at: datetime | None
    admitted_at: datetime | None
    why_ended: str | None
    is_removed: bool
    visit: VisitState


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a link stands; `end` says why it is over."""

    state: GuestState
    end: GuestEnd | None = None

    def refuse_dead(self) -> None:
        """Raise LinkDead if the link is over."""
        if self.end is not None:
            raise LinkDead(self.end)


def standing_of(link: LinkFacts, now: datetime) -> Standing:
    """Tell where a link stands; time matters until the code was right, the visit always."""
    end = _end_of(link, now)
    if end is not None:
        return Standing(GuestState.OVER, end)
    if link.redeemed_at is None:
        return Standing(GuestState.ISSUED)
    if link.proven_at is None:
        return Standing(GuestState.CODE)
    if link.waiting_at is None:
        return Standing(GuestState.NAME)
    return Standing(GuestState.LOBBY if link.admitted_at is None else GuestState.ADMITTED)


def _end_of(link: LinkFacts, now: datetime) -> GuestEnd | None:
    if link.why_ended is not None:
        return GuestEnd(link.why_ended)
    if link.is_removed:
        return GuestEnd.REMOVED
    if link.visit not in _ALIVE:
        return GuestEnd.VISIT_OVER
    if link.proven_at is None and link.expires_at <= now:
        return GuestEnd.EXPIRED
    return None
