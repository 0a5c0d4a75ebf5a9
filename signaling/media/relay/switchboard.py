"""The relay's state: transports by seat, rows by room, and the slots that follow from both."""

import asyncio
import time
from collections.abc import Callable

from signaling.ids import RoomId, SeatId
from signaling.media.control import PeerState, RowStats
from signaling.media.forwarding import Kind, Row
from signaling.media.relay.bounds import MAX_ROOMS
from signaling.media.relay.dtls import Certificates
from signaling.media.relay.peer import Peer
from signaling.media.relay.ports import UdpPorts
from signaling.media.sdp import read_offer

TICK_S = 0.05


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
        self._coming: dict[SeatId, Peer] = {}  # offered while the seat's older transport still serves
        self.peers: dict[SeatId, Peer] = {}
        self.rooms: dict[RoomId, frozenset[Row]] = {}

    def open(self, seat: SeatId, offer: str) -> str:
        """Answer a seat's offer: an ICE restart in place, or a transport that succeeds the older one.

        A connected transport serves until its successor is connected: a browser that builds anew
        because a path looks dead loses nothing if the path comes back first.

        Raises:
            BadSdp: the offer is not one that the relay answers; the older transport stays.
            PortsExhausted: no UDP port is free.
        """
        parsed = read_offer(offer)
        for running in (self._coming.get(seat), self.peers.get(seat)):
            if running is not None and (answer := running.again(parsed)) is not None:
                return answer
        peer = Peer(seat, parsed, self._ports, self._certificates.current(), self._on_state)
        self._drop(self._coming.pop(seat, None))
        serving = self.peers.get(seat)
        if serving is not None and serving.state == "connected":
            self._coming[seat] = peer
        else:
            self._succeed(seat, peer)
        return peer.answer

    def close(self, seat: SeatId) -> None:
        self._drop(self._coming.pop(seat, None))
        peer = self.peers.pop(seat, None)
        if peer is not None:
            self._drop(peer)
            self._apply()

    def forward(self, room: RoomId, rows: frozenset[Row]) -> None:
        """Replace a room's rows.

        Raises:
            TooManyRooms: a new room beyond the limit.
        """
        if rows:
            if room not in self.rooms and len(self.rooms) >= MAX_ROOMS:
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
            for peer in [*self.peers.values(), *self._coming.values()]:
                peer.tick(now)

    def end_all(self) -> None:
        """End every room and transport."""
        self.rooms.clear()
        for seat in list(self.peers):
            self.close(seat)

    async def aclose(self) -> None:
        self.end_all()
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

    def _succeed(self, seat: SeatId, peer: Peer) -> None:
        """Put a transport in the place of the seat's older one."""
        self._drop(self.peers.pop(seat, None))
        self.peers[seat] = peer
        self._apply()

    def _on_state(self, peer: Peer, state: PeerState) -> None:
        seat = peer.seat
        coming = self._coming.get(seat)
        if coming is not None and peer is coming:
            del self._coming[seat]
            if state != "connected":
                self._drop(peer)
                return  # the older one still serves: nothing is lost
            self._succeed(seat, peer)
        elif self.peers.get(seat) is not peer:
            return
        elif state != "connected" and coming is not None:
            del self._coming[seat]
            self._succeed(seat, coming)
            return
        if state == "connected":
            for slot in peer.session.slots:
                slot.rebase(time.monotonic())
        else:
            del self.peers[seat]
            self._drop(peer)
            self._apply()
        self._changed(seat, state)

    def _drop(self, peer: Peer | None) -> None:
        if peer is None:
            return
        peer.close()
        self._leaving.add(peer)
        task = asyncio.get_running_loop().create_task(peer.closed())
        task.add_done_callback(lambda _: self._leaving.discard(peer))
