"""The journal of facts: what a seat has to be told, written with what made it true, read in order.

Positions count per seat from 1 without gaps.  A row says which visit and which
line it is about, never what was said: that is read from there when it is told.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from reception.domain.ids import VisitId
from reception.failpoints import reach
from reception.store.line_tables import SeatEventRow
from signaling.ids import SeatId


class FactKind(StrEnum):
    RING = "ring"
    RING_STOPPED = "ring_stopped"
    INVITE = "invite"
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened and that one seat has to be told.

    Attributes:
        ref: a chat line's id, or who invites.
        code: why a bell stopped.
    """

    seat: SeatId
    kind: FactKind
    visit: VisitId
    ref: str | None = None
    code: str | None = None


async def put_down(session: AsyncSession, facts: Collection[Fact], *, at: datetime) -> None:
    """Append facts, each to its seat's journal, in their order.

    The caller holds the writer's turn (`store.engine.take_turn`), so nobody else counts at the same time.
    """
    if not facts:
        return
    query = (
        select(SeatEventRow.seat, func.max(SeatEventRow.pos))
        .where(SeatEventRow.seat.in_({fact.seat for fact in facts}))
        .group_by(SeatEventRow.seat)
    )
    heads: dict[str, int] = dict((await session.execute(query)).all())
    for fact in facts:
        pos = heads[fact.seat] = heads.get(fact.seat, 0) + 1
        session.add(
            SeatEventRow(
                seat=fact.seat,
                pos=pos,
                at=at,
                kind=fact.kind,
                visit_id=fact.visit,
                ref=fact.ref,
                code=fact.code,
            )
        )
    await session.flush()
    reach("journal.after_write")


async def head(session: AsyncSession, seat: SeatId) -> int:
    """Return the newest position of a seat's journal, 0 while it is empty."""
    return (await session.scalar(select(func.max(SeatEventRow.pos)).where(SeatEventRow.seat == seat))) or 0


async def newest_rings(
    session: AsyncSession, seat: SeatId, visits: Collection[VisitId]
) -> dict[VisitId, int]:
    """Return where the newest ring of each of these visits stands in a seat's journal."""
    query = (
        select(SeatEventRow.visit_id, func.max(SeatEventRow.pos))
        .where(
            SeatEventRow.seat == seat,
            SeatEventRow.kind == FactKind.RING,
            SeatEventRow.visit_id.in_(visits),
        )
        .group_by(SeatEventRow.visit_id)
    )
    return {VisitId(visit): pos for visit, pos in await session.execute(query)}


async def rows_after(session: AsyncSession, seat: SeatId, pos: int, *, limit: int) -> Sequence[SeatEventRow]:
    """Return a seat's next rows after a position, in order."""
    query = (
        select(SeatEventRow)
        .where(SeatEventRow.seat == seat, SeatEventRow.pos > pos)
        .order_by(SeatEventRow.pos)
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def prune(session: AsyncSession, before: datetime) -> None:
    """Delete old rows; a seat's newest one stays, because positions go on counting from it."""
    newer = aliased(SeatEventRow)
    newest = select(func.max(newer.pos)).where(newer.seat == SeatEventRow.seat).scalar_subquery()
    await session.execute(
        delete(SeatEventRow)
        .where(SeatEventRow.at < before, SeatEventRow.pos < newest)
        .execution_options(synchronize_session=False)
    )
