"""The relay's state: transports by seat, rows by room, and the slots that follow from both."""

import asyncio
import time
from collections.abc import Callable

from signaling.ids import RoomId, SeatId
from signaling.media.control import PeerState, RowStats
from signaling.media.forwarding import Kind, Row
from signaling.media.relay.dtls import Certificates
from signaling.media.relay.peer import Peer
from signaling.media.relay.ports import UdpPorts
from signaling.media.sdp import read_offer

TICK_S = 0.05
_MAX_ROOMS = 1000


class TooManyRooms(Exception):
    """More rooms than any county has. Its code is `too_many_rooms`."""

    code = "too_many_rooms"


class Switchboard:
    """Owns every transport and the whole forwarding table.

    Rows outlive transports: a row of a seat without one waits until the seat has offered.
    """

    def __init__(self, ports: UdpPorts, changed: Callable[[SeatId, PeerState], None]) -> None:
        """`changed` hears of states that nobody asked for; `closed` and `failed` mean lost."""
        self._ports = ports
        self._changed = changed
        self._certificates = Certificates()
        self._leaving: set[Peer] = set()
        self.peers: dict[SeatId, Peer] = {}
        self.rooms: dict[RoomId, frozenset[Row]] = {}

    def open(self, seat: SeatId, offer: str) -> str:
        """Answer a seat's offer; its older transport, if any, ends.

        Raises:
            BadSdp: the offer is not one that the relay answers; the older transport stays.
            PortsExhausted: no UDP port is free.
        """
        parsed = read_offer(offer)
        peer = Peer(seat, parsed, self._ports, self._certificates.current(), self._on_state)
        self.close(seat)
        self.peers[seat] = peer
        self._apply()
        return peer.answer

    def close(self, seat: SeatId) -> None:
        peer = self.peers.pop(seat, None)
        if peer is not None:
            self._leave(peer)
            self._apply()

    def forward(self, room: RoomId, rows: frozenset[Row]) -> None:
        """Replace a room's rows.

        Raises:
            TooManyRooms: a new room beyond the limit.
        """
        if rows:
            if room not in self.rooms and len(self.rooms) >= _MAX_ROOMS:
                raise TooManyRooms
            self.rooms[room] = rows
        else:
            self.rooms.pop(room, None)
        self._apply()

    def row_stats(self) -> list[RowStats]:
        slots = (slot for peer in self.peers.values() for slot in peer.session.slots)
        return [slot.stats(slot.row) for slot in slots if slot.row is not None]

    async def run(self) -> None:
        """Tick all transports until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            for peer in list(self.peers.values()):
                peer.tick(now)

    async def aclose(self) -> None:
        for seat in list(self.peers):
            self.close(seat)
        await asyncio.gather(*(peer.closed() for peer in self._leaving))

    def _apply(self) -> None:
        """Let every slot follow the table; in a clash of rooms the earlier room keeps the slot."""
        wanted: dict[tuple[SeatId, int, Kind], Row] = {}
        for rows in self.rooms.values():
            for row in rows:
                wanted.setdefault((row.receiver, row.slot, row.kind), row)
        now = time.monotonic()
        for seat, peer in self.peers.items():
            for slot in peer.session.slots:
                shown = wanted.get((seat, slot.slot, slot.kind))
                sender = self.peers.get(shown.sender) if shown is not None else None
                track = sender.session.tracks.get(slot.kind) if sender is not None else None
                slot.follow(shown, track, now)

    def _on_state(self, peer: Peer, state: PeerState) -> None:
        if self.peers.get(peer.seat) is not peer:
            return
        if state != "connected":
            del self.peers[peer.seat]
            self._leave(peer)
            self._apply()
        else:
            for slot in peer.session.slots:
                slot.rebase(time.monotonic())
        self._changed(peer.seat, state)

    def _leave(self, peer: Peer) -> None:
        peer.close()
        self._leaving.add(peer)
        task = asyncio.get_running_loop().create_task(peer.closed())
        task.add_done_callback(lambda _: self._leaving.discard(peer))
