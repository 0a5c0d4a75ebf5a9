"""Taking people out of a case that is under way: bells, places in the call, the call itself, what is owed.

Whoever is taken out is told what anybody is told when a bell stops or a call goes to somebody else: nothing
that would say why.
"""

from collections.abc import Collection

from sqlalchemy import select

from reception.domain.actors import seat_of_person
from reception.domain.conditions import RemoveReason
from reception.domain.ids import CaseId, PersonId, VisitId
from reception.domain.roles import COUNTY, Role
from reception.domain.visits import PendingReason, SuspendReason, VisitState
from reception.services import attendance, call_control, suspension
from reception.services.conflicts import barred_in
from reception.services.notes import DutyChanged, QueueChanged, Removed, RingStopped, VisitChanged
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.tables import ParticipantRow, PersonRow, PromiseRow, RoleGrantRow, VisitRow
from reception.store.visits import Visits

UNDER_WAY = (
    VisitState.WAITING,
    VisitState.IN_CALL,
    VisitState.SUSPENDED,
    VisitState.WRAP_UP,
    VisitState.OUTCOME_PENDING,
)


async def separate(work: Work, case: CaseId) -> None:
    """Take everybody out of a case's running visits who must not learn of it any more."""
    query = select(VisitRow).where(VisitRow.case_id == case, VisitRow.state.in_(UNDER_WAY))
    rows = (await work.session.scalars(query)).all()
    if not rows:
        return
    out = frozenset((await barred_in(work, [case], None)).get(case, {}))
    for row in rows if out else ():
        await _silence(work, row, out)
        await _eject(work, row, out)
        await _pass_promise_on(work, row, out)
        if row.officer_id in out or row.outcome_owner_id in out:
            await _hand_over(work, row, out)


async def separate_everywhere(work: Work, person: PersonId) -> None:
    """The same for one person whose own declaration has changed, in every case under way."""
    query = select(VisitRow.case_id).where(VisitRow.state.in_(UNDER_WAY)).distinct()
    cases = (await work.session.scalars(query)).all()
    for case in await barred_in(work, cases, [person]):
        await separate(work, CaseId(case))


async def _silence(work: Work, row: VisitRow, out: Collection[str]) -> None:
    for ring in await Visits(work.session).rings(VisitId(row.id)):
        if ring.stopped_at is None and ring.person_id in out:
            ring.stopped_at, ring.why_stopped = work.now, "cancelled"
            work.tell(RingStopped(VisitId(row.id), (PersonId(ring.person_id),), "cancelled"))


async def _eject(work: Work, row: VisitRow, out: Collection[str]) -> None:
    """End the place of everybody barred, joined or only asked; a place that has ended can not be joined."""
    visit = VisitId(row.id)
    query = select(ParticipantRow).where(
        ParticipantRow.visit_id == visit,
        ParticipantRow.person_id.in_(out),
        ParticipantRow.removed_at.is_(None),
    )
    for place in (await work.session.scalars(query)).all():
        person = PersonId(place.person_id or "")
        await attendance.withdraw(work, visit, person)
        await work.record("service", AuditAction.CONFLICT_SEPARATED, row)
        work.tell(DutyChanged(person))
        # Whoever received the visit hands it over below; from anybody else the lead goes back to them.
        if person != row.officer_id and await call_control.eject(
            work, visit, seat_of_person(person), RemoveReason.CONFLICT
        ):
            continue
        await Visits(work.session).remove(visit, seat_of_person(person), at=work.now)
        await Visits(work.session).note_event(visit, "removed", at=work.now, person=person, code="recusal")
        work.tell(Removed(visit, seat_of_person(person), "removed"))


async def _pass_promise_on(work: Work, row: VisitRow, out: Collection[str]) -> None:
    query = select(PromiseRow).where(PromiseRow.visit_id == row.id, PromiseRow.kept_at.is_(None))
    for promise in (await work.session.scalars(query)).all():
        if promise.owner_id in out:
            promise.owner_id = await _stand_in(work, out) or promise.owner_id


async def _hand_over(work: Work, row: VisitRow, out: Collection[str]) -> None:
    """Give a visit whose host or owner is barred to somebody who is not.

    A running call is suspended and offered to all others; of one that is over, what is owed changes hands.
    """
    visit, state = VisitId(row.id), VisitState(row.state)
    if state is VisitState.IN_CALL and row.officer_id in out:
        await suspension.suspend(work, visit, SuspendReason.HANDED_OVER)
        await suspension.offer_to_others(work, visit)
        return
    if state in (VisitState.WRAP_UP, VisitState.OUTCOME_PENDING):
        owner = await _stand_in(work, out)
        if owner is not None:
            await _owe(work, row, owner)


async def _owe(work: Work, row: VisitRow, owner: PersonId) -> None:
    visit, former = VisitId(row.id), PersonId(row.outcome_owner_id or "")
    moved = await Visits(work.session).move(
        visit,
        from_state=VisitState(row.state),
        to=VisitState.OUTCOME_PENDING,
        changes={
            "outcome_owner_id": owner,
            "pending_reason": row.pending_reason or PendingReason.HANDED_OVER,
            "pending_since": row.pending_since or work.now,
        },
    )
    if moved:
        await Visits(work.session).note_event(visit, "outcome_pending", at=work.now, code="handed_over")
        work.tell(DutyChanged(former), DutyChanged(owner), VisitChanged(visit), QueueChanged())


async def _stand_in(work: Work, out: Collection[str]) -> PersonId | None:
    """Choose who takes over: the petition office, else anybody of the county who is not barred."""
    query = (
        select(PersonRow.id, RoleGrantRow.role)
        .join(RoleGrantRow, RoleGrantRow.person_id == PersonRow.id)
        .where(RoleGrantRow.role.in_(COUNTY), PersonRow.is_active, PersonRow.id.not_in(out))
        .order_by(RoleGrantRow.role != Role.PETITION_OFFICE, PersonRow.username)
    )
    found = (await work.session.execute(query)).first()
    return PersonId(found.id) if found is not None else None
