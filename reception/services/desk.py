"""Duty, queue and ring: who is rung for which visit, and what happens when nobody answers."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select

from reception.domain.access import may
from reception.domain.actors import Officer, Terminal
from reception.domain.duty import (
    AlreadyAnswered,
    DutyCheckMissing,
    DutyState,
    OutcomesPending,
    refuse_unless_ready,
)
from reception.domain.errors import BadInput
from reception.domain.ids import PersonId, VisitId, new_id
from reception.domain.policy import Action
from reception.domain.roles import Role
from reception.domain.visits import VisitAction, VisitState, WrongState, follow
from reception.services.arrivals import first_asked, first_asked_of
from reception.services.conflicts import barred_in, visit_for
from reception.services.intake import own_visit
from reception.services.notes import DutyChanged, QueueChanged, RingStopped, Rung, VisitChanged
from reception.services.shifts import close_shift, is_bound
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.duty import Duty
from reception.store.tables import (
    DeclarationRow,
    DutyShiftRow,
    PersonRow,
    PromiseRow,
    RingRow,
    RoleGrantRow,
    VisitRow,
)
from reception.store.visits import Visits
from scheduling.domain.queue import Waiting, in_calling_order

# Why a bell stopped that says nothing against this visit: the officer left or took another one,
# or the suspended visit's terminal was away for a while.
_RINGS_AGAIN = frozenset({"off_duty", "answered", "cancelled"})
PRESENT_CODES = ("visitor_only", "family", "township_officer", "interpreter", "other")


async def go_on_duty(work: Work, actor: Officer, *, camera: bool, microphone: bool, ring_heard: bool) -> None:
    """Open the officer's shift; from here on visits are routed to them.

    Args:
        camera: the device check found a working camera.
        microphone: the same for the microphone.
        ring_heard: the officer pressed that the test ring was heard: a browser plays no sound before a
            click, so without it nobody is routed there (feature row B2).
    """
    may(actor, Action.GO_ON_DUTY)
    if not ring_heard:
        raise DutyCheckMissing
    if await Duty(work.session).open_shift(actor.person) is None:
        work.session.add(
            DutyShiftRow(
                id=new_id(),
                person_id=actor.person,
                has_camera=camera,
                has_microphone=microphone,
                started_at=work.now,
            )
        )
        await work.record_about(actor.seat, AuditAction.DUTY_ON, "person", actor.person)
    work.tell(DutyChanged(actor.person), QueueChanged())


async def go_off_duty(work: Work, actor: Officer) -> None:
    """Close the officer's shift; refused while an outcome is owed."""
    may(actor, Action.GO_ON_DUTY)
    if await is_bound(work, actor.person):
        raise OutcomesPending
    await close_shift(work, actor.person, by=actor.seat)


async def raise_to_county(
    work: Work,
    actor: Terminal,
    visit: VisitId,
    *,
    present: Collection[str],
    officer_left: bool,
    confirmed: bool,
    ring_for: timedelta,
    appointed_first: timedelta = timedelta(0),
) -> VisitState:
    """Send a visit to the county after the room declaration.

    Args:
        present: codes of who is in the room.
        officer_left: the township officer has left; required where the county receives alone.
        confirmed: visitor and officer declared the list complete.
        ring_for: how long the bells run before a call-back is promised.
        appointed_first: how long a visit by appointment is offered to its official alone.
    """
    may(actor, Action.RAISE_VISIT)
    row = await own_visit(work, actor, visit)
    faults = _declaration_faults(present, confirmed=confirmed)
    if row.is_direct and (not officer_left or "township_officer" in present):
        faults["declaration.officer_left"] = "required"
    if faults:
        raise BadInput(faults)
    action = VisitAction.RAISE_DIRECT if row.is_direct else VisitAction.RAISE
    state = follow(VisitState(row.state), action)
    moved = await Visits(work.session).move(
        visit,
        from_state=VisitState(row.state),
        to=state,
        changes={
            "raised_at": work.now,
            "ring_until": work.now + ring_for,
            "first_chance_until": work.now + appointed_first if row.appointment_id else None,
        },
    )
    if not moved:
        raise WrongState
    work.session.add(
        DeclarationRow(
            visit_id=visit,
            present=",".join(code for code in PRESENT_CODES if code in present),
            officer_left=officer_left,
            confirmed_at=work.now,
        )
    )
    await Visits(work.session).note_event(visit, "raised", at=work.now, role="terminal")
    await work.record(actor.seat, AuditAction.VISIT_RAISED, row)
    work.tell(QueueChanged(), VisitChanged(visit))
    return state


