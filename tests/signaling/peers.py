"""Scripted peers, a recording observer and a media plane in memory for the tests of signaling."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from socket import SHUT_RDWR
from typing import TypeVar
from uuid import uuid4

from aiohttp import ClientWebSocketResponse, TCPConnector, WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer, unused_port

from signaling.errors import SignalingError
from signaling.hub import Hub
from signaling.ids import RoomId, SeatId
from signaling.keys import HUB, TICKETS
from signaling.limits import Limits
from signaling.media.forwarding import Row
from signaling.media.plane import BadSdp, MediaUnavailable, PeerState
from signaling.messages import (
    ChatLine,
    ClientCommand,
    ClientMessage,
    Gone,
    Hello,
    Join,
    Ping,
    Quality,
    Refused,
    Result,
    ServerMessage,
    Welcome,
    decode_server,
    encode,
)
from signaling.room import Member
from signaling.tokens import Claims, Tickets
from signaling.web import close_hub, routes
from tests.signaling.memory import Durable

ORIGIN = "https://reception.example"
OFFICER = SeatId("p-officer")
TERMINAL = SeatId("t-terminal")
ROOM = RoomId("visit-1")
MEMBERS = (
    Member(OFFICER, "county", "王接访", "值班接访员"),
    Member(TERMINAL, "township", "第一接访室", "乡镇接访室"),
)
PATIENCE_S = 5.0

M = TypeVar("M", bound=ServerMessage)


def a_uuid() -> str:
    return str(uuid4())


class HandClock:
    """A clock that moves when the test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 9, 0, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def steady(self) -> float:
        return self.seconds


