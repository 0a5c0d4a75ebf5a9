"""A line made by a process: delay, jitter, reordering, duplicates and loss from a seed; no netem needed.

Two Ethernet devices, one in the client's namespace and one in the server's, are the two ends of
this process. ARP passes at once; every IP packet meets its fate.
"""

import argparse
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from tests.chaos.net.namespaces import UPLINK, Namespace, NetworkFailed

_TUNSETIFF, _TAP_WITHOUT_HEADER = 0x400454CA, 0x1002
_MTU = 1514
_ARP = b"\x08\x06"
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Weather:
    """What happens to a packet on its way, in each direction.

    Attributes:
        delay_ms: of every packet.
        jitter_ms: the delay is up to this much more or less; the order is kept.
        loss, duplicate: shares of packets.
        reorder: share of packets that overtake those before them.
    """

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0


@dataclass(slots=True)
class Fates:
    """One direction: when each packet arrives. No IO, no clock; the same seed tells the same story."""

    chance: random.Random
    _last: float = field(default=0.0, init=False)

    def arrivals(self, now: float, weather: Weather) -> list[float]:
        """Return when a packet of now arrives: never when it is lost, twice when it is doubled."""
        # Always four draws: the fate of the hundredth packet does not depend on what was set for the others.
        lost, doubled, overtakes = (self.chance.random() for _ in range(3))
        wobble = self.chance.uniform(-1.0, 1.0) * weather.jitter_ms
        if lost < weather.loss:
            return []
        due = now + max(0.0, weather.delay_ms + wobble) / 1000
        if overtakes < weather.reorder:
            due = now + max(0.0, weather.delay_ms - weather.jitter_ms) / 2000
        else:
            due = self._last = max(due, self._last)
        return [due, due] if doubled < weather.duplicate else [due]


class Wire:
    """The process, seen from a test; joins a client to the server where `network` is told so."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._told: IO[str] | None = None

    def change(self, weather: Weather) -> None:
        """Change the weather for packets from now on."""
        assert self._told is not None, "the wire is not up"
        self._told.write(json.dumps(asdict(weather)) + "\n")
        self._told.flush()

    @contextmanager
    def __call__(self, client: Namespace, server: Namespace, port: str) -> Iterator[None]:
        """Join two namespaces; the ends of the wire are `UPLINK` and `port`.

        Raises:
            NetworkFailed: this machine lets nobody make devices of their own.
        """
        names = ["--client", client.name, "--server", server.name, "--port", port]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.net.wire", *names, "--seed", str(self._seed)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:  # closes its input at the end, which ends it
            if process.stdout is None or process.stdout.readline().strip() != "ready":
                raise NetworkFailed("the wire could not be made: is there a /dev/net/tun?")
            self._told = process.stdin
            try:
                yield
            finally:
                if process.stdin is not None:
                    process.stdin.close()


def _tap(namespace: Namespace, device: str) -> int:
    with namespace.entered():
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH", device.encode(), _TAP_WITHOUT_HEADER))
    return descriptor


def _carry(ends: tuple[int, int], seed: int) -> None:
    """Carry packets until standard input ends."""
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    fates = {end: Fates(random.Random(seed + number)) for number, end in enumerate(ends)}
    weather = Weather()
    underway: list[tuple[float, int, int, bytes]] = []
    number = 0
    while True:
        wait = max(0.0, underway[0][0] - time.monotonic()) if underway else None
        readable, _, _ = select.select([*ends, 0], [], [], wait)
        if 0 in readable:
            told = os.read(0, 4096)
            if not told:
                return
            weather = Weather(**json.loads(told.splitlines()[-1]))
        for end in ends:
            if end not in readable:
                continue
            for packet in _packets(end):
                now = time.monotonic()
                dues = [now] if packet[12:14] == _ARP else fates[end].arrivals(now, weather)
                for due in dues:
                    number += 1
                    heapq.heappush(underway, (due, number, other[end], packet))
        while underway and underway[0][0] <= time.monotonic():
            _, _, end, packet = heapq.heappop(underway)
            _put(end, packet)


def _packets(end: int) -> Iterator[bytes]:
    for _ in range(64):
        try:
            yield os.read(end, _MTU + 4)
        except (BlockingIOError, OSError):  # EIO: the device is not up yet
            return


def _put(end: int, packet: bytes) -> None:
    try:
        os.write(end, packet)
    except OSError:  # the device is down, or its queue is full: lost, as on any line
        return


def main(arguments: Sequence[str] | None = None) -> int:
    """Be the wire."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--client", "--server", "--port"):
        parser.add_argument(name, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args(arguments)
    ends = (_tap(Namespace(options.client), UPLINK), _tap(Namespace(options.server), options.port))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    _carry(ends, options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