def _declaration_faults(present: Collection[str], *, confirmed: bool) -> dict[str, str]:
    faults: dict[str, str] = {}
    if not present:
        faults["declaration.present"] = "required"
    elif set(present) - set(PRESENT_CODES):
        faults["declaration.present"] = "unknown"
    if not confirmed:
        faults["declaration.confirmed"] = "required"
    return faults


async def queue(work: Work) -> list[VisitRow]:
    """Return the visits that wait for the county, next one first; a cut-off call that is to go on leads."""
    visits = Visits(work.session)
    rows = {row.id: row for row in [*await visits.waiting(), *await visits.offered()]}
    promises = await visits.promises(rows)
    order = in_calling_order(
        Waiting(row.id, waits_since(row), row.id in promises, row.state == VisitState.SUSPENDED)
        for row in rows.values()
    )
    return [rows[waiting.id] for waiting in order]


def waits_since(row: VisitRow) -> datetime:
    """Return from when on a visit in the queue has been waiting: from its call's end, if it was cut off."""
    return row.suspended_at or row.raised_at or row.registered_at


async def new_bells(work: Work, present: Collection[PersonId]) -> dict[VisitId, list[PersonId]]:
    """Tell who is to be rung for which visit and has not been yet.

    Args:
        present: people whose desk is connected right now; a bell nobody can hear is not a bell.
    """
    waiting = await queue(work)
    if not waiting:
        return {}
    duty = Duty(work.session)
    free = [
        officer.person
        for officer in await duty.on_shift()
        if officer.state is DutyState.READY and officer.person in present
    ]
    rung = await duty.rung_for(row.id for row in waiting)
    out = await barred_in(work, {row.case_id for row in waiting}, free)
    appointed = await first_asked_of(work, waiting)
    found = {}
    for row in waiting:
        known, barred = rung.get(VisitId(row.id), {}), out.get(row.case_id, {})
        able = [person for person in free if person not in barred]
        first = appointed.get(VisitId(row.id))
        found[VisitId(row.id)] = [
            person
            for person in able
            if _is_offered_to(row, person, work.now, appointed=first if first in able else None)
            and (person not in known or known[person] in _RINGS_AGAIN)
        ]
    return {visit: people for visit, people in found.items() if people}


def _is_offered_to(row: VisitRow, person: PersonId, now: datetime, *, appointed: PersonId | None) -> bool:
    """Tell whether a visit may ring somebody yet.

    A cut-off visit first asks whom it was cut off from, and waits for them; one by appointment first
    asks with whom it was agreed, and nobody waits for an official who could not answer now.

    Args:
        appointed: with whom it was agreed; None without an appointment, or where they are not free.
    """
    if row.first_chance_until is None or row.first_chance_until <= now:
        return True
    first = row.officer_id or appointed
    return first is None or person == first


async def ring_free_officers(work: Work, present: Collection[PersonId]) -> None:
    """Start the bell of every free officer for every waiting visit that they were not rung for yet.

    Called after anything that may free an officer or add a visit; doing it once too often costs nothing.
    """
    for visit, people in (await new_bells(work, present)).items():
        for person in people:
            work.session.add(RingRow(id=new_id(), visit_id=visit, person_id=person, started_at=work.now))
            await Visits(work.session).note_event(visit, "rung", at=work.now, person=person)
        work.tell(Rung(visit, tuple(people)), VisitChanged(visit))


