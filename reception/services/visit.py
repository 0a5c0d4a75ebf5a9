"""The call part of a visit: answering, inviting, ending, and every way of losing it.

Signalling carries the call; this module decides who is in it and what it leaves behind.
"""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from reception.domain.access import may
from reception.domain.actors import Actor, Guest, Officer, Terminal, seat_of_device, seat_of_person
from reception.domain.conditions import RemovedFromCall
from reception.domain.conflicts import ColleagueStaysOut
from reception.domain.duty import AlreadyAnswered, NotOnDuty, OfficerBusy
from reception.domain.errors import NotFound, Refusal
from reception.domain.ids import CaseId, DeviceId, PersonId, VisitId
from reception.domain.policy import Action
from reception.domain.visits import PendingReason, VisitAction, VisitState, WrongState, follow
from reception.services import arrivals, suspension
from reception.services.conflicts import conflict_of, visit_for
from reception.services.desk import refuse_unless_free
from reception.services.intake import own_visit
from reception.services.notes import (
    Admitted,
    DutyChanged,
    Invited,
    QueueChanged,
    RingStopped,
    RoomClosed,
    RoomOpened,
    VisitChanged,
)
from reception.services.separation import separate
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.duty import Duty
from reception.store.tables import PromiseRow, VisitRow
from reception.store.visits import Visits

MAX_IN_CALL = 6  # the receive slots of one media transport


class CallFull(Refusal):
    """The call has as many people as it can show."""

    code = "call_full"


async def answer(work: Work, actor: Officer, visit: VisitId) -> VisitState:
    """Take a waiting or suspended visit; of all officers who press, exactly one wins.

    The visit row is committed as open here, before anybody talks: from now on
    the database keeps it from ending without an outcome.

    Raises:
        AlreadyAnswered: somebody else was first.
        NotOnDuty, OfficerBusy, TooManyPending: this officer may not take a visit now.
        VisitorAway, PlaceTaken: a suspended visit, and nobody of it at the terminal.
    """
    may(actor, Action.ANSWER_VISIT)
    visits = Visits(work.session)
    row = await visit_for(work, actor, visit)
    if VisitState(row.state) is VisitState.SUSPENDED:
        return await suspension.answer_again(work, actor, visit)
    if VisitState(row.state) is not VisitState.WAITING:
        # Said before the state of the loser's own duty: "somebody was first" is what happened.
        raise AlreadyAnswered
    await refuse_unless_free(work, actor)
    if row.device_id is None:
        raise NotFound
    try:
        won = await visits.move(
            visit,
            from_state=VisitState.WAITING,
            to=follow(VisitState.WAITING, VisitAction.ANSWER_RING),
            changes={
                "officer_id": actor.person,
                "outcome_owner_id": actor.person,
                "answered_at": work.now,
                "first_chance_until": None,
            },
        )
    except IntegrityError as error:
        # uq_visit_officer_busy: a second press in another tab.
        raise OfficerBusy from error
    if not won:
        raise AlreadyAnswered
    await _keep_promise(work, visit)
    await arrivals.enter(work, row)
    await visits.admit(visit, seat_of_device(DeviceId(row.device_id)), role="terminal", at=work.now)
    await visits.admit(visit, actor.seat, role="county_duty_officer", at=work.now, person=actor.person)
    silenced = await visits.stop_rings(at=work.now, why="answered", visit=visit)
    mine = await visits.stop_rings(at=work.now, why="answered", person=actor.person)
    await visits.note_event(visit, "answered", at=work.now, person=actor.person)
    await work.record(actor.seat, AuditAction.VISIT_ANSWERED, row)
    work.tell(
        RingStopped(visit, tuple(person for _, person in silenced), "answered"),
        *(RingStopped(other, (person,), "answered") for other, person in mine),
        RoomOpened(visit),
        VisitChanged(visit),
        DutyChanged(actor.person),
        QueueChanged(),
    )
    return VisitState.IN_CALL


