"""Reports of the line: whose are taken, how often, and what an honest page may say beside them."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from signaling.ids import RoomId
from signaling.limits import FrameBucket, Limits
from signaling.messages import Join, Media, Quality, Result, decode_client
from tests.signaling.peers import MEMBERS, OFFICER, ROOM, TERMINAL, ScriptedPeer, World, a_uuid

SAMPLE = Path(__file__).parents[1] / "protocol" / "samples" / "client" / "quality.json"


def a_report(room: RoomId = ROOM, *, rtt_ms: float = 40.0) -> Quality:
    sample = json.loads(SAMPLE.read_text(encoding="utf-8"))["valid"][0]
    report = decode_client(json.dumps(sample).encode())
    assert isinstance(report, Quality)
    return msgspec.structs.replace(report, room=room, rtt_ms=rtt_ms)


async def is_through(peer: ScriptedPeer) -> None:
    """Whatever the peer said before has been read."""
    await peer.command(Media(id=a_uuid(), room=ROOM, audio=True, video=True))


async def test_a_participants_report_reaches_the_service_and_is_answered_by_nothing(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    peer = await world.joined(OFFICER)
    seen = len(peer.seen)

    await peer.say(a_report())

    await world.observer.has_noted("quality", ROOM, OFFICER)
    assert world.observer.reports == [a_report()]
    assert len(peer.seen) == seen


async def test_what_comes_too_often_is_dropped_in_silence(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    peer = await world.joined(OFFICER)

    for rtt_ms, seconds in ((1.0, 0.0), (2.0, 2.9), (3.0, 0.1), (4.0, 1.0)):
        world.clock.seconds += seconds
        await peer.say(a_report(rtt_ms=rtt_ms))
        await is_through(peer)

    assert [report.rtt_ms for report in world.observer.reports] == [1.0, 3.0]


@pytest.mark.parametrize("room", [ROOM, RoomId("visit-9")])
async def test_only_participants_report(world: World, room: RoomId) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    member = await world.connect(TERMINAL)  # admitted, and has not joined

    await member.say(a_report(room))
    assert isinstance(await member.command(Join(id=a_uuid(), room=ROOM)), Result)

    assert world.observer.reports == []


async def test_a_report_that_is_slow_to_keep_holds_nothing_up_and_the_next_is_dropped(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    peer = await world.joined(OFFICER)
    world.observer.report_may_end.clear()

    await peer.say(a_report(rtt_ms=1.0))
    await is_through(peer)
    world.clock.seconds += 5
    await peer.say(a_report(rtt_ms=2.0))
    await is_through(peer)
    world.observer.report_may_end.set()
    await world.observer.has_noted("quality", ROOM, OFFICER)

    assert [report.rtt_ms for report in world.observer.reports] == [1.0]


async def test_a_report_that_cannot_be_kept_costs_nothing_else(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    peer = await world.joined(OFFICER)
    world.observer.fails = True

    await peer.say(a_report())
    await is_through(peer)
    async with asyncio.timeout(5):
        while not caplog.records:
            await is_through(peer)

    assert [record.getMessage() for record in caplog.records] == [f"report_failed seat={OFFICER}"]
    assert world.hub.is_present(OFFICER)


def test_an_honest_page_in_a_call_has_room_to_spare() -> None:
    """12 reports, 60 acknowledgements, 6 pongs and 60 commands a minute, for ten minutes, after a return."""
    bucket, now = FrameBucket(Limits(), now=0.0), 0.0
    coming_back = [bucket.take(now) for _ in range(2 + 32 + 16)]  # joins, repeated commands, acknowledgements

    at_work = []
    for second in range(600):
        now = float(second)
        owed = 2 + (second % 5 == 0) + (second % 10 == 0)
        at_work += [bucket.take(now) for _ in range(owed)]

    assert all(coming_back)
    assert all(at_work)
