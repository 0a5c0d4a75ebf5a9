"""A page's session on the wire without a page: raw JSON over sockets that a test may tear.

It shares no code with the program: what is odd in a conversation is noted here by other eyes.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from socket import SHUT_RDWR
from typing import Any

import aiohttp

PATIENCE_S = 60.0  # a server that is started anew on a machine that does much else
RECONNECT_S = 0.1
ACK_EVERY = 16

Json = dict[str, Any]


class LineTorn(Exception):
    """The socket went before the answer came."""


@dataclass(slots=True)
class ScriptedLine:
    """One page's session on the wire, over any number of sockets.

    Attributes:
        ticket: asks for what opens a socket.
        joins: enters every room that it is let into.
        opening: the server's last `welcome`, `resumed` or `resume_failed`.
        events: every event of the session, in order, each with `seq`.
        faults: what must not happen: a gap or a repetition in `seq` or `pos`.
    """

    http: aiohttp.ClientSession
    origin: str
    ticket: Callable[[], Awaitable[str]]
    joins: bool = False
    opening: Json = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _sid: str = ""
    _token: str = ""
    _last_seq: int = 0
    _last_pos: int = 0
    _last_cseq: int = 0
    _socket: aiohttp.ClientWebSocketResponse | None = None
    _reader: asyncio.Task[None] | None = None
    _answers: dict[str, asyncio.Future[Json]] = field(default_factory=dict)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def has_session(self) -> bool:
        """Whether there is something to resume."""
        return bool(self._sid)

    @property
    def is_open(self) -> bool:
        """Whether a socket is read right now."""
        return self._reader is not None and not self._reader.done()

    async def connect(self) -> None:
        """Open a socket with a session of its own."""
        await self._open({"type": "hello"})
        assert self.opening["type"] == "welcome", self.opening

    async def resume(self) -> str:
        """Open a socket for the session there is; return `resumed`, or why not.

        Tried again while the server goes away in between.
        """
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    return await self._resume()
                except (aiohttp.ClientConnectionError, LineTorn):
                    await asyncio.sleep(RECONNECT_S)

    async def _resume(self) -> str:
        await self._open(
            {
                "type": "resume",
                "sid": self._sid,
                "token": self._token,
                "last_seq": self._last_seq,
                "last_pos": self._last_pos,
                "last_result_cseq": 0,
            }
        )
        return str(self.opening.get("reason", self.opening["type"]))

    async def drop(self) -> None:
        """Vanish as a torn connection does: no close frame."""
        below = self._socket.get_extra_info("socket") if self._socket is not None else None
        if below is not None:  # else the server was quicker
            with contextlib.suppress(OSError):
                below.shutdown(SHUT_RDWR)
        await self.ended()

    async def ended(self) -> None:
        """Wait until the socket is gone."""
        if self._reader is not None:
            await asyncio.wait([self._reader])

    async def close(self) -> None:
        """Leave for good."""
        if self._socket is not None:
            await self._socket.close()
        await self.ended()

    async def say(self, type_: str, *, ident: str = "", **fields: object) -> Json:
        """Send a command and return its `result` or `refused`.

        Args:
            ident: of a command that is repeated.

        Raises:
            LineTorn: the socket went before the answer came.
        """
        ident = ident or str(uuid.uuid4())
        self._last_cseq += 1
        answered = self._answers[ident] = asyncio.get_running_loop().create_future()
        try:
            await self._send({"type": type_, "id": ident, "cseq": self._last_cseq, **fields})
            async with asyncio.timeout(PATIENCE_S):
                answer: Json = await answered
                return answer
        except ConnectionError:
            raise LineTorn from None
        finally:
            del self._answers[ident]

    async def expect(self, type_: str, **fields: object) -> Json:
        """Wait for an event of this type with these fields; one that has come already is as good."""
        found: list[Json] = []

        def has_come() -> bool:
            found[:] = self.heard(type_, **fields)
            return bool(found)

        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(has_come)
        return found[0]

    def heard(self, type_: str, **fields: object) -> list[Json]:
        """Return the events of this type with these fields that have come so far."""
        return [
            event
            for event in self.events
            if event["type"] == type_ and all(event.get(name) == value for name, value in fields.items())
        ]

    async def _open(self, first: Json) -> None:
        ticket = await self.ticket()
        self._socket = await self.http.ws_connect(f"{self.origin}/ws", origin=self.origin)
        await self._send({**first, "ticket": ticket, "proto": 1})
        async with asyncio.timeout(PATIENCE_S):
            self.opening = opening = await self._next()
            if opening["type"] == "resume_failed" and opening["reason"] != "conflict":
                opening = await self._next()
        if opening["type"] == "welcome":
            self._sid, self._token = opening["sid"], opening["resume_token"]
            self._last_seq, self._last_pos, self._last_cseq = 0, opening["pos"], 0
        elif opening["type"] == "resumed":
            self._token = opening["resume_token"]
        self._reader = asyncio.create_task(self._read(self._socket), name="scripted line")

    async def _next(self) -> Json:
        assert self._socket is not None
        frame = await self._socket.receive()
        if frame.type is not aiohttp.WSMsgType.TEXT:
            raise LineTorn
        told: Json = json.loads(frame.data)
        return told

    async def _send(self, message: Json) -> None:
        if self._socket is None or self._socket.closed:
            raise LineTorn
        await self._socket.send_str(json.dumps(message))

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for frame in socket:
                await self._take(json.loads(frame.data))
        except ConnectionError:
            return
        finally:
            for answered in self._answers.values() if socket is self._socket else ():
                if not answered.done():
                    answered.set_exception(LineTorn())

    async def _take(self, message: Json) -> None:
        if message["type"] == "ping":
            await self._send({"type": "pong", "n": message["n"]})
        elif message["type"] in ("result", "refused"):
            answered = self._answers.get(message.get("re", ""))
            if answered is not None and not answered.done():
                answered.set_result(message)
        else:
            await self._note(message)

    async def _note(self, event: Json) -> None:
        seq, pos = event["seq"], event.get("pos", 0)
        if event["type"] != "gone":  # it is of the socket, not of the session
            if seq != self._last_seq + 1:
                self.faults.append(f"seq {seq} after {self._last_seq}: {event['type']}")
            if 0 < pos <= self._last_pos:
                self.faults.append(f"pos {pos} after {self._last_pos}: {event['type']}")
            self._last_seq, self._last_pos = seq, max(self._last_pos, pos)
        async with self._changed:
            self.events.append(event)
            self._changed.notify_all()
        if seq and seq % ACK_EVERY == 0:
            await self._send({"type": "ack", "seq": seq})
        room = _room_to_join(event) if self.joins else None
        if room is not None:
            await self._send({"type": "join", "id": str(uuid.uuid4()), "room": room})


def _room_to_join(event: Json) -> str | None:
    if event["type"] == "visit" and event["state"] == "in_call":
        return str(event["visit"])
    # A room that we are in says so itself; joining again would make it say so again.
    if event["type"] == "room_state" and event["phase"] != "closed":
        return None if _is_in(event) else str(event["room"])
    return None


def _is_in(room: Json) -> bool:
    return any(peer["slot"] is None and peer["present"] for peer in room["peers"])
