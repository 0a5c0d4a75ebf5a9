"""Appointments: a township asks for a time, the county answers, and both may move or cancel it.

What becomes of an appointment once the day is there is `services/arrivals.py`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from reception.domain.access import Place, may
from reception.domain.actors import Actor, Officer, Terminal
from reception.domain.errors import BadInput, NotFound
from reception.domain.ids import CaseId, PersonId, new_id
from reception.domain.policy import Action
from reception.domain.roles import COUNTY, Role
from reception.services import availability, record, reminders
from reception.services.board_guard import direct_cases
from reception.services.conflicts import barred, refuse_conflict
from reception.services.work import OFFICE_TIME, Work
from reception.store.audit import AuditAction
from reception.store.numbers import next_number
from reception.store.tables import CaseRow, PersonRow, PlaceRow, RoleGrantRow
from scheduling.domain.appointments import (
    MOVABLE,
    AppointmentAction,
    AppointmentState,
    AppointmentWrongState,
    CancelReason,
    Kind,
    RejectReason,
    follow,
)
from scheduling.domain.booking import CannotTakePart, HoldExpired, VersionConflict
from scheduling.domain.slots import Edges, Plan, refuse_off_grid
from scheduling.store.appointment_tables import AppointmentRow
from scheduling.store.appointments import Appointments, plan_of

NOTE_LIMIT = 500
_TOWNSHIP_MOVES = frozenset({AppointmentState.HELD, AppointmentState.REQUESTED})


@dataclass(frozen=True, slots=True)
class Rules:
    """What the county has decided on bookings."""

    hold_for: timedelta
    edges: Edges


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to book.

    Attributes:
        case: number of the citizen's case, if there is one.
        note: for the officials alone; sealed.
    """

    room: str
    official: PersonId
    starts_at: datetime
    minutes: int
    kind: str = Kind.VISIT
    liaison: PersonId | None = None
    case: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shift:
    """What is to become another one; None leaves it as it is."""

    starts_at: datetime
    room: str | None = None
    official: PersonId | None = None
    liaison: PersonId | None = None


async def hold(work: Work, actor: Actor, wish: Wish, rules: Rules) -> AppointmentRow:
    """Take room, official, liaison and case for a few minutes, all at once or none of them.

    Raises:
        BadInput: fields that do not hold, all at once.
        SlotTaken: somebody was first; carries the nearest alternatives.
        OffGrid, InThePast, NotAWorkingDay, OutsideHours, RoomBlocked: nobody could have it.
        CannotTakePart: the official or the liaison may not deal with the case.
    """
    await _refuse_foreign_room(work, actor, wish.room, Action.BOOK_APPOINTMENT)
    case = await _case_of(work, actor, wish.case)
    faults = await _faults(work, wish)
    if faults:
        raise BadInput(faults)
    row = AppointmentRow(
        id=new_id(),
        room_id=wish.room,
        official_id=wish.official,
        liaison_id=wish.liaison,
        case_id=case.id if case else None,
        kind=wish.kind,
        starts_at=wish.starts_at,
        ends_at=wish.starts_at + timedelta(minutes=wish.minutes),
        briefing_min=rules.edges.briefing // timedelta(minutes=1),
        wrap_up_min=rules.edges.wrap_up // timedelta(minutes=1),
        state=AppointmentState.HELD,
        version=1,
        hold_until=work.now + rules.hold_for,
        asked_by=actor.seat,
        asked_at=work.now,
    )
    plan = plan_of(row)
    await refuse_unfit(work, plan)
    row.note_sealed = await _sealed_note(work, row, wish.note)
    if not await Appointments(work.session).add(row, work.now):
        raise await availability.refuse_taken(work, plan)
    await make_known(work, actor.seat, AuditAction.APPOINTMENT_HELD, row)
    return row


async def request(work: Work, actor: Actor, appointment: str) -> AppointmentRow:
    """Complete a hold: the county is asked, and the time stays taken until it answers.

    Raises:
        HoldExpired: it was not completed in time; nothing is taken any more.
    """
    row = await find(work, actor, appointment, Action.BOOK_APPOINTMENT)
    after = follow(AppointmentState(row.state), AppointmentAction.REQUEST)
    moved = await Appointments(work.session).move(
        row.id,
        from_state=AppointmentState.HELD,
        to=after,
        changes={"hold_until": None, "asked_at": work.now, "asked_by": actor.seat},
        unexpired_at=work.now,
    )
    if not moved:
        raise HoldExpired
    await make_known(work, actor.seat, AuditAction.APPOINTMENT_REQUESTED, row)
    return row


