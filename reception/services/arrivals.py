"""An appointment on its day: 到达, the visit that follows from it, done, or who did not come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import select

from reception.domain.access import may
from reception.domain.actors import Actor, Officer, Terminal
from reception.domain.errors import BadInput
from reception.domain.ids import PersonId, VisitId
from reception.domain.policy import Action
from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.services.appointments import find, make_known, step
from reception.services.conflicts import barred_cases
from reception.services.work import OFFICE_TIME, Work
from reception.store.audit import AuditAction
from reception.store.duty import Duty
from reception.store.tables import VisitRow
from scheduling.domain.appointments import (
    EXPECTED,
    AppointmentAction,
    AppointmentState,
    AppointmentWrongState,
    NoShowReason,
    Presence,
    Side,
    absent_side,
)
from scheduling.domain.slots import Span
from scheduling.store.appointment_tables import AppointmentRow
from scheduling.store.appointments import Appointments


@dataclass(frozen=True, slots=True)
class Expected:
    """One of today's appointments as a terminal may show it: a number and an hour, and nobody's name."""

    appointment: str
    ticket: str
    starts_at: datetime
    state: AppointmentState


async def expected_at(work: Work, actor: Terminal) -> list[Expected]:
    """Return who is expected in the terminal's room today, earliest first."""
    rows = await Appointments(work.session).between(office_day(work), rooms={actor.place})
    return [
        Expected(row.id, row.ticket, row.starts_at, AppointmentState(row.state))
        for row in rows
        if row.state in EXPECTED and row.ticket is not None
    ]


def office_day(work: Work) -> Span:
    """Return today, from midnight to midnight in the office."""
    start = datetime.combine(work.today, time(), OFFICE_TIME)
    return Span(start, start + timedelta(days=1))


async def arrive(work: Work, actor: Actor, appointment: str) -> AppointmentRow:
    """Note that the citizen is in the room; pressed twice it stays noted.

    Raises:
        AppointmentWrongState: it is not today's, or not one that the county agreed to.
    """
    row = await find(work, actor, appointment, Action.BOOK_APPOINTMENT)
    if AppointmentState(row.state) is AppointmentState.ARRIVED:
        return row
    if row.held_on != work.today:
        raise AppointmentWrongState
    await step(work, row, AppointmentAction.ARRIVE, {"arrived_at": work.now})
    await make_known(work, actor.seat, AuditAction.APPOINTMENT_ARRIVED, row)
    return row


async def take_up(work: Work, actor: Terminal, visit: VisitId, appointment: str) -> None:
    """Tie a visit that was just registered to the appointment it came from.

    Raises:
        AppointmentWrongState: nobody has arrived for it, or another visit came from it already.
    """
    row = await find(work, actor, appointment, Action.BOOK_APPOINTMENT)
    if AppointmentState(row.state) is not AppointmentState.ARRIVED:
        raise AppointmentWrongState
    if row.visit_id is not None:
        former = await work.session.get(VisitRow, row.visit_id)
        if former is not None and former.state != VisitState.CANCELLED:
            raise AppointmentWrongState
        if former is not None:
            former.appointment_id = None
    fresh = await work.session.get_one(VisitRow, visit)
    row.visit_id, fresh.appointment_id = visit, row.id
    await work.session.flush()


async def first_asked(work: Work, visit: VisitRow) -> PersonId | None:
    """Return whom a visit rings first because it was agreed with them; None without an appointment."""
    return (await first_asked_of(work, [visit])).get(VisitId(visit.id))


async def first_asked_of(work: Work, visits: Iterable[VisitRow]) -> Mapping[VisitId, PersonId]:
    """Return per visit that came from an appointment the official it was agreed with."""
    appointed = {row.appointment_id: VisitId(row.id) for row in visits if row.appointment_id is not None}
    if not appointed:
        return {}
    query = select(AppointmentRow.id, AppointmentRow.official_id).where(AppointmentRow.id.in_(appointed))
    return {appointed[one]: PersonId(person) for one, person in await work.session.execute(query)}


async def enter(work: Work, visit: VisitRow) -> None:
    """Note that the county answered a visit: whoever did, the county came."""
    await _follow_visit(work, visit, AppointmentAction.ENTER)


async def finish(work: Work, visit: VisitRow, *, by: str) -> None:
    """Note that a visit is over and what came of it is written; the rest of its time is free again."""
    row = await _follow_visit(work, visit, AppointmentAction.FINISH)
    if row is not None:
        await Appointments(work.session).release(row.id, since=work.now)
        await make_known(work, by, AuditAction.APPOINTMENT_DONE, row)