async def decline(work: Work, actor: Officer, visit: VisitId) -> VisitState:
    """Silence one's own bell for a visit; the others go on."""
    may(actor, Action.ANSWER_VISIT)
    visits = Visits(work.session)
    row = await visit_for(work, actor, visit)
    state = VisitState(row.state)
    if state not in (VisitState.WAITING, VisitState.SUSPENDED):
        raise AlreadyAnswered
    first = row.officer_id or await first_asked(work, row)
    if first == actor.person and row.first_chance_until is not None:
        row.first_chance_until = min(row.first_chance_until, work.now)  # now everybody is asked
        work.tell(QueueChanged())
    if await visits.stop_rings(at=work.now, why="declined", visit=visit, person=actor.person):
        await visits.note_event(visit, "declined", at=work.now, person=actor.person)
        await work.record(actor.seat, AuditAction.VISIT_DECLINED, row)
    work.tell(RingStopped(visit, (actor.person,), "declined"), VisitChanged(visit))
    return state


async def refuse_unless_free(work: Work, actor: Officer) -> None:
    """Raise the refusal that keeps an officer from taking a visit, if there is one."""
    state, _ = await Duty(work.session).state_of(actor.person)
    refuse_unless_ready(state)


async def promise_callbacks(work: Work, *, ring_for: timedelta, within: timedelta) -> None:
    """Turn every visit that rang in vain into a promise with owner and time (feature row C20).

    The visit keeps the head of the queue: whoever becomes free is rung for it, for as long again.
    A suspended visit had its answer; its bells only fall silent.
    """
    visits = Visits(work.session)
    for row in await visits.offered():
        await _silence_late(work, VisitId(row.id), ring_for)
    overdue = [row for row in await visits.waiting() if row.ring_until and row.ring_until <= work.now]
    promised = await visits.promises(row.id for row in overdue)
    for row in overdue:
        visit = VisitId(row.id)
        if row.id in promised:
            await _silence_late(work, visit, ring_for)
            continue
        owner = await _callback_owner(work, row)
        if owner is None:
            continue  # everybody is barred: the level above receives, and the terminal offers another way
        work.session.add(
            PromiseRow(
                id=new_id(),
                visit_id=visit,
                kind="call_back",
                owner_id=owner,
                made_at=work.now,
                due_at=work.now + within,
            )
        )
        silenced = await visits.stop_rings(at=work.now, why="unanswered", visit=visit)
        await visits.note_event(visit, "callback_promised", at=work.now, person=owner)
        await work.record("service", AuditAction.CALLBACK_PROMISED, row)
        work.tell(
            RingStopped(visit, tuple(person for _, person in silenced), "unanswered"),
            VisitChanged(visit),
            QueueChanged(),
        )


async def _silence_late(work: Work, visit: VisitId, ring_for: timedelta) -> None:
    late = await Visits(work.session).stop_rings(
        at=work.now, why="unanswered", visit=visit, before=work.now - ring_for
    )
    if late:
        work.tell(RingStopped(visit, tuple(person for _, person in late), "unanswered"))


async def _callback_owner(work: Work, row: VisitRow) -> PersonId | None:
    """Choose who owes the call-back: who was rung first, else who is on duty, else the petition office.

    Never somebody who must not learn of the visit; None where that leaves nobody.
    """
    out = (await barred_in(work, [row.case_id], None)).get(row.case_id, {})
    rung = [PersonId(ring.person_id) for ring in await Visits(work.session).rings(VisitId(row.id))]
    on_shift = [line.person for line in await Duty(work.session).on_shift()]
    for person in (*rung, *on_shift):
        if person not in out:
            return person
    for role in (Role.PETITION_OFFICE, Role.COUNTY_DUTY_OFFICER):
        person = await work.session.scalar(
            select(PersonRow.id)
            .join(RoleGrantRow, RoleGrantRow.person_id == PersonRow.id)
            .where(RoleGrantRow.role == role, PersonRow.is_active, PersonRow.id.not_in(out))
            .order_by(PersonRow.username)
        )
        if person is not None:
            return PersonId(person)
    return None