async def approve(work: Work, actor: Officer, appointment: str) -> AppointmentRow:
    """Accept a request; from here on the citizen has a ticket for the day."""
    row = await find(work, actor, appointment, Action.DECIDE_APPOINTMENT)
    await refuse_barred(work, plan_of(row))
    changes = {
        "decided_by": actor.seat,
        "decided_at": work.now,
        **await _ticket_for(work, row, row.starts_at),
    }
    await step(work, row, AppointmentAction.APPROVE, changes)
    await make_known(work, actor.seat, AuditAction.APPOINTMENT_APPROVED, row)
    return row


async def reject(work: Work, actor: Officer, appointment: str, reason: str) -> AppointmentRow:
    """Refuse a request with a reason from the list; its time is free again."""
    row = await find(work, actor, appointment, Action.DECIDE_APPOINTMENT)
    if reason not in set(RejectReason):
        raise BadInput({"reason": "required"})
    changes = {"reason": reason, "decided_by": actor.seat, "decided_at": work.now}
    await step(work, row, AppointmentAction.REJECT, changes)
    await Appointments(work.session).release(row.id)
    await make_known(work, actor.seat, AuditAction.APPOINTMENT_REJECTED, row, reason)
    return row


async def move(work: Work, actor: Actor, appointment: str, shift: Shift, version: int) -> AppointmentRow:
    """Give an appointment another time, room or official, keeping every constraint.

    Args:
        version: what the page saw last.

    Raises:
        VersionConflict: somebody changed it since; nothing was overwritten.
        SlotTaken and the other refusals of `hold`.
    """
    row = await find(work, actor, appointment, Action.BOOK_APPOINTMENT)
    allowed = MOVABLE if actor.roles & COUNTY else _TOWNSHIP_MOVES
    if AppointmentState(row.state) not in allowed:
        raise AppointmentWrongState
    if row.version != version:
        raise VersionConflict
    if shift.room is not None and shift.room != row.room_id:
        await _refuse_foreign_room(work, actor, shift.room, Action.BOOK_APPOINTMENT)
    faults = await _people_faults(work, shift.official or PersonId(row.official_id), shift.liaison)
    if faults:
        raise BadInput(faults)
    before = plan_of(row)
    plan = replace(
        before,
        starts_at=shift.starts_at,
        room=shift.room or before.room,
        official=shift.official or before.official,
        liaison=shift.liaison or before.liaison,
    )
    await refuse_unfit(work, plan)
    if not await rebook(work, row, plan):
        raise await availability.refuse_taken(work, plan)
    await make_known(work, actor.seat, AuditAction.APPOINTMENT_MOVED, row)
    return row


async def cancel(work: Work, actor: Actor, appointment: str, reason: str) -> AppointmentRow:
    """Cancel an appointment with a reason from the list; it says nothing against either side."""
    row = await find(work, actor, appointment, Action.BOOK_APPOINTMENT)
    if reason not in set(CancelReason) - {CancelReason.HOLD_EXPIRED}:
        raise BadInput({"reason": "required"})
    await step(work, row, AppointmentAction.CANCEL, {"reason": reason})
    await Appointments(work.session).release(row.id)
    await make_known(work, actor.seat, AuditAction.APPOINTMENT_CANCELLED, row, reason)
    return row


# What the other services of appointments build on


async def find(work: Work, actor: Actor, appointment: str, action: Action) -> AppointmentRow:
    """Return an appointment that the actor may do `action` on; out of sight it does not exist."""
    row = await Appointments(work.session).find(appointment)
    if row is None:
        may(actor, action, is_own=True)
        raise NotFound
    if isinstance(actor, Officer) and row.case_id is not None:
        await refuse_conflict(work, actor.person, CaseId(row.case_id))
    if isinstance(actor, Officer) and row.official_id == actor.person:
        may(actor, action, is_own=True)
        return row
    is_direct = row.case_id is not None and row.case_id in await direct_cases(work, [row.case_id])
    await _refuse_foreign_room(work, actor, row.room_id, action, is_direct=is_direct)
    return row


async def step(
    work: Work, row: AppointmentRow, action: AppointmentAction, changes: dict[str, object]
) -> None:
    """Take one step of the table, if the appointment still is where it was seen."""
    state = AppointmentState(row.state)
    moved = await Appointments(work.session).move(
        row.id, from_state=state, to=follow(state, action), changes=changes
    )
    if not moved:
        raise AppointmentWrongState


