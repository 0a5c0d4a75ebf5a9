"""Mutated packets of a seat that has passed ICE and DTLS: RTP, redundant audio, RTCP, and STUN before it.

A packet that raises is written to `tests/corpus/rtp`, where a test replays it for ever.
"""

import hashlib
import random
import socket
import struct
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from aioice import stun
from aiortc.rtp import RtcpRrPacket, RtcpSenderInfo, RtcpSrPacket

from signaling.ids import SeatId
from signaling.media.forwarding import Row
from signaling.media.relay import red, rtp
from signaling.media.relay.ice import IceResponder, is_stun
from signaling.media.relay.outlet import Outlet
from signaling.media.relay.session import RtpSession
from signaling.media.sdp import read_offer
from tests.signaling.media.fuzz_sdp import SEEDS

CORPUS = Path(__file__).parents[2] / "corpus" / "rtp"
OPUS, RED, VP8, RTX = 111, 63, 96, 97
_ADDRESS = ("192.0.2.1", 5000)


@dataclass(slots=True)
class Target:
    """A session that shows its own tracks in its own slots, and the ICE beside it."""

    session: RtpSession
    ice: IceResponder
    now: float = 0.0
    sent: int = 0

    @classmethod
    def make(cls) -> "Target":
        offer = read_offer(SEEDS[1])
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as unused:
            session = RtpSession(offer, Outlet(unused))
        made = cls(session, IceResponder(offer.ufrag, offer.password, lambda *_: None, lambda _: None))
        session.send_rtp = made._count
        for slot in session.slots:
            track = session.tracks[slot.kind]
            slot.follow(Row(SeatId("r"), slot.slot, SeatId("s"), slot.kind), track, 0.0)
        return made

    def _count(self, packet: bytes) -> bool:
        self.sent += 1
        return len(packet) < 1500

    def take(self, datagram: bytes) -> None:
        """Do with a datagram what a peer does once it is decrypted."""
        self.now += 0.004
        if is_stun(datagram):
            self.ice.received(datagram, _ADDRESS, self.now)
        elif len(datagram) >= 12 and 192 <= datagram[1] <= 223:
            self.session.rtcp(datagram, self.now)
        elif len(datagram) >= 12 and datagram[0] >> 6 == 2:
            self.session.rtp(datagram, self.now)
        if int(self.now / 0.004) % 12 == 0:
            self.session.tick(self.now)
            self.ice.tick(self.now)

    @property
    def kept(self) -> int:
        """Things kept on behalf of the sender."""
        tracks = self.session.tracks.values()
        losses = sum(len(track._losses._missing) for track in tracks)
        return losses + len(self.session._feedback._arrivals) + len(self.session._sources)


def _rtp(chance: random.Random, kind: int, body: bytes) -> bytes:
    head = chance.choice([0x80, 0x80, 0x80, 0x90, 0xA0, 0xB0])
    sequence = chance.choice([chance.randrange(1 << 16), chance.randrange(300)])
    packet = struct.pack(
        "!BBHII", head, kind, sequence, chance.randrange(1 << 32), chance.choice([1, 1, 1, 2])
    )
    if head & 0x10:
        packet += b"\xbe\xde\x00\x01\x31" + chance.randbytes(2) + b"\x00"
    return packet + body + (bytes([0, 0, 3]) if head & 0x20 else b"")


def _sound(chance: random.Random) -> bytes:
    frames = [(960 * n, chance.randbytes(chance.randrange(60))) for n in range(chance.randrange(1, 4), 0, -1)]
    return _rtp(chance, RED, red.payload([*frames, (0, b"now")], OPUS))


def _feedback(chance: random.Random) -> bytes:
    ssrc = chance.choice([1, 2, chance.randrange(1 << 32)])
    return chance.choice(
        [
            rtp.nack(1, ssrc, range(100, 100 + chance.randrange(1, 60))),
            rtp.remb(1, ssrc, chance.randrange(1 << 40)),
            rtp.feedback(1, 1, ssrc),
            bytes(RtcpSrPacket(ssrc=ssrc, sender_info=RtcpSenderInfo(1 << 40, 1, 2, 3))),
            bytes(RtcpRrPacket(ssrc=ssrc, reports=[])),
            rtp.transport_feedback(1, ssrc, 3, [(n, n * 9) for n in range(40)]),
        ]
    )


def _stun(chance: random.Random) -> bytes:
    message = stun.Message(stun.Method.BINDING, chance.choice([stun.Class.REQUEST, stun.Class.RESPONSE]))
    message.attributes["USERNAME"] = "a:b"
    message.attributes["PRIORITY"] = chance.randrange(1 << 32)
    message.add_message_integrity(b"key")
    return bytes(message)


_MAKERS: tuple[Callable[[random.Random], bytes], ...] = (
    _sound,
    lambda chance: _rtp(
        chance, VP8, bytes([chance.choice([0x10, 0, 0x90, 0xFF]), chance.randrange(2)]) + b"x" * 9
    ),
    lambda chance: _rtp(chance, OPUS, b"opus"),
    lambda chance: _rtp(chance, RTX, chance.randbytes(9)),
    _feedback,
    _stun,
)


def mutated(chance: random.Random) -> bytes:
    """A packet as it should be, or with some bytes changed, cut off or doubled."""
    packet = bytearray(chance.choice(_MAKERS)(chance))
    for _ in range(chance.choice([0, 1, 1, 2, 4])):
        at = chance.randrange(len(packet) + 1)
        packet[at : at + chance.choice([0, 1, 1, 2, 40])] = chance.randbytes(chance.choice([0, 1, 1, 2, 40]))
    return bytes(packet)


@dataclass(slots=True)
class Outcome:
    """What a run has found."""

    count: int = 0
    sent: int = 0
    most_kept: int = 0
    escaped: Counter[str] = field(default_factory=Counter)


def run(count: int, seed: int, keep: Path | None = None) -> Outcome:
    """Feed one session; a packet that breaks something is kept in a folder."""
    chance, outcome, target = random.Random(seed), Outcome(), Target.make()
    for _ in range(count):
        packet = mutated(chance)
        try:
            target.take(packet)
        except Exception as error:  # noqa: BLE001 - whatever escapes is what is looked for
            outcome.escaped[repr(error)] += 1
            if keep is not None:
                (keep / f"{hashlib.sha256(packet).hexdigest()[:16]}.bin").write_bytes(packet)
        outcome.count += 1
        outcome.most_kept = max(outcome.most_kept, target.kept)
    outcome.sent = target.sent
    return outcome
