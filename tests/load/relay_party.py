"""Cheap media parties for the relay benchmark: prepared packets out, clear headers counted in."""

import asyncio
import random
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from aiortc import (
    RTCCertificate,
    RTCDtlsTransport,
    RTCIceCandidate,
    RTCIceGatherer,
    RTCIceParameters,
    RTCIceTransport,
)
from aiortc.rtcdtlstransport import RTCDtlsParameters
from aiortc.sdp import MediaDescription, SessionDescription
from pylibsrtp import Session

FRAMES_PER_S, PACKETS_PER_FRAME, VIDEO_BYTES = 30, 6, 1028  # 1.48 Mbit/s of 720p
AUDIO_PER_S, AUDIO_BYTES = 50, 80
VIDEO_TYPE, AUDIO_TYPE = 96, 111
PACKETS_PER_S = FRAMES_PER_S * PACKETS_PER_FRAME + AUDIO_PER_S
EXTENSIONS = (
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
)
_HEADER = struct.Struct("!BBHIIHHBBHBHB")  # RTP, then abs-send-time and transport-wide number
_SAMPLE = 32  # of one packet in so many the delay is measured


class Takes(Protocol):
    """Whoever counts received SRTP packets."""

    def take(self, owner: int, session: Session, datagram: bytes, /) -> None: ...


@dataclass(slots=True)
class Tally:
    """What all parties of a run have received."""

    packets: int = 0
    streams: dict[tuple[int, int], list[int]] = field(default_factory=dict)  # first, highest, count
    delays: list[float] = field(default_factory=list)

    def take(self, owner: int, session: Session, datagram: bytes) -> None:
        """Count one SRTP packet; sequence number and SSRC are not encrypted, the time sent is."""
        if len(datagram) < 12 or not 128 <= datagram[0] < 192 or 192 <= datagram[1] <= 223:
            return
        self.packets += 1
        (sequence,) = struct.unpack_from("!H", datagram, 2)
        ssrc = int.from_bytes(datagram[8:12], "big")
        stream = self.streams.setdefault((owner, ssrc), [sequence, sequence, 0])
        stream[1] += (sequence - stream[1] + 0x8000 & 0xFFFF) - 0x8000
        stream[2] += 1
        if sequence % _SAMPLE == 0:
            sent_ns = int.from_bytes(session.unprotect(datagram)[-8:], "big")
            self.delays.append((time.monotonic_ns() - sent_ns) / 1e6)

    def clear(self) -> None:
        self.packets = 0
        self.streams.clear()
        self.delays.clear()

    def lost(self) -> int:
        return sum(highest - first + 1 - count for first, highest, count in self.streams.values())


class Transport:
    """One ICE and DTLS transport as a browser would have it."""

    def __init__(self) -> None:
        self.gatherer = RTCIceGatherer(iceServers=[])
        self.ice = RTCIceTransport(self.gatherer)
        self.ice._connection.ice_controlling = True
        self.certificate = RTCCertificate.generateCertificate()
        self.dtls = RTCDtlsTransport(self.ice, [self.certificate])

    async def lines(self, setup: str) -> list[str]:
        """The transport attributes of an own description."""
        await self.gatherer.gather()
        own = self.gatherer.getLocalParameters()
        fingerprint = next(f.value for f in self.certificate.getFingerprints() if f.algorithm == "sha-256")
        return [
            f"a=ice-ufrag:{own.usernameFragment}",
            f"a=ice-pwd:{own.password}",
            f"a=fingerprint:sha-256 {fingerprint}",
            f"a=setup:{setup}",
            "a=rtcp-mux",
        ]

    async def connect(self, remote: MediaDescription, role: str) -> None:
        assert remote.dtls is not None
        assert remote.ice is not None
        for candidate in remote.ice_candidates:
            if candidate.protocol == "udp" and ":" not in candidate.ip:
                await self.ice.addRemoteCandidate(plain(candidate))
        await self.ice.addRemoteCandidate(None)
        await self.ice.start(RTCIceParameters(remote.ice.usernameFragment, remote.ice.password))
        self.dtls._set_role(role)
        await self.dtls.start(RTCDtlsParameters(remote.dtls.fingerprints))
        if self.dtls.state != "connected":
            raise ConnectionError("no media transport")

    def divert(self, owner: int, tally: Takes) -> Callable[[bytes], None]:
        """Take received packets before aiortc does; gives a function that encrypts and sends.

        STUN stays with aioice, so that consent goes on.
        """
        connection = self.ice._connection
        pair = next(iter(connection._nominated.values()))
        socket, address = pair.protocol.transport, pair.remote_addr
        protect, session = self.dtls._tx_srtp.protect, self.dtls._rx_srtp

        def count(data: bytes, component: int) -> None:
            tally.take(owner, session, data)

        def send(packet: bytes) -> None:
            if not socket.is_closing():  # aioice gives up by itself when nobody answers it
                socket.sendto(protect(packet), address)

        connection.data_received = count  # type: ignore[method-assign]
        return send

    async def close(self) -> None:
        await self.dtls.stop()
        await self.ice.stop()


