"""A seat's later offers: told twice, an ICE restart in place, or a transport that succeeds the older one."""

import asyncio
import re
import time
from collections.abc import AsyncIterator

import pytest

from signaling.ids import SeatId
from signaling.media.control import PeerState
from signaling.media.plane import RelayPlane
from signaling.media.relay.ports import UdpPorts
from signaling.media.relay.switchboard import Switchboard
from signaling.media.robot import Robot
from signaling.media.sdp import BadSdp
from tests.signaling.media.fuzz_sdp import SEEDS
from tests.signaling.media.rig import (
    ROOM,
    TIMEOUT_S,
    RelayProcess,
    both,
    connected_robots,
    free_udp_ports,
    until,
)

A, B = SeatId("p-1"), SeatId("p-2")
OFFER = SEEDS[1]
RESTART = OFFER.replace("a=ice-ufrag:NDtj", "a=ice-ufrag:Fresh").replace("a=ice-pwd:BJOC", "a=ice-pwd:Fresh")


@pytest.fixture
async def board() -> AsyncIterator[Switchboard]:
    """A switchboard without a process of its own; its `changed` collects nothing."""
    made = Switchboard(UdpPorts("127.0.0.1", *free_udp_ports(4)), lambda _seat, _state: None)
    yield made
    await made.aclose()


def lines(answer: str, *names: str) -> list[str]:
    return [line for line in answer.split("\r\n") if line.startswith(names)]


FIXED = ("m=", "c=", "a=mid", "a=ssrc", "a=fingerprint", "a=candidate", "a=rtpmap")


async def test_an_ice_restart_changes_the_credentials_and_nothing_else(board: Switchboard) -> None:
    first = board.open(A, OFFER)
    peer = board.peers[A]

    second = board.open(A, RESTART)

    assert board.peers[A] is peer
    assert lines(first, *FIXED) == lines(second, *FIXED)
    for name in ("a=ice-ufrag", "a=ice-pwd"):
        assert not set(lines(first, name)) & set(lines(second, name))
    assert lines(first, "o=") == ["o=- 1 1 IN IP4 127.0.0.1"]
    assert lines(second, "o=") == ["o=- 1 2 IN IP4 127.0.0.1"]


async def test_an_offer_told_twice_has_the_same_answer(board: Switchboard) -> None:
    first, restarted = board.open(A, OFFER), board.open(A, RESTART)

    assert board.open(A, RESTART) == restarted != first


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a=fingerprint:sha-256 ", "a=fingerprint:sha-256 00:"),  # another certificate
        ("a=ice-ufrag:Fresh", "a=ice-ufrag:NDtj"),  # half of new credentials
        ("a=rtpmap:96 VP8", "a=rtpmap:97 VP8"),  # other sections
    ],
)
async def test_any_other_offer_builds_a_transport_of_its_own(
    board: Switchboard, before: str, after: str
) -> None:
    board.open(A, OFFER)
    peer = board.peers[A]
    changed = RESTART.replace(before, after)
    if before.startswith("a=fingerprint"):
        changed = "\r\n".join(
            line[: line.rindex(":")] if line.startswith("a=fingerprint") else line
            for line in changed.split("\r\n")
        )
    if before.startswith("a=rtpmap"):
        changed = changed.replace("SAVPF 96 97", "SAVPF 97 98").replace("a=rtpmap:97 rtx", "a=rtpmap:98 rtx")
        changed = changed.replace("a=fmtp:97 apt=96", "a=fmtp:98 apt=97")

    board.open(A, changed)

    assert board.peers[A] is not peer


async def test_a_restart_that_cannot_be_read_leaves_the_transport_alone(board: Switchboard) -> None:
    answer = board.open(A, OFFER)

    with pytest.raises(BadSdp):
        board.open(A, RESTART.replace("a=rtcp-mux", "a=x"))

    assert board.open(A, OFFER) == answer


async def test_the_older_transport_serves_until_the_newer_one_is_connected(plane: RelayPlane) -> None:
    lost: list[SeatId] = []
    plane.on_lost = lost.append
    async with connected_robots(plane, A, B) as (a, b):
        b.send()
        await plane.forward(ROOM, both(A, 0, B))
        await a.until(lambda: a.received[0].frames > 3, TIMEOUT_S)
        later = Robot(2)
        answer = await plane.open(A, await later.offer())

        frames = a.received[0].frames
        await a.until(lambda: a.received[0].frames > frames + 10, TIMEOUT_S)
        await later.accept(answer)
        await later.until(lambda: later.received[0].frames > 3, TIMEOUT_S)
        await a.until(lambda: a.state == "closed", TIMEOUT_S)

        assert lost == []
        assert plane.attached() == {A, B}
        await later.close()


async def test_a_transport_that_ends_before_its_successor_is_connected_is_not_lost(plane: RelayPlane) -> None:
    lost: list[SeatId] = []
    states: asyncio.Queue[tuple[SeatId, PeerState]] = asyncio.Queue()
    async with connected_robots(plane, A) as (a,):
        plane.on_lost = lost.append
        plane.on_state = lambda seat, state: states.put_nowait((seat, state))
        later = Robot(2)
        answer = await plane.open(A, await later.offer())
        await a.close()
        await later.accept(answer)

        async with asyncio.timeout(TIMEOUT_S):
            assert await states.get() == (A, "connected")
        assert lost == []
        await later.close()


def forged(description: str) -> str:
    """The description with another certificate's fingerprint."""
    return re.sub(r"(a=fingerprint:sha-256 )(?:[0-9A-F]{2}:){31}", r"\g<1>" + "0A:" * 31, description)


async def test_a_browser_with_another_certificate_than_its_offer_named_gets_nothing(
    plane: RelayPlane,
) -> None:
    states: asyncio.Queue[PeerState] = asyncio.Queue()
    plane.on_state = lambda _, state: states.put_nowait(state)
    robot = Robot(1)
    await robot.accept(await plane.open(A, forged(await robot.offer())))

    async with asyncio.timeout(TIMEOUT_S):
        assert await states.get() == "failed"

    assert plane.attached() == frozenset()
    await robot.close()


async def test_a_relay_with_another_certificate_than_the_answer_named_gets_nothing(plane: RelayPlane) -> None:
    robot = Robot(1)
    robot.send()
    await robot.accept(forged(await plane.open(A, await robot.offer())))

    await robot.until(lambda: robot.state == "failed", TIMEOUT_S)

    peers, _ = await plane.stats()
    assert [track.packets for peer in peers for track in peer.tracks] == [0, 0]
    await robot.close()


async def test_a_plane_takes_a_new_relay_into_use_within_a_third_of_a_second(
    relay: RelayProcess, plane: RelayPlane
) -> None:
    await relay.kill()
    await until(lambda: not plane.ready())
    assert relay.process is not None
    relay.path.unlink()
    await relay.start()
    await until(relay.path.exists)
    listening_at = time.monotonic()
    await plane.wait_ready(TIMEOUT_S)

    assert time.monotonic() - listening_at < 0.3
