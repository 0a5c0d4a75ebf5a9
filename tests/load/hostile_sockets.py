"""Many hostile sockets beside a few good ones, and what the good ones feel of it.

`python -m tests.load.hostile_sockets [--hostile 500] [--good 20] [--seconds 20]` starts a hub in a process
of its own and the attackers in another, and prints the round trips of the good ones' commands without and
with the attack, and the hub's memory before and after it. Loopback only; it ends by itself.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import statistics
import struct
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import psutil
from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector, WSMsgType, web
from aiohttp.test_utils import unused_port

from signaling.clock import SystemClock
from signaling.hub import Hub
from signaling.ids import RoomId, SeatId
from signaling.keys import HUB, TICKETS
from signaling.messages import (
    Chat,
    Hello,
    Join,
    Media,
    Ping,
    Pong,
    Refused,
    Result,
    Welcome,
    decode_server,
    encode,
)
from signaling.ports import StoredSession
from signaling.room import Member
from signaling.tokens import Claims, Tickets
from signaling.web import close_hub, routes
from tests.signaling.memory import Durable, MemorySessions
from tests.signaling.peers import ORIGIN, MemoryPlane, RecordingObserver, a_uuid

GOAL_P95_MS = 300.0
PACE_S = 0.5  # between two commands of a good page; well below what a page may say
HEADERS = {"Origin": ORIGIN}

# The hub, in a process of its own


class ForgetfulObserver(RecordingObserver):
    """Notes nothing, so that the hub's memory is the hub's own."""

    async def _note(self, *note: str) -> None:
        return


class LeanSessions(MemorySessions):
    """Keeps the sessions that can still be resumed, and no others."""

    async def open(self, session: StoredSession) -> None:
        await super().open(session)
        for sid in self.ended:
            self.rows.pop(sid, None)
        self.ended.clear()


async def serve(rooms: int) -> None:
    """Run a hub with the protocol's own limits until standard input closes; its port is the first line."""
    clock, port = SystemClock(), unused_port()
    durable = Durable(clock)
    durable.sessions = LeanSessions(clock)
    observer, plane, tickets = ForgetfulObserver(durable), MemoryPlane(), Tickets(clock)
    hub = Hub(
        observer=observer,
        plane=plane,
        tickets=tickets,
        origins=[ORIGIN],
        sessions=durable.sessions,
        journal=durable.journal,
        build="load",
    )
    observer.hub = hub
    app = web.Application()
    app[HUB], app[TICKETS] = hub, tickets
    app.add_routes([*routes(), web.post("/ticket/{seat}", give_ticket)])
    app.on_shutdown.append(close_hub)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    for number in range(rooms):
        members = [Member(seat, "county", "", "") for seat in seats_of(number)]
        await hub.open_room(room_of(number), members, 0)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await end_of_input()
    await runner.cleanup()


async def give_ticket(request: web.Request) -> web.Response:
    seat = SeatId(request.match_info["seat"])
    return web.Response(text=request.app[TICKETS].issue(Claims(seat, f"login-{seat}")))


def room_of(number: int) -> RoomId:
    return RoomId(f"visit-{number}")


def seats_of(room: int) -> tuple[SeatId, SeatId]:
    return SeatId(f"good-{2 * room}"), SeatId(f"good-{2 * room + 1}")


async def end_of_input() -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


# The hostile ones, in another