async def rebook(work: Work, row: AppointmentRow, plan: Plan) -> bool:
    """Bring an appointment and its claims to another plan; say whether everything was free.

    Raises:
        VersionConflict: somebody changed it meanwhile.
    """
    changes: dict[str, object] = {
        "room_id": plan.room,
        "official_id": plan.official,
        "liaison_id": plan.liaison,
        "starts_at": plan.starts_at,
        "ends_at": plan.meeting.end,
    }
    if plan.starts_at != row.starts_at:
        changes["reminded_at"] = None  # what was said of the former hour does not hold
    if row.ticket is not None:
        changes |= await _ticket_for(work, row, plan.starts_at)
    appointments, state = Appointments(work.session), AppointmentState(row.state)
    if not await appointments.claim(row.id, plan, work.now):
        return False
    if not await appointments.move(row.id, from_state=state, to=state, changes=changes, version=row.version):
        raise VersionConflict
    return True


async def refuse_unfit(work: Work, plan: Plan) -> None:
    """Raise what keeps a plan from being booked whoever else wants the time."""
    refuse_off_grid(plan)
    await availability.refuse_closed(work, plan)
    await refuse_barred(work, plan)


async def refuse_barred(work: Work, plan: Plan) -> None:
    """Refuse somebody who may not deal with the case.  Everybody gets the same words, and no reason."""
    if plan.case is None:
        return
    people = [PersonId(person) for person in plan.people]
    if await barred(work, CaseId(plan.case), people):
        raise CannotTakePart


async def make_known(
    work: Work, actor: str, action: AuditAction, row: AppointmentRow, reason: str | None = None
) -> None:
    """Bring the reminders into step with a change of an appointment, and write down who made it."""
    await reminders.plan(work, row)
    await work.record_about(actor, action, "appointment", row.id, case=row.case_id, reason=reason)


async def _refuse_foreign_room(
    work: Work, actor: Actor, room: str, action: Action, *, is_direct: bool = False
) -> None:
    """Let a township ask for its own rooms and a terminal for the room that it stands in.

    Args:
        is_direct: what takes place there goes past the township, which therefore knows nothing of it.
    """
    place = await work.session.get(PlaceRow, room)
    if place is None or (isinstance(actor, Terminal) and place.id != actor.place):
        may(actor, action, is_own=True)
        raise NotFound
    may(actor, action, place=Place(place.unit_id, is_direct))


async def _case_of(work: Work, actor: Actor, number: str | None) -> CaseRow | None:
    if number is None:
        return None
    if not isinstance(actor, Officer):
        raise NotFound  # a terminal knows tickets, no cases
    return await record.find_case(work, actor, number)


async def _faults(work: Work, wish: Wish) -> dict[str, str]:
    faults = await _people_faults(work, wish.official, wish.liaison)
    if wish.kind not in set(Kind):
        faults["kind"] = "unknown"
    if len(wish.note) > NOTE_LIMIT:
        faults["note"] = "too_long"
    return faults


async def _people_faults(work: Work, official: PersonId, liaison: PersonId | None) -> dict[str, str]:
    faults = {}
    if not await _holds(work, official, *COUNTY):
        faults["official"] = "unknown"
    if liaison is not None and not await _holds(work, liaison, Role.DEPARTMENT_LIAISON, *COUNTY):
        faults["liaison"] = "unknown"
    return faults


async def _holds(work: Work, person: PersonId, *roles: Role) -> bool:
    query = (
        select(PersonRow.id)
        .join(RoleGrantRow, RoleGrantRow.person_id == PersonRow.id)
        .where(PersonRow.id == person, PersonRow.is_active, RoleGrantRow.role.in_(roles))
        .limit(1)
    )
    return await work.session.scalar(query) is not None


async def _ticket_for(work: Work, row: AppointmentRow, starts_at: datetime) -> dict[str, object]:
    """Give a ticket of the appointment's day, unless it has one of that day."""
    day = starts_at.astimezone(OFFICE_TIME).date()
    if row.held_on == day:
        return {}
    number = await next_number(work.session, "appointment", day.isoformat())
    return {"held_on": day, "ticket": f"Y-{number:03d}"}


async def _sealed_note(work: Work, row: AppointmentRow, text: str) -> str | None:
    """Seal a note under the case's content key; before there is a case, under the service's own."""
    if not text.strip():
        return None
    if row.case_id is None:
        return work.vault.seal_service(table="appointment", column="note", row_id=row.id, text=text.strip())
    return await work.seal(text.strip(), case=row.case_id, table="appointment", column="note", row=row.id)
