"""The media plane as the web server uses it, and its client of the relay process."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from signaling.ids import RoomId, SeatId
from signaling.media.control import (
    MAX_LINE_BYTES,
    Answer,
    AnyReply,
    AnyRequest,
    Close,
    Forward,
    List,
    Lost,
    Open,
    PeerState,
    PeerStateEvent,
    PeerStats,
    RowStats,
    Stats,
    to_wire,
)
from signaling.media.forwarding import Kind, Row
from signaling.media.sdp import BadSdp, refuse_unfit

__all__ = ["BadSdp", "Kind", "MediaPlane", "MediaUnavailable", "PeerState", "RelayPlane", "Row"]

logger = logging.getLogger(__name__)

_ANSWER_TIMEOUT_S = 2.0
_CONNECT_TIMEOUT_S = 1.0
_RETRY_S = 0.1


class MediaUnavailable(Exception):
    """The media plane cannot do it now. Its code is `media_unavailable`."""

    code = "media_unavailable"


class MediaPlane(Protocol):
    """Carries media between seats, as far as the forwarding rows say."""

    on_lost: Callable[[SeatId], None]
    on_state: Callable[[SeatId, PeerState], None]
    keeps: Callable[[RoomId], bool]
    """Asked on connecting about rooms that the plane carries from before: those that are over stop."""

    async def start(self) -> None: ...

    async def aclose(self) -> None: ...

    def ready(self) -> bool: ...

    def attached(self) -> frozenset[SeatId]:
        """Seats that have a transport, connected or on its way."""

    async def open(self, peer: SeatId, offer: str) -> str:
        """Answer a seat's offer; an older transport of the seat ends.

        Raises:
            BadSdp: the offer is not one that this service answers.
            MediaUnavailable: no answer now; nothing is left behind.
        """

    async def close(self, peer: SeatId) -> None:
        """End a seat's transport; an unknown seat is no error."""

    async def forward(self, room: RoomId, rows: frozenset[Row]) -> None:
        """Replace the room's rows. Without a relay they are kept and applied when it is back."""


def _ignore_lost(_: SeatId) -> None:
    pass


def _ignore_state(_seat: SeatId, _state: PeerState) -> None:
    pass


def _keep_all(_: RoomId) -> bool:
    return True


