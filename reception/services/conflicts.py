"""Who must not learn of which case: the rule of `domain.conflicts` applied to the rows.

To the barred a case looks as if it did not exist.  So what is barred is found out before the case is looked
for: a case that is not there and one that is hidden take the same way, and about the same time.
"""

from collections.abc import Collection, Mapping

from reception.domain.actors import Actor, Officer
from reception.domain.conflicts import Accusation, Conflict, barred_of, concerns
from reception.domain.errors import NotFound
from reception.domain.ids import CaseId, PersonId, VisitId
from reception.services.work import Work
from reception.store.conflicts import Conflicts
from reception.store.tables import VisitRow

Barred = Mapping[str, Mapping[PersonId, Conflict]]  # case to people; cases that bar nobody are left out


async def conflict_of(work: Work, person: PersonId, case: CaseId) -> Conflict | None:
    """Return why a person must not learn of a case; None where nothing speaks against it."""
    return (await barred(work, case, [person])).get(person)


async def barred(work: Work, case: CaseId, people: Collection[PersonId]) -> dict[PersonId, Conflict]:
    """Return who of these people must not learn of a case, and why."""
    return dict((await barred_in(work, [case], people)).get(case, {}))


async def barred_in(work: Work, cases: Collection[str] | None, people: Collection[PersonId] | None) -> Barred:
    """Return who must not learn of which case.

    Args:
        cases: only these; every case when None.
        people: only these; the whole staff when None.
    """
    store = Conflicts(work.session, work.vault)
    staff = await store.staff(people)
    tree = await store.tree()
    found = {}
    for case, accusation in (await store.accusations(tree, staff, cases)).items():
        people_out = barred_of(staff, accusation, tree, work.today)
        if people_out:
            found[case] = {PersonId(person): why for person, why in people_out.items()}
    return found


async def barred_cases(work: Work, actor: Actor) -> frozenset[str]:
    """Return every case that this actor must not learn of; a terminal is no person, so nothing bars it."""
    if not isinstance(actor, Officer):
        return frozenset()
    return frozenset(await barred_in(work, None, [actor.person]))


async def refuse_conflict(work: Work, person: PersonId, case: CaseId) -> None:
    """Raise NotFound where a person must not learn of the case."""
    if await conflict_of(work, person, case) is not None:
        raise NotFound


async def visit_for(work: Work, actor: Actor, visit: VisitId) -> VisitRow:
    """Return a visit, or raise NotFound: also where its case is hidden from this actor, in the same way."""
    row = await work.session.get(VisitRow, visit)
    if isinstance(actor, Officer):
        await refuse_conflict(work, actor.person, CaseId(row.case_id if row is not None else ""))
    if row is None:
        raise NotFound
    return row


async def is_about(work: Work, case: CaseId, unit: str) -> bool:
    """Tell whether a case complains about a unit, or about one above or below it."""
    store = Conflicts(work.session, work.vault)
    tree = await store.tree()
    accusation = (await store.accusations(tree, [], [case])).get(case, Accusation())
    return bool(accusation.accused.units) and concerns(tree, accusation.accused.units, unit)
