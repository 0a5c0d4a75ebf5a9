"""A visit whose line is lost: suspended, put aside, offered again, gone on with, or given up.

What becomes of which visit is decided in `domain.suspension`; here it is looked up and carried out.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy.exc import IntegrityError

from reception.domain.access import may
from reception.domain.actors import Officer, Terminal, seat_of_device, seat_of_person
from reception.domain.duty import AlreadyAnswered, DutyState, OfficerBusy
from reception.domain.ids import DeviceId, PersonId, PlaceId, VisitId
from reception.domain.policy import Action
from reception.domain.suspension import PlaceTaken, Situation, VisitorAway, first_chance
from reception.domain.visits import SuspendReason, VisitAction, VisitState, WrongState, follow
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


async def situations(work: Work, away_since: AwaySince) -> dict[VisitId, Situation]:
    """Return every visit that depends on a line, with all that decides on it."""
    visits, duty = Visits(work.session), Duty(work.session)
    rows = await visits.in_states(WATCHED)
    suspended = {row.id for row in rows if row.state == VisitState.SUSPENDED}
    states = {line.person: line.state for line in await duty.on_shift()} if suspended else {}
    taken = await visits.taken_places() if suspended else frozenset()
    rung = await duty.rung_for(suspended)
    return {
        VisitId(row.id): Situation(
            state=VisitState(row.state),
            terminal_away=away_since(seat_of_device(DeviceId(row.device_id or ""))),
            officer_away=away_since(seat_of_person(_awaited(row))),
            officer_duty=states.get(_awaited(row), DutyState.OFF),
            is_offered=row.first_chance_until is not None,
            is_parked=row.parked_at is not None,
            is_place_taken=row.place_id in taken,
            has_declined=rung.get(VisitId(row.id), {}).get(_awaited(row)) == "declined",
            is_of_today=row.visited_on >= work.today,
        )
        for row in rows
    }


def _awaited(row: VisitRow) -> PersonId:
    """Name whose line the visit depends on: the host's, and with the form open its owner's."""
    person = row.outcome_owner_id if row.state == VisitState.WRAP_UP else row.officer_id
    return PersonId(person or "")


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


async def withdraw(work: Work, visit: VisitId) -> None:
    """Take a suspended visit out of the queue: there is nobody at its terminal."""
    if await _carries(work, visit, first_chance_until=None):
        await stop_bells(work, visit, "cancelled")
        work.tell(VisitChanged(visit), QueueChanged())


async def resume(work: Work, visit: VisitId) -> bool:
    """Go on with a visit by itself, with the officer who received it; say whether that was possible."""
    row = await Visits(work.session).get(visit)
    if not _is_suspended(row) or row.parked_at is not None or row.officer_id is None:
        return False
    officer = PersonId(row.officer_id)
    state, _ = await Duty(work.session).state_of(officer)
    if state is not DutyState.READY:
        return False
    await _go_on(work, row, officer, by="service")
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


async def _go_on(work: Work, row: VisitRow, officer: PersonId, *, by: str) -> None:
    """Return a suspended visit to its call; the officer who takes it is host and owner from now on."""
    visits, visit, former = Visits(work.session), VisitId(row.id), PersonId(row.officer_id or "")
    changes = {**OVER, "parked_at": None, "officer_id": officer, "outcome_owner_id": officer}
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
    if officer != former:
        await visits.remove(visit, seat_of_person(former), at=work.now)
        seat = seat_of_person(officer)
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
