"""Throws damaged frames at a real hub and measures what they do to it.

`python -m tests.signaling.fuzz_frames --count 1000000 --seed N` prints frames per second, the longest
time that the event loop stood still, unhandled exceptions, and how far the memory grew. A frame that
breaks something belongs into tests/corpus/frames/, where a test sends it again from then on.
"""

import argparse
import asyncio
import gc
import json
import logging
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from aiohttp import ClientWebSocketResponse, WSMsgType

from signaling.fields import MAX_FRAME_BYTES
from signaling.ids import RoomId
from signaling.limits import Limits
from signaling.messages import Hello, Join, encode
from signaling.tokens import Claims
from tests.signaling.peers import MEMBERS, OFFICER, ORIGIN, ROOM, ScriptedPeer, World, a_world

SAMPLES = Path(__file__).parents[1] / "protocol" / "samples"
CORPUS = Path(__file__).parents[1] / "corpus" / "frames"

LIMITS = Limits(close_s=0.5, frames_burst=10**9, frames_per_min=1e12, journal_retry_s=0.01)
JOIN = "00000000-0000-4000-8000-000000000001"
MARK = "00000000-0000-4000-8000-00000000000f"
SAMPLE_TICKET = b"dGlja2V0"
IN_ONE_SOCKET = 500  # frames, then a new socket: some of them end it
IN_A_ROUND = 2_000
IN_FLIGHT = 64  # frames that are sent before their answers are read


@dataclass(slots=True)
class Figures:
    """What a run has shown."""

    frames: int = 0
    sockets: int = 0
    seconds: float = 0.0
    longest_block_ms: float = 0.0
    longest_work_ms: float = 0.0
    mib_before: float = 0.0
    mib_after: float = 0.0
    unhandled: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return (
            f"{self.frames} frames over {self.sockets} sockets, {self.frames / self.seconds:.0f} frames/s, "
            f"longest block {self.longest_block_ms:.1f} ms (of work: {self.longest_work_ms:.1f} ms), "
            f"{len(self.unhandled)} unhandled exceptions, "
            f"memory {self.mib_before:.1f} to {self.mib_after:.1f} MiB, "
            f"answers {dict(sorted(self.answers.items()))}"
        )


