"""The stored answer to an unsafe request: a retry gets it again instead of a second effect."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from reception.domain.errors import Refusal
from reception.store.tables import CommandResultRow


class IdempotencyMismatch(Refusal):
    """The key was used before for another request."""

    code = "idempotency_mismatch"


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What was answered the first time: ids and codes only, never what a citizen said."""

    status: int
    body: str


async def recall(session: AsyncSession, scope: str, key: str, request_hash: str) -> StoredAnswer | None:
    """Return the answer that was given to this request before, if any.

    Called first in the transaction of the use case.  From here to the end of
    the transaction no other request with the same key runs: SQLite has one
    writer, on PostgreSQL a lock on the key is taken.

    Args:
        scope: login session or device; keys of others do not collide with it.
        request_hash: hash over method, path and body.

    Raises:
        IdempotencyMismatch: the key belongs to a different request.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"{scope}\x1f{key}"}
        )
    row = (
        await session.execute(
            select(CommandResultRow.request_hash, CommandResultRow.status, CommandResultRow.body).where(
                CommandResultRow.scope == scope, CommandResultRow.key == key
            )
        )
    ).one_or_none()
    if row is None:
        return None
    if row.request_hash != request_hash:
        raise IdempotencyMismatch
    return StoredAnswer(row.status, row.body)


async def remember(
    session: AsyncSession, scope: str, key: str, request_hash: str, answer: StoredAnswer, *, at: datetime
) -> None:
    """Keep the answer, in the transaction whose effect it reports: both stand or neither."""
    session.add(
        CommandResultRow(
            scope=scope,
            key=key,
            request_hash=request_hash,
            status=answer.status,
            body=answer.body,
            created_at=at,
        )
    )
    await session.flush()


async def forget(session: AsyncSession, before: datetime) -> None:
    """Delete answers that no honest client asks for any more."""
    await session.execute(delete(CommandResultRow).where(CommandResultRow.created_at < before))
