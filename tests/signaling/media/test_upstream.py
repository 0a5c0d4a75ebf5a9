"""What the relay relies on inside aiortc, aioice and pylibsrtp is still there.

These packages are pinned; this test fails loudly when a new version moves something.
"""

import asyncio
import inspect

import pylibsrtp
from aioice import candidate, ice, stun, utils
from aiortc import RTCCertificate, RTCDtlsTransport, rtp
from aiortc.rtcdtlstransport import RTCDtlsParameters

from signaling.media.relay.outlet import MAX_PACKET_BYTES


def parameters(function: object) -> list[str]:
    assert callable(function)
    return list(inspect.signature(function).parameters)


def test_the_dtls_transport_has_the_members_that_the_relay_uses() -> None:
    assert parameters(RTCDtlsTransport.__init__) == ["self", "transport", "certificates"]
    assert parameters(RTCDtlsTransport.start) == ["self", "remoteParameters"]
    assert parameters(RTCDtlsTransport._set_role) == ["self", "role"]
    assert inspect.iscoroutinefunction(RTCDtlsTransport.start)
    assert inspect.iscoroutinefunction(RTCDtlsTransport.stop)
    assert parameters(RTCDtlsParameters) == ["fingerprints", "role"]
    fingerprints = RTCCertificate.generateCertificate().getFingerprints()
    assert "sha-256" in {fingerprint.algorithm for fingerprint in fingerprints}


class Recording:
    """Stands for an ICE transport and notes which members are asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.sent = asyncio.Event()

    def __getattribute__(self, name: str) -> object:
        if name in ("role", "_recv", "_send", "state"):
            object.__getattribute__(self, "asked").add(name)
        return object.__getattribute__(self, name)

    role = "controlled"

    async def _recv(self) -> bytes:
        raise ConnectionError

    async def _send(self, datagram: bytes) -> None:
        assert 20 <= datagram[0] < 64
        self.sent.set()


async def test_the_dtls_transport_asks_its_ice_transport_for_two_members_only() -> None:
    recording = Recording()
    transport = RTCDtlsTransport(recording, [RTCCertificate.generateCertificate()])  # type: ignore[arg-type]
    transport._set_role("client")

    remote = RTCCertificate.generateCertificate().getFingerprints()
    await transport.start(RTCDtlsParameters(remote))

    assert recording.sent.is_set()
    assert recording.asked == {"_recv", "_send"}
    assert transport.state == "failed"
    assert {"_rx_srtp", "_tx_srtp"} <= set(vars(transport))


def test_the_srtp_session_has_the_members_that_the_relay_uses() -> None:
    for name in ("protect", "unprotect", "protect_rtcp", "unprotect_rtcp"):
        assert parameters(getattr(pylibsrtp.Session, name)) == ["self", "packet"]
    policy = pylibsrtp.Policy(key=bytes(30), ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
    session = pylibsrtp.Session(policy)
    assert len(session.protect(b"\x80" + bytes(MAX_PACKET_BYTES - 1))) > MAX_PACKET_BYTES


def test_the_rtcp_classes_have_the_members_that_the_relay_uses() -> None:
    assert parameters(rtp.RtcpPsfbPacket) == ["fmt", "ssrc", "media_ssrc", "fci"]
    assert parameters(rtp.RtcpSrPacket) == ["ssrc", "sender_info", "reports"]
    assert parameters(rtp.RtcpRrPacket) == ["ssrc", "reports"]
    assert parameters(rtp.pack_remb_fci) == ["bitrate", "ssrcs"]
    assert rtp.unpack_remb_fci(rtp.pack_remb_fci(600_000, [7])) == (600_000, [7])


def test_the_stun_classes_have_the_members_that_the_relay_uses() -> None:
    assert parameters(stun.parse_message) == ["data"]
    assert parameters(stun.Message.add_message_integrity) == ["self", "key"]
    assert parameters(stun.Message.check_message_integrity) == ["self", "key"]
    assert parameters(candidate.candidate_priority)[:2] == ["candidate_component", "candidate_type"]
    assert len(utils.random_string(24)) == 24
    gather = ice.Connection.get_component_candidates
    assert parameters(gather) == ["self", "component", "addresses", "timeout"]
