"""Asking somebody into a running call by the post they hold: who that is now, the asking, and the answer."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from reception.domain.access import may
from reception.domain.actors import Officer, seat_of_person
from reception.domain.attendance import InvitationOver, NobodyInPost, NotInPost
from reception.domain.conflicts import ColleagueStaysOut
from reception.domain.errors import BadInput
from reception.domain.ids import CaseId, PersonId, VisitId, new_id
from reception.domain.policy import Action
from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.services import conflicts, rosters, visit
from reception.services.accused import refuse_unknown_accused
from reception.services.call_control import conducted
from reception.services.notes import Invited, RingStopped, VisitChanged
from reception.services.rosters import Candidate
from reception.services.visit import MAX_IN_CALL, CallFull
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.bringing import Attendances
from reception.store.bringing_tables import AttendanceRow
from reception.store.tables import UnitRow, VisitRow
from reception.store.visits import Visits

# Which units have which post.  What somebody is asked as is also their role in the call.
POSTS: dict[Role, tuple[str, ...]] = {
    Role.DEPARTMENT_LIAISON: ("department",),
    Role.SECTION_DIRECTOR: ("section", "group"),
    Role.BRANCH_LEADER: ("section", "group"),
    Role.MAIN_LEADER: ("commission",),
}
BY_NAME = "by_name"  # asked by name, not by post


@dataclass(frozen=True, slots=True)
class Post:
    """A post that may be asked into a call."""

    role: Role
    unit: str
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody who may be asked for a post, in the order in which they are.

    Attributes:
        is_barred: has to stay out of this case; is never rung.
        is_asked: an invitation of theirs is open.
    """

    who: Candidate
    is_barred: bool
    is_asked: bool


async def posts(work: Work) -> list[Post]:
    """Return every post that may be asked into a call, unit by unit."""
    query = select(UnitRow).order_by(UnitRow.position)
    units = (await work.session.scalars(query)).all()
    return [
        Post(role, unit.id, unit.name)
        for role, kinds in POSTS.items()
        for unit in units
        if unit.kind in kinds
    ]


async def choices(
    work: Work,
    actor: Officer,
    chosen: VisitId,
    role: Role,
    unit: str,
    present: frozenset[PersonId],
) -> list[Choice]:
    """Tell who holds a post now, with the chain of those who act, as the host of a visit may ask them."""
    may(actor, Action.INVITE)
    row = await conducted(work, actor, chosen)
    return await _choices(work, row, role, unit, present)


async def _choices(
    work: Work, row: VisitRow, role: Role, unit: str, present: frozenset[PersonId]
) -> list[Choice]:
    chain = await rosters.who_now(work, role, unit, present=present)
    barred = await conflicts.barred(work, CaseId(row.case_id), [one.person for one in chain])
    asked = await Attendances(work.session).of_visits([row.id])
    is_open = {one.person_id for one in asked if one.closed_at is None}
    return [Choice(one, one.person in barred, one.person in is_open) for one in chain]


async def invite_role(
    work: Work,
    actor: Officer,
    chosen: VisitId,
    role: Role,
    unit: str,
    present: frozenset[PersonId],
    *,
    person: PersonId | None = None,
    shows_summary: bool = False,
) -> AttendanceRow:
    """Ask whoever holds a post into the running call, and pass an unanswered invitation of it on.

    Args:
        present: people whose page is connected; others are asked in vain, which is written down as well.
        person: somebody of the acting chain; the first who was not asked yet by default.
        shows_summary: the host lets a liaison read what the matter is about before coming.

    Raises:
        NobodyInPost, NotInPost: nobody (else) holds the post, or not this person.
        ColleagueStaysOut: the person must not learn of this case.
        AccusedUnknown: nobody has said yet whom a report is about, so no department is asked.
        CallFull: no free place.
    """
    may(actor, Action.INVITE)
    row = await conducted(work, actor, chosen)
    if role not in POSTS:
        raise BadInput({"role": "unknown"})
    if role is Role.DEPARTMENT_LIAISON:
        await refuse_unknown_accused(work, CaseId(row.case_id))
    found = await _choices(work, row, role, unit, present)
    choice = await _chosen(work, row, found, person)
    await _pass_on(work, actor, row, role, unit, but=choice.who.person)
    return await _ask(
        work,
        actor,
        row,
        choice.who,
        AttendanceRow(role=role, unit_id=unit, shows_summary=shows_summary),
        present,
    )


async def _chosen(work: Work, row: VisitRow, found: Collection[Choice], person: PersonId | None) -> Choice:
    if not found:
        raise NobodyInPost
    if person is not None:
        choice = next((one for one in found if one.who.person == person), None)
    else:
        asked = {one.person_id for one in await Attendances(work.session).of_visits([row.id])}
        choice = next((one for one in found if not one.is_barred and one.who.person not in asked), None)
    if choice is None:
        raise NobodyInPost if person is None else NotInPost
    if choice.is_barred:
        raise ColleagueStaysOut
    return choice


