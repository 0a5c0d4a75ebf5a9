"""The calendar in the database: loading it, changing it, and the deadlines that hang on it."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from scheduling.domain.announced import announced_days, announced_years
from scheduling.domain.calendar import (
    Calendar,
    DayKind,
    Due,
    NamedDay,
    Unit,
    due_date,
    first_day_of_notice,
)
from scheduling.domain.forecast import Holiday
from scheduling.store.calendar_tables import (
    CalendarDayRow,
    CalendarYearRow,
    DeadlineChangeRow,
    DeadlineRow,
)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why deadlines are computed anew; `ref` is the notice's year or the edited day."""

    kind: str
    ref: str
    by: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of one deadline: it has another day, or its day is certain now."""

    deadline: str
    object_type: str
    object_id: str
    before: Due
    after: Due


async def load(session: AsyncSession) -> Calendar:
    """Read the whole calendar: a few dozen rows a year."""
    years = frozenset(await session.scalars(select(CalendarYearRow.year)))
    query = select(CalendarDayRow.day, CalendarDayRow.kind, CalendarDayRow.name)
    days = {day: _named(kind, name) for day, kind, name in await session.execute(query)}
    return Calendar(years, days)


def _named(kind: str, name: str | None) -> NamedDay:
    return NamedDay(DayKind(kind), Holiday(name) if name else None)


async def missing_years(session: AsyncSession) -> list[int]:
    """Return the published years that are not in the table, earliest first."""
    known = set(await session.scalars(select(CalendarYearRow.year)))
    return sorted(announced_years() - known)


async def seed(session: AsyncSession, now: datetime) -> None:
    """Fill an empty table from published data; a table that holds a year is left as it is."""
    if await session.scalar(select(CalendarYearRow.year).limit(1)) is not None:
        return
    for year in sorted(announced_years()):
        await write_year(session, year, announced_days(year), source="published", by=None, now=now)


async def write_year(
    session: AsyncSession,
    year: int,
    days: Mapping[date, NamedDay],
    *,
    source: str,
    by: str | None,
    now: datetime,
) -> None:
    """Put a notice in force: its days replace those of an earlier one for the same year, and edits of them.

    Edits of days that the notice does not name stay.
    """
    await session.execute(delete(CalendarDayRow).where(CalendarDayRow.notice == year))
    await session.execute(delete(CalendarDayRow).where(CalendarDayRow.day.in_(list(days))))
    await session.execute(delete(CalendarYearRow).where(CalendarYearRow.year == year))
    rows = [
        {"day": day, "notice": year, "kind": named.kind.value, "name": named.name}
        for day, named in days.items()
    ]
    if rows:
        await session.execute(insert(CalendarDayRow), rows)
    session.add(CalendarYearRow(year=year, source=source, loaded_by=by, loaded_at=now))
    await session.flush()


async def write_day(session: AsyncSession, day: date, named: NamedDay) -> None:
    """Make a day what somebody says, whatever a notice says of it."""
    await session.execute(delete(CalendarDayRow).where(CalendarDayRow.day == day))
    session.add(CalendarDayRow(day=day, notice=None, kind=named.kind.value, name=named.name))
    await session.flush()


async def keep_deadline(
    session: AsyncSession,
    *,
    object_type: str,
    object_id: str,
    clock: str,
    start: date,
    n: int,
    unit: Unit,
    calendar: Calendar,
    now: datetime,
    by: str = "service",
) -> Due:
    """Start a clock on something, or start it anew, and keep its last day up from now on."""
    due = due_date(start, n, unit, calendar)
    query = select(DeadlineRow).where(
        DeadlineRow.object_type == object_type,
        DeadlineRow.object_id == object_id,
        DeadlineRow.clock == clock,
    )
    row = (await session.scalars(query.with_for_update())).one_or_none()
    if row is None:
        session.add(
            DeadlineRow(
                id=_new_id(),
                object_type=object_type,
                object_id=object_id,
                clock=clock,
                starts_on=start,
                length=n,
                unit=unit.value,
                due_on=due.day,
                is_provisional=due.is_provisional,
                computed_at=now,
            )
        )
    else:
        row.starts_on, row.length, row.unit, row.settled_at = start, n, unit.value, None
        _move(session, row, due, Cause("restart", start.isoformat(), by), now)
    await session.flush()
    return due


async def settle_deadline(
    session: AsyncSession, *, object_type: str, object_id: str, clock: str, now: datetime
) -> None:
    """Stop a clock, if it runs: what it was for is done, and no notice moves it any more."""
    await session.execute(
        update(DeadlineRow)
        .where(
            DeadlineRow.object_type == object_type,
            DeadlineRow.object_id == object_id,
            DeadlineRow.clock == clock,
            DeadlineRow.settled_at.is_(None),
        )
        .values(settled_at=now)
    )


async def deadline_of(session: AsyncSession, *, object_type: str, object_id: str, clock: str) -> Due | None:
    """Return when a clock runs out; None when none was started."""
    query = select(DeadlineRow.due_on, DeadlineRow.is_provisional).where(
        DeadlineRow.object_type == object_type,
        DeadlineRow.object_id == object_id,
        DeadlineRow.clock == clock,
    )
    found = (await session.execute(query)).one_or_none()
    return Due(found.due_on, found.is_provisional) if found else None


async def recompute(
    session: AsyncSession, calendar: Calendar, *, since: date, cause: Cause, now: datetime
) -> list[Moved]:
    """Compute open deadlines anew after the calendar changed, and log each that is another one now.

    Args:
        since: the first day that changed; a deadline that ends before it never looked at it.

    Returns:
        The deadlines that moved or became certain, the earliest first.
    """
    query = (
        select(DeadlineRow)
        .where(DeadlineRow.settled_at.is_(None), DeadlineRow.due_on >= since)
        .order_by(DeadlineRow.due_on, DeadlineRow.id)
        .with_for_update()
    )
    moved = []
    for row in (await session.scalars(query)).all():
        due = due_date(row.starts_on, row.length, Unit(row.unit), calendar)
        change = _move(session, row, due, cause, now)
        if change is not None:
            moved.append(change)
    await session.flush()
    return moved


def since_of_notice(year: int, days: Iterable[date]) -> date:
    """Return the first day that loading a year's notice may change."""
    return min([first_day_of_notice(year), *days])


def _move(session: AsyncSession, row: DeadlineRow, due: Due, cause: Cause, now: datetime) -> Moved | None:
    before = Due(row.due_on, row.is_provisional)
    row.computed_at = now
    if due == before:
        return None
    row.due_on, row.is_provisional = due.day, due.is_provisional
    session.add(
        DeadlineChangeRow(
            id=_new_id(),
            deadline_id=row.id,
            before=before.day,
            after=due.day,
            was_provisional=before.is_provisional,
            is_provisional=due.is_provisional,
            cause=cause.kind,
            cause_ref=cause.ref,
            changed_by=cause.by,
            changed_at=now,
        )
    )
    return Moved(row.id, row.object_type, row.object_id, before, due)


def _new_id() -> str:
    return secrets.token_urlsafe(16)
