"""The case record: what happened, as far as the reader may know, and the seal over who came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from reception.domain.access import can, may
from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotFound
from reception.domain.ids import CaseId, PersonId, new_id
from reception.domain.policy import Action
from reception.domain.redaction import Level
from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.services.chronicle import VisitTold, tell
from reception.services.conflicts import barred, barred_cases
from reception.services.identities import ShownPerson, people_of
from reception.services.sight import Sight, sight_of
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.tables import (
    CaseRow,
    OutcomeRow,
    PersonRow,
    PlaceRow,
    RoleGrantRow,
    UnitRow,
    UnsealRow,
    VisitRow,
)

PAGE_SIZE = 50
NOTE_LIMIT = 500
UNSEAL_REASONS = ("call_back", "verify_identity", "write_reply", "supervision", "legal_request")


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One line of the ledger; nothing in it tells who came or what was said."""

    number: str
    township: str
    place: str
    visited_on: date
    ticket: str
    state: VisitState
    officer: str | None
    outcome_code: str | None
    receipt: str | None
    due_on: date | None
    is_direct: bool


@dataclass(frozen=True, slots=True)
class CasePage:
    """One page of the ledger, newest first; `total` counts all that the filters match."""

    lines: tuple[CaseLine, ...]
    total: int
    page: int


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What the reader asked for; empty strings mean everything."""

    number: str = ""
    state: str = ""
    township: str = ""
    page: int = 1


async def list_cases(work: Work, actor: Officer, wanted: CaseFilter) -> CasePage:
    """Return a page of the ledger, as far as this actor may know of it."""
    may(actor, Action.SEARCH_CASES)
    faults: dict[str, str] = {}
    if wanted.state and wanted.state not in set(VisitState):
        faults["state"] = "unknown"
    if wanted.page < 1:
        faults["page"] = "out_of_range"
    if faults:
        raise BadInput(faults)
    officer = aliased(PersonRow)
    query = _within_sight(sight_of(actor), _narrowed(wanted))
    query = _without(await barred_cases(work, actor), query)
    total = await work.session.scalar(select(func.count()).select_from(query.subquery()))
    full = (
        query.add_columns(CaseRow.number, UnitRow.name, PlaceRow.name, officer.name, OutcomeRow)
        .join(UnitRow, UnitRow.id == CaseRow.township_id)
        .join(PlaceRow, PlaceRow.id == VisitRow.place_id)
        .outerjoin(officer, officer.id == VisitRow.officer_id)
        .outerjoin(OutcomeRow, OutcomeRow.visit_id == VisitRow.id)
        .order_by(VisitRow.registered_at.desc(), VisitRow.id)
        .limit(PAGE_SIZE)
        .offset((wanted.page - 1) * PAGE_SIZE)
    )
    lines = tuple(
        CaseLine(
            number=number,
            township=township,
            place=place,
            visited_on=visit.visited_on,
            ticket=visit.ticket,
            state=VisitState(visit.state),
            officer=officer_name,
            outcome_code=outcome and outcome.code,
            receipt=outcome and outcome.receipt,
            due_on=outcome and outcome.due_on,
            is_direct=visit.is_direct,
        )
        for visit, number, township, place, officer_name, outcome in (await work.session.execute(full))
    )
    return CasePage(lines, total or 0, wanted.page)


def _narrowed(wanted: CaseFilter) -> Select[VisitRow]:
    query = select(VisitRow).join(CaseRow, CaseRow.id == VisitRow.case_id)
    if wanted.number:
        escaped = wanted.number.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        query = query.where(CaseRow.number.ilike(f"%{escaped}%", escape="\\"))
    if wanted.state:
        query = query.where(VisitRow.state == wanted.state)
    if wanted.township:
        query = query.where(CaseRow.township_id == wanted.township)
    return query


def _within_sight(sight: Sight, query: Select[VisitRow]) -> Select[VisitRow]:
    if sight.township is None:
        return query
    # A visit that went to the county directly leaves no trace for the township, not even a number.
    return query.where(CaseRow.township_id == sight.township, VisitRow.is_direct.is_(False))


def _without(hidden: frozenset[str], query: Select[VisitRow]) -> Select[VisitRow]:
    return query.where(VisitRow.case_id.not_in(hidden)) if hidden else query


async def find_case(work: Work, actor: Officer, number: str) -> CaseRow:
    """Return a case by its number, or raise NotFound: also where it is out of the actor's sight."""
    may(actor, Action.VIEW_CASE)
    # Before the case is looked for: one that is hidden takes the same way as one that is not there.
    hidden = await barred_cases(work, actor)
    case = await work.session.scalar(select(CaseRow).where(CaseRow.number == number))
    is_known = case is not None and case.id not in hidden
    if case is None or not is_known or not await visits_of(work, actor, case):
        raise NotFound
    return case


