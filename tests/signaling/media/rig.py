"""A relay process of the tests' own, and what to ask of it."""

import asyncio
import random
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from signaling.ids import RoomId, SeatId
from signaling.media.control import RowStats
from signaling.media.forwarding import KINDS, Row
from signaling.media.plane import RelayPlane
from signaling.media.robot import Robot

ROOM = RoomId("room")
TIMEOUT_S = 15.0


def free_udp_ports(count: int) -> tuple[int, int]:
    """A range of UDP ports that are all free now."""
    for _ in range(100):
        first = random.randrange(20_000, 60_000)
        with ExitStack() as held:
            try:
                for port in range(first, first + count):
                    bound = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    bound.bind(("127.0.0.1", port))
            except OSError:
                continue
            return first, first + count - 1
    raise RuntimeError("no free range of ports")


@dataclass(slots=True)
class RelayProcess:
    """The relay as its supervisor starts it."""

    path: Path
    ports: tuple[int, int]
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "signaling.media.relay"),
            *("--socket", str(self.path), "--udp-ports", f"{self.ports[0]}-{self.ports[1]}"),
            "--exit-on-stdin-close",
            stdin=asyncio.subprocess.PIPE,
        )

    async def kill(self) -> None:
        """As `kill -9` does."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """Let go of its standard input; gives its exit code."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.close()
        async with asyncio.timeout(TIMEOUT_S):
            return await self.process.wait()


@asynccontextmanager
async def relay_process(directory: Path, ports: int = 16) -> AsyncIterator[RelayProcess]:
    relay = RelayProcess(directory / "relay.sock", free_udp_ports(ports))
    await relay.start()
    try:
        yield relay
    finally:
        if relay.process is not None and relay.process.returncode is None:
            await relay.stop()


@asynccontextmanager
async def relay_plane(relay: RelayProcess) -> AsyncIterator[RelayPlane]:
    plane = RelayPlane(relay.path)
    await plane.start()
    try:
        await plane.wait_ready(TIMEOUT_S)
        yield plane
    finally:
        await plane.aclose()


@asynccontextmanager
async def connected_robots(plane: RelayPlane, *seats: SeatId, slots: int = 2) -> AsyncIterator[list[Robot]]:
    """One robot per seat, each with its transport up and nothing sent."""
    robots = [Robot(slots) for _ in seats]
    try:
        for seat, robot in zip(seats, robots, strict=True):
            await robot.accept(await plane.open(seat, await robot.offer()))
        await asyncio.gather(*(robot.connected(TIMEOUT_S) for robot in robots))
        yield robots
    finally:
        await asyncio.gather(*(robot.close() for robot in robots))


async def until(reached: Callable[[], bool]) -> None:
    """Look again and again until something is true.

    Raises:
        TimeoutError: it did not become true.
    """
    async with asyncio.timeout(TIMEOUT_S):
        while not reached():
            await _a_moment()


async def _a_moment() -> None:
    await asyncio.sleep(0.005)


def both(receiver: SeatId, slot: int, sender: SeatId) -> frozenset[Row]:
    """Sound and picture of one seat in a slot of another."""
    return frozenset(Row(receiver, slot, sender, kind) for kind in KINDS)


async def row(plane: RelayPlane, wanted: Row) -> RowStats | None:
    """The counters of one row, or None while it is off."""
    _, rows = await plane.stats()
    key = (wanted.receiver, wanted.slot, wanted.sender, wanted.kind)
    return next((r for r in rows if (r.receiver, r.slot, r.sender, r.kind) == key), None)
