"""The fictional county's calendar: days, hours of a few units, and clocks on its newest cases."""

from datetime import time

from sqlalchemy import select

from reception.demo.county import County
from reception.services.deadlines import CASE
from reception.services.work import OFFICE_TIME, Work
from reception.store.tables import CaseRow
from scheduling.domain.deadlines import TERMS, Clock
from scheduling.domain.hours import USUAL, Hours, Span, Weekday
from scheduling.store import calendars, opening

# Subdistricts receive on Saturday mornings, too; one department closes later.
_SATURDAYS = ("hesui", "chengtang")
_LATE = "approval"
_CASES = 24


async def write(work: Work, county: County) -> None:
    """Fill the calendar, then start the clock of handling on the newest cases."""
    await calendars.seed(work.session, work.now)
    saturday = Span(Weekday.SATURDAY, time(9), time(11, 30))
    for key in _SATURDAYS:
        await opening.keep_hours(work.session, county.unit(key).id, Hours.of([*USUAL.spans, saturday]))
    late = Hours.of(
        Span(span.weekday, span.opens, time(18, 30) if span.closes > time(17) else span.closes)
        for span in USUAL.spans
    )
    await opening.keep_hours(work.session, county.unit(_LATE).id, late)
    calendar, term = await calendars.load(work.session), TERMS[Clock.HANDLING]
    query = select(CaseRow.id, CaseRow.opened_at).order_by(CaseRow.opened_at.desc(), CaseRow.number)
    for case, opened_at in (await work.session.execute(query.limit(_CASES))).all():
        await calendars.keep_deadline(
            work.session,
            object_type=CASE,
            object_id=case,
            clock=Clock.HANDLING.value,
            start=opened_at.astimezone(OFFICE_TIME).date(),
            n=term.n,
            unit=term.unit,
            calendar=calendar,
            now=work.now,
        )
