"""Since when a seat has been away, for the grace periods; memory only.

After a restart everybody counts as having left at the start, so nobody is
given up earlier than their grace period, and nobody later than one more.
"""

from datetime import datetime

from signaling.ids import SeatId


class Presence:
    """Who is connected, and since when the others are not."""

    def __init__(self, started_at: datetime) -> None:
        self._started_at = started_at
        self._here: set[SeatId] = set()
        self._gone: dict[SeatId, datetime] = {}

    def came(self, seat: SeatId) -> None:
        """Note that a seat is connected."""
        self._here.add(seat)
        self._gone.pop(seat, None)

    def went(self, seat: SeatId, at: datetime) -> None:
        """Note that a seat's last socket closed."""
        self._here.discard(seat)
        self._gone[seat] = at

    def away_since(self, seat: SeatId) -> datetime | None:
        """Return since when a seat is away; None while it is here."""
        if seat in self._here:
            return None
        return self._gone.get(seat, self._started_at)
