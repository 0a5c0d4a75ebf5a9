"""One open socket of a seat: frames in with their limits, a bounded queue out, signs of life."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from aiohttp import WSMessage, WSMsgType, web
from msgspec import UNSET

from signaling.answers import Answers
from signaling.clock import Clock
from signaling.errors import ProtocolError
from signaling.ids import SeatId
from signaling.limits import FrameBucket, Limits
from signaling.messages import (
    Ack,
    ClientCommand,
    CloseCode,
    Gone,
    Hello,
    Ping,
    Pong,
    Quality,
    Refused,
    Resume,
    ServerMessage,
    decode_client,
    encode,
)
from signaling.tasks import Tasks
from signaling.tokens import Claims

logger = logging.getLogger(__name__)

Heard = Pong | Ack | Quality | ClientCommand
Take = Callable[[Heard], bool]

_ROOMY = 0.25  # share of the queue that may be filled with what can also be told later


class Connection:
    """Owner of one socket from its first good frame to its close.

    `end` and `abort` make it stale at once: whatever arrives later has no effect.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        claims: Claims,
        *,
        clock: Clock,
        limits: Limits,
        tasks: Tasks,
    ) -> None:
        self.claims = claims
        self.reported_at: float | None = None  # when the last report of its line was taken, steady
        self.why = "socket"  # what the observer is told when the seat goes with this socket
        self.answers = Answers(tasks, limits.answers_per_login)
        self._socket = socket
        self._transport = transport
        self._limits = limits
        self._clock = clock
        self._tasks = tasks
        self._bucket = FrameBucket(limits, clock.steady())
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._roomy = asyncio.Event()
        self._roomy.set()
        self._pings = 0
        self._pongs: dict[int, asyncio.Future[bool]] = {}
        self._is_stale = False
        self._close_with: tuple[CloseCode, str] | None = None

    @property
    def seat(self) -> SeatId:
        return self.claims.seat

    @property
    def is_stale(self) -> bool:
        """Ended, cut or taken over: nothing it says counts any more."""
        return self._is_stale

    def push(self, message: ServerMessage) -> None:
        """Queue a message for this socket alone."""
        self.push_frame(encode(message))

    def push_frame(self, frame: bytes) -> None:
        """Queue a frame; a reader that is too slow loses the socket, not the server its memory."""
        if self._is_stale:
            return
        limits = self._limits
        if len(self._queue) >= limits.queued_frames or self._queued_bytes + len(frame) > limits.queued_bytes:
            self.abort("slow")
            return
        self._queue.append(frame)
        self._queued_bytes += len(frame)
        self._wake.set()
        if not self._has_room():
            self._roomy.clear()

    async def has_room(self) -> bool:
        """Wait until the page has read most of what is queued; False when the socket ends instead."""
        await self._roomy.wait()
        return not self._is_stale

    def end(self, code: CloseCode, reason: str) -> None:
        """Say `gone`, send what is queued, close. Only the first call counts."""
        if self._is_stale:
            return
        self.push(Gone(code=reason))
        self._close_with = (code, reason)
        self.why = reason
        self._go_stale()
        self._wake.set()
        logger.info("socket_ended seat=%s code=%d reason=%s", self.seat, code, reason)

    def abort(self, why: str) -> None:
        """Cut the socket without a word, for a peer that no longer reads."""
        if not self._is_stale:
            self.why = why
            logger.info("socket_cut seat=%s reason=%s", self.seat, why)
        self._go_stale()
        if self._transport is not None:
            self._transport.abort()

    async def probe(self, timeout_s: float) -> bool:
        """Ask for a sign of life now; True when the page answers in time."""
        answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        number = self._ping()
        self._pongs[number] = answered
        try:
            async with asyncio.timeout(timeout_s):
                return await answered
        except TimeoutError:
            return False
        finally:
            del self._pongs[number]

    async def run(self, take: Take) -> None:
        """Serve the socket until it is closed.

        Args:
            take: is given every good frame behind the first; False when too many commands wait.
        """
        writer = self._tasks.spawn(self._write(), f"writer {self.seat}")
        try:
            await self._read(take)
        finally:
            await self._wind_up(writer)

    async def _wind_up(self, writer: asyncio.Task[None]) -> None:
        if self._close_with is None:  # the peer went: there is nobody to write to
            self._go_stale()
            writer.cancel()
        for answered in self._pongs.values():
            if not answered.done():
                answered.set_result(False)
        await asyncio.wait([writer], timeout=self._limits.close_s * 2)
        if not writer.done():
            self.abort("slow")
            writer.cancel()

    async def _read(self, take: Take) -> None:
        while not self._is_stale:
            try:
                message = await self._socket.receive(timeout=self._limits.dead_after_s)
            except TimeoutError:
                self.end(CloseCode.SILENT, "silent")
                return
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                return
            try:
                await self._on_frame(message, take)
            except ConnectionError:  # the peer went while a control frame was answered
                return

    async def _on_frame(self, message: WSMessage, take: Take) -> None:
        if self._is_stale:  # ended while the frame was on its way
            return
        if not self._bucket.take(self._clock.steady()):
            self.end(CloseCode.FLOOD, "flood")
        elif message.type is WSMsgType.PING:
            await self._socket.pong(message.data)
        elif message.type is WSMsgType.TEXT:
            self._on_text(message.data, take)
        elif message.type is WSMsgType.BINARY:
            self.end(CloseCode.PROTOCOL, "binary")

    def _on_text(self, frame: bytes, take: Take) -> None:
        if len(frame) > self._limits.frame_bytes:
            self.end(CloseCode.TOO_LARGE, "too_large")
            return
        try:
            message = decode_client(frame)
        except ProtocolError as error:
            self.push(Refused(code=error.code, re=error.re or UNSET))
            return
        if isinstance(message, Hello | Resume):
            self.push(Refused(code="already_welcome"))
            return
        if isinstance(message, Pong):
            self._on_pong(message)
        if not take(message):
            self.end(CloseCode.FLOOD, "flood")

    def _on_pong(self, pong: Pong) -> None:
        answered = self._pongs.get(pong.n)
        if answered is not None and not answered.done():
            answered.set_result(True)

    def _go_stale(self) -> None:
        self._is_stale = True
        self._roomy.set()  # nobody shall wait for a socket that is over

    def _has_room(self) -> bool:
        limits = self._limits
        return (
            len(self._queue) <= limits.queued_frames * _ROOMY
            and self._queued_bytes <= limits.queued_bytes * _ROOMY
        )

    def _ping(self) -> int:
        self._pings += 1
        self.push(Ping(n=self._pings))
        return self._pings

    async def _write(self) -> None:
        try:
            await self._write_until_closed()
        except (ConnectionError, TimeoutError):
            self.abort("slow")

    async def _write_until_closed(self) -> None:
        loop = asyncio.get_running_loop()
        next_ping = loop.time() + self._limits.ping_every_s
        while True:
            if loop.time() >= next_ping:
                next_ping = loop.time() + self._limits.ping_every_s
                self._ping()
            if self._queue:
                frame = self._queue.popleft()
                self._queued_bytes -= len(frame)
                if self._has_room():
                    self._roomy.set()
                async with asyncio.timeout(self._limits.send_s):
                    await self._socket.send_frame(frame, WSMsgType.TEXT)
            elif self._close_with is not None:
                await self._close(*self._close_with)
                return
            else:
                self._wake.clear()
                await _wait_until(self._wake, next_ping)

    async def _close(self, code: CloseCode, reason: str) -> None:
        async with asyncio.timeout(self._limits.close_s):
            await self._socket.close(code=code, message=reason.encode())


async def _wait_until(event: asyncio.Event, when: float) -> None:
    """Return when the event is set or the loop's clock shows `when`."""
    try:
        async with asyncio.timeout_at(when):
            await event.wait()
    except TimeoutError:
        return
