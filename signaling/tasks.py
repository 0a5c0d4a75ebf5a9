"""Tasks with an owner: none is forgotten, none fails in silence, all end with their owner."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Generic, TypeVar

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Tasks:
    """A set of running tasks."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[object]] = set()

    def spawn(self, work: Coroutine[object, object, T], name: str) -> asyncio.Task[T]:
        """Run `work` until it ends or the owner closes; what it raises is logged."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def aclose(self, *, grace_s: float = 0.0) -> None:
        """Give the tasks `grace_s` to end by themselves, then cancel and await the rest."""
        if self._running and grace_s > 0:
            await asyncio.wait(self._running, timeout=grace_s)
        rest = list(self._running)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("task_failed name=%s", task.get_name(), exc_info=error)


class Notices:
    """Calls to the observer: in order for one key, independent between keys, bounded in time."""

    def __init__(self, tasks: Tasks, *, limit_s: float) -> None:
        self._tasks = tasks
        self._limit_s = limit_s
        self._waiting: dict[str, list[tuple[str, Callable[[], Awaitable[None]]]]] = {}

    def post(self, key: str, name: str, call: Callable[[], Awaitable[None]]) -> None:
        """Make the call after the earlier ones of the same key."""
        if key in self._waiting:
            self._waiting[key].append((name, call))
            return
        self._waiting[key] = [(name, call)]
        self._tasks.spawn(self._work_off(key), f"notices {key}")

    async def _work_off(self, key: str) -> None:
        waiting = self._waiting[key]
        try:
            while waiting:
                name, call = waiting.pop(0)
                await self._make(name, call)
        finally:
            del self._waiting[key]

    async def _make(self, name: str, call: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(self._limit_s):
                await call()
        except Exception:
            logger.exception("notice_failed notice=%s", name)


class Lane(Generic[T]):
    """Work of one kind from one connection: one after another, a bounded number waiting."""

    def __init__(
        self, tasks: Tasks, work: Callable[[T], Coroutine[object, object, None]], *, bound: int
    ) -> None:
        self._tasks = tasks
        self._work = work
        self._bound = bound
        self._waiting: deque[T] = deque()
        self._is_working = False

    def put(self, item: T) -> bool:
        """Line up; False when too many wait already."""
        if len(self._waiting) >= self._bound:
            return False
        self._waiting.append(item)
        if not self._is_working:
            self._is_working = True
            self._tasks.spawn(self._work_off(), "lane")
        return True

    async def _work_off(self) -> None:
        try:
            while self._waiting:
                await self._work(self._waiting.popleft())
        finally:
            self._is_working = False
