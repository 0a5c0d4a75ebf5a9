"""What opens a socket: tickets, single use and in memory only, and the tokens that continue a session."""

import hashlib
import secrets
from dataclasses import dataclass

from signaling.clock import Clock, SystemClock
from signaling.errors import TicketExpired, TicketRefused
from signaling.ids import SeatId

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Claims:
    """What a ticket says about its bearer; the client never says it."""

    seat: SeatId
    login: str  # scope of command ids, and what a revocation closes


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A ticket that was good; `number` counts tickets in order of issue."""

    claims: Claims
    number: int


@dataclass(frozen=True, slots=True)
class _Issued:
    redeemed: Redeemed
    expires: float  # steady seconds


class Tickets:
    """Tickets issued and not yet used.

    Args:
        life_s: how long a ticket may be redeemed.
        kept: upper bound of tickets in memory; the oldest make room for new ones.
    """

    def __init__(self, clock: Clock | None = None, *, life_s: float = 30.0, kept: int = 4096) -> None:
        self._clock = clock or SystemClock()
        self._life_s = life_s
        self._kept = kept
        self._count = 0
        self._issued: dict[str, _Issued] = {}  # by digest, in order of issue

    def issue(self, claims: Claims) -> str:
        """Make a ticket for one socket."""
        ticket = new_secret()
        while len(self._issued) >= self._kept:
            del self._issued[next(iter(self._issued))]
        self._count += 1
        redeemed = Redeemed(claims, self._count)
        self._issued[digest(ticket)] = _Issued(redeemed, self._clock.steady() + self._life_s)
        return ticket

    def redeem(self, ticket: str) -> Redeemed:
        """Use a ticket up.

        Raises:
            TicketExpired: it was real, unused and too late.
            TicketRefused: unknown, used or withdrawn.
        """
        issued = self._issued.pop(digest(ticket), None)
        if issued is None:
            raise TicketRefused
        if self._clock.steady() >= issued.expires:
            raise TicketExpired
        return issued.redeemed

    def withdraw(self, login: str) -> None:
        """Make the login's unused tickets worthless, so that a revocation leaves no way back in."""
        for key in [key for key, issued in self._issued.items() if issued.redeemed.claims.login == login]:
            del self._issued[key]

    def __len__(self) -> int:
        return len(self._issued)


def new_secret() -> str:
    """256 random bits as text: a ticket or a resume token."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest(secret: str) -> str:
    """The key under which a secret is found: a look-up by digest leaks nothing through its timing."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
