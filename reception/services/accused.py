"""Whom a case complains about: entered by its host or the petition office, and put into force at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotFound, Refusal
from reception.domain.ids import CaseId, PersonId, VisitId, new_id
from reception.domain.policy import Action
from reception.domain.roles import Role
from reception.services.conflicts import barred_in, is_about, visit_for
from reception.services.intake import seal_content
from reception.services.notes import QueueChanged, VisitChanged
from reception.services.separation import separate
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.conflict_tables import AccusedRow
from reception.store.conflicts import Conflicts
from reception.store.duty import Duty
from reception.store.tables import MatterRow, ParticipantRow, PersonRow, PlaceRow, UnitRow, VisitRow

NAME_LIMIT = 40
_REPORT = "report"


class AccusedUnknown(Refusal):
    """Nobody from outside the house comes into a report before it is known whom it is about."""

    code = "accused_unknown"


@dataclass(frozen=True, slots=True)
class AccusedTold:
    """One entry, in the words in which it was made."""

    id: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class UnitOption:
    """A unit that may be complained about; `depth` counts the units above it."""

    id: str
    name: str
    depth: int


@dataclass(frozen=True, slots=True)
class CaseAccused:
    """What the host sees of conflicts.

    Attributes:
        taken_out: how many colleagues who are on duty, were asked or took part stay out of this case.
        is_missing: a report, and nobody is entered yet: no liaison may be asked.
        is_about_the_room: the township that the visitor sits in is concerned.
        staff: names to choose from, so that a typing error does not let somebody through.
    """

    lines: tuple[AccusedTold, ...]
    taken_out: int
    is_missing: bool
    is_about_the_room: bool
    units: tuple[UnitOption, ...]
    staff: tuple[str, ...]


async def read_accused(work: Work, actor: Officer, visit: VisitId) -> CaseAccused:
    """Tell whom a visit's case complains about, to who may change it."""
    row = await _editable(work, actor, visit)
    case = CaseId(row.case_id)
    rows = await Conflicts(work.session, work.vault).accused_of(case)
    names = await work.session.scalars(
        select(PersonRow.name).where(PersonRow.is_active).distinct().order_by(PersonRow.name)
    )
    return CaseAccused(
        lines=tuple([await _told(work, one) for one in rows]),
        taken_out=await _taken_out(work, row),
        is_missing=not rows and await _is_report(work, case),
        is_about_the_room=await is_about(work, case, await _township(work, row)),
        units=tuple(await _units(work)),
        staff=tuple(names),
    )


async def add_accused(work: Work, actor: Officer, visit: VisitId, *, unit: str, name: str = "") -> None:
    """Enter a unit, and a person of it by name, and take out at once whoever is in conflict by that.

    Raises:
        BadInput: an unknown unit, or a name that is none.
    """
    row = await _editable(work, actor, visit)
    found = await work.session.get(UnitRow, unit)
    faults = {} if found is not None else {"unit": "required" if not unit else "unknown"}
    name = name.strip()
    if len(name) > NAME_LIMIT:
        faults["name"] = "too_long"
    if found is None or faults:
        raise BadInput(faults)
    await _enter(work, actor, row, "unit", unit, found.name)
    if name:
        await _enter(work, actor, row, "person", name, f"{found.name} {name}")
    await separate(work, CaseId(row.case_id))
    work.tell(QueueChanged(), VisitChanged(visit))


async def remove_accused(work: Work, actor: Officer, visit: VisitId, accused: str) -> None:
    """Take an entry back; the row stays, with who took it back and when.

    Raises:
        NotFound: no such entry of this case, or it was taken back already.
    """
    row = await _editable(work, actor, visit)
    case = CaseId(row.case_id)
    store = Conflicts(work.session, work.vault)
    if not await store.remove_accused(accused, case, by=actor.person, at=work.now):
        raise NotFound
    await work.record(actor.seat, AuditAction.ACCUSED_REMOVED, row)
    work.tell(QueueChanged(), VisitChanged(visit))


async def refuse_unknown_accused(work: Work, case: CaseId) -> None:
    """Refuse to ask a liaison into a report of which nobody has said yet whom it is about.

    Raises:
        AccusedUnknown
    """
    store = Conflicts(work.session, work.vault)
    if await _is_report(work, case) and not await store.accused_of(case):
        raise AccusedUnknown


async def _editable(work: Work, actor: Officer, visit: VisitId) -> VisitRow:
    """Return a visit whose accused this officer may change: the host, and anybody of the petition office."""
    may(actor, Action.NAME_ACCUSED)
    row = await visit_for(work, actor, visit)
    if Role.PETITION_OFFICE not in actor.roles and actor.person not in (
        row.officer_id,
        row.outcome_owner_id,
    ):
        raise NotFound
    return row


async def _enter(work: Work, actor: Officer, row: VisitRow, kind: str, value: str, label: str) -> None:
    store, ident = Conflicts(work.session, work.vault), new_id()
    entry = AccusedRow(
        id=ident,
        case_id=row.case_id,
        kind=kind,
        token=store.token(CaseId(row.case_id), kind, value),
        label_sealed=await seal_content(work, row, "accused", "label", ident, label),
        entered_by=actor.person,
        entered_at=work.now,
    )
    # The same unit again is no fault: who enters a second person of it names it again.
    if await store.add_accused(entry):
        await work.record(actor.seat, AuditAction.ACCUSED_ADDED, row, reason=kind)


async def _told(work: Work, row: AccusedRow) -> AccusedTold:
    label = await work.open(row.label_sealed, case=row.case_id, table="accused", column="label", row=row.id)
    return AccusedTold(row.id, row.kind, label)


async def _taken_out(work: Work, row: VisitRow) -> int:
    on_duty = [line.person for line in await Duty(work.session).on_shift()]
    query = select(ParticipantRow.person_id).where(
        ParticipantRow.visit_id == row.id, ParticipantRow.person_id.is_not(None)
    )
    asked = [PersonId(person) for person in await work.session.scalars(query) if person]
    out = await barred_in(work, [row.case_id], {*on_duty, *asked})
    return len(out.get(row.case_id, {}))


async def _is_report(work: Work, case: CaseId) -> bool:
    query = select(MatterRow.id).where(MatterRow.case_id == case, MatterRow.kind == _REPORT).limit(1)
    return await work.session.scalar(query) is not None


async def _township(work: Work, row: VisitRow) -> str:
    return (await work.session.get_one(PlaceRow, row.place_id)).unit_id


async def _units(work: Work) -> Sequence[UnitOption]:
    rows = (await work.session.scalars(select(UnitRow).order_by(UnitRow.position, UnitRow.id))).all()
    tree = await Conflicts(work.session, work.vault).tree()
    return [UnitOption(row.id, row.name, len(tree.line_up(row.id) or ()) - 1) for row in rows]