def plain(candidate: RTCIceCandidate) -> RTCIceCandidate:
    return RTCIceCandidate(
        component=1,
        foundation=candidate.foundation,
        ip=candidate.ip,
        port=candidate.port,
        priority=candidate.priority,
        protocol="udp",
        type="host",
    )


class Publisher:
    """Sends one 720p-like video and one audio at their own pace until stopped."""

    def __init__(self, send: Callable[[bytes], None], video_ssrc: int, audio_ssrc: int) -> None:
        self._send = send
        self._ssrcs = (video_ssrc, audio_ssrc)
        self._sequence = [random.randrange(1 << 14), random.randrange(1 << 14)]
        self._number = 0
        self._frame = self._piece = 0
        self._body = random.randbytes(VIDEO_BYTES - 10)
        self._sound = random.randbytes(AUDIO_BYTES - 8)
        self._loop = asyncio.get_running_loop()
        self._handles: dict[str, asyncio.TimerHandle] = {}
        start = self._loop.time() + random.random() / FRAMES_PER_S
        self._video(start)
        self._audio(start)

    def stop(self) -> None:
        for handle in self._handles.values():
            handle.cancel()

    def _video(self, due: float) -> None:
        """One picture; every 30th is a key frame."""
        key = self._frame % FRAMES_PER_S == 0
        for n in range(PACKETS_PER_FRAME):
            head = bytes([0x10 if n == 0 else 0x00, 0 if key else 1])
            self._packet(0, n == PACKETS_PER_FRAME - 1, self._frame * 3000, head + self._body)
        self._frame += 1
        due += 1 / FRAMES_PER_S
        self._handles["video"] = self._loop.call_at(due, self._video, due)

    def _audio(self, due: float) -> None:
        self._packet(1, True, self._piece * 960, self._sound)
        self._piece += 1
        due += 1 / AUDIO_PER_S
        self._handles["audio"] = self._loop.call_at(due, self._audio, due)

    def _packet(self, kind: int, marker: bool, timestamp: int, body: bytes) -> None:
        self._sequence[kind] = self._sequence[kind] + 1 & 0xFFFF
        self._number = self._number + 1 & 0xFFFF
        stamp = int(time.monotonic() * 262144) & 0xFFFFFF
        head = _HEADER.pack(
            *(0x90, marker << 7 | (AUDIO_TYPE if kind else VIDEO_TYPE), self._sequence[kind]),
            *(timestamp & 0xFFFFFFFF, self._ssrcs[kind], 0xBEDE, 2),
            *(0x22, stamp >> 16, stamp & 0xFFFF, 0x31, self._number, 0),
        )
        self._send(head + body + time.monotonic_ns().to_bytes(8, "big"))


async def offer(transport: Transport, kinds: list[tuple[str, str]], ssrcs: list[int]) -> str:
    """An own offer: `kinds` are (kind, direction) per section, `ssrcs` those of the first ones."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    lines += ["a=group:BUNDLE " + " ".join(str(n) for n in range(len(kinds)))]
    common = await transport.lines("actpass")
    for mid, (kind, direction) in enumerate(kinds):
        lines += section(kind, direction, str(mid))
        lines += common
        if mid < len(ssrcs):
            lines += [f"a=ssrc:{ssrcs[mid]} cname:load"]
    return "\r\n".join(lines) + "\r\n"


def section(kind: str, direction: str, mid: str) -> list[str]:
    number, codec = (AUDIO_TYPE, "opus/48000/2") if kind == "audio" else (VIDEO_TYPE, "VP8/90000")
    feedback = [f"a=rtcp-fb:{number} transport-cc"]
    if kind == "video":
        feedback += [f"a=rtcp-fb:{number} {what}" for what in ("goog-remb", "nack", "nack pli", "ccm fir")]
    return [
        f"m={kind} 9 UDP/TLS/RTP/SAVPF {number}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{mid}",
        f"a={direction}",
        f"a=rtpmap:{number} {codec}",
        *feedback,
        *EXTENSIONS,
    ]


def first_media(description: str) -> MediaDescription:
    """The section that carries the transport of a bundle."""
    media = SessionDescription.parse(description).media
    return next(m for m in media if m.ice_candidates)
