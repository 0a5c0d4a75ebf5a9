"""What a viewer of the board may do: with an appointment in its present state, and with the board itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from reception.domain.access import Place, can
from reception.domain.actors import Officer
from reception.domain.policy import Action
from reception.domain.roles import COUNTY
from reception.services.work import OFFICE_TIME
from scheduling.domain.appointments import AppointmentState
from scheduling.store.appointment_tables import AppointmentRow

_S, _A = AppointmentState, Action

# Deeds by state, in the order in which they are offered, with what the policy calls them.
_BY_STATE: Mapping[AppointmentState, tuple[tuple[str, Action], ...]] = MappingProxyType(
    {
        _S.HELD: (
            ("request", _A.BOOK_APPOINTMENT),
            ("move", _A.BOOK_APPOINTMENT),
            ("cancel", _A.BOOK_APPOINTMENT),
        ),
        _S.REQUESTED: (
            ("approve", _A.DECIDE_APPOINTMENT),
            ("reject", _A.DECIDE_APPOINTMENT),
            ("move", _A.BOOK_APPOINTMENT),
            ("cancel", _A.BOOK_APPOINTMENT),
        ),
        _S.APPROVED: (
            ("arrive", _A.BOOK_APPOINTMENT),
            ("no_show", _A.CONFIRM_NO_SHOW),
            ("move", _A.BOOK_APPOINTMENT),
            ("cancel", _A.BOOK_APPOINTMENT),
        ),
        _S.ARRIVED: (
            ("done", _A.DECIDE_APPOINTMENT),
            ("no_show", _A.CONFIRM_NO_SHOW),
            ("cancel", _A.BOOK_APPOINTMENT),
        ),
        _S.IN_VISIT: (("done", _A.DECIDE_APPOINTMENT),),
    }
)
_TOWNSHIP_MOVES = frozenset({_S.HELD, _S.REQUESTED})


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at the board, and when."""

    actor: Officer
    now: datetime


def deeds_of(viewer: Viewer, row: AppointmentRow, *, room_unit: str) -> tuple[str, ...]:
    """Return what the viewer may do with an appointment now; the service decides again when it is done."""
    return tuple(_deeds(viewer, row, Place(room_unit, is_direct=False)))


def _deeds(viewer: Viewer, row: AppointmentRow, place: Place) -> Iterator[str]:
    actor, state = viewer.actor, AppointmentState(row.state)
    is_own = row.official_id == actor.person
    for deed, action in _BY_STATE.get(state, ()):
        if _is_possible(deed, viewer, row) and can(actor, action, is_own=is_own, place=place):
            yield deed


def _is_possible(deed: str, viewer: Viewer, row: AppointmentRow) -> bool:
    """Leave out what the hour does not allow yet, and what the county alone may still change."""
    if deed == "arrive":
        return row.held_on == viewer.now.astimezone(OFFICE_TIME).date()
    if deed == "no_show":
        return viewer.now >= row.starts_at
    if deed == "move":
        return bool(viewer.actor.roles & COUNTY) or AppointmentState(row.state) in _TOWNSHIP_MOVES
    return True


def may_on_board(actor: Officer) -> tuple[str, ...]:
    """Return what the actor may do that concerns no single appointment."""
    deeds = {
        "book": Action.BOOK_APPOINTMENT,
        "block": Action.BLOCK_ROOM,
        "reallocate": Action.REALLOCATE_DAY,
    }
    place = Place(actor.unit, is_direct=False)
    return tuple(deed for deed, action in deeds.items() if can(actor, action, place=place))
