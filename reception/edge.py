"""The edge of a use case: one transaction, one commit, then the notes go out.

What a seat has to be told for certain is written in that transaction, too, so
a crash between the commit and the sockets loses nothing.

Handlers, socket observers and jobs all come through here, so none of them can
forget to commit, to tell the desks, or to ring an officer who has just become free.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from reception.domain.ids import PersonId
from reception.failpoints import reach
from reception.services.desk import ring_free_officers
from reception.services.facts import keep_facts
from reception.services.notes import DutyChanged, Notes, QueueChanged
from reception.services.work import Work
from reception.store.audit import AuditLog
from reception.store.engine import take_turn
from reception.store.vault import Vault

T = TypeVar("T")
Clock = Callable[[], datetime]


class Carrier(Protocol):
    """Takes notes out to the sockets; knows who is there."""

    def people_present(self) -> frozenset[PersonId]:
        """Return the people whose desk is connected right now."""
        ...

    async def carry(self, notes: Notes) -> None:
        """Say what happened; never raises for a socket that is gone."""
        ...


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Edge:
    """Runs use cases against the database.

    Attributes:
        sessions: makes sessions whose transaction may write.
        readers: makes sessions that only read; they wait for nobody.
    """

    sessions: async_sessionmaker[AsyncSession]
    readers: async_sessionmaker[AsyncSession]
    vault: Vault
    audit: AuditLog
    clock: Clock
    carrier: Carrier

    async def run(self, use_case: Callable[[Work], Awaitable[T]]) -> T:
        """Run a use case in a transaction of its own, commit it, then carry its notes out.

        A refusal or any other error rolls everything back and nothing is told.
        """
        reach("edge.before_begin")
        async with self.sessions.begin() as session:
            await take_turn(session)
            reach("edge.after_begin")
            work = self._work(session)
            result = await use_case(work)
            if any(isinstance(note, QueueChanged | DutyChanged) for note in work.notes):
                await ring_free_officers(work, self.carrier.people_present())
            await keep_facts(work)
            reach("edge.before_commit")
        reach("edge.after_commit")
        await self.carrier.carry(work.notes)
        reach("edge.after_carry")
        return result

    async def read(self, query: Callable[[Work], Awaitable[T]]) -> T:
        """Run a use case that only reads."""
        async with self.readers() as session:
            return await query(self._work(session))

    async def ring(self) -> None:
        """Look for officers to ring: one of them may have become free, or a visit may be offered anew."""

        async def use_case(work: Work) -> None:
            work.tell(QueueChanged())

        await self.run(use_case)

    def _work(self, session: AsyncSession) -> Work:
        return Work(session, self.clock(), self.vault, self.audit)
