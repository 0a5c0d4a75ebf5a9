"""Names on the wire: opaque to signaling, given by whoever uses it."""

from typing import NewType

SeatId = NewType("SeatId", str)
RoomId = NewType("RoomId", str)
