"""Clocks that run on cases: starting and settling them, and what the calendar did to them lately."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from reception.services.work import Work
from reception.store.tables import CaseRow
from scheduling.domain.calendar import Due
from scheduling.domain.deadlines import TERMS, Clock
from scheduling.store import calendars
from scheduling.store.calendar_tables import DeadlineChangeRow, DeadlineRow

CASE = "case"
LATELY = 20  # changes that the page shows


@dataclass(frozen=True, slots=True)
class MovedLine:
    """One change of a deadline, as the county reads it."""

    case_number: str | None
    clock: str
    before: date
    after: date
    is_provisional: bool
    cause: str
    cause_ref: str | None
    changed_at: datetime


async def start(work: Work, clock: Clock, *, on: date, object_id: str, object_type: str = CASE) -> Due:
    """Start a clock of the rules on something, or start it anew."""
    term = TERMS[clock]
    return await calendars.keep_deadline(
        work.session,
        object_type=object_type,
        object_id=object_id,
        clock=clock.value,
        start=on,
        n=term.n,
        unit=term.unit,
        calendar=await calendars.load(work.session),
        now=work.now,
    )


async def settle(work: Work, clock: Clock, *, object_id: str, object_type: str = CASE) -> None:
    """Stop a clock: what it was for is done."""
    await calendars.settle_deadline(
        work.session, object_type=object_type, object_id=object_id, clock=clock.value, now=work.now
    )


async def provisional_count(work: Work) -> int:
    """Count the open deadlines whose last day may still become another one."""
    query = select(func.count()).where(DeadlineRow.is_provisional, DeadlineRow.settled_at.is_(None))
    return await work.session.scalar(query) or 0


async def provisional_days(work: Work) -> Callable[[date], bool]:
    """Return what tells of a day whether it may still become another kind of day (暂定)."""
    calendar = await calendars.load(work.session)
    return lambda day: calendar.kind_of(day).is_provisional


async def moved_lately(work: Work) -> list[MovedLine]:
    """Return the newest changes of deadlines, the newest first; for readers of every case only."""
    query = (
        select(DeadlineChangeRow, DeadlineRow.clock, CaseRow.number)
        .join(DeadlineRow, DeadlineRow.id == DeadlineChangeRow.deadline_id)
        .outerjoin(CaseRow, (CaseRow.id == DeadlineRow.object_id) & (DeadlineRow.object_type == CASE))
        .order_by(DeadlineChangeRow.changed_at.desc(), DeadlineChangeRow.after, DeadlineChangeRow.id)
        .limit(LATELY)
    )
    return [
        MovedLine(
            number,
            clock,
            change.before,
            change.after,
            change.is_provisional,
            change.cause,
            change.cause_ref,
            change.changed_at,
        )
        for change, clock, number in await work.session.execute(query)
    ]
