"""What the county sees of a visit's earlier cases: the last answer, its owner and date, what a rung asks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from reception.domain.access import can
from reception.domain.actors import Officer
from reception.domain.ids import CaseId, PersonId, VisitId
from reception.domain.ladder import Step
from reception.domain.policy import Action
from reception.domain.roles import Role
from reception.services import assignments, handling_questions, hearings, ladder, record, rosters
from reception.services.assignments import Assignment, assignment_of
from reception.services.conflicts import barred_cases
from reception.services.deadlines import provisional_days
from reception.services.handling_questions import Place
from reception.services.hearings import HearingTold
from reception.services.repeats import readable
from reception.services.sight import sight_of
from reception.services.work import Work
from reception.store.repeat_tables import HearingRow, LadderExceptionRow, RepeatLinkRow
from reception.store.repeats import CONFIRMED, PROPOSED, Repeats
from reception.store.tables import CaseRow, MatterRow, OutcomeRow, PersonRow, UnitRow, VisitRow


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """What the county said last about a matter."""

    visited_on: date
    code: str
    answer: str
    next: str
    owner: str
    owner_post: str
    due_on: date | None
    is_overdue: bool
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class Required:
    """One post that a rung asks for; `name` is who holds it now, or came.

    Attributes:
        why: why this person, as a code of the roster.
        came_at: None while nobody in that post was in the call.
    """

    role: Role
    unit: str
    name: str | None
    post: str
    why: str
    instead_of: str | None
    is_reachable: bool
    came_at: datetime | None


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why the people of a rung did not take part."""

    kind: str
    resumes_on: date | None
    reason: str | None
    note: str


@dataclass(frozen=True, slots=True)
class HearingBrief:
    """The hearing that a link asked for."""

    state: str
    due_on: date
    planned_on: date | None
    order_due_on: date | None


@dataclass(frozen=True, slots=True)
class LinkTold:
    """An earlier case that a visit is, or may be, about.

    Attributes:
        matter: position of the visit's own matter that it concerns.
        before: visits on the earlier case before this one.
        count: which visit on the matter this is; None while nobody has confirmed it.
        required: who has to take part; empty without a rung.
        handling: where the question about the handling stands; None for who must not know of it.
    """

    id: str
    state: str
    evidence: tuple[str, ...]
    matter: int
    case_number: str
    township: str
    opened_at: datetime
    summary: str
    before: int
    count: int | None
    last: LastAnswer | None
    assignment: Assignment | None
    rung: str | None
    met: str | None
    required: tuple[Required, ...]
    excuse: Excuse | None
    hearing: HearingBrief | None
    handling: Place | None


async def view(work: Work, actor: Officer, visit: VisitId, *, present: frozenset[PersonId]) -> list[LinkTold]:
    """Return what is confirmed and what is proposed, the confirmed first.

    Args:
        present: people whose page is connected right now.
    """
    row = await readable(work, actor, visit)
    hidden = await barred_cases(work, actor)
    links = [
        link
        for link in await Repeats(work.session).links_of(visit)
        if link.state in (CONFIRMED, PROPOSED) and link.case_id not in hidden
    ]
    links.sort(key=lambda link: link.state != CONFIRMED)
    return [await _told(work, actor, row, link, present) for link in links]


async def _told(
    work: Work, actor: Officer, row: VisitRow, link: RepeatLinkRow, present: frozenset[PersonId]
) -> LinkTold:
    case = await work.session.get_one(CaseRow, link.case_id)
    township = await work.session.get_one(UnitRow, case.township_id)
    matter = await work.session.get_one(MatterRow, link.matter_id)
    earlier = [
        visit
        for visit in await Repeats(work.session).visits_on(link.case_id)
        if visit.id != row.id and visit.registered_at < row.registered_at
    ]
    assignment = await assignment_of(work, CaseId(link.case_id))
    step = await ladder.step_of(work, link)
    handling = None
    if assignment and link.state == CONFIRMED:
        handling = await handling_questions.place_of(work, actor, link, assignment.section)
    return LinkTold(
        id=link.id,
        state=link.state,
        evidence=tuple(link.evidence.split(",")) if link.evidence else (),
        matter=matter.position,
        case_number=case.number,
        township=township.name,
        opened_at=case.opened_at,
        summary=await _summary(work, link.case_id),
        before=len(earlier),
        count=link.count if link.state == CONFIRMED else None,
        last=await last_answer(work, earlier),
        assignment=assignment,
        rung=link.rung if link.state == CONFIRMED else None,
        met=link.met,
        required=await _required(work, row, step, assignment, present) if step and assignment else (),
        excuse=await _excuse(work, row, link),
        hearing=await _hearing(work, link),
        handling=handling,
    )


async def _summary(work: Work, case: str) -> str:
    """Open what the earlier case began with."""
    query = (
        select(MatterRow)
        .join(VisitRow, VisitRow.id == MatterRow.visit_id)
        .where(MatterRow.case_id == case)
        .order_by(VisitRow.registered_at, MatterRow.position)
        .limit(1)
    )
    first = await work.session.scalar(query)
    return await _open(work, case, "matter", "summary", first.id, first.summary_sealed) if first else ""


