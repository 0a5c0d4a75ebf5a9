"""The printed sheet of one room and day: who is expected when and by whom.  No petitioner on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from reception.domain.actors import Officer
from reception.domain.board import Detail, board_sight
from reception.domain.errors import NotFound
from reception.services.board_guard import guarded_cases
from reception.services.schedule_view import midnight
from reception.services.work import Work
from reception.store.tables import PersonRow, PlaceRow, UnitRow
from scheduling.domain.appointments import AppointmentState
from scheduling.domain.calendar import Day
from scheduling.domain.slots import Span
from scheduling.store import calendars
from scheduling.store.appointment_tables import AppointmentRow, RoomBlockRow
from scheduling.store.appointments import Appointments, plan_of

# What the room has to get ready for; a request that nobody has answered is not one of them.
_PRINTED = frozenset(
    {
        AppointmentState.REQUESTED,
        AppointmentState.APPROVED,
        AppointmentState.ARRIVED,
        AppointmentState.IN_VISIT,
        AppointmentState.DONE,
        AppointmentState.NO_SHOW,
    }
)


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One appointment on paper; `liaison` empty where no department takes part."""

    starts_at: datetime
    ends_at: datetime
    briefing_at: datetime | None
    ticket: str | None
    kind: str
    state: str
    official: str
    official_post: str
    liaison: str
    liaison_unit: str


@dataclass(frozen=True, slots=True)
class DaySheet:
    """The sheet of one room and day."""

    room: str
    room_code: str
    township: str
    on: date
    day: Day
    lines: Sequence[SheetLine]
    blocks: Sequence[RoomBlockRow]
    printed_at: datetime


async def sheet_of(work: Work, actor: Officer, room: str, on: date) -> DaySheet:
    """Return the day sheet of a room.

    Raises:
        NotFound: no such room, or one of which the actor sees no more than that it is taken.
    """
    sight = board_sight(actor.roles, unit=actor.unit, person=actor.person)
    place = await work.session.get(PlaceRow, room)
    if place is None or sight.detail(room_unit=place.unit_id, people=()) is not Detail.FULL:
        raise NotFound
    span = Span(midnight(on), midnight(on + timedelta(days=1)))
    store = Appointments(work.session)
    rows = [row for row in await store.between(span, rooms=[room]) if row.state in _PRINTED]
    guarded = await guarded_cases(work, actor, sight, [row.case_id for row in rows if row.case_id])
    rows = [row for row in rows if row.case_id not in guarded]
    people = await _people(work, rows)
    township = await work.session.get_one(UnitRow, place.unit_id)
    calendar = await calendars.load(work.session)
    return DaySheet(
        room=place.name,
        room_code=place.code,
        township=township.name,
        on=on,
        day=calendar.kind_of(on),
        lines=[_line(row, people) for row in rows],
        blocks=await store.blocks(span, rooms=[room]),
        printed_at=work.now,
    )


async def _people(work: Work, rows: Sequence[AppointmentRow]) -> dict[str, tuple[PersonRow, str]]:
    wanted = {person for row in rows for person in plan_of(row).people}
    query = (
        select(PersonRow, UnitRow.name)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .where(PersonRow.id.in_(wanted))
    )
    return {person.id: (person, unit) for person, unit in await work.session.execute(query)}


def _line(row: AppointmentRow, people: dict[str, tuple[PersonRow, str]]) -> SheetLine:
    plan = plan_of(row)
    official = people.get(row.official_id)
    liaison = people.get(row.liaison_id) if row.liaison_id else None
    return SheetLine(
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        briefing_at=plan.whole.start if plan.whole.start < row.starts_at else None,
        ticket=row.ticket,
        kind=row.kind,
        state=row.state,
        official=official[0].name if official else "—",
        official_post=official[0].post if official else "",
        liaison=liaison[0].name if liaison else "",
        liaison_unit=liaison[1] if liaison else "",
    )