class RelayPlane:
    """The relay's client: keeps one control connection, opens it again whenever it ends.

    A relay that still has its transports (only the connection or the web server was away) is
    left as it is, apart from the rooms' rows, which are said again, and from rooms that are over.
    A fresh relay knows no seat: `on_lost` is called for each one that had a transport.
    """

    def __init__(
        self,
        path: Path,
        on_lost: Callable[[SeatId], None] = _ignore_lost,
        on_state: Callable[[SeatId, PeerState], None] = _ignore_state,
    ) -> None:
        self.on_lost = on_lost
        self.on_state = on_state
        self.keeps: Callable[[RoomId], bool] = _keep_all
        self._path = path
        self._peers: set[SeatId] = set()
        self._rows: dict[RoomId, frozenset[Row]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._next_id = 0
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(AnyReply)

    async def start(self) -> None:
        """Begin to connect; returns at once, `ready` says when the relay is there."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def aclose(self) -> None:
        """Let go of the connection; the relay keeps forwarding."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    def ready(self) -> bool:
        return self._ready.is_set()

    async def wait_ready(self, timeout_s: float) -> None:
        """Wait for the relay.

        Raises:
            TimeoutError: it did not come.
        """
        async with asyncio.timeout(timeout_s):
            await self._ready.wait()

    def attached(self) -> frozenset[SeatId]:
        return frozenset(self._peers)

    async def open(self, peer: SeatId, offer: str) -> str:
        refuse_unfit(offer)
        if not self.ready():
            raise MediaUnavailable
        before = peer in self._peers
        self._peers.add(peer)  # first, so that a loss right behind the answer is not overlooked
        try:
            answer = await self._ask(Open(id=self._number(), peer=peer, offer=offer))
        except MediaUnavailable:
            self._peers.discard(peer)
            raise
        if answer.ok:
            return answer.answer
        if not before:
            self._peers.discard(peer)
        if answer.code == BadSdp.code:
            raise BadSdp
        raise MediaUnavailable(answer.code)

    async def close(self, peer: SeatId) -> None:
        self._peers.discard(peer)
        if self.ready():
            await self._ask(Close(id=self._number(), peer=peer))

    async def forward(self, room: RoomId, rows: frozenset[Row]) -> None:
        self._rows[room] = rows  # empty ones too: a relay that was out of reach must hear of them
        if self.ready():
            await self._say(room, rows)

    async def stats(self) -> tuple[list[PeerStats], list[RowStats]]:
        """Counters of every transport and every row."""
        answer = await self._ask(Stats(id=self._number()))
        return answer.peer_stats, answer.row_stats

    async def _say(self, room: RoomId, rows: frozenset[Row]) -> None:
        wire = [to_wire(row) for row in sorted(rows)]
        answer = await self._ask(Forward(id=self._number(), room=room, rows=wire))
        if not answer.ok:
            raise MediaUnavailable(answer.code)
        if not rows and not self._rows.get(room):
            self._rows.pop(room, None)

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                    reader, writer = await asyncio.open_unix_connection(self._path, limit=MAX_LINE_BYTES * 4)
            except (OSError, TimeoutError):
                await asyncio.sleep(_RETRY_S)
                continue
            await self._serve(reader, writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Work on one connection until it ends."""
        self._writer = writer
        reading = asyncio.get_running_loop().create_task(self._read(reader))
        try:
            await self._attach()
            await reading
        except MediaUnavailable:
            logger.warning("relay_attach_failed")
        finally:
            self._hang_up()
            reading.cancel()
            writer.close()

    def _hang_up(self) -> None:
        """Refuse whoever still waits for an answer of this connection."""
        self._ready.clear()
        self._writer = None
        for future in self._waiting.values():
            future.cancel()
        self._waiting.clear()

    async def _attach(self) -> None:
        """Compare what the relay has with what it should have."""
        there = await self._ask(List(id=self._number()))
        alive = {SeatId(seat) for seat in there.peers}
        gone = self._peers - alive
        self._peers = alive
        carried = {RoomId(room) for room in there.rooms}
        over = {room for room in carried if room not in self._rows and not self.keeps(room)}
        for room, rows in [*self._rows.items(), *((room, frozenset[Row]()) for room in over)]:
            await self._say(room, rows)
        self._ready.set()
        logger.info("relay_attached peers=%d lost=%d", len(alive), len(gone))
        for seat in sorted(gone):
            self.on_lost(seat)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._take(line)
        except (ConnectionError, ValueError, msgspec.MsgspecError):
            logger.warning("relay_connection_broken")
        finally:
            self._hang_up()

    def _take(self, line: bytes) -> None:
        match self._decoder.decode(line):
            case Answer() as answer:
                future = self._waiting.pop(answer.id, None)
                if future is not None and not future.done():
                    future.set_result(answer)
            case PeerStateEvent(peer=peer, state=state):
                self.on_state(SeatId(peer), state)
            case Lost(peer=peer):
                if SeatId(peer) in self._peers:
                    self._peers.discard(SeatId(peer))
                    self.on_lost(SeatId(peer))

    async def _ask(self, request: AnyRequest) -> Answer:
        """Send a request and wait for its answer; a lost connection or silence is unavailable."""
        if self._writer is None:
            raise MediaUnavailable
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[request.id] = future
        self._writer.write(self._encoder.encode(request) + b"\n")
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                await asyncio.wait([future])
        except TimeoutError:
            raise MediaUnavailable from None
        finally:
            self._waiting.pop(request.id, None)
        if future.cancelled():
            raise MediaUnavailable
        return future.result()

    def _number(self) -> int:
        self._next_id += 1
        return self._next_id