async def last_answer(work: Work, visits: Sequence[VisitRow]) -> LastAnswer | None:
    """Return the newest logged outcome of these visits, opened; None before there was any."""
    query = (
        select(OutcomeRow, VisitRow, PersonRow)
        .join(VisitRow, VisitRow.id == OutcomeRow.visit_id)
        .join(PersonRow, PersonRow.id == OutcomeRow.owner_id)
        .where(OutcomeRow.visit_id.in_([visit.id for visit in visits]))
        .order_by(OutcomeRow.logged_at.desc())
        .limit(1)
    )
    found = (await work.session.execute(query)).one_or_none()
    if found is None:
        return None
    outcome, visit, owner = found
    return LastAnswer(
        visited_on=visit.visited_on,
        code=outcome.code,
        answer=await _open(work, visit.case_id, "outcome", "answer", visit.id, outcome.answer_sealed),
        next=await _open(work, visit.case_id, "outcome", "next", visit.id, outcome.next_sealed),
        owner=owner.name,
        owner_post=owner.post,
        due_on=outcome.due_on,
        is_overdue=outcome.due_on is not None and outcome.due_on < work.today,
        is_provisional=outcome.due_on is not None and (await provisional_days(work))(outcome.due_on),
    )


async def _required(
    work: Work, row: VisitRow, step: Step, assignment: Assignment, present: frozenset[PersonId]
) -> tuple[Required, ...]:
    there = await ladder.came(work, VisitId(row.id), step.roles, assignment.section)
    found = []
    for role in step.roles:
        chain = await rosters.who_now(work, role, assignment.section, present=present)
        first = chain[0] if chain else None
        arrived = there.get(role)
        name, post = (first.name, first.post) if first else (None, "")
        if arrived is not None:
            person = await work.session.get_one(PersonRow, arrived.person)
            name, post = person.name, person.post
        found.append(
            Required(
                role=role,
                unit=assignment.section,
                name=name,
                post=post,
                why=first.why if first else "",
                instead_of=first.instead_of if first else None,
                is_reachable=bool(first and first.is_reachable),
                came_at=arrived.at if arrived else None,
            )
        )
    return tuple(found)


async def _excuse(work: Work, row: VisitRow, link: RepeatLinkRow) -> Excuse | None:
    kept = await work.session.get(LadderExceptionRow, link.id)
    if kept is None:
        return None
    note = ""
    if kept.note_sealed:
        note = await _open(work, row.case_id, "ladder_exception", "note", link.id, kept.note_sealed)
    return Excuse(kept.kind, kept.resumes_on, kept.reason, note)


async def _hearing(work: Work, link: RepeatLinkRow) -> HearingBrief | None:
    query = (
        select(HearingRow)
        .where(HearingRow.case_id == link.case_id, HearingRow.state != "withdrawn")
        .order_by(HearingRow.created_at.desc())
        .limit(1)
    )
    row = await work.session.scalar(query)
    return HearingBrief(row.state, row.due_on, row.planned_on, row.order_due_on) if row else None


async def _open(work: Work, case: str, table: str, column: str, row_id: str, sealed: str) -> str:
    return await work.open(sealed, case=case, table=table, column=column, row=row_id)


@dataclass(frozen=True, slots=True)
class VisitOn:
    """A visit on a matter, in whichever case it was registered."""

    case_number: str
    ticket: str
    visited_on: date
    count: int
    met: str | None


@dataclass(frozen=True, slots=True)
class CaseRepeats:
    """Who handles a case, who came back for it, and what was heard about it.

    Attributes:
        roots: numbers of earlier cases that visits of this one turned out to be about.
        people: who may own it: person, name, post, section.
    """

    assignment: Assignment | None
    may_assign: bool
    sections: list[tuple[str, str]]
    people: list[tuple[PersonId, str, str, str]]
    visits: list[VisitOn]
    roots: list[str]
    hearings: list[HearingTold]
    may_plan: bool
    may_hear: bool


async def of_case(work: Work, actor: Officer, number: str) -> CaseRepeats | None:
    """Return what the page of a case says of repeat visits; None for who may not read its content."""
    case = await record.find_case(work, actor, number)
    if not sight_of(actor).content:
        return None
    assignment = await assignment_of(work, CaseId(case.id))
    is_own = assignment is not None and assignment.section == actor.unit
    may_assign = can(actor, Action.ASSIGN_CASE, is_own=is_own)
    hidden = await barred_cases(work, actor)
    return CaseRepeats(
        assignment=assignment,
        may_assign=may_assign,
        sections=await assignments.sections(work) if may_assign else [],
        people=await assignments.people_of_sections(work),
        visits=await _visits_on(work, case.id, hidden),
        roots=await _roots(work, case.id, hidden),
        hearings=await hearings.hearings_of(work, CaseId(case.id)),
        may_plan=can(actor, Action.PLAN_HEARING),
        may_hear=can(actor, Action.HOLD_HEARING),
    )


async def _visits_on(work: Work, case: str, hidden: Collection[str]) -> list[VisitOn]:
    met = {link.visit_id: link.met for link in await Repeats(work.session).links_to(case)}
    found = []
    for count, visit in enumerate(await Repeats(work.session).visits_on(case), start=1):
        if visit.case_id in hidden:
            continue
        own = await work.session.get_one(CaseRow, visit.case_id)
        found.append(VisitOn(own.number, visit.ticket, visit.visited_on, count, met.get(visit.id)))
    return found


async def _roots(work: Work, case: str, hidden: Collection[str]) -> list[str]:
    query = (
        select(CaseRow.id, CaseRow.number)
        .join(RepeatLinkRow, RepeatLinkRow.case_id == CaseRow.id)
        .join(VisitRow, VisitRow.id == RepeatLinkRow.visit_id)
        .where(VisitRow.case_id == case, RepeatLinkRow.case_id != case, RepeatLinkRow.state == CONFIRMED)
        .distinct()
        .order_by(CaseRow.number)
    )
    return [number for root, number in await work.session.execute(query) if root not in hidden]
