"""The control socket: answers each line in order, tells every connection what happened."""

import asyncio
import logging
import os
from pathlib import Path

import msgspec

from signaling.ids import RoomId, SeatId
from signaling.media.control import (
    MAX_LINE_BYTES,
    Answer,
    AnyEvent,
    AnyRequest,
    Close,
    Forward,
    List,
    Lost,
    Open,
    PeerState,
    PeerStateEvent,
)
from signaling.media.forwarding import Row
from signaling.media.relay.bounds import MAX_UNREAD_BYTES, ORPHANED_ENDS_S
from signaling.media.relay.ports import PortsExhausted, UdpPorts
from signaling.media.relay.switchboard import Switchboard, TooManyRooms
from signaling.media.sdp import BadSdp

logger = logging.getLogger(__name__)

_UNREADABLE = (
    msgspec.MsgspecError,
    UnicodeDecodeError,
)  # the latter for bytes that are not UTF-8 in a string


class ControlServer:
    """Carries requests to the switchboard. Connections come and go, the state stays.

    Calls go on with their last table while no web server is connected, but not for ever: nobody
    could end them.
    """

    def __init__(self, ports: UdpPorts, orphaned_ends_s: float = ORPHANED_ENDS_S) -> None:
        self.switchboard = Switchboard(ports, self._on_state)
        self._orphaned_ends_s = orphaned_ends_s
        self._ending: asyncio.TimerHandle | None = None
        self._connections: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self._decoder = msgspec.json.Decoder(AnyRequest)
        self._encoder = msgspec.json.Encoder()

    async def start(self, path: Path) -> asyncio.Server:
        """Listen on `path`; only the owner of the process may connect."""
        before = os.umask(0o177)
        try:
            return await asyncio.start_unix_server(self._serve, path, limit=MAX_LINE_BYTES)
        finally:
            os.umask(before)

    async def aclose(self) -> None:
        self._claim()
        for writer, task in list(self._connections.items()):
            if task is not None:
                task.cancel()
            writer.close()
        await self.switchboard.aclose()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections[writer] = asyncio.current_task()
        self._claim()
        try:
            while line := await reader.readline():
                writer.write(self._encoder.encode(self._answer(line)) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):  # ValueError: a line beyond the limit
            logger.warning("control_connection_dropped")
        except asyncio.CancelledError:
            pass
        finally:
            del self._connections[writer]
            writer.close()
            if not self._connections:
                self._ending = asyncio.get_running_loop().call_later(self._orphaned_ends_s, self._orphaned)

    def _claim(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    def _orphaned(self) -> None:
        logger.warning("orphaned rooms=%d peers=%d", len(self.switchboard.rooms), len(self.switchboard.peers))
        self.switchboard.end_all()

    def _answer(self, line: bytes) -> Answer:
        try:
            request = self._decoder.decode(line)
        except _UNREADABLE:
            return Answer(id=_id_of(line), ok=False, code="bad_request")
        try:
            return self._carry_out(request)
        except (BadSdp, PortsExhausted, TooManyRooms) as refusal:
            logger.warning("refused code=%s reason=%s", refusal.code, refusal)
            return Answer(id=request.id, ok=False, code=refusal.code)

    def _carry_out(self, request: AnyRequest) -> Answer:
        board = self.switchboard
        match request:
            case Open():
                answer = board.open(SeatId(request.peer), request.offer)
                return Answer(id=request.id, ok=True, answer=answer)
            case Close():
                board.close(SeatId(request.peer))
            case Forward():
                rows = frozenset(
                    Row(SeatId(row.receiver), row.slot, SeatId(row.sender), row.kind) for row in request.rows
                )
                board.forward(RoomId(request.room), rows)
            case List():
                peers = {str(seat): peer.state for seat, peer in board.peers.items()}
                return Answer(id=request.id, ok=True, peers=peers, rooms=list(board.rooms))
            case _:
                return Answer(
                    id=request.id,
                    ok=True,
                    peer_stats=[peer.stats() for peer in board.peers.values()],
                    row_stats=board.row_stats(),
                )
        return Answer(id=request.id, ok=True)

    def _on_state(self, seat: SeatId, state: PeerState) -> None:
        logger.info("peer_state seat=%s state=%s", seat, state)
        self._tell(PeerStateEvent(peer=seat, state=state))
        if state != "connected":
            self._tell(Lost(peer=seat))

    def _tell(self, event: AnyEvent) -> None:
        line = self._encoder.encode(event) + b"\n"
        for writer in list(self._connections):
            # A web server that stopped reading is gone or stuck; it can ask again with `list`.
            if writer.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
                writer.transport.abort()
            else:
                writer.write(line)


class _Numbered(msgspec.Struct):
    id: int = 0


def _id_of(line: bytes) -> int:
    """The id of a request that is otherwise unreadable, or 0."""
    try:
        return msgspec.json.decode(line, type=_Numbered).id
    except _UNREADABLE:
        return 0
