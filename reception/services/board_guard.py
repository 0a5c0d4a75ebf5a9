"""Cases that a viewer of the schedule must not learn of: their appointments are hours that are taken."""

from collections.abc import Collection

from sqlalchemy import select

from reception.domain.actors import Officer
from reception.domain.board import BoardSight
from reception.services.conflicts import barred_cases
from reception.services.work import Work
from reception.store.tables import VisitRow


async def guarded_cases(
    work: Work, actor: Officer, sight: BoardSight, cases: Collection[str]
) -> frozenset[str]:
    """Return those of some cases that are kept from the actor.

    They are the cases that a conflict bars the actor from, and for a township
    those that went to the county past it.
    """
    if not cases:
        return frozenset()
    barred = await barred_cases(work, actor)
    return barred if sight.township is None else barred | await direct_cases(work, cases)


async def direct_cases(work: Work, cases: Collection[str]) -> frozenset[str]:
    """Return those of some cases that went to the county past the township."""
    query = select(VisitRow.case_id).where(VisitRow.case_id.in_(cases), VisitRow.is_direct)
    return frozenset(await work.session.scalars(query.distinct()))
