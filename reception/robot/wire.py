"""The socket of a robot: commands and their answers, events in order, pings, a session over many sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import aiohttp
from msgspec.structs import replace

from signaling.messages import (
    PROTOCOL_VERSION,
    Ack,
    ClientCommand,
    ClientMessage,
    Hello,
    Ping,
    Pong,
    Refused,
    Result,
    Resume,
    Resumed,
    ResumeFailed,
    ServerEvent,
    ServerMessage,
    Welcome,
    decode_server,
    encode,
)

ANSWER_S = 12.0  # the hub gives the media plane eight seconds
WELCOME_S = 5.0
ACK_EVERY = 16
NO_ID = "00000000-0000-0000-0000-000000000000"  # `Wire.command` puts a fresh one in its place


class CommandRefused(Exception):
    """The command was not carried out; `code` is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class WireClosed(Exception):
    """The socket is gone; `code` is its close code, 0 when there was none."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


@dataclass(slots=True)
class Memory:
    """What a page keeps of its session from one socket to the next; empty before the first welcome."""

    sid: str = ""
    token: str = ""
    last_seq: int = 0
    last_pos: int = 0
    last_cseq: int = 0

    def note(self, event: ServerEvent) -> bool:
        """Count an event in; False for one that was heard before."""
        if event.seq <= self.last_seq:
            return False
        self.last_seq, self.last_pos = event.seq, max(self.last_pos, event.pos)
        return True


class Wire:
    """One open socket; read by one task, which `connected` owns."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, memory: Memory) -> None:
        self._socket, self._memory = socket, memory
        self._answers: dict[str, asyncio.Future[Result | Refused]] = {}
        self._events: asyncio.Queue[ServerEvent | None] = asyncio.Queue()

    async def command(self, command: ClientCommand) -> Result:
        """Send a command under a fresh id and return its result.

        Raises:
            CommandRefused, WireClosed, TimeoutError
        """
        ident = str(uuid4())
        answered: asyncio.Future[Result | Refused] = asyncio.get_running_loop().create_future()
        self._answers[ident] = answered
        try:
            self._memory.last_cseq += 1
            await self._send(replace(command, id=ident, cseq=self._memory.last_cseq))
            async with asyncio.timeout(ANSWER_S):
                answer = await answered
        finally:
            del self._answers[ident]
        if isinstance(answer, Refused):
            raise CommandRefused(answer.code)
        return answer

    async def events(self) -> AsyncIterator[ServerEvent]:
        """Yield events in order; WireClosed when the socket is gone."""
        while (event := await self._events.get()) is not None:
            yield event
        raise WireClosed(self._socket.close_code or 0)

    async def _send(self, message: ClientMessage) -> None:
        try:
            await self._socket.send_str(encode(message).decode())
        except ConnectionError:
            raise WireClosed(self._socket.close_code or 0) from None

    async def _greet(self, ticket: str) -> None:
        """Go on with the session that is remembered, or begin one."""
        memory = self._memory
        opening: Hello | Resume = Hello(ticket=ticket, proto=PROTOCOL_VERSION)
        if memory.sid:
            opening = Resume(
                ticket=ticket,
                proto=PROTOCOL_VERSION,
                sid=memory.sid,
                token=memory.token,
                last_seq=memory.last_seq,
                last_pos=memory.last_pos,
                last_result_cseq=0,  # no command outlives its socket here
            )
        await self._send(opening)
        async with asyncio.timeout(WELCOME_S):
            first = await self._next()
            if isinstance(first, ResumeFailed):
                self._memory.sid = ""
                first = await self._next()
        match first:
            case Welcome():
                memory.sid, memory.token = first.sid, first.resume_token
                memory.last_seq, memory.last_pos, memory.last_cseq = 0, first.pos, 0
            case Resumed():
                memory.token = first.resume_token
            case _:
                raise WireClosed(self._socket.close_code or 0)

    async def _read(self) -> None:
        try:
            while (message := await self._next()) is not None:
                await self._take(message)
        finally:
            self._events.put_nowait(None)
            for answered in self._answers.values():
                if not answered.done():
                    answered.set_exception(WireClosed(self._socket.close_code or 0))

    async def _next(self) -> ServerMessage | None:
        frame = await self._socket.receive()
        return decode_server(frame.data.encode()) if frame.type is aiohttp.WSMsgType.TEXT else None

    async def _take(self, message: ServerMessage) -> None:
        match message:
            case Ping():
                await self._send(Pong(n=message.n))
            case Result() | Refused():
                answered = self._answers.get(message.re or "")
                if answered is not None and not answered.done():
                    answered.set_result(message)
            case Welcome() | Resumed() | ResumeFailed():
                return  # said once, first, and read by `_greet`
            case _ if self._memory.note(message):
                self._events.put_nowait(message)
                if message.seq % ACK_EVERY == 0:
                    await self._send(Ack(seq=message.seq))
            case _:
                return


@asynccontextmanager
async def connected(
    http: aiohttp.ClientSession, base_url: str, ticket: str, memory: Memory | None = None
) -> AsyncIterator[Wire]:
    """Open a socket with a ticket; it is closed and its reader ended on the way out.

    Args:
        memory: of the sockets before this one; without it a new session begins.

    Raises:
        WireClosed: turned away, or nothing there to connect to.
    """
    try:
        socket = await http.ws_connect(f"{base_url}/ws", autoping=False, max_msg_size=256 * 1024)
    except aiohttp.ClientError:
        raise WireClosed(0) from None
    async with socket:
        wire = Wire(socket, memory or Memory())
        await wire._greet(ticket)
        reader = asyncio.create_task(wire._read(), name="robot wire")
        try:
            yield wire
        finally:
            reader.cancel()
            await asyncio.wait([reader])
