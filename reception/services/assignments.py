"""分办: which section handles a case, and who in it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.errors import BadInput
from reception.domain.ids import CaseId, PersonId
from reception.domain.policy import Action
from reception.domain.roles import COUNTY
from reception.services import ladder
from reception.services.conflicts import conflict_of
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.repeat_tables import CaseAssignmentRow
from reception.store.tables import CaseRow, PersonRow, RoleGrantRow, UnitRow

HANDLING_KINDS = ("section", "group")  # 承办科室, 派驻纪检监察组


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who handles a case."""

    case: CaseId
    section: str
    section_name: str
    owner: PersonId
    owner_name: str
    owner_post: str
    assigned_at: datetime


async def assignment_of(work: Work, case: CaseId) -> Assignment | None:
    """Return who handles a case; None while it is not assigned."""
    query = (
        select(CaseAssignmentRow, UnitRow.name, PersonRow.name, PersonRow.post)
        .join(UnitRow, UnitRow.id == CaseAssignmentRow.section_id)
        .join(PersonRow, PersonRow.id == CaseAssignmentRow.owner_id)
        .where(CaseAssignmentRow.case_id == case)
    )
    found = (await work.session.execute(query)).one_or_none()
    if found is None:
        return None
    row, section, name, post = found
    return Assignment(case, row.section_id, section, PersonId(row.owner_id), name, post, row.assigned_at)


async def assign(work: Work, actor: Officer, case: CaseId, section: str, owner: PersonId) -> Assignment:
    """Give a case to a section and somebody in it, or to another one.

    A director may only choose who of the own section owns what the section has already.

    Raises:
        NotAllowed: the actor's role, or the case is another section's.
        BadInput: no such section, or the owner does not work there.
    """
    kept = await work.session.get(CaseAssignmentRow, case)
    is_own = kept is not None and kept.section_id == actor.unit == section
    may(actor, Action.ASSIGN_CASE, is_own=is_own)
    await work.session.get_one(CaseRow, case)
    faults: dict[str, str] = {}
    unit = await work.session.get(UnitRow, section)
    if unit is None or unit.kind not in HANDLING_KINDS:
        faults["section"] = "required" if not section else "unknown"
    elif not await _works_in(work, owner, section):
        faults["owner"] = "required" if not owner else "unknown"
    elif await conflict_of(work, owner, case):
        faults["owner"] = "stays_out"
    if faults:
        raise BadInput(faults)
    await _keep(work, actor, case, section, owner)
    await work.record_about(actor.seat, AuditAction.CASE_ASSIGNED, "case", case, case=case)
    # Whoever stands at a terminal about this case now may be one that a rung of the ladder is for.
    await ladder.reconsider(work, case)
    assigned = await assignment_of(work, case)
    assert assigned is not None, "written above"  # noqa: S101
    return assigned


async def _works_in(work: Work, person: PersonId, section: str) -> bool:
    query = (
        select(PersonRow.id)
        .join(RoleGrantRow, RoleGrantRow.person_id == PersonRow.id)
        .where(
            PersonRow.id == person,
            PersonRow.unit_id == section,
            PersonRow.is_active,
            RoleGrantRow.role.in_(COUNTY),
        )
    )
    return await work.session.scalar(query) is not None


async def _keep(work: Work, actor: Officer, case: CaseId, section: str, owner: PersonId) -> None:
    """Write the assignment over what was; two who assign at once end with one of the two, whole."""
    is_postgresql = work.session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if is_postgresql else sqlite.insert
    values = {
        "section_id": section,
        "owner_id": owner,
        "assigned_by": actor.person,
        "assigned_at": work.now,
    }
    statement = (
        insert(CaseAssignmentRow)
        .values(case_id=case, version=1, **values)
        .on_conflict_do_update(
            index_elements=["case_id"], set_={**values, "version": CaseAssignmentRow.version + 1}
        )
    )
    await work.session.execute(statement)
    work.session.expire_all()


async def sections(work: Work) -> list[tuple[str, str]]:
    """Return every section that may handle a case, in the county's order."""
    query = (
        select(UnitRow.id, UnitRow.name).where(UnitRow.kind.in_(HANDLING_KINDS)).order_by(UnitRow.position)
    )
    return [(unit, name) for unit, name in await work.session.execute(query)]


async def people_of_sections(work: Work) -> list[tuple[PersonId, str, str, str]]:
    """Return who may own an assigned case: person, name, post and section."""
    query = (
        select(PersonRow.id, PersonRow.name, PersonRow.post, PersonRow.unit_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .join(RoleGrantRow, RoleGrantRow.person_id == PersonRow.id)
        .where(UnitRow.kind.in_(HANDLING_KINDS), PersonRow.is_active, RoleGrantRow.role.in_(COUNTY))
        .distinct()
        .order_by(PersonRow.name)
    )
    return [
        (PersonId(person), name, post, unit) for person, name, post, unit in await work.session.execute(query)
    ]
