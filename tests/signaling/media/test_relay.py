"""Robots see and hear each other through a real relay exactly as far as the rows say."""

import asyncio
import stat

import pytest

from signaling.ids import RoomId, SeatId
from signaling.media.forwarding import Row
from signaling.media.plane import BadSdp, MediaUnavailable, RelayPlane
from signaling.media.robot import HEIGHT, WIDTH, Received, Robot
from tests.signaling.media.rig import (
    ROOM,
    TIMEOUT_S,
    RelayProcess,
    both,
    connected_robots,
    relay_plane,
    relay_process,
    row,
)

A, B, C = SeatId("p-1"), SeatId("p-2"), SeatId("t-3")


async def seen_and_heard(robot: Robot, slot: int, frames: int = 5) -> Received:
    got = robot.received[slot]
    target = got.frames + frames
    await robot.until(lambda: got.frames >= target and got.audio_energy > 0, TIMEOUT_S)
    return got


async def flowing(plane: RelayPlane, *seats: SeatId) -> None:
    """Wait until the relay has had both tracks of each seat."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            peers, _ = await plane.stats()
            bringing = {p.peer for p in peers if len(p.tracks) == 2 and all(t.packets > 3 for t in p.tracks)}
            if bringing >= set(seats):
                return


async def test_two_seats_see_and_hear_each_other_once_the_rows_are_on(plane: RelayPlane) -> None:
    async with connected_robots(plane, A, B) as (a, b):
        a.send()
        b.send()
        await flowing(plane, A, B)
        before = [*a.received, *b.received]
        assert before == [Received()] * 4

        await plane.forward(ROOM, both(A, 0, B) | both(B, 1, A))
        at_a, at_b = await seen_and_heard(a, 0), await seen_and_heard(b, 1)

        assert (at_a.width, at_a.height) == (at_b.width, at_b.height) == (WIDTH, HEIGHT)
        assert a.received[1] == b.received[0] == Received()


async def test_a_row_switched_off_stops_its_packets(plane: RelayPlane) -> None:
    async with connected_robots(plane, A, B) as (a, b):
        b.send()
        await plane.forward(ROOM, both(A, 0, B))
        await seen_and_heard(a, 0)

        await plane.forward(ROOM, frozenset({Row(A, 0, B, "audio")}))
        assert await row(plane, Row(A, 0, B, "video")) is None
        await plane.forward(ROOM, frozenset())
        peers, rows = await plane.stats()
        sent_so_far = next(t.packets for p in peers if p.peer == B for t in p.tracks if t.kind == "video")
        await flowing_beyond(plane, B, sent_so_far + 10)
        still = a.received[0].frames

        assert rows == []
        assert a.received[0].frames == still


async def flowing_beyond(plane: RelayPlane, seat: SeatId, packets: int) -> None:
    """Wait until the relay has had that many video packets of the seat."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            peers, _ = await plane.stats()
            tracks = next(p.tracks for p in peers if p.peer == seat)
            if any(t.kind == "video" and t.packets > packets for t in tracks):
                return


async def test_a_third_seat_joins_and_sees_both(plane: RelayPlane) -> None:
    async with connected_robots(plane, A, B) as (a, b):
        a.send()
        b.send()
        table = both(A, 0, B) | both(B, 0, A)
        await plane.forward(ROOM, table)
        await seen_and_heard(a, 0)

        async with connected_robots(plane, C) as (c,):
            c.send()
            table |= both(C, 0, A) | both(C, 1, B) | both(A, 1, C)
            await plane.forward(ROOM, table)

            await seen_and_heard(c, 0)
            await seen_and_heard(c, 1)
            await seen_and_heard(a, 1)
            assert a.received[0].frames > 0


async def test_a_slot_goes_on_when_its_sender_changes(plane: RelayPlane) -> None:
    async with connected_robots(plane, A, B, C) as (a, b, c):
        b.send()
        c.send()
        await plane.forward(ROOM, both(A, 0, B))
        await seen_and_heard(a, 0)

        await plane.forward(ROOM, both(A, 0, C))
        await seen_and_heard(a, 0, frames=10)

        counters = await row(plane, Row(A, 0, C, "video"))
        assert counters is not None
        assert counters.packets >= 10


async def test_rows_wait_for_a_seat_that_has_no_transport_yet(plane: RelayPlane) -> None:
    await plane.forward(ROOM, both(A, 0, B))

    async with connected_robots(plane, A, B) as (a, b):
        b.send()
        await seen_and_heard(a, 0)


