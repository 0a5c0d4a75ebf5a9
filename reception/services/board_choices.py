"""What the schedule's forms offer: rooms, officials, liaisons; and one appointment as the panel shows it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from reception.domain.actors import Officer
from reception.domain.board import Detail, board_sight
from reception.domain.errors import NotFound
from reception.domain.roles import COUNTY, Role
from reception.services.board_deeds import Viewer, deeds_of
from reception.services.board_guard import guarded_cases
from reception.services.work import Work
from reception.store.tables import CaseRow, PersonRow, PlaceRow, RoleGrantRow, UnitRow
from scheduling.store.appointments import Appointments, plan_of


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a list to choose from; `note` is a post or a unit."""

    id: str
    name: str
    note: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be chosen in a form."""

    rooms: tuple[Choice, ...]
    officials: tuple[Choice, ...]
    liaisons: tuple[Choice, ...]

    def name(self, chosen: str | None) -> str:
        """Return the words for an id of any of the lists."""
        known = (*self.rooms, *self.officials, *self.liaisons)
        return next((choice.name for choice in known if choice.id == chosen), "—")


@dataclass(frozen=True, slots=True)
class ShownAppointment:
    """An appointment in full; nothing of the petitioner.

    Attributes:
        liaison: None where no department takes part.
        case_number: None without a case, and for who may not open the ledger.
        reason: the code why it was refused, cancelled or missed.
    """

    id: str
    state: str
    kind: str
    ticket: str | None
    starts_at: datetime
    ends_at: datetime
    busy_from: datetime
    busy_until: datetime
    hold_until: datetime | None
    reminded_at: datetime | None
    room: str
    where: str
    official: str
    official_name: str
    official_post: str
    liaison: str | None
    liaison_name: str
    case_number: str | None
    reason: str | None
    absent_side: str | None
    version: int
    may: tuple[str, ...]


async def choices_of(work: Work, actor: Officer) -> Choices:
    """Return what this actor may choose: a township only its own rooms."""
    rooms = select(PlaceRow).order_by(PlaceRow.code)
    if not actor.roles & COUNTY:
        rooms = rooms.where(PlaceRow.unit_id == actor.unit)
    holders = (
        select(PersonRow.id, PersonRow.name, PersonRow.post, UnitRow.name, RoleGrantRow.role)
        .join(RoleGrantRow, RoleGrantRow.person_id == PersonRow.id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .where(PersonRow.is_active, RoleGrantRow.role.in_([*COUNTY, Role.DEPARTMENT_LIAISON]))
        .order_by(UnitRow.position, PersonRow.username)
    )
    officials, liaisons = {}, {}
    for person, name, post, unit, role in await work.session.execute(holders):
        if role in COUNTY:
            officials[person] = Choice(person, name, post)
        else:
            liaisons[person] = Choice(person, name, unit)
    return Choices(
        tuple(Choice(room.id, room.name, room.code) for room in await work.session.scalars(rooms)),
        tuple(officials.values()),
        tuple(liaisons.values()),
    )


async def show_appointment(work: Work, actor: Officer, appointment: str) -> ShownAppointment:
    """Return one appointment as the panel shows it.

    Raises:
        NotFound: there is none, or the actor sees no more of it than that somebody's time is taken.
    """
    sight = board_sight(actor.roles, unit=actor.unit, person=actor.person)
    row = await Appointments(work.session).find(appointment)
    room = await work.session.get(PlaceRow, row.room_id) if row else None
    if row is None or room is None:
        raise NotFound
    plan = plan_of(row)
    if sight.detail(room_unit=room.unit_id, people=plan.people) is not Detail.FULL:
        raise NotFound
    if row.case_id and row.case_id in await guarded_cases(work, actor, sight, [row.case_id]):
        raise NotFound
    case = await work.session.get(CaseRow, row.case_id) if row.case_id and sight.sees_all else None
    official = await work.session.get(PersonRow, row.official_id)
    liaison = await work.session.get(PersonRow, row.liaison_id) if row.liaison_id else None
    return ShownAppointment(
        id=row.id,
        state=row.state,
        kind=row.kind,
        ticket=row.ticket,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        busy_from=plan.whole.start,
        busy_until=plan.whole.end,
        hold_until=row.hold_until,
        reminded_at=row.reminded_at,
        room=room.id,
        where=room.name,
        official=row.official_id,
        official_name=official.name if official else "—",
        official_post=official.post if official else "",
        liaison=row.liaison_id,
        liaison_name=liaison.name if liaison else "",
        case_number=case.number if case else None,
        reason=row.reason,
        absent_side=row.absent_side,
        version=row.version,
        may=deeds_of(Viewer(actor, work.now), row, room_unit=room.unit_id),
    )
