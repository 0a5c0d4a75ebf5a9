"""A visit whose line is lost: suspended, put aside, offered again, gone on with, or given up.

What becomes of which visit is decided in `domain.suspension`; here it is looked up and carried out.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy.exc import IntegrityError

from reception.domain.access import may
from reception.domain.actors import Officer, Terminal, person_of_seat, seat_of_device, seat_of_person
from reception.domain.duty import AlreadyAnswered, DutyState, OfficerBusy
from reception.domain.ids import CaseId, DeviceId, PersonId, PlaceId, VisitId
from reception.domain.policy import Action
from reception.domain.suspension import PlaceTaken, Situation, VisitorAway, first_chance
from reception.domain.visits import SuspendReason, VisitAction, VisitState, WrongState, follow
from reception.services.conflicts import barred_in, conflict_of
from reception.services.desk import refuse_unless_free
from reception.services.intake import own_visit
from reception.services.notes import (
    DutyChanged,
    QueueChanged,
    RingStopped,
    RingWhy,
    RoomClosed,
    RoomOpened,
    VisitChanged,
)
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.duty import Duty
from reception.store.tables import VisitRow
from reception.store.visits import Visits
from signaling.ids import SeatId

# Since when a seat has no line; None while it has one.
AwaySince = Callable[[SeatId], datetime | None]

WATCHED = (VisitState.IN_CALL, VisitState.SUSPENDED, VisitState.WRAP_UP)
# What a visit carries only while it is suspended. That it was put aside is kept until it goes on,
# so that a visit which ends meanwhile does not come up on the terminal before somebody else.
OVER: Mapping[str, object] = MappingProxyType(
    {"suspended_at": None, "suspended_reason": None, "first_chance_until": None}
)

# The officer who received the visit leads it, and is in it.
LED_BY_HOST: Mapping[str, object] = MappingProxyType(
    {"lead_seat": None, "lead_offered_to": None, "host_left_at": None}
)


async def situations(work: Work, away_since: AwaySince) -> dict[VisitId, Situation]:
    """Return every visit that depends on a line, with all that decides on it."""
    visits, duty = Visits(work.session), Duty(work.session)
    rows = await visits.in_states(WATCHED)
    suspended = {row.id for row in rows if row.state == VisitState.SUSPENDED}
    barred = await _barred(work, [row for row in rows if row.id in suspended])
    states = {line.person: line.state for line in await duty.on_shift()} if suspended else {}
    taken = await visits.taken_places() if suspended else frozenset()
    rung = await duty.rung_for(suspended)
    put_out = {row.id for row in rows if row.id in suspended and await _is_put_out(visits, row)}
    return {
        VisitId(row.id): Situation(
            state=VisitState(row.state),
            terminal_away=away_since(seat_of_device(DeviceId(row.device_id or ""))),
            officer_away=_away(row, away_since),
            officer_duty=DutyState.OFF if row.id in barred else await _readiness(work, row, states),
            is_offered=row.first_chance_until is not None,
            is_parked=row.parked_at is not None,
            is_place_taken=row.place_id in taken,
            has_declined=row.id in put_out or rung.get(VisitId(row.id), {}).get(_awaited(row)) == "declined",
            is_of_today=row.visited_on >= work.today,
        )
        for row in rows
    }


async def _barred(work: Work, suspended: Collection[VisitRow]) -> frozenset[str]:
    """Return the suspended visits whose former officer must not learn of them any more."""
    cases, people = {row.case_id for row in suspended}, {_awaited(row) for row in suspended}
    out = await barred_in(work, cases, people) if suspended else {}
    return frozenset(row.id for row in suspended if _awaited(row) in out.get(row.case_id, {}))


def _awaited(row: VisitRow) -> PersonId:
    """Name whom the visit waits for: with the form open its owner, else who leads the call."""
    if row.state == VisitState.WRAP_UP:
        return PersonId(row.outcome_owner_id or "")
    leader = person_of_seat(SeatId(row.lead_seat)) if row.lead_seat else None
    return leader or PersonId(row.officer_id or "")


def _away(row: VisitRow, away_since: AwaySince) -> datetime | None:
    """Tell since when nobody is there who conducts the visit; None while somebody is.

    An officer who handed the lead over and stayed can take it back: a leader's line alone suspends nothing.
    """
    leader = away_since(seat_of_person(_awaited(row)))
    if row.state == VisitState.WRAP_UP or row.lead_seat is None or row.host_left_at is not None:
        return leader
    host = away_since(seat_of_person(PersonId(row.officer_id or "")))
    return max(leader, host) if leader is not None and host is not None else None


async def _readiness(work: Work, row: VisitRow, states: Mapping[PersonId, DutyState]) -> DutyState:
    """Tell whether the one who is waited for could go on with a suspended visit now.

    A leader who is not the officer who received the visit need not be on duty, only not be in another call.
    """
    if row.lead_seat is None or not _is_suspended(row):
        return states.get(_awaited(row), DutyState.OFF)
    is_busy = await Visits(work.session).occupying(_awaited(row)) is not None
    return DutyState.BUSY if is_busy else DutyState.READY


async def _is_put_out(visits: Visits, row: VisitRow) -> bool:
    """Say whether the one who would go on with the visit was put out of it."""
    place = await visits.participant(VisitId(row.id), seat_of_person(_awaited(row)))
    return place is not None and place.removed_reason is not None


async def suspend(work: Work, visit: VisitId, reason: SuspendReason) -> bool:
    """Close the room of a call that cannot go on, and keep everything else of it.

    Returns:
        False when the call was over already: somebody was quicker, and nothing changed.
    """
    visits = Visits(work.session)
    moved = await visits.move(
        visit,
        from_state=VisitState.IN_CALL,
        to=follow(VisitState.IN_CALL, VisitAction.SUSPEND),
        changes={"suspended_at": work.now, "suspended_reason": reason, "parked_at": None},
    )
    if not moved:
        return False
    row = await visits.get(visit)
    await visits.note_event(visit, "suspended", at=work.now, code=reason)
    await work.record("service", AuditAction.VISIT_SUSPENDED, row, reason=reason)
    work.tell(
        RoomClosed(visit, "suspended"), VisitChanged(visit), DutyChanged(PersonId(row.officer_id or ""))
    )
    return True


async def offer(work: Work, visit: VisitId, situation: Situation, *, first: timedelta) -> None:
    """Put a suspended visit at the head of the queue, to its former officer first."""
    row = await Visits(work.session).get(visit)
    until = work.now + first_chance(situation, first)
    if row.parked_at is None and await _carries(work, visit, first_chance_until=until):
        work.tell(VisitChanged(visit), QueueChanged())


async def offer_to_others(work: Work, visit: VisitId) -> None:
    """Put a visit that was just suspended at the head of the queue, with no first chance for its officer."""
    if await _carries(work, visit, first_chance_until=work.now):
        work.tell(VisitChanged(visit), QueueChanged())


async def withdraw(work: Work, visit: VisitId) -> None:
    """Take a suspended visit out of the queue: there is nobody at its terminal."""
    if await _carries(work, visit, first_chance_until=None):
        await stop_bells(work, visit, "cancelled")
        work.tell(VisitChanged(visit), QueueChanged())


async def resume(work: Work, visit: VisitId) -> bool:
    """Go on with a visit by itself, with who led its call; say whether that was possible."""
    row = await Visits(work.session).get(visit)
    if not _is_suspended(row) or row.parked_at is not None or row.officer_id is None:
        return False
    if await _is_put_out(Visits(work.session), row):
        return False
    officer = PersonId(row.officer_id)
    if row.lead_seat is None:
        state, _ = await Duty(work.session).state_of(officer)
    else:
        state = await _readiness(work, row, {})
    if await conflict_of(work, _awaited(row), CaseId(row.case_id)) is not None:
        return False
    if state is not DutyState.READY:
        return False
    await _go_on(work, row, officer, by="service", keeps_lead=True)
    return True


async def answer_again(work: Work, actor: Officer, visit: VisitId) -> VisitState:
    """Go on with a suspended visit as the officer who takes it; of all who press, exactly one wins.

    Raises:
        VisitorAway: the terminal is not there, or serves somebody else.
        PlaceTaken: it serves somebody else since a moment ago.
        NotOnDuty, OfficerBusy, TooManyPending: this officer may not take a visit now.
    """
    row = await Visits(work.session).get(visit)
    if row.first_chance_until is None:
        raise VisitorAway
    await refuse_unless_free(work, actor)
    await _go_on(work, row, actor.person, by=actor.seat)
    return VisitState.IN_CALL


async def _go_on(work: Work, row: VisitRow, officer: PersonId, *, by: str, keeps_lead: bool = False) -> None:
    """Return a suspended visit to its call; the officer who takes it is host and owner from now on.

    Args:
        keeps_lead: whoever had taken the lead over has it again; else the officer leads.
    """
    visits, visit, former = Visits(work.session), VisitId(row.id), PersonId(row.officer_id or "")
    changes = {**OVER, "parked_at": None, "officer_id": officer, "outcome_owner_id": officer}
    if not keeps_lead:
        changes |= LED_BY_HOST
    try:
        moved = await visits.move(
            visit,
            from_state=VisitState.SUSPENDED,
            to=follow(VisitState.SUSPENDED, VisitAction.RETURN),
            changes=changes,
        )
    except IntegrityError as error:
        # uq_visit_place_taken or uq_visit_officer_busy; SQLite names the column, PostgreSQL the index.
        raise PlaceTaken if "place" in str(error.orig) else OfficerBusy from error
    if not moved:
        raise AlreadyAnswered
    seat = seat_of_person(officer)
    if officer != former:
        was = await visits.participant(visit, seat_of_person(former))
        was_in_private = was is not None and was.in_private
        await visits.remove(visit, seat_of_person(former), at=work.now)
        await visits.admit(visit, seat, role="county_duty_officer", at=work.now, person=officer)
        place = await visits.participant(visit, seat)
        if place is not None:
            place.in_private = was_in_private
    elif not keeps_lead:
        await visits.admit(visit, seat, role="county_duty_officer", at=work.now, person=officer)
    await stop_bells(work, visit, "answered")
    for other, person in await visits.stop_rings(at=work.now, why="answered", person=officer):
        work.tell(RingStopped(other, (person,), "answered"))
    await visits.note_event(visit, "returned", at=work.now, person=officer)
    await work.record(by, AuditAction.VISIT_RETURNED, row)
    work.tell(RoomOpened(visit), VisitChanged(visit), DutyChanged(officer), QueueChanged())
    if officer != former:
        work.tell(DutyChanged(former))


async def park(work: Work, actor: Terminal, visit: VisitId) -> VisitState:
    """Put a suspended visit aside, so that the terminal may serve somebody else; its place is kept."""
    may(actor, Action.PARK_VISIT)
    row = await _own_suspended(work, actor, visit)
    if row.parked_at is not None:
        return VisitState.SUSPENDED
    if not await _carries(work, visit, parked_at=work.now, first_chance_until=None):
        raise WrongState
    await stop_bells(work, visit, "cancelled")
    await Visits(work.session).note_event(visit, "parked", at=work.now, role="terminal")
    await work.record(actor.seat, AuditAction.VISIT_PARKED, row)
    work.tell(VisitChanged(visit), QueueChanged())
    return VisitState.SUSPENDED


async def take_up(work: Work, actor: Terminal, visit: VisitId) -> VisitState:
    """Take a visit up again that was put aside; the service goes on with it as soon as it can.

    Raises:
        PlaceTaken: another visit is at the terminal.
    """
    may(actor, Action.PARK_VISIT)
    row = await _own_suspended(work, actor, visit)
    if row.parked_at is None:
        return VisitState.SUSPENDED
    if await Visits(work.session).at_place(PlaceId(row.place_id)) is not None:
        raise PlaceTaken
    if not await _carries(work, visit, parked_at=None):
        raise WrongState
    await Visits(work.session).note_event(visit, "taken_up", at=work.now, role="terminal")
    await work.record(actor.seat, AuditAction.VISIT_TAKEN_UP, row)
    work.tell(VisitChanged(visit), QueueChanged())
    return VisitState.SUSPENDED


async def _own_suspended(work: Work, actor: Terminal, visit: VisitId) -> VisitRow:
    row = await own_visit(work, actor, visit)
    if not _is_suspended(row) or row.visited_on < work.today:
        raise WrongState
    return row


def _is_suspended(row: VisitRow) -> bool:
    return VisitState(row.state) is VisitState.SUSPENDED


async def _carries(work: Work, visit: VisitId, **changes: datetime | None) -> bool:
    """Change what a suspended visit carries, if it still is suspended; say whether it was."""
    state = VisitState.SUSPENDED
    return await Visits(work.session).move(visit, from_state=state, to=state, changes={**changes})


async def stop_bells(work: Work, visit: VisitId, why: RingWhy) -> None:
    """Silence every running bell of a visit, and have that told where there was one."""
    silenced = await Visits(work.session).stop_rings(at=work.now, why=why, visit=visit)
    if silenced:
        work.tell(RingStopped(visit, tuple(person for _, person in silenced), why))