async def _follow_visit(work: Work, visit: VisitRow, action: AppointmentAction) -> AppointmentRow | None:
    """Take an appointment along with its visit; return it, or None where there is nothing to take."""
    if visit.appointment_id is None:
        return None
    row = await Appointments(work.session).find(visit.appointment_id)
    if row is None:
        return None
    try:
        await step(work, row, action, {})
    except AppointmentWrongState:
        # A call that was cut off is answered again; an appointment may have been closed by hand.
        return None
    return row


async def done(work: Work, actor: Officer, appointment: str) -> AppointmentRow:
    """Close an appointment by hand: it was kept, but not through a visit of this service."""
    row = await find(work, actor, appointment, Action.DECIDE_APPOINTMENT)
    await step(work, row, AppointmentAction.FINISH, {})
    await Appointments(work.session).release(row.id, since=work.now)
    await make_known(work, actor.seat, AuditAction.APPOINTMENT_DONE, row)
    return row


async def no_show(work: Work, actor: Officer, appointment: str, side: str, reason: str) -> AppointmentRow:
    """Confirm who did not come, and why; the service only ever suggests it.

    Raises:
        BadInput: fields that do not hold, all at once.
        AppointmentWrongState: its hour has not come, or both sides met.
    """
    row = await find(work, actor, appointment, Action.CONFIRM_NO_SHOW)
    faults = {}
    if side not in set(Side):
        faults["side"] = "required"
    if reason not in set(NoShowReason):
        faults["reason"] = "required"
    if faults:
        raise BadInput(faults)
    has_arrived = AppointmentState(row.state) is AppointmentState.ARRIVED
    if work.now < row.starts_at or (has_arrived and Side(side) is Side.CITIZEN):
        raise AppointmentWrongState
    await step(work, row, AppointmentAction.MISS, {"absent_side": side, "reason": reason})
    await Appointments(work.session).release(row.id, since=work.now)
    await make_known(work, actor.seat, AuditAction.APPOINTMENT_MISSED, row, reason)
    return row


@dataclass(frozen=True, slots=True)
class Missed:
    """An appointment of today that somebody seems to have missed; a person confirms it, or knows better."""

    appointment: str
    ticket: str | None
    official: PersonId
    starts_at: datetime
    side: Side


async def missed_today(work: Work, actor: Officer, *, grace: timedelta) -> list[Missed]:
    """Suggest which of today's appointments were missed: the office sees all, an official the own."""
    may(actor, Action.CONFIRM_NO_SHOW, is_own=True)
    day, sees_all = office_day(work), Role.PETITION_OFFICE in actor.roles
    sides, hidden = await suspected(work, day, grace=grace), await barred_cases(work, actor)
    return [
        Missed(row.id, row.ticket, PersonId(row.official_id), row.starts_at, sides[row.id])
        for row in await Appointments(work.session).between(day)
        if row.id in sides and row.case_id not in hidden and (sees_all or row.official_id == actor.person)
    ]


async def missing_side(work: Work, actor: Officer, appointment: str, *, grace: timedelta) -> Side | None:
    """Suggest who did not come to one of today's appointments, if anybody seems to be missing."""
    found = await missed_today(work, actor, grace=grace)
    return next((one.side for one in found if one.appointment == appointment), None)


async def suspected(work: Work, span: Span, *, grace: timedelta) -> dict[str, Side]:
    """Suggest which appointments within a span were missed by whom, as far as presence tells.

    The county is present when the appointed official sits at the desk, or when anybody answered the
    visit: a stand-in counts.
    """
    rows = [row for row in await Appointments(work.session).between(span) if row.state in EXPECTED]
    at_desk = {officer.person for officer in await Duty(work.session).on_shift()}
    answered = await _answered(work, rows)
    found = {}
    for row in rows:
        presence = Presence(
            citizen_came=AppointmentState(row.state) is AppointmentState.ARRIVED,
            county_came=row.official_id in at_desk or row.visit_id in answered,
        )
        side = absent_side(row.starts_at, presence, work.now, grace=grace)
        if side is not None:
            found[row.id] = side
    return found


async def _answered(work: Work, rows: Iterable[AppointmentRow]) -> set[str]:
    visits = [row.visit_id for row in rows if row.visit_id is not None]
    query = select(VisitRow.id).where(VisitRow.id.in_(visits), VisitRow.answered_at.is_not(None))
    return set(await work.session.scalars(query))
