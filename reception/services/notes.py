"""What a use case wants told to the sockets once its transaction is committed.

Services return facts; `reception.switchboard` turns them into messages.
Nothing here is a promise: whoever misses a note sees the same on the next look at the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reception.domain.ids import PersonId, VisitId
from signaling.ids import SeatId

RingWhy = Literal["answered", "declined", "cancelled", "unanswered", "off_duty"]


@dataclass(frozen=True, slots=True)
class Rung:
    """These officers' bells started for the visit."""

    visit: VisitId
    people: tuple[PersonId, ...]


@dataclass(frozen=True, slots=True)
class RingStopped:
    """These officers' bells are to fall silent."""

    visit: VisitId
    people: tuple[PersonId, ...]
    why: RingWhy


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """The queue that desks and waiting terminals see is another one."""


@dataclass(frozen=True, slots=True)
class VisitChanged:
    """The visit's state, place in the queue or receipt changed."""

    visit: VisitId


@dataclass(frozen=True, slots=True)
class DutyChanged:
    """A person's duty state may have changed."""

    person: PersonId


@dataclass(frozen=True, slots=True)
class RoomOpened:
    """An officer answered, or a suspended visit goes on: open the visit's room, with the countdown."""

    visit: VisitId


@dataclass(frozen=True, slots=True)
class Invited:
    """A third person is asked into the call."""

    visit: VisitId
    person: PersonId
    by: PersonId


@dataclass(frozen=True, slots=True)
class Said:
    """A line of the conversation, for everybody who was in the call when it was written."""

    visit: VisitId
    line: str
    seats: tuple[SeatId, ...]


@dataclass(frozen=True, slots=True)
class Admitted:
    """A third person may join the room now."""

    visit: VisitId
    seat: SeatId


@dataclass(frozen=True, slots=True)
class RoomClosed:
    """The call is over, or suspended: its room may be opened again."""

    visit: VisitId
    why: str  # ended | stopped | lost | suspended


@dataclass(frozen=True, slots=True)
class ConditionsChanged:
    """Somebody is held or released, a private part began or ended, or somebody else leads."""

    visit: VisitId


@dataclass(frozen=True, slots=True)
class Removed:
    """A seat has no place in the call any more."""

    visit: VisitId
    seat: SeatId
    why: str  # removed | left


# What a page shows, read anew from the database; said late or twice it does no harm.
View = QueueChanged | VisitChanged | DutyChanged
# What a seat has to be told once, however late: it goes through the journal (`services.facts`).
Lasting = Rung | RingStopped | Invited | Said
# What happened once and must be carried in order, before the answer to whoever did it.
Deed = Lasting | RoomOpened | Admitted | ConditionsChanged | Removed | RoomClosed
Note = View | Deed
Notes = Sequence[Note]