async def test_a_new_offer_takes_the_place_of_the_older_transport(plane: RelayPlane) -> None:
    lost: list[SeatId] = []
    plane.on_lost = lost.append
    await plane.forward(ROOM, both(A, 0, B))
    async with connected_robots(plane, A, B) as (_, b):
        b.send()
        async with connected_robots(plane, A) as (again,):
            await seen_and_heard(again, 0)
            peers, _ = await plane.stats()
            assert sorted(peer.peer for peer in peers) == [A, B]
            assert lost == []


async def test_a_seat_that_closes_its_side_is_lost_at_once(plane: RelayPlane) -> None:
    lost: asyncio.Queue[SeatId] = asyncio.Queue()
    plane.on_lost = lost.put_nowait
    async with connected_robots(plane, A):
        pass

    async with asyncio.timeout(TIMEOUT_S):
        assert await lost.get() == A
    assert plane.attached() == frozenset()


async def test_a_seat_closed_by_the_server_is_not_lost(plane: RelayPlane) -> None:
    lost: list[SeatId] = []
    plane.on_lost = lost.append
    async with connected_robots(plane, A) as (a,):
        await plane.close(A)
        await a.until(lambda: a.state == "closed", TIMEOUT_S)

    assert lost == []
    assert plane.attached() == frozenset()


async def test_an_offer_that_cannot_be_answered_leaves_the_transport_alone(plane: RelayPlane) -> None:
    await plane.forward(ROOM, both(A, 0, B))
    async with connected_robots(plane, A, B) as (a, b):
        b.send()
        with pytest.raises(BadSdp):
            await plane.open(A, "v=0\r\n")

        await seen_and_heard(a, 0)
        assert plane.attached() == {A, B}


async def test_ports_stay_in_the_range_and_run_out_politely(plane: RelayPlane, relay: RelayProcess) -> None:
    robot = Robot(1)
    offer = await robot.offer()
    first, last = relay.ports
    for n in range(last - first + 1):
        await plane.open(SeatId(f"s{n}"), offer)

    with pytest.raises(MediaUnavailable, match="ports_exhausted"):
        await plane.open(SeatId("one-more"), offer)

    peers, _ = await plane.stats()
    assert {peer.port for peer in peers} == set(range(first, last + 1))
    assert SeatId("one-more") not in plane.attached()
    await plane.close(SeatId("s0"))
    await plane.open(SeatId("one-more"), offer)
    await robot.close()


async def test_only_the_owner_may_use_the_control_socket(plane: RelayPlane, relay: RelayProcess) -> None:
    assert plane.ready()
    assert stat.S_IMODE(relay.path.stat().st_mode) == 0o600


async def test_the_relay_ends_with_its_supervisor(relay: RelayProcess) -> None:
    async with relay_plane(relay):
        assert await relay.stop() == 0


async def test_a_room_is_emptied_without_touching_another(plane: RelayPlane) -> None:
    async with connected_robots(plane, A, B, C) as _:
        a_room, other = RoomId("first"), RoomId("second")
        await plane.forward(a_room, both(A, 0, B))
        await plane.forward(other, both(A, 1, C))

        await plane.forward(a_room, frozenset())

        _, rows = await plane.stats()
        assert {(r.slot, r.sender) for r in rows} == {(1, C)}


async def test_unreadable_control_messages_are_answered_and_forgotten(
    relay: RelayProcess, plane: RelayPlane
) -> None:
    reader, writer = await asyncio.open_unix_connection(relay.path)
    lines = [b"\n", b"{}\n", b'{"id": 7, "op": "explode"}\n', b"\xff\xfe\n", b"[" * 5000 + b"\n"]
    for line in [*lines, b'{"id": 8, "op": "open", "peer": "", "offer": ""}\n']:
        writer.write(line)
        assert b'"code":"bad_request"' in await reader.readline()
    writer.write(b"x" * 1_000_000)
    writer.close()

    assert await plane.stats() == ([], [])


async def test_a_relay_on_a_used_path_takes_it_over(relay: RelayProcess) -> None:
    async with relay_plane(relay):
        await relay.kill()
    async with relay_process(relay.path.parent) as successor, relay_plane(successor) as plane:
        assert await plane.stats() == ([], [])
