"""What forwarding costs: CPU per forwarded stream of the relay, beside Janus where installed.

Run with `python -m tests.load.bench_relay [--rooms 1 4 8] [--seconds 8]`. Three-party rooms; each
party publishes a 1.48 Mbit/s video and a sound, and receives those of the two others. A forwarded
stream is the picture and sound of one party at another: six per room.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import uvloop

from signaling.ids import RoomId, SeatId
from signaling.media.forwarding import Conditions, Place, rows
from signaling.media.plane import RelayPlane
from tests.load.relay_janus import JanusParties, janus
from tests.load.relay_party import PACKETS_PER_S, Publisher, Tally, Transport, first_media, offer

SETTLE_S = 2.0
STREAMS_PER_ROOM = 6


class Parties(Protocol):
    async def start(self, rooms: int, tally: Tally) -> None: ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Result:
    """One run. `cpu` is per cent of one core per forwarded stream."""

    cpu: float
    arrived: float
    lost: int
    p50_ms: float
    p99_ms: float
    memory_mb: float


class RelayParties:
    """Three-party rooms on the relay: one transport per party, as browsers have it."""

    def __init__(self, plane: RelayPlane) -> None:
        self._plane = plane
        self._transports: list[Transport] = []
        self._publishers: list[Publisher] = []

    async def start(self, rooms_count: int, tally: Tally) -> None:
        for room in range(rooms_count):
            seats = [SeatId(f"r{room}-{n}") for n in range(3)]
            for n, seat in enumerate(seats):
                await self._join(seat, 3 * room + n, tally)
            places = [
                Place(seat, True, {other: i for i, other in enumerate(s for s in seats if s != seat)})
                for seat in seats
            ]
            await self._plane.forward(RoomId(f"r{room}"), rows("live", places, Conditions()))

    async def _join(self, seat: SeatId, number: int, tally: Tally) -> None:
        transport = Transport()
        self._transports.append(transport)
        kinds = [("audio", "sendrecv"), ("video", "sendrecv"), ("audio", "recvonly"), ("video", "recvonly")]
        ssrcs = [number * 10 + 1, number * 10 + 2]
        answer = await self._plane.open(seat, await offer(transport, kinds, ssrcs))
        await transport.connect(first_media(answer), role="server")
        send = transport.divert(number, tally)
        self._publishers.append(Publisher(send, video_ssrc=ssrcs[1], audio_ssrc=ssrcs[0]))

    async def stop(self) -> None:
        for publisher in self._publishers:
            publisher.stop()
        await asyncio.gather(*(transport.close() for transport in self._transports))


@asynccontextmanager
async def relay_engine(directory: Path) -> AsyncIterator[tuple[Parties, int]]:
    path = directory / "relay.sock"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "signaling.media.relay", "--socket", str(path)),
        *("--udp-ports", "42000-42999", "--exit-on-stdin-close"),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    plane = RelayPlane(path)
    await plane.start()
    await plane.wait_ready(20)
    try:
        yield RelayParties(plane), process.pid
    finally:
        await plane.aclose()
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def janus_engine(directory: Path) -> AsyncIterator[tuple[Parties, int]]:
    async with janus(directory) as (url, pid):
        yield JanusParties(url), pid


Engine = Callable[[Path], AbstractAsyncContextManager[tuple[Parties, int]]]


async def measure(engine: Engine, rooms_count: int, seconds: float) -> Result:
    """Run one engine with that many rooms and read its processor time."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as directory:
        async with engine(Path(directory)) as (parties, pid):
            await parties.start(rooms_count, tally)
            await asyncio.sleep(SETTLE_S)
            tally.clear()
            before, started = processor_s(pid), time.monotonic()
            await asyncio.sleep(seconds)
            used, elapsed = processor_s(pid) - before, time.monotonic() - started
            memory = resident_mb(pid)
            packets, lost, delays = tally.packets, tally.lost(), sorted(tally.delays)
            await parties.stop()
    streams = rooms_count * STREAMS_PER_ROOM
    return Result(
        cpu=100 * used / elapsed / streams,
        arrived=packets / (elapsed * streams * PACKETS_PER_S),
        lost=lost,
        p50_ms=statistics.median(delays),
        p99_ms=delays[int(len(delays) * 0.99)],
        memory_mb=memory,
    )


def processor_s(pid: int) -> float:
    """Processor time of a process and its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def compare(rooms_counts: list[int], seconds: float, passes: int) -> None:
    engines: dict[str, Engine] = {"relay": relay_engine}
    if shutil.which("janus"):
        engines["janus"] = janus_engine
    say("rooms engine  CPU %/stream  arrived  lost  p50 ms  p99 ms    MB")
    for rooms_count in rooms_counts:
        costs: dict[str, list[float]] = {name: [] for name in engines}
        for _ in range(passes):
            for name, engine in engines.items():
                result = await measure(engine, rooms_count, seconds)
                costs[name].append(result.cpu)
                say(
                    f"{rooms_count:>5} {name:>6} {result.cpu:>13.2f} {result.arrived:>8.1%} {result.lost:>5} "
                    f"{result.p50_ms:>7.2f} {result.p99_ms:>7.2f} {result.memory_mb:>5.0f}"
                )
        if len(engines) == 2:
            ratio = statistics.median(costs["relay"]) / statistics.median(costs["janus"])
            say(f"{rooms_count:>5}  ratio relay / Janus {ratio:.2f}")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--passes", type=int, default=1)
    arguments = parser.parse_args()
    uvloop.run(compare(arguments.rooms, arguments.seconds, arguments.passes))


if __name__ == "__main__":
    main()