class Attack:
    """One attacker after another, each back as soon as it was thrown out."""

    def __init__(self, http: ClientSession, port: int, seed: int) -> None:
        self._http = http
        self._base = f"http://127.0.0.1:{port}"
        self._port = port
        self._dice = random.Random(seed)
        self.ends: Counter[str] = Counter()  # of sockets, by close code

    async def go_on(self, number: int) -> None:
        """Attack in this attacker's way until cancelled."""
        ways: list[Callable[[SeatId], Awaitable[None]]] = [
            self._flood,
            self._read_nothing,
            self._say_no_hello,
            self._send_huge_frames,
            self._nest_deeply,
            self._send_garbage,
        ]
        way, seat = ways[number % len(ways)], SeatId(f"bad-{number}")
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError):
                async with asyncio.timeout(30):
                    await way(seat)
            await asyncio.sleep(self._dice.uniform(0.2, 1.0))

    @asynccontextmanager
    async def _socket(self, seat: SeatId) -> AsyncIterator[ClientWebSocketResponse]:
        ticket = await ticket_for(self._http, self._base, seat)
        async with self._http.ws_connect(f"{self._base}/ws", headers=HEADERS, autoping=False) as socket:
            await socket.send_frame(encode(Hello(ticket=ticket, proto=1)), WSMsgType.TEXT)
            try:
                yield socket
            finally:
                self.ends[str(socket.close_code)] += 1

    async def _flood(self, seat: SeatId) -> None:
        async with self._socket(seat) as socket:
            while not socket.closed:
                for _ in range(100):
                    await socket.send_str('{"type":"pong","n":1}')
                await _drain(socket)

    async def _nest_deeply(self, seat: SeatId) -> None:
        async with self._socket(seat) as socket:
            for opening in itertools.cycle(["[", '{"a":', '{"type":"join","room":[']):
                await socket.send_str((opening * 65_536)[:65_536])
                await _drain(socket)
                await asyncio.sleep(0.35)  # the bucket lets three a second through

    async def _send_huge_frames(self, seat: SeatId) -> None:
        async with self._socket(seat) as socket:
            await socket.send_str("x" * self._dice.choice([70_000, 250_000, 4_000_000]))
            await _drain(socket)

    async def _say_no_hello(self, _seat: SeatId) -> None:
        async with self._http.ws_connect(f"{self._base}/ws", headers=HEADERS) as socket:
            with contextlib.suppress(TimeoutError):
                while (await socket.receive(timeout=10)).type is WSMsgType.TEXT:
                    pass
            self.ends[str(socket.close_code)] += 1

    async def _read_nothing(self, seat: SeatId) -> None:
        async with self._raw() as (_, writer):
            ticket = await ticket_for(self._http, self._base, seat)
            writer.write(_masked(encode(Hello(ticket=ticket, proto=1))))
            for _ in range(200):
                join = Join(id=a_uuid(), room=RoomId("r" * 64))
                writer.write(_masked(encode(join)))
                await writer.drain()
                await asyncio.sleep(0.35)

    async def _send_garbage(self, _seat: SeatId) -> None:
        async with self._raw() as (reader, writer):
            writer.write(self._dice.randbytes(self._dice.choice([10, 2_000, 60_000])))
            await writer.drain()
            await reader.read(65_536)
            self.ends["raw"] += 1

    @asynccontextmanager
    async def _raw(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """An upgraded socket without a websocket library, whose reader need not read."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=4096)
        try:
            writer.write(
                f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nOrigin: {ORIGIN}\r\n"
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
            )
            await reader.readuntil(b"\r\n\r\n")
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _drain(socket: ClientWebSocketResponse) -> None:
    """Read what is there, no more."""
    with contextlib.suppress(TimeoutError):
        while (await socket.receive(timeout=0.05)).type is WSMsgType.TEXT:
            pass


def _masked(frame: bytes) -> bytes:
    """A client's text frame of at most 64 KiB, masked with zeros."""
    size = len(frame)
    head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
    return head + b"\x00" * 4 + frame


async def attack(port: int, count: int) -> None:
    """Keep `count` attackers at work until standard input closes."""
    async with ClientSession(connector=TCPConnector(limit=0, force_close=True)) as http:
        attacks = [Attack(http, port, number) for number in range(count)]
        tasks = [asyncio.create_task(each.go_on(number)) for number, each in enumerate(attacks)]
        watching = asyncio.create_task(_say_when_at_work(attacks))
        await end_of_input()
        watching.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    sys.stdout.write(f"{json.dumps(_ends_of(attacks))}\n")


async def _say_when_at_work(attacks: Sequence[Attack]) -> None:
    for _ in itertools.count():
        if {"4408", "4429"} <= set(_ends_of(attacks)):
            break
        await asyncio.sleep(0.1)
    sys.stdout.write("at work\n")
    sys.stdout.flush()


def _ends_of(attacks: Sequence[Attack]) -> Counter[str]:
    return sum((attack.ends for attack in attacks), Counter[str]())


# The good ones, and what they feel


async def ticket_for(http: ClientSession, base: str, seat: SeatId) -> str:
    async with http.post(f"{base}/ticket/{seat}") as answer:
        return await answer.text()


class GoodPage:
    """A page in a call: joins, switches its microphone, writes, and times each answer."""

    def __init__(self, http: ClientSession, base: str, number: int) -> None:
        self._http = http
        self._base = base
        self.seat = SeatId(f"good-{number}")
        self.room = room_of(number // 2)
        self.times_ms: list[float] = []
        self.refused: Counter[str] = Counter()
        self._answered: dict[str, asyncio.Future[Result | Refused]] = {}

    async def live(self) -> None:
        """Say a command every half second until cancelled; raise when the socket goes."""
        ticket = await ticket_for(self._http, self._base, self.seat)
        async with self._http.ws_connect(f"{self._base}/ws", headers=HEADERS, autoping=False) as socket:
            await socket.send_frame(encode(Hello(ticket=ticket, proto=1)), WSMsgType.TEXT)
            reading = asyncio.create_task(self._read(socket))
            try:
                await self._say(socket, Join(id=a_uuid(), room=self.room))
                for number in itertools.count():
                    is_on = bool(number % 2)
                    await self._say(socket, Media(id=a_uuid(), room=self.room, audio=is_on, video=is_on))
                    await asyncio.sleep(PACE_S)
                    if number % 10 == 0:
                        await self._say(socket, Chat(id=a_uuid(), room=self.room, text="听得清吗"))
            finally:
                reading.cancel()

    async def _say(self, socket: ClientWebSocketResponse, command: Join | Media | Chat) -> None:
        loop = asyncio.get_running_loop()
        answered = self._answered[command.id] = loop.create_future()
        begun = loop.time()
        await socket.send_frame(encode(command), WSMsgType.TEXT)
        async with asyncio.timeout(30):
            answer = await answered
        self.times_ms.append((loop.time() - begun) * 1000)
        if isinstance(answer, Refused):
            self.refused[answer.code] += 1

    async def _read(self, socket: ClientWebSocketResponse) -> None:
        async for frame in socket:
            message = decode_server(frame.data.encode())
            if isinstance(message, Ping):
                await socket.send_frame(encode(Pong(n=message.n)), WSMsgType.TEXT)
            elif isinstance(message, Result | Refused) and message.re in self._answered:
                self._answered.pop(message.re).set_result(message)
            elif isinstance(message, Welcome):
                continue


@dataclass(frozen=True, slots=True)
class Feeling:
    """Round trips of the good pages' commands."""

    commands: int
    p50_ms: float
    p95_ms: float
    lost: int  # pages whose socket ended or whose command was refused or never answered

    def __str__(self) -> str:
        times = f"p50 {self.p50_ms:.1f} ms, p95 {self.p95_ms:.1f} ms"
        return f"{self.commands} commands, {times}, {self.lost} pages lost"


@dataclass(frozen=True, slots=True)
class Figures:
    """A run's outcome."""

    alone: Feeling
    attacked: Feeling
    ends: Mapping[str, int]  # of the attackers' sockets, by close code
    hub_busy: float  # share of a core that the hub worked for while it was attacked
    mib_before: float
    mib_after: float

    def __str__(self) -> str:
        return (
            f"without attack: {self.alone}\nunder attack:   {self.attacked}\n"
            f"ends of hostile sockets by close code: {dict(sorted(self.ends.items()))}\n"
            f"hub at work: {self.hub_busy:.0%} of a core\n"
            f"memory of the hub: {self.mib_before:.1f} MiB before, {self.mib_after:.1f} MiB after"
        )


async def feel(base: str, good: int, seconds: float) -> Feeling:
    """Let the good pages work for a while."""
    async with ClientSession(connector=TCPConnector(limit=0)) as http:
        pages = [GoodPage(http, base, number) for number in range(good)]
        lives = [asyncio.create_task(page.live()) for page in pages]
        await asyncio.wait(lives, timeout=seconds)
        ended = [life for life in lives if life.done()]
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
    times = sorted(itertools.chain.from_iterable(page.times_ms for page in pages))
    lost = len(ended) + sum(bool(page.refused) for page in pages)
    return Feeling(len(times), statistics.median(times), times[int(len(times) * 0.95)], lost)


@asynccontextmanager
async def child(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of this module that ends when its input does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.load.hostile_sockets",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    try:
        yield process
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(15):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def measure(hostile: int, good: int, seconds: float) -> Figures:
    """Start the hub, let the good ones work alone, then under attack."""
    async with child("--serve", "--good", str(good)) as server:
        assert server.stdout is not None
        port = int(await server.stdout.readline())
        base, process = f"http://127.0.0.1:{port}", psutil.Process(server.pid)
        alone = await feel(base, good, seconds / 2)
        before = process.memory_info().rss
        async with child("--attack", str(port), "--hostile", str(hostile)) as attackers:
            assert attackers.stdin is not None
            assert attackers.stdout is not None
            await attackers.stdout.readline()  # the first of them have been thrown out
            worked, begun = sum(process.cpu_times()[:2]), time.monotonic()
            attacked = await feel(base, good, seconds)
            hub_busy = (sum(process.cpu_times()[:2]) - worked) / (time.monotonic() - begun)
            attackers.stdin.close()
            ends = json.loads(await attackers.stdout.readline())
        await feel(base, good, 3.0)  # meanwhile the last of them are thrown out
        return Figures(alone, attacked, ends, hub_busy, before / 1024**2, process.memory_info().rss / 1024**2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it and print the figures; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hostile", type=int, default=500)
    parser.add_argument("--good", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--attack", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.serve:
        asyncio.run(serve((chosen.good + 1) // 2))
        return 0
    if chosen.attack:
        asyncio.run(attack(chosen.attack, chosen.hostile))
        return 0
    figures = asyncio.run(measure(chosen.hostile, chosen.good, chosen.seconds))
    sys.stdout.write(f"{figures}\n")
    return 0 if figures.attacked.p95_ms < GOAL_P95_MS and figures.attacked.lost == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
