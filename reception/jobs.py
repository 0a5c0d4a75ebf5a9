"""Background work: rings that ran out, visits that nobody came back to, upkeep of the store."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from reception.domain.actors import seat_of_device
from reception.domain.ids import DeviceId, VisitId
from reception.domain.visits import PendingReason, VisitState
from reception.edge import Edge
from reception.presence import Presence
from reception.services import desk, visit
from reception.services.work import Work
from reception.settings import Settings
from reception.store.idempotency import forget
from reception.store.tables import VisitRow
from reception.store.visits import Visits
from signaling.ids import SeatId

logger = logging.getLogger(__name__)

UPKEEP_EVERY = timedelta(hours=1)
ANSWERS_KEPT = timedelta(hours=24)  # a page that is still retrying after a day has long been reloaded


@dataclass(slots=True)
class Sweeper:
    """Looks at overdue rings and abandoned visits, again and again.

    Every look is a set of conditional updates, so a second process that looks
    at the same time changes nothing twice.
    """

    edge: Edge
    presence: Presence
    settings: Settings
    _kept_at: datetime | None = field(default=None, init=False)

    async def run(self) -> None:
        """Sweep until cancelled: neither a database that is away nor a defect may end it for good."""
        while True:
            try:
                await self.sweep()
                await self.keep_up()
            except SQLAlchemyError as error:
                logger.warning("sweep.failed error=%s", type(error).__name__)
            except Exception:  # the outermost loop of this task: the next look must come
                logger.exception("sweep.defect")
            await asyncio.sleep(self.settings.sweep_s)

    async def sweep(self) -> None:
        """Look once."""
        overdue, abandoned = await self.edge.read(self._look)
        if overdue:
            ring_for = timedelta(seconds=self.settings.ring_s)
            within = timedelta(minutes=self.settings.callback_min)
            await self.edge.run(lambda work: desk.promise_callbacks(work, ring_for=ring_for, within=within))
        for lost, reason in abandoned:
            await self.edge.run(partial(visit.lose, visit=lost, reason=reason))

    async def keep_up(self) -> None:
        """Once an hour: drop stored answers that nobody asks for any more, export the audit chain's head."""
        now = self.edge.clock()
        if self._kept_at is not None and now - self._kept_at < UPKEEP_EVERY:
            return
        await self.edge.run(lambda work: forget(work.session, now - ANSWERS_KEPT))
        path = self.settings.audit_head_path
        await self.edge.read(lambda work: work.audit.export_head(work.session, path, at=now))
        self._kept_at = now

    async def _look(self, work: Work) -> tuple[bool, list[tuple[VisitId, PendingReason]]]:
        """Find what is due, without taking the writer's lock."""
        visits = Visits(work.session)
        overdue = any(row.ring_until and row.ring_until <= work.now for row in await visits.waiting())
        abandoned = []
        for row in await visits.in_states([VisitState.IN_CALL, VisitState.WRAP_UP]):
            staff = [
                SeatId(place.seat)
                for place in await visits.participants(VisitId(row.id))
                if place.person_id is not None
                and (row.state == VisitState.IN_CALL or place.person_id == row.outcome_owner_id)
            ]
            reason = self._reason_to_give_up(row, staff, work.now)
            if reason is not None:
                abandoned.append((VisitId(row.id), reason))
        return overdue, abandoned

    def _reason_to_give_up(self, row: VisitRow, staff: list[SeatId], now: datetime) -> PendingReason | None:
        """Decide whether a visit is lost: its last official is away for longer than the grace period."""
        is_call = VisitState(row.state) is VisitState.IN_CALL
        grace_s = self.settings.seat_grace_s if is_call else self.settings.wrap_up_grace_s
        away = [self.presence.away_since(seat) for seat in staff]
        if any(since is None or now - since < timedelta(seconds=grace_s) for since in away):
            return None
        if not is_call:
            return PendingReason.WRAP_UP_LEFT
        terminal = row.device_id and self.presence.away_since(seat_of_device(DeviceId(row.device_id)))
        return PendingReason.EVERYBODY_GONE if terminal else PendingReason.OFFICER_GONE


@contextlib.asynccontextmanager
async def running(sweeper: Sweeper) -> AsyncIterator[None]:
    """Run the sweeper for as long as the context is open."""
    task = asyncio.create_task(sweeper.run(), name="sweeper")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