async def _keep_promise(work: Work, visit: VisitId) -> None:
    query = select(PromiseRow).where(PromiseRow.visit_id == visit, PromiseRow.kept_at.is_(None))
    for promise in (await work.session.scalars(query)).all():
        promise.kept_at = work.now


async def hosted(work: Work, actor: Officer, visit: VisitId) -> VisitRow:
    """Return a visit that this officer answered, or raise NotFound."""
    row = await visit_for(work, actor, visit)
    if row.officer_id != actor.person:
        raise NotFound
    return row


async def invite(work: Work, actor: Officer, visit: VisitId, person: PersonId) -> None:
    """Ask another officer on duty into the running call.

    Raises:
        NotOnDuty: the person has no open shift.
        ColleagueStaysOut: the person must not learn of this case; nobody asks them.
        CallFull: no free place.
    """
    may(actor, Action.INVITE)
    row = await hosted(work, actor, visit)
    if VisitState(row.state) is not VisitState.IN_CALL:
        raise WrongState
    if await Duty(work.session).open_shift(person) is None:
        raise NotOnDuty
    if await conflict_of(work, person, CaseId(row.case_id)) is not None:
        raise ColleagueStaysOut
    visits = Visits(work.session)
    if len(await visits.participants(visit)) >= MAX_IN_CALL:
        raise CallFull
    if await visits.invite(visit, seat_of_person(person), person=person, by=actor.person):
        await visits.note_event(visit, "invited", at=work.now, person=person)
        await work.record(actor.seat, AuditAction.INVITED, row)
    work.tell(Invited(visit, person, actor.person))


async def join(work: Work, actor: Officer, visit: VisitId) -> VisitState:
    """Accept an invitation: from now on the seat may join the room."""
    may(actor, Action.JOIN_VISIT)
    visits = Visits(work.session)
    row = await visit_for(work, actor, visit)
    place = await visits.participant(visit, actor.seat)
    if place is not None and place.removed_reason is not None:
        raise RemovedFromCall
    if place is None or place.removed_at is not None:
        raise NotFound
    if VisitState(row.state) is not VisitState.IN_CALL:
        raise WrongState
    if place.admitted_at is None:
        place.admitted_at = work.now
        await visits.note_event(visit, "invitation_accepted", at=work.now, person=actor.person)
        await work.record(actor.seat, AuditAction.JOINED, row)
    work.tell(Admitted(visit, actor.seat), DutyChanged(actor.person))
    return VisitState.IN_CALL


async def end(work: Work, actor: Officer, visit: VisitId) -> VisitState:
    """End the call and open the outcome form; the visit now waits for its outcome.

    A suspended visit is ended from the desk: its call was over when its line was lost. Whoever leads
    a call that was handed over may end it, too: the form then waits for the officer who received it.

    Raises:
        OfficerBusy: the officer is in another call, or its form is open.
    """
    may(actor, Action.END_CALL)
    row = await _ended_by(work, actor, visit)
    state, visits, owner = VisitState(row.state), Visits(work.session), PersonId(row.officer_id or "")
    if state is VisitState.WRAP_UP:
        return state
    if owner != actor.person and row.host_left_at is not None and await _is_taken(work, owner):
        await visits.note_event(visit, "call_ended", at=work.now, person=actor.person)
        if not await lose(work, visit, PendingReason.LEAD_HANDED_OVER, by=actor.seat):
            raise WrongState
        return VisitState.OUTCOME_PENDING
    after = follow(state, VisitAction.END_CALL)
    changes = {
        "ended_at": row.suspended_at or work.now,
        "host_left_at": None,  # the form is open now, and keeps its owner busy
        **suspension.OVER,
    }
    try:
        moved = await visits.move(visit, from_state=state, to=after, changes=changes)
    except IntegrityError as error:
        raise OfficerBusy from error
    if not moved:
        raise WrongState
    await suspension.stop_bells(work, visit, "cancelled")
    await visits.note_event(visit, "call_ended", at=work.now, person=actor.person)
    await work.record(actor.seat, AuditAction.CALL_ENDED, row)
    work.tell(RoomClosed(visit, "ended"), VisitChanged(visit), DutyChanged(actor.person))
    if owner != actor.person:
        work.tell(DutyChanged(owner))
    if state is VisitState.SUSPENDED:
        work.tell(QueueChanged())
    return after


