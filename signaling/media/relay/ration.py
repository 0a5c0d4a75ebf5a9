"""How many datagrams that cost something are taken from one address. No IO, no clock."""

from signaling.media.relay.bounds import MAX_STRANGERS, STUN_PER_TICK
from signaling.media.relay.ports import Address


class Ration:
    """One tick's allowance per address; those who come when all places are taken share one.

    The seat's own address has a place at all times, so no flood from elsewhere, whatever source
    addresses it names, costs a running call its consent.
    """

    def __init__(self) -> None:
        self._taken: dict[Address | None, int] = {}

    def allow(self, address: Address, own: Address | None) -> bool:
        """Whether one more may be read."""
        known = address in self._taken or address == own or len(self._taken) < MAX_STRANGERS
        place = address if known else None
        taken = self._taken.get(place, 0)
        self._taken[place] = taken + 1
        return taken < STUN_PER_TICK

    def refill(self) -> None:
        self._taken.clear()