class Maker:
    """Makes frames from the valid samples by dice; the same seed makes the same frames."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._good = [
            json.dumps(sample, ensure_ascii=False).encode()
            for path in sorted((SAMPLES / "client").glob("*.json"))
            for sample in json.loads(path.read_text(encoding="utf-8"))["valid"]
        ]

    def frame(self) -> bytes:
        """One frame: seldom sound, mostly damaged, sometimes something else altogether."""
        makers: list[tuple[Callable[[], bytes], int]] = [
            (self._sound, 10),
            (self._flipped, 25),
            (self._spliced, 20),
            (self._with_another_value, 30),
            (self._with_another_field, 5),
            (self._noise, 7),
            (self._deep, 2),
            (self._long, 1),
        ]
        kinds, weights = zip(*makers, strict=True)
        (make,) = self._dice.choices(kinds, weights)
        frame: bytes = make()
        return frame[:MAX_FRAME_BYTES]

    def _sound(self) -> bytes:
        return self._dice.choice(self._good)

    def _flipped(self) -> bytes:
        raw = bytearray(self._sound())
        for _ in range(self._dice.randint(1, 4)):
            raw[self._dice.randrange(len(raw))] = self._dice.randrange(256)
        return bytes(raw)

    def _spliced(self) -> bytes:
        one, other = self._sound(), self._sound()
        at = self._dice.randrange(len(one))
        match self._dice.randrange(4):
            case 0:
                return one[:at] + other[self._dice.randrange(len(other)) :]
            case 1:
                return one[:at]
            case 2:
                return one + other
            case _:
                return one[:at] + one[at : at + 40] * self._dice.randint(2, 20) + one[at:]

    def _with_another_value(self) -> bytes:
        message = json.loads(self._sound())
        name = self._dice.choice(list(message))
        message[name] = self._value()
        return json.dumps(message, ensure_ascii=self._dice.random() < 0.5).encode("utf-8", "surrogatepass")

    def _with_another_field(self) -> bytes:
        message = json.loads(self._sound())
        message["f" * self._dice.choice([1, 64, 5_000])] = self._value()
        return json.dumps(message).encode()

    def _value(self) -> object:
        dice = self._dice
        return dice.choice(
            [
                None,
                True,
                [],
                {},
                [[]] * 1000,
                {"type": "join"},
                -1,
                2**31,
                2**63,
                10**300,
                1e308,
                0.1,
                float("nan"),
                float("inf"),
                "",
                "\x00",
                "\ud800",
                "\u202e",
                "🏛" * dice.choice([1, 64, 10_000]),
                "a" * dice.choice([64, 65, 128, 129, 2_000, 16_385]),
                "../../etc",
                "' OR 1=1 --",
                "<script>",
                ROOM,
                dice.randrange(-(2**70), 2**70),
            ]
        )

    def _noise(self) -> bytes:
        return self._dice.randbytes(self._dice.choice([0, 1, 7, 100, 3_000]))

    def _deep(self) -> bytes:
        opening = self._dice.choice(
            [b"[", b'{"a":', b'{"type":"ack","seq":[', b'{"type":"chat","text":{"a":']
        )
        return opening * self._dice.choice([10, 1_000, 10_000])

    def _long(self) -> bytes:
        return b'{"type":"chat","text":"' + b"x" * self._dice.choice([2_001, 60_000, 65_536]) + b'"}'


class LagMeter:
    """Notes the longest time between two turns of the loop that were asked for a millisecond apart.

    Beside it, how much of such a time this thread was at work: the rest the machine gave to others.
    """

    def __init__(self) -> None:
        self.longest_ms = 0.0
        self.longest_work_ms = 0.0

    async def watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before, worked = loop.time(), time.thread_time()
            await asyncio.sleep(0.001)
            self.longest_ms = max(self.longest_ms, (loop.time() - before - 0.001) * 1000)
            self.longest_work_ms = max(self.longest_work_ms, (time.thread_time() - worked) * 1000)


async def fuzz(count: int, seed: int) -> Figures:
    """Send `count` frames and say what happened."""
    maker, figures, meter = Maker(seed), Figures(), LagMeter()
    loop = asyncio.get_running_loop()
    listener = _Listener(figures.unhandled)
    logging.getLogger().addHandler(listener)
    loop.set_exception_handler(lambda _, context: figures.unhandled.append(str(context)))
    async with a_world(LIMITS) as world:
        await world.hub.open_room(ROOM, MEMBERS, 0)
        await _round(world, maker, 2_000, Figures())  # caches and pools fill up before anything is measured
        gc.collect()
        figures.mib_before = _mib()
        watching = asyncio.create_task(meter.watch())
        begun = loop.time()
        while figures.frames < count:
            await _round(world, maker, min(IN_A_ROUND, count - figures.frames), figures)
            world.durable.sessions.rows.clear()  # the test's own memory is not the hub's
            world.durable.journal.facts.clear()
            world.durable.said.clear()
            world.observer.noted.clear()
            world.observer.reports.clear()
            world.observer.lines.clear()
            figures.seconds = loop.time() - begun
            figures.longest_block_ms, figures.longest_work_ms = meter.longest_ms, meter.longest_work_ms
        watching.cancel()
        gc.collect()
        figures.mib_after = _mib()
    logging.getLogger().removeHandler(listener)
    return figures


async def _round(world: World, maker: Maker, count: int, figures: Figures) -> None:
    """Send frames over one socket after another; every third gets them in place of `hello`."""
    while count > 0:
        # Not `world.dial`: the test client remembers every socket that it ever opened.
        url = world.client.make_url("/ws")
        peer = ScriptedPeer(await world.client.session.ws_connect(url, headers={"Origin": ORIGIN}))
        figures.sockets += 1
        ticket = world.tickets.issue(Claims(OFFICER, "login"))
        is_welcome = figures.sockets % 3 > 0
        if is_welcome:
            await peer.say(Hello(ticket=ticket, proto=1))
            await peer.say(Join(id=JOIN, room=ROOM))
        left = min(count, IN_ONE_SOCKET)
        while left > 0 and not peer.socket.closed:
            batch = min(IN_FLIGHT if is_welcome else 1, left)
            for _ in range(batch):
                await _send(peer.socket, maker.frame().replace(SAMPLE_TICKET, ticket.encode()))
            left, count = left - batch, count - batch
            figures.frames += batch
            await _read(peer.socket, figures)
        await peer.socket.close()


async def _send(socket: ClientWebSocketResponse, frame: bytes) -> None:
    try:
        await socket.send_frame(frame, WSMsgType.TEXT)
    except ConnectionError:
        return  # an earlier frame ended the socket


async def _read(socket: ClientWebSocketResponse, figures: Figures) -> None:
    """Ask for a sign that all was read, and count the answers up to it."""
    await _send(socket, encode(Join(id=MARK, room=RoomId("no-such-room"))))
    while True:
        message = await socket.receive(timeout=30)
        if message.type is not WSMsgType.TEXT:
            return
        said = json.loads(message.data)
        kind = said["code"] if said["type"] == "refused" else said["type"]
        figures.answers[kind] = figures.answers.get(kind, 0) + 1
        if said.get("re") == MARK:
            return


class _Listener(logging.Handler):
    """Takes whatever is logged as an error: nothing that a page says may be one."""

    def __init__(self, unhandled: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._unhandled = unhandled

    def emit(self, record: logging.LogRecord) -> None:
        self._unhandled.append(self.format(record))


def _mib() -> float:
    return float(psutil.Process().memory_info().rss) / 1024**2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it and print the figures; 1 when something was not handled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    figures = asyncio.run(fuzz(chosen.count, chosen.seed))
    sys.stdout.write(f"{figures}\n")
    for unhandled in figures.unhandled[:5]:
        sys.stdout.write(f"{unhandled}\n")
    return 1 if figures.unhandled else 0


if __name__ == "__main__":
    sys.exit(main())
