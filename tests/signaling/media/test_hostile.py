"""Garbage on any port of the relay harms nobody's call."""

import asyncio
import random
import socket
import struct
from contextlib import suppress

import pylibsrtp

from signaling.ids import SeatId
from signaling.media.forwarding import Row
from signaling.media.plane import BadSdp, RelayPlane
from tests.signaling.media.rig import ROOM, TIMEOUT_S, RelayProcess, both, connected_robots, row
from tests.signaling.media.test_sdp import mutated

A, B = SeatId("p-1"), SeatId("p-2")


def garbage(chance: random.Random) -> bytes:
    """A datagram that looks like one of the protocols on the port, or like nothing."""
    body = chance.randbytes(chance.randrange(0, 1500))
    return chance.choice(
        [
            body,
            b"",
            b"\x00\x01" + struct.pack("!H", len(body)) + b"\x21\x12\xa4\x42" + body,  # STUN request
            b"\x01\x01" + struct.pack("!H", len(body)) + b"\x21\x12\xa4\x42" + body,  # STUN response
            b"\x16\xfe\xfd" + body,  # DTLS handshake
            b"\x80\x60" + body,  # RTP
            b"\x9f\xe0" + body,  # RTP with everything set
            b"\x81\xc8" + body,  # RTCP sender report
            b"\x81\xcd\xff\xff" + body,  # RTCP feedback of a wrong length
            b"\x40\x00" + body,  # TURN channel data
        ]
    )


async def test_garbage_datagrams_do_not_disturb_a_call(plane: RelayPlane, relay: RelayProcess) -> None:
    chance = random.Random(7)
    async with connected_robots(plane, A, B) as (a, b):
        b.send()
        await plane.forward(ROOM, both(A, 0, B))
        await a.until(lambda: a.received[0].frames > 3, TIMEOUT_S)
        peers, _ = await plane.stats()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attacker:
            attacker.settimeout(0)
            for n in range(3000):
                attacker.sendto(garbage(chance), ("127.0.0.1", peers[n % 2].port))
                if n % 100 == 0:
                    await plane.stats()  # lets the relay read on
            frames = a.received[0].frames
            await a.until(lambda: a.received[0].frames > frames + 15, TIMEOUT_S)

            assert silent(attacker)
        peers, _ = await plane.stats()
        assert sum(peer.refused for peer in peers) > 1000
        assert {peer.state for peer in peers} == {"connected"}


def silent(attacker: socket.socket) -> bool:
    """Whether the relay has sent nothing back."""
    try:
        attacker.recvfrom(2048)
    except BlockingIOError:
        return True
    return False


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
