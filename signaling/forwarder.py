"""Carries the rooms' forwarding tables to the media plane, and never lets the plane hold a room up."""

import asyncio
import logging
from dataclasses import dataclass

from signaling.ids import RoomId
from signaling.limits import Limits
from signaling.media.forwarding import Row
from signaling.media.plane import MediaPlane
from signaling.tasks import Tasks

logger = logging.getLogger(__name__)

_LONGEST_RETRY = 8  # times the first retry


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """One wish; compared by identity, so the same rows can be asked for again."""

    rows: frozenset[Row]


class Forwarder:
    """One worker per room: the newest table wins, and is repeated until the plane has taken it.

    A table that takes rows away matters most: somebody who was removed must stop receiving, so a
    failure is never given up.
    """

    def __init__(self, plane: MediaPlane, limits: Limits) -> None:
        self._plane = plane
        self._limits = limits
        self._tasks = Tasks()
        self._wanted: dict[RoomId, _Table] = {}
        self._taken: dict[RoomId, _Table] = {}  # what the plane has confirmed last
        self._over: set[RoomId] = set()
        self._workers: dict[RoomId, asyncio.Task[None]] = {}

    def put(self, room: RoomId, rows: frozenset[Row], *, again: bool = False) -> None:
        """Make `rows` the room's table; with `again` also when the plane has taken it before.

        A room's first table is not carried while it is empty: the plane has none for a new room,
        and for one that outlived a restart of this process it still has the right one.
        """
        self._over.discard(room)
        wanted = self._wanted.get(room)
        if not again and rows == (wanted.rows if wanted else frozenset()):
            return
        self._wanted[room] = _Table(rows)
        if room not in self._workers:
            self._workers[room] = self._tasks.spawn(self._carry(room), f"forward {room}")

    def forget(self, room: RoomId) -> None:
        """Empty the table of a room that is over, then drop it."""
        self.put(room, frozenset(), again=True)
        self._over.add(room)

    async def settled(self, room: RoomId) -> None:
        """Wait until the plane has the room's newest table, no longer than one call may take."""
        worker = self._workers.get(room)
        if worker is not None:
            await asyncio.wait([worker], timeout=self._limits.plane_s)

    async def aclose(self) -> None:
        """Stop carrying; the plane keeps its last tables, so a restart does not cut a call."""
        await self._tasks.aclose()

    async def _carry(self, room: RoomId) -> None:
        retry_s = self._limits.plane_retry_s
        try:
            while self._taken.get(room) is not (table := self._wanted[room]):
                if await self._try(room, table.rows):
                    self._taken[room] = table
                else:
                    await asyncio.sleep(retry_s)
                    retry_s = min(retry_s * 2, self._limits.plane_retry_s * _LONGEST_RETRY)
        finally:
            del self._workers[room]
        if room in self._over:
            self._over.discard(room)
            del self._wanted[room], self._taken[room]

    async def _try(self, room: RoomId, rows: frozenset[Row]) -> bool:
        try:
            async with asyncio.timeout(self._limits.plane_s):
                await self._plane.forward(room, rows)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the plane, signalling goes on
            logger.warning("forward_failed room=%s error=%s", room, type(error).__name__)
            return False
        return True