class RecordingObserver:
    """Notes what it is told; `chat` may be made to refuse, to fail or to wait."""

    def __init__(self, durable: Durable) -> None:
        self.durable = durable
        self.hub: Hub | None = None
        self.reports: list[Quality] = []
        self.noted: list[tuple[str, ...]] = []
        self.lines: list[str] = []
        self.refuse_with: str | None = None
        self.fails = False
        self.chat_begun = asyncio.Event()
        self.chat_may_end = asyncio.Event()
        self.chat_may_end.set()
        self.report_may_end = asyncio.Event()
        self.report_may_end.set()
        self._changed = asyncio.Condition()

    async def seat_present(self, seat: SeatId) -> None:
        await self._note("present", seat)

    async def seat_gone(self, seat: SeatId, why: str) -> None:
        await self._note("gone", seat, why)

    async def joined(self, room: RoomId, seat: SeatId) -> None:
        await self._note("joined", room, seat)

    async def left(self, room: RoomId, seat: SeatId, why: str) -> None:
        await self._note("left", room, seat, why)

    async def set_up(self, room: RoomId, seat: SeatId, code: str) -> None:
        await self._note("set_up", room, seat, code)

    async def went_live(self, room: RoomId) -> None:
        await self._note("live", room)

    async def chat(self, room: RoomId, seat: SeatId, text: str, *, login: str, command: str) -> datetime:
        self.chat_begun.set()
        await self.chat_may_end.wait()
        if self.refuse_with:
            raise SignalingError(self.refuse_with)
        if self.fails:
            raise RuntimeError("a defect of the observer")
        said = self.durable.said
        if (login, command) not in said:
            said[login, command] = self.durable.clock.now()
            await self._write(room, ChatLine(room=room, from_seat=seat, text=text, at=said[login, command]))
        return said[login, command]

    async def _write(self, room: RoomId, line: ChatLine) -> None:
        assert self.hub is not None
        view = self.hub.room(room)
        assert view is not None
        admitted = [member.seat for member in view.members]
        for member in admitted:
            self.durable.journal.write(member, line)
        self.lines.append(line.text)
        await self._note("chat", room, line.from_seat)
        self.hub.wake(admitted)

    async def quality(self, room: RoomId, seat: SeatId, report: Quality, at: datetime) -> None:
        if self.fails:
            raise RuntimeError("a defect of the observer")
        await self.report_may_end.wait()
        self.reports.append(report)
        await self._note("quality", room, seat)

    async def session_reused(self, seat: SeatId, login: str) -> None:
        await self._note("reused", seat, login)

    async def has_noted(self, *note: str) -> None:
        """Wait until the observer was told this."""
        await self.has_seen(lambda noted: note in noted)

    async def has_seen(self, what: Callable[[list[tuple[str, ...]]], bool]) -> None:
        """Wait until this is true of all that the observer was told."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: what(self.noted))

    async def _note(self, *note: str) -> None:
        async with self._changed:
            self.noted.append(note)
            self._changed.notify_all()


def _ignore_state(_seat: SeatId, _state: PeerState) -> None:
    return


class MemoryPlane:
    """A media plane that only remembers; `mood` decides how it answers."""

    def __init__(self) -> None:
        self.on_lost: Callable[[SeatId], None] = lambda _: None
        self.on_state: Callable[[SeatId, PeerState], None] = _ignore_state
        self.keeps: Callable[[RoomId], bool] = lambda _: True
        self.mood = "well"  # well | broken | silent
        self.peers: set[SeatId] = set()
        self.rows: dict[RoomId, frozenset[Row]] = {}
        self.forwards = 0
        self._changed = asyncio.Condition()

    async def start(self) -> None: ...

    async def aclose(self) -> None: ...

    def ready(self) -> bool:
        return self.mood == "well"

    def attached(self) -> frozenset[SeatId]:
        return frozenset(self.peers)

    async def open(self, peer: SeatId, offer: str) -> str:
        await self._answer()
        if not offer.startswith("v=0"):
            raise BadSdp
        self.peers.add(peer)
        return f"v=0 answer to {peer}"

    async def close(self, peer: SeatId) -> None:
        await self._answer()
        self.peers.discard(peer)

    async def forward(self, room: RoomId, rows: frozenset[Row]) -> None:
        await self._answer()
        async with self._changed:
            self.rows[room] = rows
            self.forwards += 1
            self._changed.notify_all()

    async def has_pairs(self, room: RoomId, *pairs: tuple[SeatId, SeatId]) -> None:
        """Wait until exactly these (receiver, sender) pairs are forwarded in the room."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(
                lambda: {(row.receiver, row.sender) for row in self.rows.get(room, ())} == set(pairs)
            )

    async def has_forwarded(self, times: int) -> None:
        """Wait until that many tables were taken."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: self.forwards >= times)

    async def _answer(self) -> None:
        if self.mood == "broken":
            raise MediaUnavailable
        if self.mood == "silent":
            await asyncio.Event().wait()


@dataclass
class ScriptedPeer:
    """A page without a page: says what the test tells it to, waits for what should come."""

    socket: ClientWebSocketResponse
    seen: list[ServerMessage] = field(default_factory=list)

    async def say(self, message: ClientMessage) -> None:
        await self.socket.send_frame(encode(message), WSMsgType.TEXT)

    async def say_text(self, text: str) -> None:
        await self.socket.send_str(text)

    async def read(self) -> ServerMessage:
        """The next frame other than `ping`."""
        while True:
            frame = await self.socket.receive(timeout=PATIENCE_S)
            assert frame.type is WSMsgType.TEXT, f"{frame.type} {frame.data} instead of a message"
            message = decode_server(frame.data.encode())
            self.seen.append(message)
            if not isinstance(message, Ping):
                return message

    async def expect(self, kind: type[M], **fields: object) -> M:
        """Read on until a message of this kind with these fields comes."""
        while True:
            message = await self.read()
            if isinstance(message, kind) and all(
                getattr(message, name) == value for name, value in fields.items()
            ):
                return message

    async def command(self, command: ClientCommand) -> Result | Refused:
        """Send a command and wait for its answer."""
        await self.say(command)
        return await self.answer_to(command)

    async def answer_to(self, command: ClientCommand) -> Result | Refused:
        while True:
            message = await self.read()
            if isinstance(message, Result | Refused) and message.re == command.id:
                return message

    async def closes_with(self) -> tuple[int | None, str | None]:
        """Read on until the server closes; the close code and the reason said in `gone`."""
        reason = None
        while True:
            frame = await self.socket.receive(timeout=PATIENCE_S)
            if frame.type is WSMsgType.CLOSE:
                return frame.data, reason  # `close_code` is 1006 when the answer to it came too late
            if frame.type is not WSMsgType.TEXT:
                return self.socket.close_code, reason
            message = decode_server(frame.data.encode())
            if isinstance(message, Gone):
                reason = message.code

    async def drop(self) -> None:
        """Vanish as a torn connection does: no close frame."""
        transport_socket = self.socket.get_extra_info("socket")
        if transport_socket is not None:  # else the server was quicker
            with suppress(OSError):
                transport_socket.shutdown(SHUT_RDWR)


@dataclass
class World:
    """A hub behind a real server, and everything that a test needs to talk to it."""

    hub: Hub
    tickets: Tickets
    observer: RecordingObserver
    plane: MemoryPlane
    client: TestClient[web.Request, web.Application]
    clock: HandClock
    durable: Durable

    async def dial(self, *, origin: str = ORIGIN) -> ScriptedPeer:
        """Open a socket and say nothing yet."""
        socket = await self.client.ws_connect("/ws", headers={"Origin": origin})
        return ScriptedPeer(socket)

    async def connect(self, seat: SeatId, login: str | None = None) -> ScriptedPeer:
        """A welcomed peer."""
        peer = await self.dial()
        ticket = self.tickets.issue(Claims(seat, login or f"login-{seat}"))
        await peer.say(Hello(ticket=ticket, proto=1))
        await peer.expect(Welcome)
        return peer

    async def joined(self, seat: SeatId, room: RoomId = ROOM, login: str | None = None) -> ScriptedPeer:
        """A welcomed peer that has joined the room and seen it."""
        peer = await self.connect(seat, login)
        assert isinstance(await peer.command(Join(id=a_uuid(), room=room)), Result)
        return peer


@asynccontextmanager
async def a_world(
    limits: Limits | None = None,
    *,
    extend: Callable[[web.Application], None] = lambda _: None,
    clock: HandClock | None = None,
    durable: Durable | None = None,
) -> AsyncIterator[World]:
    """Start a hub on a free port, its pages of the same origin; on leaving, no task of it is left.

    Args:
        durable: what an earlier run has left; `clock` is the one that it was made with.
    """
    before = asyncio.all_tasks()
    clock = clock or HandClock()
    durable = durable or Durable(clock)
    durable.sessions.run()
    observer, plane, tickets = RecordingObserver(durable), MemoryPlane(), Tickets(clock)
    port = unused_port()
    hub = Hub(
        observer=observer,
        plane=plane,
        tickets=tickets,
        origins=[ORIGIN, f"http://127.0.0.1:{port}"],
        sessions=durable.sessions,
        journal=durable.journal,
        build="build-1",
        clock=clock,
        limits=limits or Limits(close_s=0.5),
    )
    observer.hub = hub
    app = web.Application()
    app[HUB], app[TICKETS] = hub, tickets
    app.add_routes(routes())
    app.on_shutdown.append(close_hub)
    extend(app)
    async with TestClient(TestServer(app, port=port), connector=TCPConnector(limit=0)) as client:
        yield World(hub, tickets, observer, plane, client, clock, durable)
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
