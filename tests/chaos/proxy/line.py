"""A page's line in Python: one session over any number of sockets, after docs/protocol.md alone.

It resumes by itself with the documented pauses, acknowledges, answers pings, repeats what had no answer,
and writes down whatever the server should not have done.
"""

import asyncio
import contextlib
import json
import random
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.chaos.oracle.journal import Journal
from tests.chaos.process.staff import Credentials

FIRST_PAUSE_S, LAST_PAUSE_S = 0.25, 8.0
OPENING_S = 10.0
SILENT_S = 25.0
ACK_EVERY, ACK_AFTER_S = 16, 1.0
_FOR_GOOD = frozenset({4409, 4410})

Json = dict[str, Any]


@dataclass(slots=True)
class Line:
    """One seat's line.

    Attributes:
        port: where it connects to; a proxy's, usually.
        origin: what it says it comes from.
        faults: what broke a promise of the protocol: a gap, a repetition, a session that was not resumed.
        lines: texts of chat lines, as often as they arrived.
        openings: how the sockets began, with the moment: `welcome`, `resumed`, or why not.
    """

    http: aiohttp.ClientSession
    port: int
    origin: str
    credentials: Credentials
    journal: Journal
    chance: random.Random
    silent_s: float = SILENT_S
    rooms: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    openings: list[tuple[float, str]] = field(default_factory=list)
    closed_for_good: int = 0
    _sid: str = ""
    _token: str = ""
    _seq: int = 0
    _pos: int = 0
    _acked: int = 0
    _cseq: int = 0
    _unanswered: dict[str, tuple[Json, asyncio.Future[Json]]] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _online: asyncio.Event = field(default_factory=asyncio.Event)
    _socket: aiohttp.ClientWebSocketResponse | None = None

    async def run(self) -> None:
        """Keep the line open until cancelled, or until the server has closed it for good."""
        failures = 0
        while not self.closed_for_good:
            began = len(self.openings)
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, ValueError):
                await self._once()
            self._socket = None
            failures = 0 if len(self.openings) > began else failures + 1
            pause_s = self.chance.uniform(0, min(FIRST_PAUSE_S * 2**failures, LAST_PAUSE_S))
            self._online.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._online.wait()

    def online(self) -> None:
        """Try again at once, as a page does when the browser says that the network is back."""
        self._online.set()

    @property
    def is_open(self) -> bool:
        """Whether a socket has begun and was not seen to end."""
        return self._socket is not None and not self._socket.closed

    async def opened(self, more_than: int, within_s: float = 60.0) -> float:
        """Wait until more than so many sockets have begun; return the moment of the newest."""
        async with asyncio.timeout(within_s):
            while len(self.openings) <= more_than:
                self._changed.clear()
                await self._changed.wait()
        return self.openings[-1][0]

    async def heard(self, text: str, within_s: float = 30.0) -> None:
        """Wait until a chat line has arrived."""
        async with asyncio.timeout(within_s):
            while text not in self.lines:
                self._changed.clear()
                await self._changed.wait()

    async def join(self, room: str) -> Json:
        """Enter a room, again after every loss of the line."""
        self.rooms.add(room)
        return await self._command({"type": "join", "room": room})

    async def chat(self, room: str, text: str) -> Json:
        """Say something; the answer is the server's, however many sockets that took."""
        ident, who = str(uuid.uuid4()), self.credentials.seat
        self.journal.write("invoke", who, "chat", ident, visit=room, value=text)
        answer = await self._command({"type": "chat", "room": room, "text": text}, ident)
        mark = "ok" if answer["type"] == "result" else "fail"
        code = str(answer.get("code", ""))
        self.journal.write(mark, who, "chat", ident, visit=room, value=text, code=code)  # type: ignore[arg-type]
        return answer

    async def _command(self, message: Json, ident: str = "") -> Json:
        ident = ident or str(uuid.uuid4())
        self._cseq += 1
        message = {**message, "id": ident, "cseq": self._cseq}
        answered: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._unanswered[ident] = message, answered
        try:
            if self.is_open:
                await self._send(message)
            return await answered
        finally:
            self._unanswered.pop(ident, None)

    async def _once(self) -> None:
        url = f"http://127.0.0.1:{self.port}"
        headers = {**self.credentials.headers, "Origin": self.origin, "Idempotency-Key": str(uuid.uuid4())}
        async with asyncio.timeout(OPENING_S):
            async with self.http.post(f"{url}/api/v1/ws-ticket", json={}, headers=headers) as answer:
                if answer.status != 200:
                    return
                ticket = (await answer.json())["ticket"]
            socket = await self.http.ws_connect(f"{url}/ws", headers={"Origin": self.origin})
        async with socket:
            async with asyncio.timeout(OPENING_S):
                await socket.send_json(self._first(ticket))
                opening = await _frame(socket)
            if opening is not None and await self._begin(socket, opening):
                await self._listen(socket)
            if socket.close_code in _FOR_GOOD:
                self.closed_for_good = socket.close_code

    def _first(self, ticket: str) -> Json:
        if not self._sid:
            return {"type": "hello", "ticket": ticket, "proto": 1}
        return {
            "type": "resume",
            "ticket": ticket,
            "proto": 1,
            "sid": self._sid,
            "token": self._token,
            "last_seq": self._seq,
            "last_pos": self._pos,
            "last_result_cseq": 0,
        }

    async def _begin(self, socket: aiohttp.ClientWebSocketResponse, opening: Json) -> bool:
        how = opening["type"]
        if how == "resume_failed":
            how = opening["reason"]
            self.faults.append(f"not resumed: {how}")
            following = await _frame(socket)
            if following is None:
                return False
            opening = following
        if opening["type"] == "welcome":
            self._seq = self._acked = 0
            self._sid, self._pos = opening["sid"], opening["pos"]
        elif opening["type"] != "resumed":
            return False
        elif opening["replay_from"] != self._seq + 1:
            self.faults.append(f"replay from {opening['replay_from']} after {self._seq}")
        self._token = opening["resume_token"]
        self._socket = socket
        self.openings.append((time.monotonic(), how))
        self._changed.set()
        for room in sorted(self.rooms):
            await self._send({"type": "join", "id": str(uuid.uuid4()), "cseq": 0, "room": room})
        for message, _ in list(self._unanswered.values()):
            await self._send(message)
        return True

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        heard_at = acked_at = time.monotonic()
        while time.monotonic() - heard_at < self.silent_s:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ACK_AFTER_S):
                    message = await _frame(socket)
                if message is None:
                    return
                heard_at = time.monotonic()
                await self._take(message)
            behind, waited_s = self._seq - self._acked, time.monotonic() - acked_at
            if behind >= ACK_EVERY or (behind and waited_s > ACK_AFTER_S):
                self._acked, acked_at = self._seq, time.monotonic()
                await self._send({"type": "ack", "seq": self._seq})

    async def _take(self, message: Json) -> None:
        kind = message["type"]
        if kind == "ping":
            await self._send({"type": "pong", "n": message["n"]})
        elif kind in ("result", "refused"):
            _, answered = self._unanswered.get(message.get("re", ""), (None, None))
            if answered is not None and not answered.done():
                answered.set_result(message)
        elif kind != "gone":  # it is of the socket, not of the session
            self._count(message)
            self._changed.set()

    def _count(self, event: Json) -> None:
        seq, pos, kind = event["seq"], event.get("pos", 0), event["type"]
        if seq != self._seq + 1:
            self.faults.append(f"seq {seq} after {self._seq}: {kind}")
        if 0 < pos <= self._pos:
            self.faults.append(f"pos {pos} after {self._pos}: {kind}")
        self._seq, self._pos = seq, max(self._pos, pos)
        who = self.credentials.seat
        if kind == "chat":
            self.lines.append(event["text"])
        if kind == "room_state" and event["phase"] != "closed":
            self.journal.write("ok", who, "told_room", f"{who} {event['room']}", visit=event["room"])

    async def _send(self, message: Json) -> None:
        if self._socket is not None:
            # A socket that has just gone: what was said is repeated on the next one.
            with contextlib.suppress(ConnectionError):
                await self._socket.send_str(json.dumps(message))


async def _frame(socket: aiohttp.ClientWebSocketResponse) -> Json | None:
    frame = await socket.receive()
    if frame.type is not aiohttp.WSMsgType.TEXT:
        return None
    told: Json = json.loads(frame.data)
    return told


@contextlib.asynccontextmanager
async def open_lines(lines: list[Line]) -> AsyncIterator[None]:
    """Keep lines open, and wait until each has begun."""
    tasks = [asyncio.create_task(line.run(), name=f"line {line.credentials.seat}") for line in lines]
    try:
        await asyncio.gather(*(line.opened(0) for line in lines))
        yield
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
