"""May this actor do this, here?  One pure answer for handlers, socket commands and templates alike."""

from dataclasses import dataclass
from typing import Protocol

from reception.domain.errors import NotAllowed, NotFound
from reception.domain.policy import Action, Scope, scopes_of
from reception.domain.roles import Role


class Actor(Protocol):
    """What the answer depends on; officers and terminals have it."""

    @property
    def roles(self) -> frozenset[Role]:
        """Roles held at this moment."""
        ...

    @property
    def unit(self) -> str:
        """The unit that the actor belongs to."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a visit belongs, as far as access depends on it.

    Attributes:
        unit: the township that it was registered in.
        is_direct: it went to the county without the township.
    """

    unit: str
    is_direct: bool


def may(actor: Actor, action: Action, *, is_own: bool = False, place: Place | None = None) -> None:
    """Return if the actor may do `action`; raise otherwise.

    Args:
        is_own: the thing is shown to be the actor's own, e.g. an officer's own visit.
        place: where the thing belongs; None where the query is narrowed to the scope instead.

    Raises:
        NotAllowed: no role of the actor carries the action, or only for what is their own.
        NotFound: the thing is outside what the actor may know of: it looks as if it did not exist.
    """
    scopes = scopes_of(actor.roles, action)
    if Scope.ANY in scopes or Scope.PART in scopes:
        return
    if Scope.OWN in scopes and is_own:
        return
    if Scope.UNIT in scopes:
        if place is not None and (place.is_direct or place.unit != actor.unit):
            raise NotFound
        return
    raise NotAllowed


def can(actor: Actor, action: Action, *, is_own: bool = False, place: Place | None = None) -> bool:
    """Tell what `may` would say, e.g. to leave a button out."""
    try:
        may(actor, action, is_own=is_own, place=place)
    except (NotAllowed, NotFound):
        return False
    return True
