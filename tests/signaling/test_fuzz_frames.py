"""Damaged frames against a real hub: each is answered or ends its own socket, and nothing is left of it."""

import asyncio
import logging
from contextlib import suppress

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from signaling.hub import Hub
from signaling.ids import RoomId
from signaling.messages import Hello, Join, Result, encode
from signaling.tokens import Claims
from tests.signaling.fuzz_frames import CORPUS, LIMITS, MARK, Maker, fuzz
from tests.signaling.peers import MEMBERS, OFFICER, ROOM, TERMINAL, a_uuid, a_world

FRAMES = [pytest.param(path.read_bytes(), id=path.stem) for path in sorted(CORPUS.glob("*.txt"))]


async def test_twenty_thousand_damaged_frames_break_nothing_and_leave_nothing_behind() -> None:
    figures = await fuzz(20_000, seed=20261123)

    assert figures.unhandled == []
    assert figures.frames == 20_000
    assert figures.longest_work_ms < 100
    assert figures.mib_after - figures.mib_before < 24
    met = {"malformed", "unknown_type", "unknown_field", "bad_value", "welcome", "gone", "result"}
    assert met <= set(figures.answers)


async def test_a_hub_with_a_defect_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Hub._listener

    def wrong(hub: Hub, *args: object) -> object:
        take = right(hub, *args)  # type: ignore[arg-type]

        def fail_on_reports(message: object) -> bool:
            if type(message).__name__ == "Quality":
                raise RuntimeError("a defect of the hub")
            return take(message)  # type: ignore[arg-type]

        return fail_on_reports

    monkeypatch.setattr(Hub, "_listener", wrong)

    figures = await fuzz(2_000, seed=1)

    assert figures.unhandled != []


def test_the_same_seed_makes_the_same_frames() -> None:
    one, other = Maker(7), Maker(7)

    assert [one.frame() for _ in range(500)] == [other.frame() for _ in range(500)]


@pytest.mark.parametrize("frame", FRAMES)
async def test_a_frame_that_once_broke_something_ends_at_most_its_own_socket(
    frame: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    async with a_world(LIMITS) as world:
        await world.hub.open_room(ROOM, MEMBERS, 0)
        neighbour = await world.connect(TERMINAL)
        for is_first in (True, False):
            peer = await world.dial()
            if not is_first:
                await peer.say(Hello(ticket=world.tickets.issue(Claims(OFFICER, "login")), proto=1))
            await peer.socket.send_frame(frame, WSMsgType.TEXT)
            async with asyncio.timeout(5):
                await _answered_or_closed(peer.socket)

        assert isinstance(await neighbour.command(Join(id=a_uuid(), room=ROOM)), Result)
    assert caplog.records == []


async def _answered_or_closed(socket: ClientWebSocketResponse) -> None:
    """Read until the hub has answered a command said behind the frame, or has closed."""
    with suppress(ConnectionError):
        await socket.send_frame(encode(Join(id=MARK, room=RoomId("no-such-room"))), WSMsgType.TEXT)
    while (message := await socket.receive()).type is WSMsgType.TEXT:
        if MARK in message.data:
            return
