"""Samples of how good the lines of a visit were."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from reception.domain.ids import VisitId
from reception.store.line_tables import QualitySampleRow


class QualitySamples:
    """Reads and adds samples within one open session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, rows: Sequence[QualitySampleRow]) -> None:
        """Keep samples of any visits."""
        self._session.add_all(rows)
        await self._session.flush()

    async def of_visit(self, visit: VisitId) -> Sequence[QualitySampleRow]:
        """Return a visit's samples, by participant and then by time."""
        query = (
            select(QualitySampleRow)
            .where(QualitySampleRow.visit_id == visit)
            .order_by(QualitySampleRow.seat, QualitySampleRow.at)
        )
        return (await self._session.scalars(query)).all()
