"""How much of the week's board somebody sees: a pure answer, one place.  No IO, no clock.

Nobody sees who is expected: an appointment shows its ticket and what it is for, never a name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from reception.domain.errors import NotAllowed
from reception.domain.ids import PersonId
from reception.domain.policy import Action, Scope, scopes_of
from reception.domain.roles import Role


class Detail(StrEnum):
    """How much of one appointment is shown."""

    FULL = "full"  # ticket, kind, state, who and where, and what may be done with it
    OCCUPIED = "occupied"  # that somebody's time is taken, not by whom
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class BoardSight:
    """What one viewer sees.

    Attributes:
        sees_all: every room and official, in full.
        township: the unit whose rooms are seen in full; others are only occupied.
        only_for: the person whose appointments are the only ones that exist for the viewer.
    """

    sees_all: bool = False
    township: str | None = None
    only_for: PersonId | None = None

    def detail(self, *, room_unit: str, people: Iterable[str]) -> Detail:
        """Say how much of an appointment is seen.

        Args:
            room_unit: the township whose room it takes place in.
            people: the officials who take part.
        """
        if self.sees_all or (self.township is not None and room_unit == self.township):
            return Detail.FULL
        if self.only_for is not None:
            return Detail.FULL if self.only_for in people else Detail.NOTHING
        return Detail.OCCUPIED if self.township is not None else Detail.NOTHING


def board_sight(roles: Iterable[Role], *, unit: str, person: PersonId) -> BoardSight:
    """Return what somebody sees of the board, by the policy.

    Raises:
        NotAllowed: no role of theirs lets them see it at all.
    """
    scopes = scopes_of(roles, Action.SEE_SCHEDULE)
    if Scope.ANY in scopes:
        return BoardSight(sees_all=True)
    if Scope.UNIT in scopes:
        return BoardSight(township=unit)
    if Scope.OWN in scopes:
        return BoardSight(only_for=person)
    raise NotAllowed
