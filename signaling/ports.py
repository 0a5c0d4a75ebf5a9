"""What signaling asks of its user: a record of sessions, the seats' journals, an observer of the rooms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from signaling.ids import RoomId, SeatId
from signaling.messages import Quality, ServerEvent


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as it outlives this process; tokens are kept as digests only.

    Attributes:
        token_hash: of the newest token.
        previous_hash: of the token before it, good until the newest one has been used.
        epoch: the run of the server that spoke to the session last.
    """

    sid: str
    seat: SeatId
    login: str
    token_hash: str
    previous_hash: str | None
    epoch: str


class SessionStore(Protocol):
    """Sessions in durable storage. Each call commits by itself; one that raises did nothing or everything."""

    async def open(self, session: StoredSession) -> None:
        """Keep a new session and end the older ones of its seat."""
        ...

    async def find(self, sid: str) -> StoredSession | None:
        """The session; None when it is unknown or ended, or its window is over.

        The window of a session of an earlier run counts from the start of this one.
        """
        ...

    async def rotate(
        self, sid: str, *, expected_hash: str, token_hash: str, previous_hash: str, epoch: str
    ) -> bool:
        """Give the session its next token; False when it has ended or its token is not the expected one."""
        ...

    async def confirm(self, sid: str) -> None:
        """The newest token was used: forget the one before it."""
        ...

    async def end(self, sid: str) -> None:
        """End the session for good; no error when it has ended already."""
        ...


class Journal(Protocol):
    """The facts that each seat is owed, counted by `pos` from 1 for each seat."""

    async def head(self, seat: SeatId) -> int:
        """Position of the newest fact; 0 when there is none."""
        ...

    async def after(self, seat: SeatId, pos: int) -> Sequence[ServerEvent]:
        """The facts behind `pos`, oldest first, at most 100, each with its `pos`."""
        ...


class RoomObserver(Protocol):
    """Implemented by the service above.

    The calls about one seat come one after another in the order of the facts, each bounded in
    time; a failing call is logged and dropped. They may call the hub back.
    """

    async def seat_present(self, seat: SeatId) -> None:
        """The seat has a socket, and the page needs the views told anew.

        Not called when a page replaces its own socket unnoticed; called more than once in a row
        when a newer page takes over.
        """
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

    async def chat(self, room: RoomId, seat: SeatId, text: str, *, login: str, command: str) -> datetime:
        """Commit the line, the journal entries that show it and the answer; then wake those seats.

        A command of this login that was carried out before, even by an earlier run, only gets its
        moment again.

        Returns:
            The moment that is shown beside the line.

        Raises:
            SignalingError: the line is refused with the error's code and shown to nobody.
        """
        ...

    async def quality(self, room: RoomId, seat: SeatId, report: Quality, at: datetime) -> None:
        """A participant's line in the last seconds; the next report is dropped while this one is at work."""
        ...

    async def session_reused(self, seat: SeatId, login: str) -> None:
        """A token that had been replaced came back: the session was revoked, somebody may have copied it."""
        ...
