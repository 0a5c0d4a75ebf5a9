"""Use cases run as the edge runs them: one transaction each, at an hour that the test sets."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from reception.keyring import Keyring
from reception.services.denials import Denied
from reception.services.work import Work
from reception.store.audit import AuditLog
from reception.store.engine import Sessions
from reception.store.tables import AuditRow
from reception.store.vault import Vault
from tests.support.rows import NOW

T = TypeVar("T")


@dataclass(slots=True)
class Office:
    """Runs use cases; `now` stands still until the test moves it."""

    sessions: Sessions
    keyring: Keyring = field(default_factory=Keyring.fresh)
    now: datetime = NOW

    async def run(self, use_case: Callable[[Work], Awaitable[T]]) -> T:
        """Run a use case and commit what it did."""
        async with self.sessions.write.begin() as session:
            return await use_case(self._work(session))

    async def read(self, use_case: Callable[[Work], Awaitable[T]]) -> T:
        """Run a use case that may only look."""
        async with self.sessions.read() as session:
            return await use_case(self._work(session))

    def later(self, **span: float) -> None:
        """Move the clock."""
        self.now += timedelta(**span)

    async def trail(self) -> list[tuple[str, str | None]]:
        """Return action and reason of every link of the audit chain, which has to be sound."""
        async with self.sessions.read() as session:
            assert (await AuditLog(self.keyring.audit_key).verify(session)).ok
            rows = (await session.scalars(select(AuditRow).order_by(AuditRow.seq))).all()
        reasons = [row.body.partition('"reason_code":')[2].partition(",")[0].strip('"') for row in rows]
        return [
            (row.action, None if reason == "null" else reason)
            for row, reason in zip(rows, reasons, strict=True)
        ]

    def _work(self, session: AsyncSession) -> Work:
        return Work(session, self.now, Vault(self.keyring), AuditLog(self.keyring.audit_key))


def code_of(result: object) -> str:
    """Return the code of a refusal that was written down."""
    assert isinstance(result, Denied)
    return result.refusal.code
