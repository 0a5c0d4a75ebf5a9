"""Gapless numbers: one counter row per series and period, taken by one conditional statement."""

from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from reception.store.tables import NumberSeriesRow


async def next_number(session: AsyncSession, series: str, period: str) -> int:
    """Take the next number of a series, counting from 1 in each period.

    The counter's row stays locked until the transaction ends: whoever asks next
    waits, and gets the same number if this transaction is rolled back.  So a
    series has no gap and no number twice.

    Args:
        session: open write session; the number exists once it commits.
        series: what is counted, e.g. `case`.
        period: where counting starts again, e.g. `2026` or `2026-03-02`.
    """
    dialect: Dialect = session.get_bind().dialect
    insert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    statement = (
        insert(NumberSeriesRow)
        .values(series=series, period=period, last=1)
        .on_conflict_do_update(
            index_elements=[NumberSeriesRow.series, NumberSeriesRow.period],
            set_={"last": NumberSeriesRow.last + 1},
        )
        .returning(NumberSeriesRow.last)
    )
    number = await session.scalar(statement)
    if number is None:
        raise RuntimeError("the number series returned no row")
    return number
