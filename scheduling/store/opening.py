"""Opening hours of units in the database."""

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from scheduling.domain.hours import USUAL, Hours, Span, Weekday
from scheduling.store.calendar_tables import OpeningHoursRow


async def hours_of(session: AsyncSession, unit: str) -> Hours:
    """Return a unit's hours, the usual ones unless it has its own."""
    return (await own_hours(session, [unit])).get(unit, USUAL)


async def own_hours(session: AsyncSession, units: Iterable[str] | None = None) -> dict[str, Hours]:
    """Return the hours of the units that have their own; of all units when none are named."""
    query = select(OpeningHoursRow)
    if units is not None:
        query = query.where(OpeningHoursRow.unit.in_(list(units)))
    spans: dict[str, list[Span]] = {}
    for row in await session.scalars(query):
        spans.setdefault(row.unit, []).append(Span(Weekday(row.weekday), row.opens, row.closes))
    return {unit: Hours.of(week) for unit, week in spans.items()}


async def keep_hours(session: AsyncSession, unit: str, hours: Hours | None) -> None:
    """Give a unit its own week, or with None the usual one again."""
    await session.execute(delete(OpeningHoursRow).where(OpeningHoursRow.unit == unit))
    if hours is not None and hours != USUAL:
        session.add_all(
            OpeningHoursRow(unit=unit, weekday=int(span.weekday), opens=span.opens, closes=span.closes)
            for span in hours.spans
        )
    await session.flush()
