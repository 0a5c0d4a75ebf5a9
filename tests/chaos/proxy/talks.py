"""Conversations: in each room a terminal and an officer write to each other, each behind a proxy."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.chaos.oracle import record
from tests.chaos.oracle.invariants import violations
from tests.chaos.oracle.journal import Journal
from tests.chaos.oracle.wire import faults_of, told_too_early, unheard
from tests.chaos.process.load import Client, StoryBroke, raised
from tests.chaos.process.service import SHIPPED, Service, service_on
from tests.chaos.process.staff import Credentials, Staffed
from tests.chaos.proxy.fault_proxy import FaultProxy, fault_proxy
from tests.chaos.proxy.line import Line, open_lines

# A socket takes 100 frames a minute; acknowledgements, pongs and joins are among them.
PAUSE_S = (0.8, 1.6)
CATCH_UP_S = 10.0


@dataclass(slots=True)
class Talk:
    """One visit in a call, and both its lines."""

    room: str
    lines: tuple[Line, Line]
    said: int = 0


@dataclass(slots=True)
class Talks:
    """Everybody who talks.

    Attributes:
        proxies: the one before each line, in the order of `lines`.
    """

    service: Service
    journal: Journal
    staffed: Staffed
    chance: random.Random
    http: aiohttp.ClientSession
    talks: list[Talk] = field(default_factory=list)
    proxies: list[FaultProxy] = field(default_factory=list)
    _speakers: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def lines(self) -> list[Line]:
        """Both lines of every talk."""
        return [line for talk in self.talks for line in talk.lines]

    @property
    def rooms(self) -> frozenset[str]:
        """The visits that talk."""
        return frozenset(talk.room for talk in self.talks)

    async def begin(self) -> None:
        """Bring every visit into its call and have both sides join it."""
        await asyncio.gather(*(self._begin(talk, number) for number, talk in enumerate(self.talks)))
        for talk in self.talks:
            for line in talk.lines:
                speaking = self._speak(talk, line)
                self._speakers.append(asyncio.create_task(speaking, name=f"speaker {line.credentials.seat}"))

    async def _begin(self, talk: Talk, number: int) -> None:
        terminal, officer = (
            Client(self.http, self.service.origin, line.credentials, self.journal, self.chance)
            for line in talk.lines
        )
        talk.room = await raised(terminal)
        answered = await officer.do("answer", f"/visits/{talk.room}/answer", {}, visit=talk.room)
        if not answered.is_ok:
            raise StoryBroke(f"answer: {answered.status} {answered.code}")
        for line in talk.lines:
            joined = await line.join(talk.room)
            if joined["type"] != "result":
                raise StoryBroke(f"join: {joined}")

    async def _speak(self, talk: Talk, line: Line) -> None:
        while True:
            talk.said += 1
            await line.chat(talk.room, f"{line.credentials.seat} {talk.said}")
            await asyncio.sleep(self.chance.uniform(*PAUSE_S))

    async def hush(self) -> None:
        """Let nobody begin another line, and wait until everybody has heard the last one."""
        for speaker in self._speakers:
            speaker.cancel()
        for ended in await asyncio.gather(*self._speakers, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        # One line more in each room: it comes after all the others, so who has it has them.
        for talk in self.talks:
            last = f"the last of {talk.room}"
            answer = await talk.lines[0].chat(talk.room, last)
            if answer["type"] != "result":
                raise StoryBroke(f"chat: {answer}")
            # Who never hears it is the oracle's to convict.
            await asyncio.gather(
                *(line.heard(last, CATCH_UP_S) for line in talk.lines), return_exceptions=True
            )

    def verdict(self) -> list[str]:
        """Ask the oracle; the service may still run."""
        entries, found = self.journal.entries(), record.of_sqlite(self.service.database)
        return [
            *faults_of(self.lines),
            *unheard(entries, [(talk.room, talk.lines) for talk in self.talks]),
            *told_too_early(entries, found),
            *violations(entries, found, rooms=self.staffed.rooms, running=True),
        ]


@contextlib.asynccontextmanager
async def talks_on(
    staffed: Staffed, journal: Path, *, seed: int, entry: tuple[str, ...] = SHIPPED
) -> AsyncIterator[Talks]:
    """Run a service with a conversation in every room."""
    chance = random.Random(seed)
    async with contextlib.AsyncExitStack() as stack:
        lines = stack.enter_context(Journal(journal))
        service = await stack.enter_async_context(service_on(staffed.data, entry=entry))
        http = await stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
            )
        )
        running = Talks(service, lines, staffed, chance, http)
        target = int(service.origin.rpartition(":")[2])
        for pair in zip(staffed.terminals, staffed.officers, strict=False):
            proxies = [await stack.enter_async_context(fault_proxy(target)) for _ in pair]
            running.proxies += proxies
            running.talks.append(_talk(running, pair, proxies))
        await stack.enter_async_context(open_lines(running.lines))
        await running.begin()
        try:
            yield running
        finally:
            for speaker in running._speakers:
                speaker.cancel()
            await asyncio.gather(*running._speakers, return_exceptions=True)


def _talk(running: Talks, pair: Iterable[Credentials], proxies: list[FaultProxy]) -> Talk:
    terminal, officer = (
        Line(
            running.http,
            proxy.port,
            running.service.origin,
            credentials,
            running.journal,
            random.Random(running.chance.random()),
        )
        for credentials, proxy in zip(pair, proxies, strict=True)
    )
    return Talk("", (terminal, officer))