async def invite_person(
    work: Work, actor: Officer, chosen: VisitId, person: PersonId, present: frozenset[PersonId]
) -> None:
    """Ask a colleague on duty into the running call by name."""
    may(actor, Action.INVITE)
    await visit.invite(work, actor, chosen, person)
    if await Attendances(work.session).open_for(chosen, person) is None:
        asked = AttendanceRow(role=Role.COUNTY_DUTY_OFFICER, why=BY_NAME)
        _put_down(work, actor, chosen, person, asked, present)


async def _ask(
    work: Work,
    actor: Officer,
    row: VisitRow,
    who: Candidate,
    asked: AttendanceRow,
    present: frozenset[PersonId],
) -> AttendanceRow:
    visits, chosen = Visits(work.session), VisitId(row.id)
    known = await Attendances(work.session).open_for(chosen, who.person)
    if known is None and len(await visits.participants(chosen)) >= MAX_IN_CALL:
        raise CallFull
    if known is None:
        asked.why, asked.instead_of = who.why, who.instead_of
        _put_down(work, actor, chosen, who.person, asked, present)
        await visits.invite(
            chosen, seat_of_person(who.person), person=who.person, by=actor.person, role=asked.role
        )
        await visits.note_event(chosen, "invited", at=work.now, person=who.person)
        await work.record(actor.seat, AuditAction.INVITED, row)
    else:
        known.rung_at = known.rung_at or (work.now if who.person in present else None)
        if known.left_at is not None:
            known.accepted_at = None  # came, left, and is asked again
    work.tell(Invited(chosen, who.person, actor.person), VisitChanged(chosen))
    return known or asked


def _put_down(
    work: Work,
    actor: Officer,
    chosen: VisitId,
    person: PersonId,
    asked: AttendanceRow,
    present: frozenset[PersonId],
) -> None:
    asked.id, asked.visit_id, asked.person_id = new_id(), chosen, person
    asked.asked_by, asked.asked_at = actor.person, work.now
    asked.rung_at = work.now if person in present else None
    work.session.add(asked)


async def _pass_on(
    work: Work, actor: Officer, row: VisitRow, role: Role, unit: str, *, but: PersonId
) -> None:
    """Silence whoever was asked for the same post and has not answered."""
    attendances = Attendances(work.session)
    for asked in await attendances.of_visits([row.id]):
        is_same = (asked.role, asked.unit_id) == (role, unit) and asked.person_id not in (None, but)
        if not is_same or not await attendances.close(asked.id, "passed_on", at=work.now):
            continue
        await _take_back(work, row, PersonId(asked.person_id or ""))
        await work.record(actor.seat, AuditAction.INVITATION_PASSED_ON, row)
        work.tell(RingStopped(VisitId(row.id), (PersonId(asked.person_id or ""),), "cancelled"))


async def _take_back(work: Work, row: VisitRow, person: PersonId) -> None:
    await Visits(work.session).remove(VisitId(row.id), seat_of_person(person), at=work.now)


async def accept(work: Work, actor: Officer, chosen: VisitId) -> VisitState:
    """Come into a call that one was asked into; a department's liaison arrives on hold (N-4).

    Raises:
        InvitationOver: somebody else was asked meanwhile.
        NotFound: there was no invitation.
    """
    may(actor, Action.JOIN_VISIT)
    await conflicts.visit_for(work, actor, chosen)
    visits = Visits(work.session)
    asked = await Attendances(work.session).open_for(chosen, actor.person)
    place = await visits.participant(chosen, actor.seat)
    if asked is None and place is not None and place.removed_at is not None:
        raise InvitationOver
    if place is not None and place.admitted_at is None and Role.DEPARTMENT_LIAISON in actor.roles:
        place.is_held = True
    state = await visit.join(work, actor, chosen)
    if asked is not None and asked.accepted_at is None:
        asked.accepted_at = work.now
        work.tell(VisitChanged(chosen))
    return state


async def decline(work: Work, actor: Officer, chosen: VisitId) -> None:
    """Say that one does not come; declining twice is no error."""
    may(actor, Action.JOIN_VISIT)
    asked = await Attendances(work.session).open_for(chosen, actor.person)
    if asked is None or not await Attendances(work.session).close(asked.id, "declined", at=work.now):
        return
    row = await Visits(work.session).get(chosen)
    await _take_back(work, row, actor.person)
    await Visits(work.session).note_event(chosen, "invitation_declined", at=work.now, person=actor.person)
    await work.record(actor.seat, AuditAction.INVITATION_DECLINED, row)
    work.tell(RingStopped(chosen, (actor.person,), "declined"), VisitChanged(chosen))