async def visits_of(work: Work, actor: Officer, case: CaseRow) -> Sequence[VisitRow]:
    """Return the case's visits that the actor may know of, oldest first."""
    query = (
        select(VisitRow)
        .join(CaseRow, CaseRow.id == VisitRow.case_id)
        .where(VisitRow.case_id == case.id)
        .order_by(VisitRow.registered_at)
    )
    return (await work.session.scalars(_within_sight(sight_of(actor), query))).all()


async def unseal(work: Work, actor: Officer, number: str, *, reason: str, note: str) -> list[ShownPerson]:
    """Show who came, to somebody who says why; the audit row is written before anything is shown.

    Raises:
        NotAllowed: the actor's role, or the duty officer's visit, does not carry the right.
        BadInput: no reason from the list, or the note is too long.
    """
    case = await find_case(work, actor, number)
    visits = await visits_of(work, actor, case)
    may(actor, Action.UNSEAL_IDENTITY, is_own=_owns(actor, visits))
    faults: dict[str, str] = {}
    if reason not in UNSEAL_REASONS:
        faults["reason"] = "required"
    if len(note) > NOTE_LIMIT:
        faults["note"] = "too_long"
    if faults:
        raise BadInput(faults)
    row_id = new_id()
    sealed = (
        await work.seal(note, case=case.id, table="unseal", column="note", row=row_id)
        if note.strip()
        else None
    )
    work.session.add(
        UnsealRow(
            id=row_id,
            case_id=case.id,
            person_id=actor.person,
            reason=reason,
            note_sealed=sealed,
            unsealed_at=work.now,
        )
    )
    await work.record_about(
        actor.seat,
        AuditAction.CASE_UNSEALED,
        "case",
        case.id,
        case=case.id,
        reason=reason,
        fields=("name", "id_number", "phone", "address"),
    )
    return [person for visit in visits for person in await people_of(work, visit, Level.FULL)]


@dataclass(frozen=True, slots=True)
class CaseTold:
    """A case with every visit that the reader may know of."""

    number: str
    township: str
    opened_at: datetime
    content: bool
    may_unseal: bool
    visits: list[VisitTold]


async def read_case(work: Work, actor: Officer, number: str) -> CaseTold:
    """Tell a case as far as this actor may know it, and write down that it was read."""
    case = await find_case(work, actor, number)
    sight = sight_of(actor)
    rows = await visits_of(work, actor, case)
    level = Level.MASKED if sight.content else Level.NONE
    township = await work.session.get_one(UnitRow, case.township_id)
    await _note_view(work, actor, case)
    return CaseTold(
        number=case.number,
        township=township.name,
        opened_at=case.opened_at,
        content=sight.content,
        may_unseal=can(actor, Action.UNSEAL_IDENTITY, is_own=_owns(actor, rows)),
        visits=[await tell(work, row, content=sight.content, people=level) for row in rows],
    )


def _owns(actor: Officer, visits: Sequence[VisitRow]) -> bool:
    return any(actor.person in (visit.officer_id, visit.outcome_owner_id) for visit in visits)


async def _note_view(work: Work, actor: Officer, case: CaseRow) -> None:
    """Write down that somebody read a case: reads of sensitive data are part of the audit."""
    await work.record_about(actor.seat, AuditAction.CASE_VIEWED, "case", case.id, case=case.id)


async def outcome_owners(work: Work, case: CaseId) -> list[tuple[PersonId, str, str]]:
    """Return who may own what happens next in a case: county staff who may know of it, by post."""
    from_county = (Role.COUNTY_DUTY_OFFICER, Role.PETITION_OFFICE, Role.SECTION_DIRECTOR, Role.BRANCH_LEADER)
    query = (
        select(PersonRow.id, PersonRow.name, PersonRow.post)
        .join(RoleGrantRow, RoleGrantRow.person_id == PersonRow.id)
        .where(RoleGrantRow.role.in_(from_county), PersonRow.is_active)
        .distinct()
        .order_by(PersonRow.name)
    )
    people = [(PersonId(person), name, post) for person, name, post in await work.session.execute(query)]
    out = await barred(work, case, [person for person, _, _ in people])
    return [line for line in people if line[0] not in out]
