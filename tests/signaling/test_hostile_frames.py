"""Bad, loud, huge and slow peers: each loses its own frame or socket, nobody else's."""

import asyncio
import base64
import os
import socket as sockets
import struct
from datetime import UTC, datetime

import pytest
from yarl import URL

from signaling.ids import SeatId
from signaling.limits import FrameBucket, Limits
from signaling.messages import (
    Chat,
    ClientCommand,
    Duty,
    Hello,
    Join,
    Media,
    Pong,
    Queue,
    QueueRow,
    Refused,
    Result,
    SetUp,
    TransportClose,
    encode,
)
from signaling.tokens import Claims
from tests.signaling.peers import MEMBERS, OFFICER, ORIGIN, ROOM, TERMINAL, World, a_uuid, a_world

ID = "00000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("frame", "code", "re"),
    [
        ("{", "malformed", None),
        ("", "malformed", None),
        ("[]", "malformed", None),
        ("[" * 30_000, "malformed", None),
        ('{"type":"join","id":"' + ID + '","room":' + "[" * 30_000, "bad_value", None),
        ('{"type":"fly","id":"' + ID + '"}', "unknown_type", ID),
        ('{"type":"join","id":"' + ID + '","room":"v","from":"p-2"}', "unknown_field", ID),
        ('{"type":"join","id":"' + ID + '","room":7}', "bad_value", ID),
        ('{"type":"join","id":"1","room":"v"}', "bad_value", None),
        ('{"type":"ring","id":"' + ID + '"}', "unknown_type", ID),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_bad_frame_is_refused_and_the_socket_lives(
    world: World, frame: str, code: str, re: str | None
) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    peer = await world.connect(OFFICER)

    await peer.say_text(frame)

    refused = await peer.expect(Refused)
    assert refused.code == code
    assert refused == (Refused(code=code, re=re) if re else Refused(code=code))
    assert isinstance(await peer.command(Join(id=a_uuid(), room=ROOM)), Result)


async def test_a_binary_frame_closes(world: World) -> None:
    peer = await world.connect(OFFICER)

    await peer.socket.send_bytes(b"\x00")

    assert await peer.closes_with() == (4400, "binary")


async def test_a_frame_above_the_limit_closes_and_one_at_the_limit_does_not(world: World) -> None:
    peer = await world.connect(OFFICER)

    await peer.say_text(" " * 64 * 1024)
    assert (await peer.expect(Refused)).code == "malformed"
    await peer.say_text(" " * (64 * 1024 + 1))

    assert await peer.closes_with() == (4413, "too_large")


async def test_a_huge_frame_is_not_even_read(world: World) -> None:
    peer = await world.connect(OFFICER)

    await peer.say_text(" " * 1024 * 1024)

    code, _ = await peer.closes_with()
    assert code == 1009
    await world.observer.has_noted("gone", OFFICER, "socket")


async def test_a_flood_closes_and_the_neighbour_goes_on(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    loud = await world.connect(OFFICER)
    neighbour = await world.connect(TERMINAL)

    for _ in range(200):
        await loud.say_text("{}")

    assert await loud.closes_with() == (4429, "flood")
    assert isinstance(await neighbour.command(Join(id=a_uuid(), room=ROOM)), Result)


async def test_control_frames_count_and_a_few_are_answered(world: World) -> None:
    peer = await world.connect(OFFICER)

    await peer.socket.ping(b"there?")
    assert isinstance(await peer.command(TransportClose(id=a_uuid())), Result)
    for _ in range(100):
        await peer.socket.ping()

    assert await peer.closes_with() == (4429, "flood")


async def test_a_page_that_answers_pings_stays() -> None:
    async with a_world(Limits(ping_every_s=0.02, dead_after_s=0.2, close_s=0.5)) as world:
        peer = await world.connect(OFFICER)

        for number in range(1, 21):
            frame = await peer.socket.receive_json()
            assert frame == {"type": "ping", "n": number}
            await peer.say(Pong(n=number))

        assert world.hub.is_present(OFFICER)


async def test_a_recorded_session_played_again_changes_nothing(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    hello = Hello(ticket=world.tickets.issue(Claims(OFFICER, "login-1")), proto=1)
    commands: list[ClientCommand] = [
        Join(id=a_uuid(), room=ROOM),
        Media(id=a_uuid(), room=ROOM, audio=True, video=True),
        SetUp(id=a_uuid(), room=ROOM, code="media_up"),
        Chat(id=a_uuid(), room=ROOM, text="一次"),
    ]
    victim = await world.dial()
    await victim.say(hello)
    answers = [await victim.command(command) for command in commands]
    await world.observer.has_noted("set_up", ROOM, OFFICER, "media_up")
    before = (world.hub.room(ROOM), list(world.observer.noted))

    replayed = [await victim.command(command) for command in commands]
    thief = await world.dial()
    await thief.say(hello)

    assert replayed == answers
    assert await thief.closes_with() == (4401, "ticket_refused")
    assert (world.hub.room(ROOM), world.observer.noted) == before
    assert world.observer.lines == ["一次"]


async def test_what_has_begun_when_the_hub_closes_is_finished(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    peer = await world.joined(OFFICER)
    world.observer.chat_may_end.clear()
    await peer.say(Chat(id=a_uuid(), room=ROOM, text="最后一句"))
    await world.observer.chat_begun.wait()

    closing = asyncio.create_task(world.hub.aclose())
    assert await peer.closes_with() == (1012, "restart")
    world.observer.chat_may_end.set()
    await closing

    assert world.observer.lines == ["最后一句"]


def test_the_bucket_fills_by_the_minute() -> None:
    bucket = FrameBucket(Limits(frames_per_min=60, frames_burst=3), now=0.0)

    at_once = [bucket.take(0.0) for _ in range(4)]
    later = [bucket.take(2.0) for _ in range(3)]
    much_later = [bucket.take(1000.0) for _ in range(4)]

    assert at_once == [True, True, True, False]
    assert later == [True, True, False]
    assert much_later == [True, True, True, False]


async def test_a_reader_that_stops_reading_loses_its_socket_and_delays_nobody() -> None:
    async with a_world(Limits(queued_bytes=300_000, close_s=0.5)) as world:
        stuck = await _a_page_that_never_reads(world, OFFICER)
        try:
            await world.observer.has_noted("present", OFFICER)
            neighbour = await world.connect(TERMINAL)
            long_queue = Queue(rows=tuple(_row(number) for number in range(200)))

            sent = 0
            while world.hub.is_present(OFFICER) and sent < 2_000:
                world.hub.send([OFFICER], long_queue)
                sent += 1
                world.hub.send([TERMINAL], Duty(state="ready"))
                await neighbour.expect(Duty)

            assert sent < 2_000
            await world.observer.has_noted("gone", OFFICER, "slow")
            assert world.hub.present() == {TERMINAL}
        finally:
            stuck.close()


async def test_a_probe_tells_a_live_page_from_a_dead_one(world: World) -> None:
    live = await world.connect(OFFICER)
    await world.connect(TERMINAL)  # never reads, so never answers

    answered = asyncio.create_task(world.hub.probe(OFFICER))
    frame = await live.socket.receive_json()
    await live.say_text(f'{{"type":"pong","n":{frame["n"]}}}')

    assert frame["type"] == "ping"
    assert await answered is True
    assert await world.hub.probe(TERMINAL, timeout_s=0.05) is False
    assert await world.hub.probe(SeatId("p-nobody")) is False


async def test_a_pong_out_of_turn_is_ignored(world: World) -> None:
    live = await world.connect(OFFICER)
    probing = asyncio.create_task(world.hub.probe(OFFICER, timeout_s=0.1))

    await live.say_text('{"type":"pong","n":99}')

    assert await probing is False


async def test_a_probe_of_a_page_that_goes_away_ends_at_once(world: World) -> None:
    live = await world.connect(OFFICER)
    probing = asyncio.create_task(world.hub.probe(OFFICER, timeout_s=60))
    await live.socket.receive()

    await live.drop()

    assert await probing is False


async def test_peers_that_go_before_the_upgrade_fill_no_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    url = world.client.make_url("/ws")
    upgrade = (
        f"GET /ws HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nOrigin: {ORIGIN}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    )
    at_once = struct.pack("ii", 1, 0)  # close with a reset
    for _ in range(50):
        with sockets.create_connection((url.host or "", url.port or 0)) as raw:
            raw.sendall(upgrade.encode())
            raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, at_once)

    peer = await world.connect(OFFICER)

    assert isinstance(await peer.command(TransportClose(id=a_uuid())), Result)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def _row(number: int) -> QueueRow:
    return QueueRow(
        visit=f"visit-{number}",
        ticket=f"A{number:03}",
        place="第一接访室" * 10,
        matter_kinds=("report",),
        raised_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
        state="waiting",
        direct=False,
    )


async def _a_page_that_never_reads(world: World, seat: SeatId) -> sockets.socket:
    """A raw socket with a small receive buffer that says hello and nothing more."""
    url: URL = world.client.make_url("/ws")
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, (url.host, url.port))
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = (
        f"GET /ws HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nOrigin: {ORIGIN}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await loop.sock_sendall(raw, upgrade.encode())
    assert b" 101 " in await loop.sock_recv(raw, 4096)
    hello = encode(Hello(ticket=world.tickets.issue(Claims(seat, "login-slow")), proto=1))
    no_mask = b"\x00" * 4
    await loop.sock_sendall(raw, struct.pack("!BB", 0x81, 0x80 | len(hello)) + no_mask + hello)
    return raw
