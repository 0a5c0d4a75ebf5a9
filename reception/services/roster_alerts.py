"""Holes in the rosters: gaps, and people of tomorrow's chain whom nothing reaches.  Found as they open."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.ids import PersonId, new_id
from reception.domain.policy import Action
from reception.services.roster_plans import refuse_unknown_people
from reception.services.rosters import Plan, day_begins, plan
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.tables import PersonRow, UnitRow
from scheduling.domain.roster import Post
from scheduling.store.roster_tables import ContactChannelRow, RosterAlertRow
from scheduling.store.rosters import changes_so_far

_Key = tuple[str, str, str, str, datetime]
CHANNELS = ("phone", "desk", "page")


@dataclass(frozen=True, slots=True)
class Alert:
    """One hole.

    Attributes:
        kind: `gap` or `no_channel`.
        person: whom nothing reaches; empty for a gap.
    """

    kind: str
    role: str
    unit: str
    person: str
    starts_at: datetime
    ends_at: datetime

    @property
    def key(self) -> "_Key":
        """What makes it the same hole at the next look."""
        return self.kind, self.role, self.unit, self.person, self.starts_at


@dataclass(slots=True)
class RosterWatch:
    """Remembers what was looked at, so that a look at unchanged rosters costs one statement.

    After a restart the first look is a whole one.
    """

    _seen: tuple[object, ...] | None = None

    async def is_due(self, work: Work) -> bool:
        """Tell whether anything that a hole depends on has changed since the last look."""
        return await self._stamp(work) != self._seen

    async def look(self, work: Work, *, horizon: timedelta) -> list[Alert]:
        """Find the holes as they are now; nothing is written, so nobody waits for it."""
        stamp = await self._stamp(work)
        found = await holes(work, work.now, day_begins(work.today + horizon))
        self._seen = stamp
        return found

    async def _stamp(self, work: Work) -> tuple[object, ...]:
        """Return what changes with every change that may open or close a hole, and with every hour."""
        closed = select(func.count()).select_from(PersonRow).where(~PersonRow.is_active)
        working = select(func.count()).select_from(ContactChannelRow).where(ContactChannelRow.works)
        counts = (
            await work.session.execute(select(closed.scalar_subquery(), working.scalar_subquery()))
        ).one()
        hour = work.now.replace(minute=0, second=0, microsecond=0)
        return (hour, await changes_so_far(work.session), *counts)


async def refresh(work: Work, found: Iterable[Alert]) -> int:
    """Compare the holes that were found with the alerts that stand; return how many changed."""
    wanted = {alert.key: alert for alert in found}
    row, changed = RosterAlertRow, 0
    for open_ in (await work.session.scalars(select(row).where(row.cleared_at.is_(None)))).all():
        key = (open_.kind, open_.role, open_.unit, open_.person, open_.starts_at)
        still = wanted.pop(key, None) or _going_on(wanted, open_)
        if still is None:
            open_.cleared_at, changed = work.now, changed + 1
        elif open_.ends_at != still.ends_at:
            open_.ends_at = still.ends_at
    await work.session.flush()
    if wanted:
        await work.session.execute(
            insert(row),
            [
                {
                    "id": new_id(),
                    "kind": alert.kind,
                    "role": alert.role,
                    "unit": alert.unit,
                    "person": alert.person,
                    "starts_at": alert.starts_at,
                    "ends_at": alert.ends_at,
                    "raised_at": work.now,
                }
                for alert in wanted.values()
            ],
        )
    return changed + len(wanted)


def _going_on(wanted: dict[_Key, Alert], open_: RosterAlertRow) -> Alert | None:
    """Find a gap again that has begun meanwhile: what is left of it begins with the look."""
    for key, alert in wanted.items():
        is_same = (alert.kind, alert.role, alert.unit, alert.person) == (
            open_.kind,
            open_.role,
            open_.unit,
            open_.person,
        )
        if is_same and open_.starts_at < alert.starts_at < open_.ends_at:
            return wanted.pop(key)
    return None


async def holes(work: Work, start: datetime, end: datetime) -> list[Alert]:
    """Return every gap of a period, and tomorrow's people without a working channel."""
    found = await plan(work, start, end)
    reached = set(await work.session.scalars(select(ContactChannelRow.person).where(ContactChannelRow.works)))
    tomorrow = day_begins(work.today + timedelta(days=1))
    alerts: list[Alert] = []
    for post in found.posts:
        gaps = found.coverage(post).gaps
        alerts += [Alert("gap", post.role, post.unit, "", gap.start, gap.end) for gap in gaps if gap.end]
        alerts += _unreached(found, post, tomorrow, reached)
        await asyncio.sleep(0)  # two months of every post take a while, and others are waiting
    return alerts


def _unreached(found: Plan, post: Post, start: datetime, reached: set[str]) -> list[Alert]:
    end = start + timedelta(days=1)
    people = {entry.person for one in found.filled(post, start, end) for entry in one.on}
    return [
        Alert("no_channel", post.role, post.unit, person, start, end) for person in sorted(people - reached)
    ]


async def open_alerts(work: Work) -> list[Alert]:
    """Return the holes that stand, soonest first."""
    row = RosterAlertRow
    query = select(row).where(row.cleared_at.is_(None), row.ends_at > work.now)
    return [
        Alert(one.kind, one.role, one.unit, one.person, one.starts_at, one.ends_at)
        for one in await work.session.scalars(query.order_by(row.starts_at, row.role, row.unit, row.person))
    ]


async def check_channel(work: Work, actor: Officer, person: PersonId, kind: str, *, works: bool) -> None:
    """Write down whether somebody could be reached in one way; the number itself is kept nowhere here."""
    may(actor, Action.KEEP_ROSTERS)
    await refuse_unknown_people(work, [person], "person")
    row = await work.session.get(ContactChannelRow, (person, kind))
    if row is None:
        work.session.add(ContactChannelRow(person=person, kind=kind, works=works, checked_at=work.now))
    else:
        row.works, row.checked_at = works, work.now
    await work.record_about(
        actor.seat,
        AuditAction.CHANNEL_CHECKED,
        "person",
        person,
        reason="works" if works else "does_not_work",
        fields=[kind],
    )


@dataclass(frozen=True, slots=True)
class AlertLine:
    """The holes of one post, or of one person, in one line.

    Attributes:
        name: of the person whom nothing reaches; empty for gaps.
        count: how many gaps; 1 for a person.
    """

    kind: str
    role: str
    unit_name: str
    name: str
    starts_at: datetime
    count: int
    hours: float


async def summary(work: Work) -> list[AlertLine]:
    """Return the holes that stand, one line for each post or person, soonest first."""
    units = dict((await work.session.execute(select(UnitRow.id, UnitRow.name))).all())
    names = dict((await work.session.execute(select(PersonRow.id, PersonRow.name))).all())
    grouped: dict[tuple[str, str, str, str], list[Alert]] = {}
    for alert in await open_alerts(work):
        grouped.setdefault((alert.kind, alert.role, alert.unit, alert.person), []).append(alert)
    return [
        AlertLine(
            kind,
            role,
            units.get(unit, ""),
            names.get(person, ""),
            alerts[0].starts_at,
            len(alerts),
            sum((alert.ends_at - alert.starts_at) / timedelta(hours=1) for alert in alerts),
        )
        for (kind, role, unit, person), alerts in grouped.items()
    ]
