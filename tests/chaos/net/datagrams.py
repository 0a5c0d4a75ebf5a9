"""Plain numbered datagrams through a line: how many arrive, when, and in which order."""

import socket
import struct
import time
from dataclasses import dataclass
from typing import Literal

from tests.chaos.net.namespaces import RELAY, Namespace, Network

Way = Literal["up", "down"]
_QUIET_S = 0.4  # longer than any delay that a test sets


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What came out at the other end.

    Attributes:
        order: numbers as they arrived, doubles included.
        delays_ms: of each, in the same order.
        took_s: from the first to the last arrival.
    """

    sent: int
    order: list[int]
    delays_ms: list[float]
    took_s: float

    @property
    def lost(self) -> float:
        """Share that never arrived."""
        return 1 - len(set(self.order)) / self.sent

    @property
    def overtaken(self) -> int:
        """How many arrived after one that was sent later."""
        highest, late = -1, 0
        for number in self.order:
            late += number < highest
            highest = max(highest, number)
        return late


def send(net: Network, name: str, way: Way, *, count: int, size: int = 200, pause_s: float = 0.0) -> Arrivals:
    """Send datagrams over the line of a client and collect them at the other end."""
    client = net.clients[name]
    near, far, address = (
        (client.namespace, net.server, RELAY)
        if way == "up"
        else (net.server, client.namespace, client.address)
    )
    with _udp(near) as sender, _udp(far) as receiver:
        receiver.bind((address, 0))
        receiver.setblocking(False)
        target = receiver.getsockname()
        _introduce(sender, receiver)
        got: list[tuple[float, bytes]] = []
        for number in range(count):
            head = struct.pack("!Id", number, time.monotonic())
            sender.sendto(head + bytes(size - len(head)), target)
            got += _waiting(receiver)
            if pause_s:
                time.sleep(pause_s)
        heard = time.monotonic()
        while time.monotonic() - heard < _QUIET_S:
            more = _waiting(receiver)
            if more:
                got += more
                heard = time.monotonic()
            time.sleep(0.001)
    return _judge(count, got)


def _judge(count: int, got: list[tuple[float, bytes]]) -> Arrivals:
    order, delays = [], []
    for at, packet in got:
        number, sent = struct.unpack("!Id", packet[:12])
        order.append(number)
        delays.append((at - sent) * 1000)
    took = got[-1][0] - got[0][0] if got else 0.0
    return Arrivals(count, order, delays, took)


def _udp(namespace: Namespace) -> socket.socket:
    with namespace.entered():
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _introduce(sender: socket.socket, receiver: socket.socket) -> None:
    """Let both ends learn each other's hardware address: what waits for that is dropped by the kernel."""
    deadline = time.monotonic() + 0.3
    sender.sendto(b"", receiver.getsockname())
    while not _waiting(receiver) and time.monotonic() < deadline:
        time.sleep(0.005)


def _waiting(receiver: socket.socket) -> list[tuple[float, bytes]]:
    found = []
    while True:
        try:
            found.append((time.monotonic(), receiver.recv(2048)))
        except BlockingIOError:
            return found
