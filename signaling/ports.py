"""What signaling asks of its user: told of presence and rooms, asked before a chat line is shown."""

from typing import Protocol

from signaling.ids import RoomId, SeatId


class RoomObserver(Protocol):
    """Implemented by the service above.

    The calls about one seat come one after another in the order of the facts, each bounded in
    time; a failing call is logged and dropped. They may call the hub back.
    """

    async def seat_present(self, seat: SeatId) -> None:
        """A socket of the seat opened; also when a newer one takes over, so more than once in a row."""
        ...

    async def seat_gone(self, seat: SeatId, why: str) -> None:
        """The seat's last socket closed; `why` is a reason of docs/protocol.md section 6."""
        ...

    async def joined(self, room: RoomId, seat: SeatId) -> None: ...

    async def left(self, room: RoomId, seat: SeatId, why: str) -> None:
        """`why` is leave, socket, taken_over, removed or closed."""
        ...

    async def set_up(self, room: RoomId, seat: SeatId, code: str) -> None: ...

    async def went_live(self, room: RoomId) -> None:
        """The countdown reached zero; again for a room that is opened anew after a restart."""
        ...

    async def chat(self, room: RoomId, seat: SeatId, text: str) -> None:
        """Commit the line before anybody sees it.

        Raises:
            SignalingError: the line is refused with the error's code and shown to nobody.
        """
        ...
