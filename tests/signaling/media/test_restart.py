"""The relay outlives the web server, and the web server the relay."""

import asyncio

import pytest

from signaling.ids import SeatId
from signaling.media.plane import MediaUnavailable, RelayPlane
from tests.signaling.media.rig import ROOM, TIMEOUT_S, RelayProcess, both, connected_robots, relay_plane

A, B = SeatId("p-1"), SeatId("p-2")


async def test_a_killed_relay_is_reported_and_a_new_one_taken_into_use(
    relay: RelayProcess, plane: RelayPlane
) -> None:
    lost: asyncio.Queue[SeatId] = asyncio.Queue()
    plane.on_lost = lost.put_nowait
    await plane.forward(ROOM, both(A, 0, B))
    async with connected_robots(plane, A, B):
        await relay.kill()
        await relay.start()

        async with asyncio.timeout(TIMEOUT_S):
            gone = {await lost.get(), await lost.get()}

    assert gone == {A, B}
    await plane.wait_ready(TIMEOUT_S)
    async with connected_robots(plane, A, B) as (a, b):
        b.send()
        await a.until(lambda: a.received[0].frames > 0, TIMEOUT_S)


async def test_without_a_relay_everything_is_refused_quickly(relay: RelayProcess, plane: RelayPlane) -> None:
    await relay.kill()

    async with asyncio.timeout(TIMEOUT_S):
        while plane.ready():
            with pytest.raises(MediaUnavailable):
                await plane.stats()
        with pytest.raises(MediaUnavailable):
            await plane.open(A, "v=0")
        await plane.close(A)
        await plane.forward(ROOM, both(A, 0, B))


async def test_a_web_server_that_comes_back_finds_the_media_undisturbed(relay: RelayProcess) -> None:
    async with relay_plane(relay) as before, connected_robots(before, A, B) as (a, b):
        b.send()
        await before.forward(ROOM, both(A, 0, B))
        await a.until(lambda: a.received[0].frames > 5, TIMEOUT_S)
        await before.aclose()

        async with relay_plane(relay) as after:
            assert after.attached() == {A, B}
            frames = a.received[0].frames
            await a.until(lambda: a.received[0].frames > frames + 5, TIMEOUT_S)
            peers, _ = await after.stats()
            assert sum(track.plis for peer in peers for track in peer.tracks) <= 1


async def test_a_room_that_is_over_by_the_restart_is_carried_no_longer(relay: RelayProcess) -> None:
    async with relay_plane(relay) as before, connected_robots(before, A, B):
        await before.forward(ROOM, both(A, 0, B))
        await before.aclose()

        after = RelayPlane(relay.path)
        after.keeps = lambda room: room != ROOM
        await after.start()
        await after.wait_ready(TIMEOUT_S)

        assert (await after.stats())[1] == []
        await after.aclose()


async def test_rows_taken_away_while_the_relay_was_out_of_reach_stay_away(relay: RelayProcess) -> None:
    async with relay_plane(relay) as plane, connected_robots(plane, A, B):
        await plane.forward(ROOM, both(A, 0, B))
        await plane.aclose()

        await plane.forward(ROOM, frozenset())
        await plane.start()
        await plane.wait_ready(TIMEOUT_S)

        assert (await plane.stats())[1] == []


async def test_a_plane_waits_for_a_relay_that_comes_later(relay: RelayProcess) -> None:
    await relay.kill()
    plane = RelayPlane(relay.path)
    await plane.start()
    assert not plane.ready()

    await relay.start()

    await plane.wait_ready(TIMEOUT_S)
    await plane.aclose()
