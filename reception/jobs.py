"""Background work: rings that ran out, visits whose line is lost, upkeep of the store."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from reception.domain.errors import Refusal
from reception.domain.ids import VisitId
from reception.domain.suspension import Fate, Patience, Situation, fate_of, reason_of
from reception.domain.visits import PendingReason, VisitState
from reception.edge import Edge
from reception.failpoints import reach
from reception.presence import Presence
from reception.roster_keeper import RosterKeeper
from reception.services import desk, suspension, visit
from reception.services.line import keep_up_line
from reception.services.work import Work
from reception.settings import Settings
from reception.store.idempotency import forget
from reception.store.visits import Visits

logger = logging.getLogger(__name__)

UPKEEP_EVERY = timedelta(hours=1)
ANSWERS_KEPT = timedelta(hours=24)  # a page that is still retrying after a day has long been reloaded


@dataclass(frozen=True, slots=True)
class _Due:
    """What one look found.

    Attributes:
        is_overdue: a bell has rung for long enough.
        is_unrung: somebody is to be rung, now that a former officer's first chance is over.
        fates: visits that something is to become of, with what was decided on.
    """

    is_overdue: bool
    is_unrung: bool
    fates: dict[VisitId, tuple[Fate, Situation]]


@dataclass(slots=True)
class Sweeper:
    """Looks at overdue rings, lost lines and suspended visits, again and again.

    Every look is a set of conditional updates, so a second process that looks
    at the same time changes nothing twice.
    """

    edge: Edge
    presence: Presence
    settings: Settings
    _kept_at: datetime | None = field(default=None, init=False)
    _rosters: RosterKeeper = field(init=False)

    def __post_init__(self) -> None:
        self._rosters = RosterKeeper(self.edge, self.settings)

    async def run(self) -> None:
        """Sweep until cancelled: neither a database that is away nor a defect may end it for good."""
        while True:
            try:
                await self.sweep()
                await self._rosters.keep()
                await self.keep_up()
            except SQLAlchemyError as error:
                logger.warning("sweep.failed error=%s", type(error).__name__)
            except Exception:  # the outermost loop of this task: the next look must come
                logger.exception("sweep.defect")
            await asyncio.sleep(self.settings.sweep_s)

    async def sweep(self) -> None:
        """Look once, without taking the writer's lock, and do what is due."""
        due = await self.edge.read(self._look)
        if due.is_overdue or due.fates:
            reach("sweep.before_deed")
        if due.is_overdue:
            ring_for = timedelta(seconds=self.settings.ring_s)
            within = timedelta(minutes=self.settings.callback_min)
            await self.edge.run(lambda work: desk.promise_callbacks(work, ring_for=ring_for, within=within))
        for one, (fate, situation) in due.fates.items():
            try:
                await self.edge.run(partial(self._carry_out, visit_id=one, fate=fate, situation=situation))
            except Refusal as refusal:
                # Somebody acted between the look and this; the next look sees what came of it.
                logger.info("sweep.overtaken visit=%s fate=%s code=%s", one, fate, refusal.code)
        if due.is_unrung:
            await self.edge.ring()

    async def keep_up(self) -> None:
        """Once an hour: drop stored answers that nobody asks for any more, export the audit chain's head."""
        now = self.edge.clock()
        if self._kept_at is not None and now - self._kept_at < UPKEEP_EVERY:
            return
        await self.edge.run(lambda work: forget(work.session, now - ANSWERS_KEPT))
        await self.edge.run(keep_up_line)
        path = self.settings.audit_head_path
        await self.edge.read(lambda work: work.audit.export_head(work.session, path, at=now))
        self._kept_at = now

    async def _look(self, work: Work) -> _Due:
        visits, settings = Visits(work.session), self.settings
        ring_for = timedelta(seconds=settings.ring_s)
        patience = Patience(
            timedelta(seconds=settings.suspend_after_s), timedelta(seconds=settings.wrap_up_grace_s)
        )
        found = await suspension.situations(work, self.presence.away_since)
        fates = {one: (fate_of(situation, work.now, patience), situation) for one, situation in found.items()}
        return _Due(
            is_overdue=any(row.ring_until and row.ring_until <= work.now for row in await visits.waiting())
            or await visits.rings_too_long(work.now - ring_for),
            is_unrung=bool(await desk.new_bells(work, self.edge.carrier.people_present())),
            fates={one: decided for one, decided in fates.items() if decided[0] is not Fate.STAY},
        )

    async def _carry_out(self, work: Work, *, visit_id: VisitId, fate: Fate, situation: Situation) -> None:
        match fate:
            case Fate.SUSPEND:
                await suspension.suspend(work, visit_id, reason_of(situation))
            case Fate.RETURN:
                await suspension.resume(work, visit_id)
            case Fate.OFFER:
                first = timedelta(seconds=self.settings.same_officer_first_s)
                await suspension.offer(work, visit_id, situation, first=first)
            case Fate.WITHDRAW:
                await suspension.withdraw(work, visit_id)
            case Fate.GIVE_UP:
                is_form = situation.state is VisitState.WRAP_UP
                reason = PendingReason.WRAP_UP_LEFT if is_form else PendingReason.NEVER_RESUMED
                await visit.lose(work, visit_id, reason)
