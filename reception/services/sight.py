"""How far an actor sees: the whole county, one township, or nothing."""

from dataclasses import dataclass

from reception.domain.actors import Officer
from reception.domain.errors import NotAllowed
from reception.domain.roles import COUNTY, Role


@dataclass(frozen=True, slots=True)
class Sight:
    """`township` None means the whole county; `content` whether texts of a case may be read."""

    township: str | None
    content: bool


def sight_of(actor: Officer) -> Sight:
    """Return how far an officer sees; deny by default."""
    if actor.roles & COUNTY:
        return Sight(township=None, content=True)
    if Role.TOWNSHIP_OFFICER in actor.roles:
        return Sight(township=actor.unit, content=False)
    raise NotAllowed
