"""The outcome of a visit: its draft, and the one form that ends it."""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotFound, Refusal
from reception.domain.ids import CaseId, PersonId, VisitId
from reception.domain.outcomes import TEXT_LIMIT, OutcomeCode, OutcomeExists, OutcomeRequired, faults
from reception.domain.policy import Action
from reception.domain.visits import OWES_OUTCOME, VisitAction, VisitState, follow
from reception.failpoints import reach
from reception.services import arrivals
from reception.services.conflicts import conflict_of, visit_for
from reception.services.intake import seal_content
from reception.services.ladder import settle
from reception.services.notes import DutyChanged, QueueChanged, VisitChanged
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.numbers import next_number
from reception.store.tables import OutcomeDraftRow, OutcomeRow, PersonRow, VisitRow
from reception.store.visits import Visits


class DraftOutdated(Refusal):
    """A newer draft was saved elsewhere; nothing was overwritten."""

    code = "draft_outdated"


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the form holds, complete or not."""

    code: str = ""
    asked: str = ""
    answer: str = ""
    next: str = ""
    due_on: date | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """A draft with its version; versions start at 1 and grow by one per save."""

    draft: Draft
    version: int
    saved_at: datetime


async def owned(work: Work, actor: Officer, visit: VisitId) -> VisitRow:
    """Return a visit whose outcome this officer owes or wrote, or raise NotFound."""
    row = await visit_for(work, actor, visit)
    if row.outcome_owner_id != actor.person:
        raise NotFound
    return row


async def save_draft(work: Work, actor: Officer, visit: VisitId, draft: Draft, version: int) -> SavedDraft:
    """Keep what has been typed so far.

    Args:
        version: the version that the page started from; 0 for none.

    Raises:
        DraftOutdated: another tab saved in between.
    """
    may(actor, Action.WRITE_OUTCOME)
    row = await owned(work, actor, visit)
    if VisitState(row.state) not in OWES_OUTCOME:
        raise OutcomeExists
    too_long = {
        field: "too_long"
        for field, text in (("asked", draft.asked), ("answer", draft.answer), ("next", draft.next))
        if len(text) > TEXT_LIMIT
    }
    if too_long:
        raise BadInput(too_long)
    text = msgspec.json.encode(draft).decode()
    sealed = await seal_content(work, row, "outcome_draft", "body", visit, text)
    kept = await work.session.get(OutcomeDraftRow, visit)
    if (kept.version if kept else 0) != version:
        raise DraftOutdated
    if kept is None:
        kept = OutcomeDraftRow(
            visit_id=visit, body_sealed=sealed, version=1, saved_at=work.now, saved_by=actor.person
        )
        work.session.add(kept)
    else:
        kept.body_sealed, kept.version = sealed, version + 1
        kept.saved_at, kept.saved_by = work.now, actor.person
    await work.session.flush()
    reach("draft.after_save")
    return SavedDraft(draft, kept.version, work.now)


async def read_draft(work: Work, actor: Officer, visit: VisitId) -> SavedDraft | None:
    """Return the newest draft, or None."""
    row = await owned(work, actor, visit)
    kept = await work.session.get(OutcomeDraftRow, visit)
    if kept is None:
        return None
    text = await work.open(
        kept.body_sealed, case=row.case_id, table="outcome_draft", column="body", row=visit
    )
    return SavedDraft(msgspec.json.decode(text, type=Draft), kept.version, kept.saved_at)


async def log(work: Work, actor: Officer, visit: VisitId, form: Draft) -> str:
    """Write the outcome and so end the visit.

    Returns:
        The receipt number; it is valid once the transaction is committed.

    Raises:
        BadInput: fields that do not hold, all at once.
        OutcomeRequired: the call still runs; end it first.
        RungUnmet: a repeat visit, and who it asks for neither came nor is excused.
        OutcomeExists: the outcome was written before.
    """
    may(actor, Action.WRITE_OUTCOME)
    row = await owned(work, actor, visit)
    state = VisitState(row.state)
    if state is VisitState.OUTCOME_LOGGED:
        raise OutcomeExists
    if state in (VisitState.IN_CALL, VisitState.SUSPENDED):
        raise OutcomeRequired
    after = follow(state, VisitAction.LOG_OUTCOME)
    found = faults(
        code=form.code,
        asked=form.asked,
        answer=form.answer,
        next_step=form.next,
        due_on=form.due_on,
        owner=form.owner,
        today=work.today,
    )
    if "owner" not in found and await _unknown_person(work, PersonId(form.owner)):
        found["owner"] = "unknown"
    if "owner" not in found and await conflict_of(work, PersonId(form.owner), CaseId(row.case_id)):
        found["owner"] = "stays_out"
    if found:
        raise BadInput(found)
    await settle(work, row)
    receipt = await _write(work, actor, row, form)
    reach("outcome.after_insert")
    if not await Visits(work.session).move(
        visit, from_state=state, to=after, changes={"closed_at": work.now}
    ):
        raise OutcomeExists
    await arrivals.finish(work, row, by=actor.seat)
    draft = await work.session.get(OutcomeDraftRow, visit)
    if draft is not None:
        await work.session.delete(draft)
    await Visits(work.session).note_event(
        visit, "outcome_logged", at=work.now, person=actor.person, code=form.code
    )
    await work.record(actor.seat, AuditAction.OUTCOME_LOGGED, row, reason=form.code)
    work.tell(VisitChanged(visit), DutyChanged(actor.person), QueueChanged())
    return receipt


async def _unknown_person(work: Work, person: PersonId) -> bool:
    query = select(PersonRow.id).where(PersonRow.id == person, PersonRow.is_active)
    return await work.session.scalar(query) is None


async def _write(work: Work, actor: Officer, row: VisitRow, form: Draft) -> str:
    year = str(work.today.year)
    receipt = f"JF{year}-{await next_number(work.session, 'receipt', year):06d}"
    work.session.add(
        OutcomeRow(
            visit_id=row.id,
            receipt=receipt,
            code=OutcomeCode(form.code),
            asked_sealed=await seal_content(work, row, "outcome", "asked", row.id, form.asked),
            answer_sealed=await seal_content(work, row, "outcome", "answer", row.id, form.answer),
            next_sealed=await seal_content(work, row, "outcome", "next", row.id, form.next),
            due_on=form.due_on,
            owner_id=form.owner,
            logged_by=actor.person,
            logged_at=work.now,
        )
    )
    try:
        await work.session.flush()
    except IntegrityError as error:
        raise OutcomeExists from error
    return receipt
