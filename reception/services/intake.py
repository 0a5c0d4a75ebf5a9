"""What happens at the terminal before the county is called: registration, answer, doubt."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from reception.domain import registration
from reception.domain.access import may
from reception.domain.actors import Terminal
from reception.domain.errors import BadInput, NotFound, Refusal
from reception.domain.ids import VisitId, new_id
from reception.domain.policy import Action
from reception.domain.registration import SUMMARY_LIMIT, Registration
from reception.domain.visits import VisitAction, VisitState, WrongState, follow
from reception.services import arrivals
from reception.services.identities import keep_people
from reception.services.matching import propose
from reception.services.notes import QueueChanged, RingStopped, VisitChanged
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.numbers import next_number
from reception.store.tables import (
    CaseRow,
    MatterRow,
    PersonRow,
    TownshipAnswerRow,
    VisitRow,
)
from reception.store.visits import Visits


class RoomTaken(Refusal):
    """The room's last visit has not left the terminal yet."""

    code = "room_taken"


@dataclass(frozen=True, slots=True)
class Registered:
    """What a terminal is told of a new visit."""

    visit: VisitId
    ticket: str
    case_number: str
    state: VisitState


async def register(work: Work, actor: Terminal, form: Registration) -> Registered:
    """Open a case with its first visit at this terminal.

    Raises:
        BadInput: fields that do not hold, all at once; nothing is saved.
        RoomTaken: another visit still is at this terminal.
    """
    may(actor, Action.REGISTER_VISIT)
    form = registration.checked(form)
    # A suspended visit keeps its terminal until it is put aside; of all others the index knows.
    if await Visits(work.session).at_place(actor.place) is not None:
        raise RoomTaken
    year = str(work.today.year)
    number = await next_number(work.session, "case", year)
    ticket = await next_number(work.session, "ticket", work.today.isoformat())
    case = CaseRow(
        id=new_id(),
        number=f"XF{year}-{number:05d}",
        township_id=actor.unit,
        opened_at=work.now,
    )
    visit = VisitRow(
        id=new_id(),
        case_id=case.id,
        place_id=actor.place,
        device_id=actor.device,
        ticket=f"A-{ticket:03d}",
        visited_on=work.today,
        state=VisitState.REGISTERED,
        is_direct=form.is_direct,
        is_anonymous=form.visitor is None,
        head_count=form.head_count,
        registered_at=work.now,
    )
    work.session.add(case)
    await work.session.flush()
    work.session.add(visit)
    try:
        await work.session.flush()
    except IntegrityError as error:
        # uq_visit_place_taken: the database decides, so two tabs can not both register.
        raise RoomTaken from error
    if form.visitor is not None:
        await keep_people(work, visit, form.visitor, form.representatives)
    await _keep_matters(work, visit, form)
    await Visits(work.session).note_event(VisitId(visit.id), "registered", at=work.now, role="terminal")
    await work.record(actor.seat, AuditAction.VISIT_REGISTERED, visit)
    await propose(work, visit)
    return Registered(VisitId(visit.id), visit.ticket, case.number, VisitState.REGISTERED)


async def _keep_matters(work: Work, visit: VisitRow, form: Registration) -> None:
    for position, matter in enumerate(form.matters):
        row_id = new_id()
        work.session.add(
            MatterRow(
                id=row_id,
                case_id=visit.case_id,
                visit_id=visit.id,
                position=position,
                kind=matter.kind,
                summary_sealed=await seal_content(work, visit, "matter", "summary", row_id, matter.summary),
            )
        )


async def seal_content(work: Work, visit: VisitRow, table: str, column: str, row_id: str, text: str) -> str:
    """Seal what a citizen or officer said, under the case's content key."""
    return await work.seal(text.strip(), case=visit.case_id, table=table, column=column, row=row_id)


async def own_visit(work: Work, actor: Terminal, visit: VisitId) -> VisitRow:
    """Return a visit of this terminal; anybody else's does not exist for it."""
    row = await Visits(work.session).get(visit)
    if row.device_id != actor.device:
        raise NotFound
    return row


async def answer_at_township(
    work: Work, actor: Terminal, visit: VisitId, *, officer: str, answer: str, satisfied: bool, doubt: str
) -> VisitState:
    """Record the township's own answer, and whether the visitor accepts or doubts it.

    Without a logged township answer there is nothing to doubt (domain 3.1), so
    this comes before raising, except where the county receives alone.
    """
    may(actor, Action.ANSWER_TOWNSHIP)
    row = await own_visit(work, actor, visit)
    if row.is_direct:
        raise WrongState
    faults = _answer_faults(answer, doubt, satisfied=satisfied)
    staff = await work.session.scalar(
        select(PersonRow).where(PersonRow.id == officer, PersonRow.unit_id == actor.unit)
    )
    if staff is None:
        faults["officer"] = "required"
    if faults:
        raise BadInput(faults)
    action = VisitAction.ACCEPT_TOWNSHIP_ANSWER if satisfied else VisitAction.ANSWER_AT_TOWNSHIP
    state = follow(VisitState(row.state), action)
    moved = await Visits(work.session).move(
        visit,
        from_state=VisitState(row.state),
        to=state,
        changes={"closed_at": work.now} if satisfied else None,
    )
    if not moved:
        raise WrongState
    work.session.add(
        TownshipAnswerRow(
            visit_id=visit,
            answered_by=officer,
            answer_sealed=await seal_content(work, row, "township_answer", "answer", visit, answer),
            is_satisfied=satisfied,
            doubt_sealed=None
            if satisfied
            else await seal_content(work, row, "township_answer", "doubt", visit, doubt),
            answered_at=work.now,
        )
    )
    await Visits(work.session).note_event(
        visit,
        "township_answered",
        at=work.now,
        role="township_officer",
        person=officer,
        code="satisfied" if satisfied else "doubted",
    )
    await work.record(
        actor.seat, AuditAction.TOWNSHIP_ANSWERED, row, reason="satisfied" if satisfied else "doubted"
    )
    if satisfied:
        await arrivals.finish(work, row, by=actor.seat)
    return state


def _answer_faults(answer: str, doubt: str, *, satisfied: bool) -> dict[str, str]:
    faults: dict[str, str] = {}
    texts = {"answer": answer} if satisfied else {"answer": answer, "doubt": doubt}
    for field, text in texts.items():
        if not text.strip():
            faults[field] = "required"
        elif len(text) > SUMMARY_LIMIT:
            faults[field] = "too_long"
    return faults


async def cancel(work: Work, actor: Terminal, visit: VisitId) -> VisitState:
    """Take a visit back before the county answered."""
    may(actor, Action.REGISTER_VISIT)
    row = await own_visit(work, actor, visit)
    visits = Visits(work.session)
    state = follow(VisitState(row.state), VisitAction.CANCEL)
    if not await visits.move(
        visit, from_state=VisitState(row.state), to=state, changes={"closed_at": work.now}
    ):
        raise WrongState
    silenced = await visits.stop_rings(at=work.now, why="cancelled", visit=visit)
    await visits.note_event(visit, "cancelled", at=work.now, role="terminal")
    await work.record(actor.seat, AuditAction.VISIT_CANCELLED, row)
    work.tell(
        RingStopped(visit, tuple(person for _, person in silenced), "cancelled"),
        VisitChanged(visit),
        QueueChanged(),
    )
    return state
