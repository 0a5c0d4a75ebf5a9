"""The main leader hears the report on a case that people keep coming back for, and orders haste."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotFound
from reception.domain.ids import CaseId, PersonId
from reception.domain.ladder import FIRST, HearingOver, Rung, Step, order_limit
from reception.domain.outcomes import TEXT_LIMIT
from reception.domain.policy import Action
from reception.services import ladder
from reception.services.conflicts import barred_cases, refuse_conflict
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.repeat_tables import CaseAssignmentRow, HearingRow, RepeatLinkRow
from reception.store.repeats import Repeats
from reception.store.rows import takes
from reception.store.tables import CaseRow, OutcomeRow, PersonRow, UnitRow


@dataclass(frozen=True, slots=True)
class HearingLine:
    """A hearing as a task; `section` and `owner` None where the assignment was taken back."""

    id: str
    case_number: str
    township: str
    count: int
    section: str | None
    owner: str | None
    due_on: date
    planned_on: date | None


@dataclass(frozen=True, slots=True)
class HearingTold:
    """A hearing on its case; the minutes are None for who may not read them.

    Attributes:
        latest: the last day that an acceleration order may name; None once it was given.
    """

    id: str
    state: str
    count: int
    due_on: date
    planned_on: date | None
    latest: date | None
    heard_by: str | None
    heard_at: datetime | None
    minutes: str | None
    order: str | None
    order_due_on: date | None
    order_owner: str | None


async def open_hearings(work: Work, actor: Officer) -> list[HearingLine]:
    """Return what is to be heard, the most urgent first."""
    may(actor, Action.PLAN_HEARING)
    query = (
        select(HearingRow, CaseRow.number, UnitRow.name, RepeatLinkRow.count)
        .join(CaseRow, CaseRow.id == HearingRow.case_id)
        .join(UnitRow, UnitRow.id == CaseRow.township_id)
        .join(RepeatLinkRow, RepeatLinkRow.id == HearingRow.link_id)
        .where(HearingRow.state == "open")
        .order_by(HearingRow.due_on, HearingRow.id)
    )
    hidden = await barred_cases(work, actor)
    rows = [row for row in (await work.session.execute(query)).all() if row[0].case_id not in hidden]
    handlers = await _handlers(work, [row.case_id for row, *_ in rows])
    return [
        HearingLine(
            id=row.id,
            case_number=number,
            township=township,
            count=count or 0,
            section=handlers.get(row.case_id, (None, None))[0],
            owner=handlers.get(row.case_id, (None, None))[1],
            due_on=row.due_on,
            planned_on=row.planned_on,
        )
        for row, number, township, count in rows
    ]


async def _handlers(work: Work, cases: Sequence[str]) -> dict[str, tuple[str, str]]:
    query = (
        select(CaseAssignmentRow.case_id, UnitRow.name, PersonRow.name)
        .join(UnitRow, UnitRow.id == CaseAssignmentRow.section_id)
        .join(PersonRow, PersonRow.id == CaseAssignmentRow.owner_id)
        .where(CaseAssignmentRow.case_id.in_(cases))
    )
    return {case: (section, owner) for case, section, owner in await work.session.execute(query)}


async def hearings_of(work: Work, case: CaseId) -> list[HearingTold]:
    """Return the hearings on a case that were not withdrawn, oldest first, minutes opened."""
    query = (
        select(HearingRow)
        .where(HearingRow.case_id == case, HearingRow.state != "withdrawn")
        .order_by(HearingRow.created_at)
    )
    return [await _told(work, row) for row in (await work.session.scalars(query)).all()]


async def _told(work: Work, row: HearingRow) -> HearingTold:
    link = await Repeats(work.session).link(row.link_id)
    named = {person for person in (row.heard_by, row.order_owner_id) if person}
    query = select(PersonRow.id, PersonRow.name).where(PersonRow.id.in_(named))
    names = dict((await work.session.execute(query)).all())
    return HearingTold(
        id=row.id,
        state=row.state,
        count=link.count or 0,
        due_on=row.due_on,
        planned_on=row.planned_on,
        latest=await _latest(work, row, link) if row.state == "open" else None,
        heard_by=names.get(row.heard_by or ""),
        heard_at=row.heard_at,
        minutes=await _opened(work, row, "minutes", row.minutes_sealed),
        order=await _opened(work, row, "order", row.order_sealed),
        order_due_on=row.order_due_on,
        order_owner=names.get(row.order_owner_id or ""),
    )


async def plan(work: Work, actor: Officer, hearing: str, on: date) -> None:
    """Set the day on which the report is heard.

    Raises:
        BadInput: the day is over.
        HearingOver: it was held or withdrawn.
    """
    may(actor, Action.PLAN_HEARING)
    row = await _hearing(work, actor, hearing)
    if on < work.today:
        raise BadInput({"on": "in_the_past"})
    if not await _change(work, row.id, {"planned_on": on}):
        raise HearingOver
    await _record(work, actor, row, "planned")


async def hear(
    work: Work,
    actor: Officer,
    hearing: str,
    *,
    minutes: str,
    order: str,
    due_on: date | None,
    owner: PersonId,
) -> None:
    """Keep the minutes of a hearing and the order that the matter be handled faster.

    Raises:
        BadInput: texts are missing, or the order's day is not shorter than what was promised last.
        HearingOver: it was held or withdrawn.
    """
    may(actor, Action.HOLD_HEARING)
    row = await _hearing(work, actor, hearing)
    link = await Repeats(work.session).link(row.link_id)
    faults = _text_faults(minutes=minutes, order=order)
    if due_on is None:
        faults["due_on"] = "required"
    elif due_on < work.today:
        faults["due_on"] = "in_the_past"
    elif due_on > await _latest(work, row, link):
        faults["due_on"] = "not_shorter"
    if not await work.session.scalar(select(PersonRow.id).where(PersonRow.id == owner, PersonRow.is_active)):
        faults["owner"] = "unknown" if owner else "required"
    if faults:
        raise BadInput(faults)
    taken = await _change(
        work,
        row.id,
        {
            "state": "heard",
            "heard_by": actor.person,
            "heard_at": work.now,
            "minutes_sealed": await _sealed(work, row, "minutes", minutes),
            "order_sealed": await _sealed(work, row, "order", order),
            "order_due_on": due_on,
            "order_owner_id": owner,
        },
    )
    if not taken:
        raise HearingOver
    await _record(work, actor, row, "heard")


def _text_faults(**texts: str) -> dict[str, str]:
    return {
        field: "required" if not text.strip() else "too_long"
        for field, text in texts.items()
        if not text.strip() or len(text) > TEXT_LIMIT
    }


async def _hearing(work: Work, actor: Officer, hearing: str) -> HearingRow:
    row = await work.session.get(HearingRow, hearing)
    await refuse_conflict(work, actor.person, CaseId(row.case_id if row is not None else ""))
    if row is None:
        raise NotFound
    return row


async def _latest(work: Work, row: HearingRow, link: RepeatLinkRow) -> date:
    """Return the last day that the order may name: sooner than the last promise on the matter."""
    step = await ladder.step_of(work, link) or _shipped()
    visits = [visit.id for visit in await Repeats(work.session).visits_on(row.case_id)]
    query = (
        select(OutcomeRow.due_on)
        .where(OutcomeRow.visit_id.in_(visits), OutcomeRow.due_on.is_not(None))
        .order_by(OutcomeRow.logged_at.desc())
        .limit(1)
    )
    return order_limit(step, await work.session.scalar(query), work.today)


def _shipped() -> Step:
    return FIRST.step(Rung.MULTIPLE)


async def _change(work: Work, hearing: str, changes: dict[str, object]) -> bool:
    statement = (
        update(HearingRow)
        .where(HearingRow.id == hearing, HearingRow.state == "open")
        .values(**changes)
        .execution_options(synchronize_session="fetch")
    )
    return await takes(work.session, statement)


async def _record(work: Work, actor: Officer, row: HearingRow, what: str) -> None:
    await work.record_about(
        actor.seat, AuditAction.HEARING_CHANGED, "hearing", row.id, case=row.case_id, reason=what
    )


async def _sealed(work: Work, row: HearingRow, column: str, text: str) -> str:
    return await work.seal(text.strip(), case=row.case_id, table="hearing", column=column, row=row.id)


async def _opened(work: Work, row: HearingRow, column: str, sealed: str | None) -> str | None:
    if sealed is None:
        return None
    return await work.open(sealed, case=row.case_id, table="hearing", column=column, row=row.id)