async def _ended_by(work: Work, actor: Officer, visit: VisitId) -> VisitRow:
    """Return a visit whose call this actor may end: the officer who received it, or who leads it now."""
    row = await visit_for(work, actor, visit)
    if row.officer_id == actor.person:
        return row
    if row.lead_seat != actor.seat or VisitState(row.state) is not VisitState.IN_CALL:
        raise NotFound
    return row


async def _is_taken(work: Work, owner: PersonId) -> bool:
    """Say whether an officer who handed a call over is in another one by now."""
    visits = Visits(work.session)
    if await visits.occupying(owner) is not None:
        return True
    return await visits.joined_call(seat_of_person(owner)) is not None


async def lose(work: Work, visit: VisitId, reason: PendingReason, *, by: str = "service") -> bool:
    """Put a visit that can not go on into 待补录, with its owner and a reason.

    Returns:
        False when the visit was no longer open: somebody was quicker, and nothing changed.
    """
    visits = Visits(work.session)
    row = await visits.get(visit)
    state = VisitState(row.state)
    try:
        follow(state, VisitAction.LOSE)
    except WrongState:
        return False
    moved = await visits.move(
        visit,
        from_state=state,
        to=VisitState.OUTCOME_PENDING,
        changes={
            "ended_at": row.ended_at or row.suspended_at or work.now,
            "pending_reason": reason,
            "pending_since": work.now,
            **suspension.OVER,
        },
    )
    if not moved:
        return False
    await suspension.stop_bells(work, visit, "cancelled")
    await visits.note_event(visit, "outcome_pending", at=work.now, code=reason)
    action = AuditAction.CALL_STOPPED if reason is PendingReason.STOPPED else AuditAction.VISIT_LOST
    await work.record(by, action, row, reason=reason)
    work.tell(
        RoomClosed(visit, "stopped" if reason is PendingReason.STOPPED else "lost"), VisitChanged(visit)
    )
    if row.outcome_owner_id is not None:
        work.tell(DutyChanged(PersonId(row.outcome_owner_id)))
    if state is VisitState.SUSPENDED:
        work.tell(QueueChanged())
    await separate(work, CaseId(row.case_id))  # its owner may have been taken out of the case meanwhile
    return True


async def visitor_left(work: Work, actor: Terminal, visit: VisitId) -> VisitState:
    """Say from the terminal that nobody will come back to a suspended visit; its outcome is owed now."""
    may(actor, Action.PARK_VISIT)
    row = await own_visit(work, actor, visit)
    if VisitState(row.state) is not VisitState.SUSPENDED:
        raise WrongState
    await Visits(work.session).note_event(visit, "visitor_left", at=work.now, role="terminal")
    if not await lose(work, visit, PendingReason.VISITOR_LEFT, by=actor.seat):
        raise WrongState
    return VisitState.OUTCOME_PENDING


async def stop(work: Work, actor: Officer, visit: VisitId) -> VisitState:
    """Stop a call as an administrator, who learns nothing of what it is about."""
    may(actor, Action.STOP_CALL)
    if not await lose(work, visit, PendingReason.STOPPED, by=actor.seat):
        raise WrongState
    return VisitState.OUTCOME_PENDING


async def refuse_unless_in_visit(work: Work, actor: Actor, visit: VisitId) -> VisitRow:
    """Return a visit that this actor takes part in; anything else does not exist for them."""
    row = await visit_for(work, actor, visit)
    if isinstance(actor, Terminal):
        if row.device_id != actor.device:
            raise NotFound
        return row
    if isinstance(actor, Guest):
        raise NotFound  # a link opens a call, never what is kept of it
    if actor.person in (row.officer_id, row.outcome_owner_id):
        return row
    place = await Visits(work.session).participant(visit, actor.seat)
    if place is None or place.admitted_at is None or place.removed_at is not None:
        raise NotFound
    return row
