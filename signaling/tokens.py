"""Tickets that open one socket: single use, short-lived, kept in memory only."""

import hashlib
import secrets
from dataclasses import dataclass

from signaling.clock import Clock, SystemClock
from signaling.errors import TicketExpired, TicketRefused
from signaling.ids import SeatId

_TICKET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Claims:
    """What a ticket says about its bearer; the client never says it."""

    seat: SeatId
    login: str  # scope of command ids, and what a revocation closes


@dataclass(frozen=True, slots=True)
class _Issued:
    claims: Claims
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
        self._issued: dict[bytes, _Issued] = {}  # by digest, in order of issue

    def issue(self, claims: Claims) -> str:
        """Make a ticket for one socket."""
        ticket = secrets.token_urlsafe(_TICKET_BYTES)
        while len(self._issued) >= self._kept:
            del self._issued[next(iter(self._issued))]
        self._issued[_digest(ticket)] = _Issued(claims, self._clock.steady() + self._life_s)
        return ticket

    def redeem(self, ticket: str) -> Claims:
        """Use a ticket up.

        Raises:
            TicketExpired: it was real, unused and too late.
            TicketRefused: unknown, used or withdrawn.
        """
        issued = self._issued.pop(_digest(ticket), None)
        if issued is None:
            raise TicketRefused
        if self._clock.steady() >= issued.expires:
            raise TicketExpired
        return issued.claims

    def withdraw(self, login: str) -> None:
        """Make the login's unused tickets worthless, so that a revocation leaves no way back in."""
        for key in [key for key, issued in self._issued.items() if issued.claims.login == login]:
            del self._issued[key]

    def __len__(self) -> int:
        return len(self._issued)


def _digest(ticket: str) -> bytes:
    """The key under which a ticket is found: a look-up by digest leaks nothing through its timing."""
    return hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).digest()
