"""Two weeks of appointments around today: kept, missed, cancelled, agreed, asked for; one room out of use."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from reception.demo.county import County, Room, Staff
from reception.demo.names import dice, fixed_id
from reception.demo.trail import Link
from reception.domain.actors import seat_of_person
from reception.domain.roles import Role
from reception.services import availability
from reception.services.room_blocks import RoomBlockReason
from reception.services.work import OFFICE_TIME, Work
from reception.store.audit import AuditAction
from reception.store.numbers import next_number
from scheduling.domain.appointments import (
    AGREED,
    AppointmentState,
    CancelReason,
    NoShowReason,
    RejectReason,
    Side,
)
from scheduling.domain.booking import Openness
from scheduling.domain.slots import QUARTER, Claim, Edges, Plan, Span
from scheduling.store.appointment_tables import AppointmentRow, RoomBlockRow
from scheduling.store.appointments import Appointments

_REACH = timedelta(days=7)  # before today and after
_BEGINNINGS = (time(9, 0), time(10, 0), time(11, 0), time(14, 0), time(15, 0), time(16, 0))
_ROOMS = 6
_LENGTHS = (QUARTER * 2, QUARTER * 3)
_EDGES = Edges(QUARTER, QUARTER)
_BLOCKED_ROOM = 3  # the one that is repaired tomorrow
_ASKED_BEFORE = timedelta(days=3)

_S = AppointmentState
# What became of those that are over, and what stands before those that lie ahead.
_OVER = (*[_S.DONE] * 7, _S.NO_SHOW, _S.CANCELLED, _S.REJECTED)
_AHEAD = (*[_S.APPROVED] * 3, _S.REQUESTED)


@dataclass(frozen=True, slots=True)
class _Author:
    """Writes rows and gathers the audit links that belong to them."""

    work: Work
    county: County
    seed_number: int
    chance: random.Random
    links: list[Link]
    taken: set[Claim]

    def officials(self) -> list[Staff]:
        unit = self.county.unit("petition-office").id
        return [
            *self.county.staff_of(unit, Role.COUNTY_DUTY_OFFICER),
            *self.county.staff_of(unit, Role.PETITION_OFFICE),
        ]

    def township_officer(self, room: Room) -> Staff:
        return self.county.staff_of(room.unit, Role.TOWNSHIP_OFFICER)[0]


async def write(work: Work, county: County, seed_number: int) -> list[Link]:
    """Book the two weeks; return the audit links.  What collides is left out, as it would have been."""
    author = _Author(work, county, seed_number, dice(seed_number, "appointments"), [], set())
    rooms = county.rooms[:_ROOMS]
    await _block(author, rooms[_BLOCKED_ROOM])
    officials = author.officials()
    span = Span(
        *(
            datetime.combine(day, time(), OFFICE_TIME)
            for day in (work.today - _REACH, work.today + 2 * _REACH)
        )
    )
    openness = await availability.openness(
        work, [room.id for room in rooms], [person.id for person in officials], span
    )
    for day in _days(work.today):
        for starts in _BEGINNINGS:
            await _book(author, rooms, officials, openness, datetime.combine(day, starts, OFFICE_TIME))
    await work.session.flush()
    return author.links


def _days(today: date) -> Iterator[date]:
    for offset in range(-_REACH.days, _REACH.days + 1):
        yield today + timedelta(days=offset)


async def _book(
    author: _Author, rooms: tuple[Room, ...], officials: list[Staff], openness: Openness, starts_at: datetime
) -> None:
    """Book one appointment at an hour; every choice is made whether it takes or not."""
    chance = author.chance
    room, official = chance.choice(rooms), chance.choice(officials)
    liaisons = [person for person in author.county.staff if person.role is Role.DEPARTMENT_LIAISON]
    liaison = chance.choice(liaisons) if chance.random() < 0.4 else None
    length, over, ahead = chance.choice(_LENGTHS), chance.choice(_OVER), chance.choice(_AHEAD)
    plan = Plan(room.id, official.id, liaison.id if liaison else None, None, starts_at, length, _EDGES)
    if not openness.admits(plan, starts_at):
        return
    state = over if plan.whole.end <= author.work.now else ahead
    if plan.starts_at <= author.work.now < plan.whole.end:
        state = _S.APPROVED
    if not author.taken.isdisjoint(plan.claims()):
        return
    row = await _row(author, plan, state, author.township_officer(room))
    if state in (_S.CANCELLED, _S.REJECTED):
        author.work.session.add(row)
    elif await Appointments(author.work.session).add(row, author.work.now):
        author.taken.update(plan.claims())
    _note(author, row)


async def _row(author: _Author, plan: Plan, state: AppointmentState, asked_by: Staff) -> AppointmentRow:
    now = author.work.now
    asked_at = min(now, plan.starts_at - _ASKED_BEFORE)
    day = plan.starts_at.astimezone(OFFICE_TIME).date()
    is_agreed = state in AGREED or state is _S.NO_SHOW
    number = await next_number(author.work.session, "appointment", day.isoformat()) if is_agreed else 0
    office = seat_of_person(author.county.account("office1").id)
    reasons = {
        _S.NO_SHOW: NoShowReason.UNREACHABLE,
        _S.CANCELLED: CancelReason.CITIZEN_ASKED,
        _S.REJECTED: RejectReason.TOWNSHIP_FIRST,
    }
    return AppointmentRow(
        id=fixed_id(author.seed_number, "appointment", plan.starts_at.isoformat()),
        room_id=plan.room,
        official_id=plan.official,
        liaison_id=plan.liaison,
        kind="visit",
        starts_at=plan.starts_at,
        ends_at=plan.meeting.end,
        briefing_min=_EDGES.briefing // timedelta(minutes=1),
        wrap_up_min=_EDGES.wrap_up // timedelta(minutes=1),
        state=state,
        version=1,
        held_on=day if is_agreed else None,
        ticket=f"Y-{number:03d}" if is_agreed else None,
        reason=reasons.get(state),
        absent_side=Side.CITIZEN if state is _S.NO_SHOW else None,
        asked_by=seat_of_person(asked_by.id),
        asked_at=asked_at,
        decided_by=None if state is _S.REQUESTED else office,
        decided_at=None if state is _S.REQUESTED else asked_at,
        arrived_at=plan.starts_at if state is _S.DONE else None,
    )


_LAST_STEP = {
    _S.DONE: AuditAction.APPOINTMENT_DONE,
    _S.NO_SHOW: AuditAction.APPOINTMENT_MISSED,
    _S.CANCELLED: AuditAction.APPOINTMENT_CANCELLED,
}


def _note(author: _Author, row: AppointmentRow) -> None:
    steps = [(row.asked_at, row.asked_by, AuditAction.APPOINTMENT_REQUESTED)]
    if row.decided_by is not None and row.decided_at is not None:
        is_refused = row.state == _S.REJECTED
        action = AuditAction.APPOINTMENT_REJECTED if is_refused else AuditAction.APPOINTMENT_APPROVED
        steps.append((row.decided_at, row.decided_by, action))
        last = _LAST_STEP.get(AppointmentState(row.state))
        if last is not None:
            steps.append((row.ends_at, row.decided_by, last))
    author.links.extend(Link(at, actor, action, "appointment", row.id) for at, actor, action in steps)


async def _block(author: _Author, room: Room) -> None:
    """Put a room out of use for tomorrow's repair."""
    tomorrow = author.work.today + timedelta(days=1)
    office = seat_of_person(author.county.account("office1").id)
    author.work.session.add(
        RoomBlockRow(
            id=fixed_id(author.seed_number, "room-block", room.code),
            room_id=room.id,
            starts_at=datetime.combine(tomorrow, time(8, 30), OFFICE_TIME),
            ends_at=datetime.combine(tomorrow, time(12), OFFICE_TIME),
            reason=RoomBlockReason.REPAIR,
            made_by=office,
            made_at=author.work.now,
        )
    )
    await author.work.session.flush()
    author.links.append(Link(author.work.now, office, AuditAction.ROOM_BLOCKED, "place", room.id))
