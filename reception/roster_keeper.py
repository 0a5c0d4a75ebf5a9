"""Background work of the rosters: shifts dealt up to the horizon, holes found within a minute."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from reception.edge import Edge
from reception.services.roster_alerts import RosterWatch, refresh
from reception.services.roster_plans import deal_due
from reception.settings import Settings

LOOK_EVERY = timedelta(seconds=20)


@dataclass(slots=True)
class RosterKeeper:
    """Deals once a day and looks for holes; a second process that does the same changes nothing twice."""

    edge: Edge
    settings: Settings
    watch: RosterWatch = field(default_factory=RosterWatch)
    _looked_at: datetime | None = field(default=None, init=False)
    _dealt_on: date | None = field(default=None, init=False)

    async def keep(self) -> None:
        """Look whether anything is to be done; cheap while the rosters stay as they are."""
        now = self.edge.clock()
        if self._looked_at is not None and now - self._looked_at < LOOK_EVERY:
            return
        horizon = timedelta(days=self.settings.roster_horizon_days)
        if self._dealt_on != now.date():
            await self.edge.run(lambda work: deal_due(work, horizon=horizon))
            self._dealt_on = now.date()
        if await self.edge.read(self.watch.is_due):
            found = await self.edge.read(lambda work: self.watch.look(work, horizon=horizon))
            await self.edge.run(lambda work: refresh(work, found))
        self._looked_at = now
