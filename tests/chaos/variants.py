"""The program with one planted fault each: negative controls, which every harness must convict.

`python -m tests.chaos.variants acknowledge_early serve`
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from reception import cli
from reception.edge import Edge
from reception.services.work import Work
from reception.store import engine
from reception.store.audit import AuditAction
from reception.store.idempotency import StoredAnswer
from reception.store.tables import VisitRow
from reception.web import commands
from signaling.session import Backlog

T = TypeVar("T")

LATE_S = 0.05  # how much later than its answer the commit comes


def entry(variant: str) -> tuple[str, ...]:
    """Return what Python runs instead of `-m reception`."""
    return ("-m", "tests.chaos.variants", variant)


def acknowledge_early() -> None:
    """Answer first, commit later: what is killed in between was promised and is lost."""
    honest = Edge.run
    unfinished: set[asyncio.Task[object]] = set()

    async def run(edge: Edge, use_case: Callable[[Work], Awaitable[T]]) -> T:
        told: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        async def tell_early(work: Work) -> None:
            told.set_result(await use_case(work))
            await asyncio.sleep(LATE_S)

        task: asyncio.Task[object] = asyncio.create_task(honest(edge, tell_early))
        unfinished.add(task)  # or the loop may forget it
        task.add_done_callback(unfinished.discard)
        task.add_done_callback(lambda ended: _hand_on(ended, told))
        return await told

    Edge.run = run  # type: ignore[method-assign, assignment]


def _hand_on(ended: asyncio.Task[object], told: asyncio.Future[T]) -> None:
    error = ended.exception()
    if error is not None and not told.done():
        told.set_exception(error)


def forget_answers() -> None:
    """Keep no answer for a repetition: what is asked twice is done twice, or refused."""

    async def recall(session: AsyncSession, scope: str, key: str, request_hash: str) -> StoredAnswer | None:
        return None

    async def remember(
        session: AsyncSession, scope: str, key: str, request_hash: str, answer: StoredAnswer, *, at: datetime
    ) -> None:
        return None

    # Where they are used, not where they are defined.
    vars(commands).update(recall=recall, remember=remember)


def sync_normal() -> None:
    """Let SQLite answer a commit that is not on the disk yet."""
    engine._PRAGMAS = tuple(  # type: ignore[assignment]
        pragma.replace("synchronous=FULL", "synchronous=NORMAL") for pragma in engine._PRAGMAS
    )


def no_audit() -> None:
    """Log outcomes that the audit chain never hears of."""
    honest = Work.record

    async def record(
        work: Work, actor: str, action: AuditAction, visit: VisitRow, *, reason: str | None = None
    ) -> None:
        if action is not AuditAction.OUTCOME_LOGGED:
            await honest(work, actor, action, visit, reason=reason)

    Work.record = record  # type: ignore[method-assign, assignment]


def lose_one_event() -> None:
    """Leave one event out of what a resumed session is told again."""
    honest = Backlog.after

    def after(backlog: Backlog, seq: int, now: float) -> tuple[bytes, ...] | None:
        told = honest(backlog, seq, now)
        return told[1:] if told else told

    Backlog.after = after  # type: ignore[method-assign, assignment]


def tell_twice() -> None:
    """Tell a resumed session everything again, what it has heard included."""
    honest = Backlog.after

    def after(backlog: Backlog, seq: int, now: float) -> tuple[bytes, ...] | None:
        return honest(backlog, max(0, seq - 1), now)

    Backlog.after = after  # type: ignore[method-assign, assignment]


VARIANTS = {
    "acknowledge_early": acknowledge_early,
    "forget_answers": forget_answers,
    "sync_normal": sync_normal,
    "no_audit": no_audit,
    "lose_one_event": lose_one_event,
    "tell_twice": tell_twice,
}


if __name__ == "__main__":
    VARIANTS[sys.argv[1]]()
    sys.exit(cli.main(sys.argv[2:]))
