"""Who acts: a member of staff, or a township terminal.  Built from the login, never from a request."""

from dataclasses import dataclass

from reception.domain.ids import DeviceId, PersonId, PlaceId
from reception.domain.roles import Role
from signaling.ids import SeatId


@dataclass(frozen=True, slots=True)
class Officer:
    """A signed-in member of staff.

    Attributes:
        login: id of the login session; scope of idempotency keys, and what a revocation closes.
    """

    person: PersonId
    username: str
    name: str
    post: str
    unit: str
    roles: frozenset[Role]
    login: str

    @property
    def seat(self) -> SeatId:
        """The person's place on the wire."""
        return seat_of_person(self.person)


@dataclass(frozen=True, slots=True)
class Terminal:
    """An enrolled township terminal."""

    device: DeviceId
    place: PlaceId
    unit: str
    login: str

    @property
    def roles(self) -> frozenset[Role]:
        """A terminal has exactly one role."""
        return frozenset({Role.TERMINAL})

    @property
    def seat(self) -> SeatId:
        """The terminal's place on the wire."""
        return seat_of_device(self.device)


Actor = Officer | Terminal


_PERSON = "p-"


def seat_of_person(person: PersonId) -> SeatId:
    """Name a person's seat."""
    return SeatId(f"{_PERSON}{person}")


def person_of_seat(seat: SeatId) -> PersonId | None:
    """Return whose seat this is; None for a terminal's."""
    return PersonId(seat.removeprefix(_PERSON)) if seat.startswith(_PERSON) else None


def seat_of_device(device: DeviceId) -> SeatId:
    """Name a terminal's seat."""
    return SeatId(f"t-{device}")
