"""Garbage on any port of the relay harms nobody's call."""

import asyncio
import os
import random
import struct
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import psutil
import pylibsrtp

from signaling.ids import SeatId
from signaling.media.forwarding import Row
from signaling.media.plane import BadSdp, RelayPlane
from tests.load.relay_party import Publisher, Transport, first_media, offer
from tests.signaling.media.fuzz_sdp import mutated
from tests.signaling.media.rig import ROOM, TIMEOUT_S, RelayProcess, both, connected_robots, row

A, B = SeatId("p-1"), SeatId("p-2")
SPRAY = int(os.environ.get("RELAY_SPRAY", "20000"))
"""Datagrams of one flood; 100000 in the long tier."""


@dataclass(slots=True)
class Gap:
    """When media came, and the longest time without any."""

    came_at: float = 0.0
    longest_s: float = 0.0
    packets: int = 0

    def take(self, _: int, __: pylibsrtp.Session, datagram: bytes) -> None:
        if not 128 <= datagram[0] < 192 or 192 <= datagram[1] <= 223:
            return  # RTCP goes on when the media have stopped
        now = time.monotonic()
        if self.came_at:
            self.longest_s = max(self.longest_s, now - self.came_at)
        self.came_at = now
        self.packets += 1


@dataclass(slots=True)
class RawCall:
    """Two seats that send prepared packets to each other and decode nothing."""

    gaps: list[Gap]
    names: list[str]
    ports: list[int]


@asynccontextmanager
async def raw_call(plane: RelayPlane) -> AsyncIterator[RawCall]:
    call = RawCall([Gap(), Gap()], [], [])
    kinds = [("audio", "sendrecv"), ("video", "sendrecv")]
    async with AsyncExitStack() as held:
        for n, seat in enumerate((A, B)):
            transport = Transport()
            held.push_async_callback(transport.close)
            answer = await plane.open(seat, await offer(transport, kinds, [n * 10 + 1, n * 10 + 2]))
            remote = first_media(answer)
            await transport.connect(remote, role="server")
            publisher = Publisher(
                transport.divert(n, call.gaps[n]), video_ssrc=n * 10 + 2, audio_ssrc=n * 10 + 1
            )
            held.callback(publisher.stop)
            assert remote.ice is not None
            call.names.append(f"{remote.ice.usernameFragment}:{transport.ice._connection.local_username}")
        await plane.forward(ROOM, both(A, 0, B) | both(B, 0, A))
        call.ports += [peer.port for peer in (await plane.stats())[0]]
        yield call


