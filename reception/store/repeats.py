"""Links between visits and earlier cases, and what hangs on them, within one open session."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from reception.domain.errors import NotFound
from reception.domain.ladder import MatterLinked
from reception.domain.visits import VisitState
from reception.store.repeat_tables import (
    CaseAssignmentRow,
    HearingRow,
    IdentityTokenRow,
    LadderRungRow,
    RepeatLinkRow,
)
from reception.store.rows import takes
from reception.store.tables import IdentityRow, MatterRow, VisitRow

CONFIRMED = "confirmed"
PROPOSED = "proposed"
REJECTED = "rejected"
UNLINKED = "unlinked"


class Repeats:
    """Queries and conditional updates on repeat visits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    # Candidates

    async def alike(
        self, row: VisitRow, mine: Sequence[IdentityRow], *, use_sounds: bool, limit: int
    ) -> list[IdentityRow]:
        """Return earlier identities that share a keyed value with these, the most promising first."""
        earlier = (
            select(IdentityRow)
            .join(VisitRow, VisitRow.id == IdentityRow.visit_id)
            .where(
                VisitRow.id != row.id,
                VisitRow.case_id != row.case_id,
                VisitRow.registered_at < row.registered_at,
                VisitRow.state != VisitState.CANCELLED,
            )
        )
        numbers = {one.id_number_index for one in mine} - {None}
        phones = {one.phone_index for one in mine} - {None}
        by_number = earlier.where(
            or_(IdentityRow.id_number_index.in_(numbers), IdentityRow.phone_index.in_(phones))
        ).order_by(VisitRow.registered_at.desc())
        found = {one.id: one for one in await self._session.scalars(by_number.limit(limit))}
        if use_sounds:
            by_sound = await self._session.scalars(self._by_sound(earlier, mine).limit(limit))
            for one in by_sound:
                found.setdefault(one.id, one)
        return list(found.values())[:limit]

    def _by_sound(self, earlier: Select[IdentityRow], mine: Sequence[IdentityRow]) -> Select[IdentityRow]:
        """Order by how many tokens are shared: a name that sounds the same shares all of them."""
        tokens = select(IdentityTokenRow.token).where(
            IdentityTokenRow.identity_id.in_([one.id for one in mine])
        )
        shared = (
            select(IdentityTokenRow.identity_id, func.count().label("hits"))
            .where(IdentityTokenRow.token.in_(tokens))
            .group_by(IdentityTokenRow.identity_id)
            .subquery()
        )
        return earlier.join(shared, shared.c.identity_id == IdentityRow.id).order_by(
            shared.c.hits.desc(), VisitRow.registered_at.desc()
        )

    async def identities(self, visit: str) -> Sequence[IdentityRow]:
        """Return who came, in order."""
        query = select(IdentityRow).where(IdentityRow.visit_id == visit).order_by(IdentityRow.position)
        return (await self._session.scalars(query)).all()

    async def matters(self, visits: Collection[str]) -> Sequence[MatterRow]:
        """Return the matters of visits, in order."""
        query = (
            select(MatterRow)
            .where(MatterRow.visit_id.in_(visits))
            .order_by(MatterRow.visit_id, MatterRow.position)
        )
        return (await self._session.scalars(query)).all()

    async def roots(self, matters: Collection[str]) -> dict[str, str]:
        """Return for matters that are linked themselves the case that they belong to."""
        query = select(RepeatLinkRow.matter_id, RepeatLinkRow.case_id).where(
            RepeatLinkRow.matter_id.in_(matters), RepeatLinkRow.state == CONFIRMED
        )
        return dict((await self._session.execute(query)).all())

    # Links

    async def link(self, link: str) -> RepeatLinkRow:
        """Return a link, or raise NotFound."""
        row = await self._session.get(RepeatLinkRow, link)
        if row is None:
            raise NotFound
        return row

    async def links_of(self, visit: str) -> Sequence[RepeatLinkRow]:
        """Return every link and proposal of a visit, the oldest first."""
        query = (
            select(RepeatLinkRow)
            .where(RepeatLinkRow.visit_id == visit)
            .order_by(RepeatLinkRow.proposed_at, RepeatLinkRow.id)
        )
        return (await self._session.scalars(query)).all()

    async def links_to(self, case: str) -> Sequence[RepeatLinkRow]:
        """Return the confirmed links to a case, in the order of their visits."""
        query = (
            select(RepeatLinkRow)
            .join(VisitRow, VisitRow.id == RepeatLinkRow.visit_id)
            .where(RepeatLinkRow.case_id == case, RepeatLinkRow.state == CONFIRMED)
            .order_by(VisitRow.registered_at)
        )
        return (await self._session.scalars(query)).all()

    async def decide(
        self, link: str, *, from_states: Collection[str], to: str, changes: dict[str, object]
    ) -> bool:
        """Decide on a link if it still is in one of the states; say whether it was.

        One conditional UPDATE, and a unique index: of two links of one matter only one is confirmed.

        Raises:
            MatterLinked: the matter has a confirmed link to another case.
        """
        statement = (
            update(RepeatLinkRow)
            .where(RepeatLinkRow.id == link, RepeatLinkRow.state.in_(from_states))
            .values(state=to, **changes)
            .execution_options(synchronize_session="fetch")
        )
        try:
            async with self._session.begin_nested():
                return await takes(self._session, statement)
        except IntegrityError as error:
            raise MatterLinked from error

    async def visits_on(self, case: str) -> Sequence[VisitRow]:
        """Return every visit on a matter: of the case itself and linked to it, oldest first."""
        linked = select(RepeatLinkRow.visit_id).where(
            RepeatLinkRow.case_id == case, RepeatLinkRow.state == CONFIRMED
        )
        query = (
            select(VisitRow)
            .where(or_(VisitRow.case_id == case, VisitRow.id.in_(linked)), _CAME)
            .order_by(VisitRow.registered_at, VisitRow.id)
        )
        return (await self._session.scalars(query)).all()

    # Assignment, ladder, hearings

    async def assignments(self, cases: Iterable[str]) -> dict[str, CaseAssignmentRow]:
        """Return the assignment of each case that has one."""
        query = select(CaseAssignmentRow).where(CaseAssignmentRow.case_id.in_(set(cases)))
        return {row.case_id: row for row in await self._session.scalars(query)}

    async def ladder_rows(self) -> Sequence[LadderRungRow]:
        """Return every rung of every version."""
        query = select(LadderRungRow).order_by(LadderRungRow.version, LadderRungRow.threshold)
        return (await self._session.scalars(query)).all()

    async def open_hearing(self, case: str) -> HearingRow | None:
        """Return the hearing that a case waits for, if any."""
        query = select(HearingRow).where(HearingRow.case_id == case, HearingRow.state == "open")
        return await self._session.scalar(query)

    async def was_heard(self, link: str) -> bool:
        """Tell whether the hearing that a link asked for was held."""
        query = select(HearingRow.id).where(HearingRow.link_id == link, HearingRow.state == "heard")
        return await self._session.scalar(query) is not None


# Somebody came: a visit that was taken back before the county answered is none.
_CAME: ColumnElement[bool] = VisitRow.state != VisitState.CANCELLED
