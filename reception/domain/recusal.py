"""Who takes no part in a case and who decides on it: reasons, ranks, and what binds when.  No IO.

Source: 信访工作条例 art. 40; reliability paper 9.4.
"""

from collections.abc import Collection
from enum import StrEnum

from reception.domain.errors import Refusal
from reception.domain.roles import Role


class RecusalReason(StrEnum):
    """Why somebody takes no part; a code, because the reason itself may name people."""

    ACQUAINTED = "acquainted"  # 与当事人熟识
    HANDLED_BEFORE = "handled_before"  # 曾经办过该事项
    INTEREST = "interest"  # 有利害关系
    VISITOR_DISTRUSTS = "visitor_distrusts"  # 来访人不信任
    OTHER = "other"


class Origin(StrEnum):
    """Whose word it is."""

    OWN = "own"  # binds from the moment it is given
    VISITOR = "visitor"  # binds once it is granted
    ABOVE = "above"  # the visitor's, against somebody on whom only the level above decides: binds at once


class Decision(StrEnum):
    GRANTED = "granted"
    REFUSED = "refused"


class AlreadyRecused(Refusal):
    """The person is recused from this case already, or the decision is awaited."""

    code = "already_recused"


class AlreadyDecided(Refusal):
    """Somebody has decided by now."""

    code = "already_decided"


_RANKS = {Role.SECTION_DIRECTOR: 1, Role.BRANCH_LEADER: 2, Role.MAIN_LEADER: 3}
_HIGHEST = max(_RANKS.values())


def rank_of(roles: Collection[Role]) -> int:
    """Return how high somebody stands: 0 for who leads nobody, 3 for the main leader."""
    return max((_RANKS.get(role, 0) for role in roles), default=0)


def may_decide(decider: Collection[Role], recused: Collection[Role]) -> bool:
    """Tell whether somebody with these roles decides on somebody with those: always from a level above."""
    return rank_of(decider) > rank_of(recused)


def origin_of(recused: Collection[Role], *, is_own: bool) -> Origin:
    """Return what a request counts as: nobody here decides on the main leader, so a visitor's word binds."""
    if is_own:
        return Origin.OWN
    return Origin.ABOVE if rank_of(recused) == _HIGHEST else Origin.VISITOR
