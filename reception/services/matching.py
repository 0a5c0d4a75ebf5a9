"""Proposes earlier cases of the same person and matter; a person decides (`services.repeats`).

Keyed tokens only find candidates.  The comparison opens them in memory; what is kept of it are
evidence codes, never a value.  An anonymous visit has no identity to compare, and is not looked at (N-5).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reception.domain.ids import CaseId, new_id
from reception.domain.matching import OF_A_PERSON, Likeness, compare
from reception.domain.redaction import Person
from reception.services.identities import opened
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.repeat_tables import RepeatLinkRow
from reception.store.repeats import PROPOSED, Repeats
from reception.store.tables import CaseRow, IdentityRow, MatterRow, VisitRow
from reception.store.vault import SealBroken

MAX_OPENED = 60  # candidates whose seals are opened for one visit
MAX_PROPOSED = 5  # more than anybody reads before answering a ring


@dataclass(frozen=True, slots=True)
class _Told:
    """A matter with its words."""

    row: MatterRow
    summary: str


@dataclass(frozen=True, slots=True)
class _Found:
    """The best reason to think that a matter belongs to a case."""

    likeness: Likeness
    matter: str


async def propose(work: Work, row: VisitRow, *, by: str = "service", use_sounds: bool = True) -> int:
    """Propose earlier cases for a visit; what was proposed or decided before stays as it is.

    Args:
        by: seat of whoever asked.
        use_sounds: also look for names that sound alike; without it only equal numbers find anybody.

    Returns:
        How many proposals are new.
    """
    if row.is_anonymous:
        return 0
    await work.session.flush()
    repeats = Repeats(work.session)
    mine = await repeats.identities(row.id)
    others = await repeats.alike(row, mine, use_sounds=use_sounds, limit=MAX_OPENED)
    if not others:
        return 0
    found = await _compared(work, row, mine, others)
    known = {link.case_id for link in await repeats.links_of(row.id)}
    fresh = sorted(
        (item for item in found.items() if item[0] not in known),
        key=lambda item: (item[1].likeness.points, item[1].likeness.matter),
        reverse=True,
    )[:MAX_PROPOSED]
    for case, best in fresh:
        work.session.add(
            RepeatLinkRow(
                id=new_id(),
                visit_id=row.id,
                matter_id=best.matter,
                case_id=case,
                state=PROPOSED,
                evidence=best.likeness.codes,
                proposed_at=work.now,
            )
        )
    if fresh:
        await work.session.flush()
        await work.record(by, AuditAction.REPEAT_PROPOSED, row)
    return len(fresh)


async def _compared(
    work: Work, row: VisitRow, mine: Sequence[IdentityRow], others: Sequence[IdentityRow]
) -> dict[CaseId, _Found]:
    """Return per case that is worth asking about the best evidence, and the matter that it speaks of."""
    me = [person for one in mine if (person := await _opened(work, one))]
    my_matters = await _told(work, [row.id])
    their_matters = await _told(work, {other.visit_id for other in others})
    roots = await Repeats(work.session).roots([matter.row.id for matter in their_matters])
    township = await _townships(work, {row.case_id, *(other.case_id for other in others)})
    found: dict[CaseId, _Found] = {}
    for other in others:
        they = await _opened(work, other)
        if they is None:
            continue
        is_near = township[other.case_id] == township[row.case_id]
        for theirs in (matter for matter in their_matters if matter.row.visit_id == other.visit_id):
            case = CaseId(roots.get(theirs.row.id, theirs.row.case_id))
            best = _best(me, they, my_matters, theirs.summary, same_township=is_near)
            before = found.get(case)
            if best and case != row.case_id and (before is None or _strength(best) > _strength(before)):
                found[case] = best
    return found


def _best(
    me: Sequence[Person], they: Person, my_matters: Sequence[_Told], theirs: str, *, same_township: bool
) -> _Found | None:
    compared = (
        _Found(compare(person, they, mine.summary, theirs, same_township=same_township), mine.row.id)
        for person in me
        for mine in my_matters
    )
    worth = [one for one in compared if one.likeness.is_worth_asking and one.likeness.evidence & OF_A_PERSON]
    return max(worth, key=_strength, default=None)


def _strength(found: _Found) -> tuple[int, float]:
    return found.likeness.points, found.likeness.matter


async def _opened(work: Work, row: IdentityRow) -> Person | None:
    """Open an identity; None where its key was given up on purpose: it is nobody any more."""
    try:
        return await opened(work, row)
    except SealBroken:
        return None


async def _told(work: Work, visits: Sequence[str] | set[str]) -> list[_Told]:
    told = []
    for row in await Repeats(work.session).matters(visits):
        try:
            summary = await work.open(
                row.summary_sealed, case=row.case_id, table="matter", column="summary", row=row.id
            )
        except SealBroken:
            continue
        told.append(_Told(row, summary))
    return told


async def _townships(work: Work, cases: set[str]) -> dict[str, str]:
    return {case: (await work.session.get_one(CaseRow, case)).township_id for case in cases}
