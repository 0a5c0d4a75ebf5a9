"""Who acts: staff, a township terminal, or a guest.  Built from the login, never from a request."""

from dataclasses import dataclass

from reception.domain.ids import DeviceId, GuestId, PersonId, PlaceId, VisitId
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


@dataclass(frozen=True, slots=True)
class Guest:
    """Who came by a one-time link: part of one visit, and of nothing else."""

    guest: GuestId
    visit: VisitId

    @property
    def login(self) -> str:
        """A link is good for one browser, so it is its own login."""
        return self.guest

    @property
    def unit(self) -> str:
        """A guest belongs to no unit."""
        return ""

    @property
    def roles(self) -> frozenset[Role]:
        """A guest has exactly one role."""
        return frozenset({Role.GUEST})

    @property
    def seat(self) -> SeatId:
        """The guest's place on the wire."""
        return seat_of_guest(self.guest)


Actor = Officer | Terminal | Guest


_PERSON, _GUEST = "p-", "g-"


def seat_of_person(person: PersonId) -> SeatId:
    """Name a person's seat."""
    return SeatId(f"{_PERSON}{person}")


def person_of_seat(seat: SeatId) -> PersonId | None:
    """Return whose seat this is; None for a terminal's."""
    return PersonId(seat.removeprefix(_PERSON)) if seat.startswith(_PERSON) else None


def seat_of_device(device: DeviceId) -> SeatId:
    """Name a terminal's seat."""
    return SeatId(f"t-{device}")


def seat_of_guest(guest: GuestId) -> SeatId:
    """Name the seat of a one-time link."""
    return SeatId(f"{_GUEST}{guest}")


def guest_of_seat(seat: SeatId) -> GuestId | None:
    """Return by which link this seat came; None for staff and terminals."""
    return GuestId(seat.removeprefix(_GUEST)) if seat.startswith(_GUEST) else None
