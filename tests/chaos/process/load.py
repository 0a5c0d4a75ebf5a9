"""Clients that work as pages do, as fast as the service lets them, and repeat what had no answer.

Rooms register visits and raise them, officers race for them, answer, save drafts, end and log outcomes.
Every request carries an idempotency key that its repetitions share, over any number of crashes.
"""

import asyncio
import contextlib
import random
import time
import uuid
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field

import aiohttp

from tests.chaos.oracle.journal import Journal
from tests.chaos.process.staff import Credentials, Staffed

REQUEST_S = 10.0
PATIENCE_S = 900.0  # an intention without a definite answer for so long counts as unknown
DRAIN_S = 300.0  # a machine with a dozen other things to do
FIRST_WAIT_S, LAST_WAIT_S = 0.05, 0.3
_AGAIN = frozenset({502, 503, 504})
_OUTCOME = {
    "code": "answered_on_spot",
    "asked": "来访人询问村道维修的进度。",
    "answer": "已当面说明维修计划并联系镇里。",
    "next": "镇里本周内回访来访人。",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A definite answer; status 0 when there was none within the patience of the client."""

    status: int
    body: dict[str, str] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """Whether the deed is acknowledged."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """Code of the refusal."""
        error = self.body.get("error")
        return str(error["code"]) if isinstance(error, dict) else ""


@dataclass(slots=True)
class Client:
    """One page: its credentials, its journal, its patience.

    Attributes:
        unanswered: how many requests had to be repeated because no answer came.
        turned_away: how many were answered 503.
    """

    http: aiohttp.ClientSession
    origin: str
    credentials: Credentials
    journal: Journal
    chance: random.Random
    patience_s: float = PATIENCE_S
    unanswered: int = 0
    turned_away: int = 0

    async def do(
        self,
        op: str,
        path: str,
        body: object,
        *,
        visit: str = "",
        value: str = "",
        method: str = "POST",
        key: str | None = None,
    ) -> Reply:
        """Send a request until it has a definite answer, and write down every step.

        Args:
            value: name of the answer's field that must never be lost.
            key: of an intention that was begun before; a new one by default.
        """
        key = key or str(uuid.uuid4())
        who = self.credentials.who
        self.journal.write("invoke", who, op, key, visit=visit)
        deadline, wait_s = time.monotonic() + self.patience_s, FIRST_WAIT_S
        while time.monotonic() < deadline:
            reply = await self._once(method, path, body, key)
            if reply is not None and reply.status not in _AGAIN:
                self._note(reply, op, key, visit, value)
                return reply
            if reply is None:
                self.unanswered += 1
            else:
                self.turned_away += 1
            self.journal.write("info", who, op, key, visit=visit)
            await asyncio.sleep(self.chance.uniform(0.3, 1) * wait_s)
            wait_s = min(wait_s * 2, LAST_WAIT_S)
        return Reply(0)

    async def _once(self, method: str, path: str, body: object, key: str) -> Reply | None:
        headers = {**self.credentials.headers, "Origin": self.origin, "Idempotency-Key": key}
        request = self.http.request(method, f"{self.origin}/api/v1{path}", json=body, headers=headers)
        try:
            async with asyncio.timeout(REQUEST_S), request as answer:
                told = await answer.json(content_type=None)
                return Reply(answer.status, told if isinstance(told, dict) else {})
        except (aiohttp.ClientError, ConnectionError, TimeoutError, ValueError):
            # ValueError: an answer that was cut in the middle is no answer.
            return None

    def _note(self, reply: Reply, op: str, key: str, visit: str, value: str) -> None:
        who = self.credentials.who
        if reply.is_ok:
            told = str(reply.body.get(value, "")) if value else ""
            self.journal.write("ok", who, op, key, visit=visit or str(reply.body["visit"]), value=told)
        elif reply.status >= 500:
            self.journal.write("defect", who, op, key, visit=visit, code=f"{reply.status} {reply.code}")
        else:
            self.journal.write("fail", who, op, key, visit=visit, code=f"{reply.status} {reply.code}")


class StoryBroke(Exception):
    """A client was refused something that it has a right to; the message says what."""


async def registered(room: Client) -> str:
    """Register an anonymous visit that goes straight to the county; return it."""
    matters = [{"kind": "grievance", "summary": "村口的路灯坏了半年。"}]
    form = {"anonymous": True, "matters": matters, "direct": True}
    made = await room.do("register", "/visits", form, value="ticket")
    if not made.is_ok:
        raise StoryBroke(f"register: {made.status} {made.code}")
    return made.body["visit"]


async def raised(room: Client) -> str:
    """Register a visit and raise it; return it."""
    visit = await registered(room)
    declared = {"declaration": {"present": ["visitor_only"], "officer_left": True, "confirmed": True}}
    told = await room.do("raise", f"/visits/{visit}/raise", declared, visit=visit)
    if not told.is_ok:
        raise StoryBroke(f"raise: {told.status} {told.code}")
    return visit


@dataclass(slots=True)
class Load:
    """All clients of one run.

    Attributes:
        offers: how many officers each visit is offered to; 0 is one, or two now and then.
        finished: visits that have their outcome.
        broken: what a client was refused that it has a right to.
    """

    staffed: Staffed
    journal: Journal
    origin: str
    seed: int
    http: aiohttp.ClientSession
    patience_s: float = PATIENCE_S
    offers: int = 0
    finished: int = 0
    broken: list[str] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    _offers: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    _done: dict[str, asyncio.Event] = field(default_factory=dict)
    _is_ending: bool = False
    _rooms: list[asyncio.Task[None]] = field(default_factory=list)
    _desks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Let everybody begin."""
        for number, terminal in enumerate(self.staffed.terminals):
            work = self._kept(self._room(self._client(terminal, number)))
            self._rooms.append(asyncio.create_task(work, name=f"room {number}"))
        for number, officer in enumerate(self.staffed.officers):
            work = self._kept(self._desk(self._client(officer, 100 + number)))
            self._desks.append(asyncio.create_task(work, name=f"desk {number}"))

    async def _kept(self, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except StoryBroke as broke:
            self.broken.append(str(broke))

    def _client(self, credentials: Credentials, number: int) -> Client:
        chance = random.Random(self.seed * 1000 + number)
        made = Client(self.http, self.origin, credentials, self.journal, chance, self.patience_s)
        self.clients.append(made)
        return made

    @property
    def repeated(self) -> int:
        """How many requests had to be sent again."""
        return sum(client.unanswered + client.turned_away for client in self.clients)

    async def until_finished(self, visits: int, within_s: float = DRAIN_S) -> None:
        """Wait until so many visits have their outcome."""
        async with asyncio.timeout(within_s):
            while self.finished < visits and not self.broken:  # noqa: ASYNC110 - many clients, no one event
                await asyncio.sleep(0.01)

    async def drain(self, within_s: float = DRAIN_S) -> None:
        """Begin no further visit, and bring every one that was begun to its end."""
        self._is_ending = True
        deadline = time.monotonic() + within_s
        while (late := [room for room in self._rooms if not room.done()]) and not self.broken:
            if time.monotonic() > deadline:
                self.broken.append(f"{len(late)} rooms were not done after {within_s:.0f} s")
            await asyncio.wait(late, timeout=0.1)
        await self.abort()

    async def abort(self) -> None:
        """End every client where it stands."""
        tasks = [*self._rooms, *self._desks]
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, BaseException) and not isinstance(ended, asyncio.CancelledError):
                self.broken.append(f"{type(ended).__name__}: {ended}")

    async def _room(self, client: Client) -> None:
        while not self._is_ending:
            visit = await raised(client)
            done = self._done[visit] = asyncio.Event()
            # Some visits are offered to two officers at once: one of them has to lose.
            for _ in range(self.offers or 1 + (client.chance.random() < 0.4)):
                self._offers.put_nowait(visit)
            await done.wait()

    async def _desk(self, client: Client) -> None:
        while True:
            visit = await self._offers.get()
            answered = await client.do("answer", f"/visits/{visit}/answer", {}, visit=visit)
            if answered.code == "already_answered":
                continue
            if not answered.is_ok:
                raise StoryBroke(f"answer: {answered.status} {answered.code}")
            await self._receive(client, visit)
            self.finished += 1
            self._done[visit].set()

    async def _receive(self, client: Client, visit: str) -> None:
        form = {**_OUTCOME, "owner": client.credentials.who}
        for version in range(2):
            draft = {**form, "version": version}
            path = f"/visits/{visit}/draft"
            saved = await client.do("draft", path, draft, visit=visit, value="version", method="PUT")
            if not saved.is_ok:
                raise StoryBroke(f"draft: {saved.status} {saved.code}")
            if version == 0:
                ended = await client.do("end", f"/visits/{visit}/end", {}, visit=visit)
                if not ended.is_ok:
                    raise StoryBroke(f"end: {ended.status} {ended.code}")
        path, key = f"/visits/{visit}/outcome", str(uuid.uuid4())
        # A double tap now and then: the same intention twice at the same time.
        taps = 1 + (client.chance.random() < 0.2)
        logged = await asyncio.gather(
            *(client.do("outcome", path, form, visit=visit, value="receipt", key=key) for _ in range(taps))
        )
        if not all(reply.is_ok for reply in logged):
            raise StoryBroke(f"outcome: {[(reply.status, reply.code) for reply in logged]}")


@contextlib.asynccontextmanager
async def load_on(
    origin: str,
    staffed: Staffed,
    journal: Journal,
    *,
    seed: int,
    patience_s: float = PATIENCE_S,
    offers: int = 0,
) -> AsyncIterator[Load]:
    """Yield running clients; whoever still works at the end is cut off where it stands."""
    connector = aiohttp.TCPConnector(limit=0, force_close=False)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
        load = Load(staffed, journal, origin, seed, http, patience_s, offers)
        load.start()
        try:
            yield load
        finally:
            await load.abort()
