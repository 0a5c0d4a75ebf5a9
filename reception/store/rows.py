"""One conditional statement, and whether it took."""

from typing import Any, cast

from sqlalchemy import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import UpdateBase


async def takes(session: AsyncSession, statement: UpdateBase) -> bool:
    """Run an INSERT, UPDATE or DELETE that must touch exactly one row; say whether it did."""
    result = cast(
        "CursorResult[Any]",  # execute() is typed for SELECT; a changing statement has rowcount
        await session.execute(statement),
    )
    return result.rowcount == 1
