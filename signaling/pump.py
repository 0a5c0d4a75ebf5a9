"""Reads one seat's journal and passes the facts on: one reading at a time, in order, each once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from signaling.limits import Limits
from signaling.messages import ServerEvent
from signaling.ports import Journal
from signaling.session import Session
from signaling.tasks import Tasks

logger = logging.getLogger(__name__)

_LONGEST_RETRY = 16  # times the first retry


class Pump:
    """Works while there is somebody to tell and something new; `wake` says that there may be.

    Args:
        deliver: tells the session's page one fact.
        may_deliver: waits until the page takes more; False when it has no socket.
    """

    def __init__(
        self,
        journal: Journal,
        session: Session,
        *,
        deliver: Callable[[ServerEvent], None],
        may_deliver: Callable[[], Awaitable[bool]],
        limits: Limits,
        tasks: Tasks,
    ) -> None:
        self._journal = journal
        self._session = session
        self._deliver = deliver
        self._may_deliver = may_deliver
        self._limits = limits
        self._tasks = tasks
        self._is_woken = False
        self._is_working = False

    def wake(self) -> None:
        """Look for new facts, once more if a reading is under way."""
        self._is_woken = True
        if not self._is_working:
            self._is_working = True
            self._tasks.spawn(self._work(), f"pump {self._session.seat}")

    async def _work(self) -> None:
        try:
            while self._is_woken:
                self._is_woken = False
                while await self._may_deliver() and await self._carry_on():
                    pass
        finally:
            self._is_working = False

    async def _carry_on(self) -> bool:
        """Tell the next facts; False when there are none."""
        before = self._session.pos
        for fact in await self._read():
            if fact.pos > self._session.pos:
                self._deliver(fact)
            else:
                logger.error("journal_out_of_order seat=%s pos=%d", self._session.seat, fact.pos)
        return self._session.pos > before

    async def _read(self) -> Sequence[ServerEvent]:
        """The facts behind the session's position, however often it takes to get them."""
        retry_s = self._limits.journal_retry_s
        while True:
            try:
                async with asyncio.timeout(self._limits.journal_s):
                    return await self._journal.after(self._session.seat, self._session.pos)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with the journal, its facts are still owed
                logger.warning("journal_unread seat=%s error=%s", self._session.seat, type(error).__name__)
            await asyncio.sleep(retry_s)
            if not await self._may_deliver():
                return ()
            retry_s = min(retry_s * 2, self._limits.journal_retry_s * _LONGEST_RETRY)
