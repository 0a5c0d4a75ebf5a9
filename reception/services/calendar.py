"""The office's calendar: a year's notice, a day, opening hours; deadlines and rosters follow at once."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotFound
from reception.domain.policy import Action
from reception.services.roster_plans import deal_all
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.tables import UnitRow
from scheduling.domain.announced import announced_days
from scheduling.domain.calendar import NamedDay
from scheduling.domain.hours import Hours
from scheduling.domain.notice import read_notice
from scheduling.store import calendars, opening
from scheduling.store.calendars import Cause, Moved

SERVICE = "service"
# Units that people come to, or that are asked: areas and the county itself have no hours.
WITH_HOURS = ("organ", "section", "group", "township", "department")


async def load_notice(
    work: Work,
    actor: Officer | None,
    year: int,
    days: Mapping[date, NamedDay],
    *,
    source: str = "notice",
) -> list[Moved]:
    """Put the notice for a year in force; deadlines move and shifts are dealt as the days are now.

    Args:
        actor: None for the service itself, which loads what its installation brought along.

    Returns:
        The deadlines that have another day, or a certain one, now.
    """
    if actor is not None:
        may(actor, Action.KEEP_CALENDAR)
    by = actor.seat if actor else SERVICE
    await calendars.write_year(
        work.session, year, days, source=source, by=actor.person if actor else None, now=work.now
    )
    await _record(work, by, AuditAction.NOTICE_LOADED, "calendar_year", str(year), reason=source)
    since = calendars.since_of_notice(year, days)
    return await _follow(work, Cause("notice", str(year), by), since)


async def load_typed_notice(
    work: Work, actor: Officer, year: int, text: str, words: Mapping[str, str]
) -> list[Moved]:
    """Load a notice that somebody typed or pasted.

    Raises:
        BadInput: every line that does not hold, as `notice.<line>`.
    """
    may(actor, Action.KEEP_CALENDAR)
    notice = read_notice(text, year, words)
    if notice.faults:
        raise BadInput({f"notice.{line}": code for line, code in notice.faults.items()})
    return await load_notice(work, actor, year, notice.days)


async def load_published(work: Work, actor: Officer, year: int) -> list[Moved]:
    """Load, once more or for the first time, the notice that the installation holds for a year."""
    may(actor, Action.KEEP_CALENDAR)
    days = announced_days(year)
    if not days:
        raise NotFound
    return await load_notice(work, actor, year, days, source="published")


async def take_up_published(work: Work) -> None:
    """At a start: fill an empty calendar, or load the years that a newer installation brings along."""
    await calendars.seed(work.session, work.now)
    for year in await calendars.missing_years(work.session):
        await load_notice(work, None, year, announced_days(year), source="published")


async def edit_day(work: Work, actor: Officer, day: date, named: NamedDay) -> list[Moved]:
    """Make one day what the office says; it stays so when the notice that names it not is loaded."""
    may(actor, Action.KEEP_CALENDAR)
    await calendars.write_day(work.session, day, named)
    await _record(
        work,
        actor.seat,
        AuditAction.CALENDAR_DAY_EDITED,
        "calendar_day",
        day.isoformat(),
        reason=named.kind.value,
    )
    return await _follow(work, Cause("edit", day.isoformat(), actor.seat), day)


async def keep_hours(work: Work, actor: Officer, unit: str, hours: Hours | None) -> None:
    """Give a unit its own week, or with None the usual one again."""
    may(actor, Action.KEEP_CALENDAR)
    row = await work.session.scalar(
        select(UnitRow.id).where(UnitRow.id == unit, UnitRow.kind.in_(WITH_HOURS))
    )
    if row is None:
        raise NotFound
    await opening.keep_hours(work.session, unit, hours)
    reason = "usual" if hours is None else "own"
    await _record(work, actor.seat, AuditAction.OPENING_HOURS_SET, "unit", unit, reason=reason)


async def _follow(work: Work, cause: Cause, since: date) -> list[Moved]:
    calendar = await calendars.load(work.session)
    moved = await calendars.recompute(work.session, calendar, since=since, cause=cause, now=work.now)
    for change in moved:
        await _record(
            work,
            cause.by,
            AuditAction.DEADLINE_MOVED,
            "deadline",
            change.deadline,
            case=change.object_id if change.object_type == "case" else None,
            reason=cause.kind,
        )
    for rotation in await deal_all(work):
        await _record(work, cause.by, AuditAction.ROTATION_SET, "rotation", rotation, reason=cause.kind)
    return moved


async def _record(
    work: Work,
    by: str,
    action: AuditAction,
    object_type: str,
    object_id: str,
    *,
    case: str | None = None,
    reason: str | None = None,
) -> None:
    await work.record_about(by, action, object_type, object_id, case=case, reason=reason)
