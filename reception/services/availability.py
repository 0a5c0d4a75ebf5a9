"""Whether a plan can be booked: opening hours, working days, rooms out of use, and what is free nearby."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select

from reception.services.work import Work
from reception.store.tables import PlaceRow
from scheduling.domain.booking import Openness, SlotTaken
from scheduling.domain.hours import USUAL
from scheduling.domain.slots import Plan, Span, nearest_free, of_person, of_room
from scheduling.store.appointments import Appointments
from scheduling.store.calendars import load
from scheduling.store.opening import own_hours
from scheduling.store.roster_tables import LeaveRow

LOOKS_AROUND = timedelta(days=14)


async def refuse_closed(work: Work, plan: Plan) -> None:
    """Raise the refusal of scheduling that keeps a plan from being booked, if there is one."""
    (await openness(work, [plan.room], plan.people, plan.whole)).refuse_closed(plan, work.now)


async def refuse_taken(work: Work, wanted: Plan) -> SlotTaken:
    """Return the refusal for whoever came second, with the three nearest free alternatives.

    Other rooms of the same unit are offered; another official is not: the citizen asked for this one.
    """
    rooms = await _rooms_beside(work, wanted.room)
    around = Span(wanted.whole.start - LOOKS_AROUND, wanted.whole.end + LOOKS_AROUND)
    resources = {*wanted.resources, *map(of_room, rooms), *map(of_person, wanted.people)}
    taken = await Appointments(work.session).taken(resources, around, work.now)
    open_ = await openness(work, rooms, wanted.people, around)
    return SlotTaken(
        nearest_free(
            wanted,
            taken=taken,
            is_open=lambda plan: open_.admits(plan, work.now),
            not_before=work.now,
            within=LOOKS_AROUND,
            rooms=rooms,
        )
    )


async def openness(work: Work, rooms: Collection[str], people: Collection[str], span: Span) -> Openness:
    """Read what keeps rooms closed and people away within a span."""
    query = select(PlaceRow.id, PlaceRow.unit_id).where(PlaceRow.id.in_(rooms))
    units = {place.id: place.unit_id for place in await work.session.execute(query)}
    hours = await own_hours(work.session, set(units.values()))
    blocks: dict[str, list[Span]] = {}
    for row in await Appointments(work.session).blocks(span, rooms=rooms):
        blocks.setdefault(row.room_id, []).append(Span(row.starts_at, row.ends_at))
    return Openness(
        calendar=await load(work.session),
        hours={room: hours.get(unit, USUAL) for room, unit in units.items()},
        blocks=blocks,
        leaves=await leaves_of(work, people, span),
    )


async def leaves_of(work: Work, people: Collection[str], span: Span) -> dict[str, list[Span]]:
    """Return when people are away within a span; leave that was only asked for does not count."""
    query = select(LeaveRow).where(
        LeaveRow.person.in_(people),
        LeaveRow.state == "granted",
        LeaveRow.starts_at < span.end,
        LeaveRow.ends_at > span.start,
    )
    found: dict[str, list[Span]] = {}
    for row in await work.session.scalars(query):
        found.setdefault(row.person, []).append(Span(row.starts_at, row.ends_at))
    return found


async def _rooms_beside(work: Work, room: str) -> list[str]:
    unit = select(PlaceRow.unit_id).where(PlaceRow.id == room).scalar_subquery()
    query = select(PlaceRow.id).where(PlaceRow.unit_id == unit).order_by(PlaceRow.code)
    return list(await work.session.scalars(query))
