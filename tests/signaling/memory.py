"""What outlives a server, in memory: sessions, journals, chat lines; each may be made to fail."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from signaling.clock import Clock
from signaling.ids import SeatId
from signaling.messages import ServerEvent
from signaling.ports import StoredSession

PAGE_OF_FACTS = 100


class StoreDown(Exception):
    """The database does not answer."""


async def _at_once() -> None:
    return


@dataclass(slots=True)
class MemorySessions:
    """`SessionStore` over one run after another; `run` says that a new one begins."""

    clock: Clock
    window_s: float = 120.0
    rows: dict[str, StoredSession] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    fails: set[str] = field(default_factory=set)  # names of calls
    epochs: set[str] = field(default_factory=set)  # of the present run
    opens_until: float = 0.0
    before_rotating: Callable[[], Awaitable[None]] = _at_once
    _has_ended: asyncio.Event = field(default_factory=asyncio.Event)

    def run(self) -> None:
        """A new run of the server begins: the windows of what it finds count from now."""
        self.epochs = set()
        self.opens_until = self.clock.steady() + self.window_s

    async def open(self, session: StoredSession) -> None:
        self._try("open")
        self.epochs.add(session.epoch)
        self.ended |= {row.sid for row in self.rows.values() if row.seat == session.seat}
        self.rows[session.sid] = session

    async def find(self, sid: str) -> StoredSession | None:
        self._try("find")
        row = self.rows.get(sid)
        if row is None or sid in self.ended:
            return None
        is_late = row.epoch not in self.epochs and self.clock.steady() > self.opens_until
        return None if is_late else row

    async def rotate(
        self, sid: str, *, expected_hash: str, token_hash: str, previous_hash: str, epoch: str
    ) -> bool:
        self._try("rotate")
        await self.before_rotating()
        row = self.rows[sid]
        if sid in self.ended or row.token_hash != expected_hash:
            return False
        self.epochs.add(epoch)
        self.rows[sid] = StoredSession(sid, row.seat, row.login, token_hash, previous_hash, epoch)
        self._try("rotate_after")  # the commit is done, its answer is lost
        return True

    async def confirm(self, sid: str) -> None:
        self._try("confirm")
        row = self.rows[sid]
        self.rows[sid] = StoredSession(sid, row.seat, row.login, row.token_hash, None, row.epoch)

    async def end(self, sid: str) -> None:
        self._try("end")
        self.ended.add(sid)
        self._has_ended.set()

    async def sees_end_of(self, sid: str) -> None:
        """Wait until the session has been ended."""
        async with asyncio.timeout(5):
            while sid not in self.ended:
                self._has_ended.clear()
                await self._has_ended.wait()

    def _try(self, call: str) -> None:
        if call in self.fails:
            raise StoreDown(call)


@dataclass(slots=True)
class MemoryJournal:
    """`Journal` of every seat; `fails` makes reading fail, `skips` makes a reader lose facts."""

    facts: defaultdict[SeatId, list[ServerEvent]] = field(default_factory=lambda: defaultdict(list))
    fails: bool = False
    skips: Callable[[int], bool] = lambda _pos: False
    readings: int = 0

    def write(self, seat: SeatId, fact: ServerEvent) -> int:
        """Put a fact down and return its position."""
        pos = len(self.facts[seat]) + 1
        self.facts[seat].append(replace(fact, pos=pos))
        return pos

    async def head(self, seat: SeatId) -> int:
        self._try()
        return len(self.facts[seat])

    async def after(self, seat: SeatId, pos: int) -> Sequence[ServerEvent]:
        self.readings += 1
        self._try()
        found = self.facts[seat][pos : pos + PAGE_OF_FACTS]
        return [fact for fact in found if not self.skips(fact.pos)]

    def _try(self) -> None:
        if self.fails:
            raise StoreDown("journal")


@dataclass(slots=True)
class Durable:
    """One county's database, as far as signalling sees it."""

    clock: Clock
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    said: dict[tuple[str, str], datetime] = field(default_factory=dict)  # by login and command
    sessions: MemorySessions = field(init=False)

    def __post_init__(self) -> None:
        self.sessions = MemorySessions(self.clock)
