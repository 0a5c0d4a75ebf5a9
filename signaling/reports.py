"""Reports of the line: whose are taken, and how many. What comes too often is dropped in silence."""

import asyncio
import logging

from signaling.clock import Clock
from signaling.connection import Connection
from signaling.ids import SeatId
from signaling.limits import Limits
from signaling.messages import Quality
from signaling.ports import RoomObserver
from signaling.rooms import Rooms
from signaling.tasks import Tasks

logger = logging.getLogger(__name__)


class Reports:
    """Passes a participant's reports on, one at a time for each seat."""

    def __init__(
        self, rooms: Rooms, observer: RoomObserver, clock: Clock, limits: Limits, tasks: Tasks
    ) -> None:
        self._rooms = rooms
        self._observer = observer
        self._clock = clock
        self._limits = limits
        self._tasks = tasks
        self._at_work: set[SeatId] = set()

    def take(self, connection: Connection, report: Quality) -> None:
        """Take one report of this socket's page."""
        now, seat = self._clock.steady(), connection.seat
        is_early = (
            connection.reported_at is not None and now - connection.reported_at < self._limits.quality_every_s
        )
        if is_early or seat in self._at_work or not self._rooms.is_participant(report.room, seat):
            return
        connection.reported_at = now
        self._at_work.add(seat)
        self._tasks.spawn(self._pass_on(seat, report), f"report {seat}")

    async def _pass_on(self, seat: SeatId, report: Quality) -> None:
        at = self._clock.now()
        try:
            async with asyncio.timeout(self._limits.observer_s):
                await self._observer.quality(report.room, seat, report, at)
        except Exception:
            logger.exception("report_failed seat=%s", seat)
        finally:
            self._at_work.discard(seat)