async def sprayed(call: RawCall, count: int) -> tuple[int, int]:
    """Have another process spray the ports of a call; gives (sent, answered)."""
    spraying = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.signaling.media.spray", "--count", str(count)),
        *("--usernames", *call.names, "--ports", *map(str, call.ports)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await spraying.communicate()
    sent, answered = map(int, said.split())
    return sent, answered


async def test_a_flood_of_garbage_leaves_no_gap_in_a_call(plane: RelayPlane, relay: RelayProcess) -> None:
    assert relay.process is not None
    process = psutil.Process(relay.process.pid)
    async with raw_call(plane) as call:
        async with asyncio.timeout(TIMEOUT_S):
            while min(gap.packets for gap in call.gaps) < 200:
                await plane.stats()
        before = process.memory_info().rss
        for gap in call.gaps:
            gap.longest_s = 0.0

        sent, answered = await sprayed(call, SPRAY)

        packets = [gap.packets for gap in call.gaps]
        async with asyncio.timeout(TIMEOUT_S):
            while any(gap.packets < seen + 100 for gap, seen in zip(call.gaps, packets, strict=True)):
                await plane.stats()
        assert sent == SPRAY
        assert answered == 0
        assert max(gap.longest_s for gap in call.gaps) < 0.5
        assert process.memory_info().rss - before < 20_000_000
        peers, _ = await plane.stats()
        assert {peer.state for peer in peers} == {"connected"}
        assert sum(peer.refused for peer in peers) > SPRAY / 4  # the kernel drops what is too much at a time


async def test_a_gap_is_seen_by_the_measure_itself(plane: RelayPlane) -> None:
    async with raw_call(plane) as call:
        async with asyncio.timeout(TIMEOUT_S):
            while min(gap.packets for gap in call.gaps) < 200:
                await plane.stats()

        await plane.forward(ROOM, frozenset())
        await asyncio.sleep(0.6)  # the length of the gap is what is measured
        await plane.forward(ROOM, both(A, 0, B) | both(B, 0, A))
        packets = [gap.packets for gap in call.gaps]
        async with asyncio.timeout(TIMEOUT_S):
            while any(gap.packets < seen + 10 for gap, seen in zip(call.gaps, packets, strict=True)):
                await plane.stats()

        assert min(gap.longest_s for gap in call.gaps) > 0.5


async def test_garbage_from_an_authenticated_seat_harms_only_itself(plane: RelayPlane) -> None:
    chance = random.Random(8)
    async with connected_robots(plane, A, B) as (a, b):
        b.send()
        await plane.forward(ROOM, both(A, 0, B))
        await a.until(lambda: a.received[0].frames > 3, TIMEOUT_S)
        dtls = a._pc.getTransceivers()[0].receiver.transport
        for n in range(1500):
            kind = chance.choice(
                [b"\x80\x60", b"\x80\x61", b"\xbf\x61", b"\x90\x61", b"\x81\xc8", b"\x8f\xcd"]
            )
            sender = struct.pack("!I", n % 7) if kind[1] >= 192 else struct.pack("!HII", n, n, 5)
            body = kind + chance.randbytes(2) * (kind[1] >= 192) + sender
            with suppress(pylibsrtp.Error):  # some are too broken to be encrypted
                await dtls._send_rtp(body + chance.randbytes(chance.randrange(0, 900)))

        frames = a.received[0].frames
        await a.until(lambda: a.received[0].frames > frames + 10, TIMEOUT_S)
        peers, _ = await plane.stats()
        assert {peer.peer: peer.state for peer in peers}[B] == "connected"


async def test_a_seat_that_names_too_many_sources_loses_its_transport(plane: RelayPlane) -> None:
    lost: asyncio.Queue[SeatId] = asyncio.Queue()
    plane.on_lost = lost.put_nowait
    async with connected_robots(plane, A) as (a,):
        dtls = a._pc.getTransceivers()[0].receiver.transport
        for n in range(100):
            await dtls._send_rtp(struct.pack("!BBHII", 0x80, 97, 1, 1, n) + b"\x10\x00")

        async with asyncio.timeout(TIMEOUT_S):
            assert await lost.get() == A


async def test_a_packet_asked_for_again_comes_again(plane: RelayPlane) -> None:
    async with connected_robots(plane, A, B) as (a, b):
        b.send()
        await plane.forward(ROOM, both(A, 0, B))
        await a.until(lambda: a.received[0].frames > 3, TIMEOUT_S)
        receiver = a._pc.getTransceivers()[1].receiver
        ssrc, stream = next(iter(receiver._RTCRtpReceiver__remote_streams.items()))  # type: ignore[attr-defined]

        await receiver._send_rtcp_nack(ssrc, [stream.max_seq])

        video = Row(A, 0, B, "video")
        async with asyncio.timeout(TIMEOUT_S):
            while (counters := await row(plane, video)) is None or counters.resent == 0:
                pass
        assert (counters.nacks, counters.resent) == (1, 1)


async def test_a_thousand_mutated_offers_are_refused_or_answered(plane: RelayPlane) -> None:
    chance = random.Random(9)
    refused = 0
    for n in range(1000):
        try:
            await plane.open(A, mutated(chance))
        except BadSdp:
            refused += 1
        if n % 10 == 0:
            await plane.close(A)

    assert 0 < refused < 1000
    assert plane.ready()
