"""Whether a visit is about an earlier case: a person confirms or rejects what was proposed, or undoes it."""

from collections.abc import Collection

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.ids import CaseId, VisitId
from reception.domain.ladder import LinkDecided
from reception.domain.policy import Action
from reception.domain.visits import OWES_OUTCOME, VisitState
from reception.services import ladder, matching
from reception.services.conflicts import refuse_conflict, visit_for
from reception.services.notes import VisitChanged
from reception.services.visit import refuse_unless_in_visit
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.repeat_tables import RepeatLinkRow
from reception.store.repeats import CONFIRMED, PROPOSED, REJECTED, UNLINKED, Repeats
from reception.store.tables import VisitRow


async def readable(work: Work, actor: Officer, visit: VisitId) -> VisitRow:
    """Return a visit whose earlier cases this officer may look at: as its case panel, before and in the call.

    Raises:
        NotFound: not theirs, or none of the county's business yet.
    """
    row = await visit_for(work, actor, visit)
    state = VisitState(row.state)
    if state is VisitState.WAITING or row.first_chance_until is not None:
        may(actor, Action.ANSWER_VISIT)
    elif state in OWES_OUTCOME or state is VisitState.OUTCOME_LOGGED:
        await refuse_unless_in_visit(work, actor, visit)
    else:
        may(actor, Action.VIEW_CASE)
    return row


async def look_again(work: Work, actor: Officer, visit: VisitId) -> int:
    """Propose once more, on demand from the desk; return how many proposals are new."""
    may(actor, Action.JUDGE_REPEAT)
    row = await readable(work, actor, visit)
    found = await matching.propose(work, row, by=actor.seat)
    if found:
        work.tell(VisitChanged(visit))
    return found


async def confirm(work: Work, actor: Officer, link: str) -> RepeatLinkRow:
    """Say that it is the same matter: from now on the visit counts as one on the earlier case.

    Raises:
        LinkDecided: somebody confirmed it before.
        MatterLinked: the matter is linked to another case.
    """
    row = await _decided(work, actor, link, (PROPOSED, REJECTED, UNLINKED), CONFIRMED, count=1)
    await _note(work, actor, row, AuditAction.REPEAT_CONFIRMED)
    await ladder.reconsider(work, CaseId(row.case_id))
    return row


async def reject(work: Work, actor: Officer, link: str) -> RepeatLinkRow:
    """Say that it is not the same matter; the proposal is kept, and is not made again."""
    row = await _decided(work, actor, link, (PROPOSED,), REJECTED)
    await _note(work, actor, row, AuditAction.REPEAT_REJECTED)
    return row


async def unlink(work: Work, actor: Officer, link: str) -> RepeatLinkRow:
    """Undo a confirmation: the visit counts no longer on the earlier case, nor do its rung and hearing."""
    row = await _decided(work, actor, link, (CONFIRMED,), UNLINKED)
    await _note(work, actor, row, AuditAction.REPEAT_UNLINKED)
    await ladder.reconsider(work, CaseId(row.case_id))
    return row


async def _decided(
    work: Work, actor: Officer, link: str, from_states: Collection[str], to: str, **changes: object
) -> RepeatLinkRow:
    may(actor, Action.JUDGE_REPEAT)
    repeats = Repeats(work.session)
    row = await repeats.link(link)
    await readable(work, actor, VisitId(row.visit_id))
    await refuse_conflict(work, actor.person, CaseId(row.case_id))
    decided = {"decided_by": actor.person, "decided_at": work.now, **changes}
    if not await repeats.decide(link, from_states=from_states, to=to, changes=decided):
        raise LinkDecided
    return row


async def _note(work: Work, actor: Officer, row: RepeatLinkRow, action: AuditAction) -> None:
    visit = await work.session.get_one(VisitRow, row.visit_id)
    await work.record(actor.seat, action, visit)
    work.tell(VisitChanged(VisitId(row.visit_id)))
