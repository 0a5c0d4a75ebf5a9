"""Hours of coming and going: `python -m tests.load.soak_relay [--minutes 60]`.

Rooms open, run with raw media, restart their ICE, are sprayed with garbage and end; some seats vanish
without a word. Prints memory and descriptors of the relay, and how fast they grow after a warm-up: the
histories fill, and a transport that vanished lives for two minutes. Ends with 1 when memory grows by
more than the limit.
"""

import argparse
import asyncio
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from aioice.utils import random_string

from signaling.ids import RoomId, SeatId
from signaling.media.forwarding import Conditions, Place, rows
from signaling.media.plane import MediaUnavailable, RelayPlane
from tests.load.relay_party import Publisher, Tally, Transport, first_media, offer
from tests.signaling.media.rig import free_udp_ports
from tests.signaling.media.spray import garbage

ROOMS = 3
ROOM_LASTS_S = (5.0, 20.0)
SAMPLE_S = 5.0
WARM_UP_S = 240.0
LIMIT_MB_PER_H = 10.0
_KINDS = [("audio", "sendrecv"), ("video", "sendrecv"), ("audio", "recvonly"), ("video", "recvonly")]


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the relay."""

    at_s: float
    memory_mb: float
    descriptors: int


@dataclass(slots=True)
class Soak:
    """What has happened so far."""

    plane: RelayPlane
    chance: random.Random
    tally: Tally = field(default_factory=Tally)
    rooms: int = 0
    unanswered: int = 0
    sprayed: int = 0

    async def keep_a_room(self, ends_at: float) -> None:
        """Open one room after another; the last one is closed like the others, nothing is cut short."""
        while time.monotonic() < ends_at:
            self.rooms += 1
            try:
                await self._room(self.rooms)
            except MediaUnavailable:  # no answer within two seconds
                self.unanswered += 1

    async def _room(self, number: int) -> None:
        seats = [SeatId(f"s{number}-{n}") for n in range(self.chance.choice([2, 2, 3]))]
        transports, publishers, offers = [], [], dict[SeatId, str]()
        try:
            for n, seat in enumerate(seats):
                transport = Transport()
                transports.append(transport)
                ssrcs = [number * 10 + 2 * n, number * 10 + 2 * n + 1]
                text = await offer(transport, _KINDS, ssrcs)
                offers[seat] = text
                answer = await self.plane.open(seat, text)
                await transport.connect(first_media(answer), role="server")
                send = transport.divert(n, self.tally)
                publishers.append(Publisher(send, video_ssrc=ssrcs[1], audio_ssrc=ssrcs[0]))
            places = [
                Place(seat, True, {other: i for i, other in enumerate(s for s in seats if s != seat)})
                for seat in seats
            ]
            await self.plane.forward(RoomId(f"r{number}"), rows("live", places, Conditions()))
            await asyncio.sleep(self.chance.uniform(*ROOM_LASTS_S))
            for seat, text in offers.items():
                await self.plane.open(seat, restarted(text))
            self._spray(transports)
        finally:
            for publisher in publishers:
                publisher.stop()
            await self.plane.forward(RoomId(f"r{number}"), frozenset())
            if self.chance.random() < 0.7:
                await asyncio.gather(*(self.plane.close(seat) for seat in seats))
            else:  # without a word: only the end of consent ends them
                await asyncio.gather(*(transport.ice.stop() for transport in transports))
            await asyncio.gather(*(transport.close() for transport in transports))
            self.tally.clear()

    def _spray(self, transports: Sequence[Transport]) -> None:
        """Garbage from the seats' own addresses, which the relay reads further than any other."""
        for transport in transports:
            pair = next(iter(transport.ice._connection._nominated.values()), None)
            if pair is None:  # given up by its own side: this machine was too busy to answer in time
                self.unanswered += 1
                continue
            for _ in range(50):
                pair.protocol.transport.sendto(garbage(self.chance), pair.remote_addr)
                self.sprayed += 1


def restarted(text: str) -> str:
    """The offer again with new ICE credentials."""
    for name in ("ice-ufrag", "ice-pwd"):
        text = re.sub(rf"a={name}:.*", f"a={name}:{random_string(24)}", text)
    return text


@asynccontextmanager
async def relay(directory: Path) -> AsyncIterator[tuple[RelayPlane, psutil.Process]]:
    path = directory / "relay.sock"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "signaling.media.relay", "--socket", str(path)),
        *("--udp-ports", "{}-{}".format(*free_udp_ports(200)), "--exit-on-stdin-close"),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    plane = RelayPlane(path)
    await plane.start()
    await plane.wait_ready(20)
    try:
        yield plane, psutil.Process(process.pid)
    finally:
        await plane.aclose()
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def slope_per_h(samples: Sequence[Sample], values: Sequence[float]) -> float:
    """Growth of some values per hour, by least squares."""
    hours = [sample.at_s / 3600 for sample in samples]
    return statistics.linear_regression(hours, values).slope


async def soak(minutes: float, seed: int) -> int:
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory() as directory:
        async with relay(Path(directory)) as (plane, process):
            run = Soak(plane, random.Random(seed))
            started = time.monotonic()
            ends_at = started + minutes * 60
            keeping = [asyncio.create_task(run.keep_a_room(ends_at)) for _ in range(ROOMS)]
            while (elapsed := time.monotonic() - started) < minutes * 60:
                await asyncio.wait(keeping, timeout=SAMPLE_S, return_when=asyncio.FIRST_EXCEPTION)
                for task in keeping:
                    if task.done():
                        task.result()
                samples.append(Sample(elapsed, process.memory_info().rss / 1e6, process.num_fds()))
                if len(samples) % 12 == 0:
                    say(samples[-1], run)
            await asyncio.gather(*keeping)
    settled = [sample for sample in samples if sample.at_s > max(WARM_UP_S, minutes * 60 / 5)]
    if len(settled) < 2:
        sys.stdout.write("too short to say how fast it grows\n")
        return 1
    growth = slope_per_h(settled, [sample.memory_mb for sample in settled])
    opened = slope_per_h(settled, [float(sample.descriptors) for sample in settled])
    sys.stdout.write(
        f"after warm-up: {growth:+.1f} MB/h, {opened:+.1f} descriptors/h; "
        f"{run.unanswered} answers came too late in {run.rooms} rooms\n"
    )
    return 1 if growth > LIMIT_MB_PER_H or run.unanswered > run.rooms / 100 else 0


def say(sample: Sample, run: Soak) -> None:
    sys.stdout.write(
        f"{sample.at_s:6.0f} s  {sample.memory_mb:6.1f} MB  {sample.descriptors:4} descriptors  "
        f"{run.rooms:5} rooms  {run.sprayed:6} sprayed\n"
    )
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    return asyncio.run(soak(arguments.minutes, arguments.seed))


if __name__ == "__main__":
    sys.exit(main())
