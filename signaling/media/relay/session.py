"""The RTP session of one seat: its two tracks, its slots, and the RTCP about both."""

import secrets
import struct
from collections.abc import Callable

from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    unpack_remb_fci,
)

from signaling.media.control import TrackStats
from signaling.media.forwarding import Kind
from signaling.media.relay import rtp
from signaling.media.relay.arrivals import FeedbackLog
from signaling.media.relay.bounds import MAX_SOURCES
from signaling.media.relay.downlink import Doubling, Line, Step, bearable, is_narrow_for_sound
from signaling.media.relay.outlet import Outlet
from signaling.media.relay.slot import Slot
from signaling.media.relay.track import Track
from signaling.media.sdp import TRANSPORT_CC, Offer, Section

_REPORT_INTERVAL_S = 1.0
_FEEDBACK_INTERVAL_S = 0.1
# Ten messages a second are 8 kbit/s, a sixth of a narrow line; browsers stretch their own as far.
_SPARING_INTERVAL_S = 0.25
_REMB_VALID_S = 10.0


class RtpSession:
    """Takes decrypted packets of one seat and sends through its outlet.

    Call `rtp`, `rtcp` per packet and `tick` about every 50 ms.
    """

    def __init__(self, offer: Offer, outlet: Outlet) -> None:
        self._outlet = outlet
        self._ssrc = secrets.randbits(32)
        self.slots = [Slot(index, section, self) for index, section in enumerate(offer.sections)]
        self._slot_of = {slot.ssrc: slot for slot in self.slots}
        self.tracks: dict[Kind, Track] = {}
        self._track_of: dict[int, Track] = {}
        self._repeats_of: dict[int, Track] = {}
        self._redundant: set[int] = set()
        self._numbering: dict[int, int | None] = {}
        for section in offer.sections[:2]:
            if section.gives:
                self._take(section)
        self._feedback = FeedbackLog()
        self._fed_back_at = self._thinned_at = self._reported_at = 0.0
        self._clock_offset: int | None = None
        self._remb: tuple[int, float] | None = None
        self._fell_at = self._rose_at = float("-inf")
        self._doubling = Doubling()
        self._heard_at = 0.0  # when the seat last said what it gets
        self._video_bytes = 0
        self._video_rate = 0.0  # bit/s sent to the seat during the last second
        self._sources: set[int] = set()
        self.refused = 0
        self.send_rtp: Callable[[bytes], bool] = outlet.rtp
        self.send_rtcp: Callable[[bytes], None] = outlet.rtcp

    def _take(self, section: Section) -> None:
        """Expect the seat's own track of a section, under each of its payload types."""
        track = Track(
            section.kind,
            self._outlet.rtcp,
            self._ssrc,
            payload_type=section.payload_type,
            repeats="nack" in section.feedback,
        )
        self.tracks[section.kind] = track
        self._track_of[section.payload_type] = track
        if section.redundant_type is not None:
            self._redundant.add(section.redundant_type)
            self._track_of[section.redundant_type] = track
        if section.repeat_type is not None:
            self._repeats_of[section.repeat_type] = track
        for number in (section.payload_type, section.redundant_type, section.repeat_type):
            if number is not None:
                self._numbering[number] = section.extension(TRANSPORT_CC)

    @property
    def exhausted(self) -> bool:
        """The seat has named more sources than any browser does; its transport should end."""
        return len(self._sources) > MAX_SOURCES

    @property
    def remb(self) -> int:
        return self._remb[0] if self._remb else 0

    def rtp(self, packet: bytes, now: float) -> None:
        payload_type = packet[1] & 0x7F
        try:
            start, number = rtp.body_start(packet, self._numbering[payload_type])
        except (KeyError, ValueError):  # an unknown payload type, a header beyond the packet
            self.refused += 1
            return
        if number is not None:
            self._feedback.add(number, now)
        track = self._track_of.get(payload_type)
        if track is None:
            self._name(int.from_bytes(packet[8:12], "big"))
            self._repeats_of[payload_type].repeated(packet, start, now)
            return
        known = track.ssrc
        try:
            track.received(packet, start, now, redundant=payload_type in self._redundant)
        except ValueError:  # not what RFC 2198 says
            self.refused += 1
            return
        if track.ssrc != known and track.ssrc is not None:
            self._name(track.ssrc)

    def rtcp(self, packet: bytes, now: float) -> None:
        try:
            messages = RtcpPacket.parse(packet)
        except (ValueError, IndexError, struct.error):
            self.refused += 1
            return
        for message in messages:
            self._message(message, now)

    def _name(self, ssrc: int) -> None:
        if not self.exhausted:
            self._sources.add(ssrc)

    def _message(self, message: AnyRtcpPacket, now: float) -> None:
        if isinstance(message, RtcpSrPacket):
            self._name(message.ssrc)
            self._sender_report(message, now)
            self._reception_of_slots(message.reports, now)
        elif isinstance(message, RtcpRrPacket):
            self._name(message.ssrc)
            self._reception_of_slots(message.reports, now)
        elif isinstance(message, RtcpRtpfbPacket):
            slot = self._slot_of.get(message.media_ssrc)
            if slot is not None and message.fmt == RTCP_RTPFB_NACK:
                slot.resend(message.lost, now)
        elif isinstance(message, RtcpPsfbPacket):
            self._payload_feedback(message, now)

    def _reception_of_slots(self, reports: list[RtcpReceiverInfo], now: float) -> None:
        for report in reports:
            slot = self._slot_of.get(report.ssrc)
            if slot is not None:
                slot.loss = report.fraction_lost
                slot.reported_at = self._heard_at = now

    def _payload_feedback(self, message: RtcpPsfbPacket, now: float) -> None:
        ssrc = message.media_ssrc
        if message.fmt == RTCP_PSFB_APP:
            try:
                self._estimated(unpack_remb_fci(message.fci)[0], now)
            except (ValueError, struct.error):
                self.refused += 1
            return
        if message.fmt == RTCP_PSFB_FIR and len(message.fci) >= 4:
            ssrc = int.from_bytes(message.fci[:4], "big")
        slot = self._slot_of.get(ssrc)
        if slot is not None and message.fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
            slot.ask_for_key_frame(now)

    def _sender_report(self, message: RtcpSrPacket, now: float) -> None:
        track = next((t for t in self.tracks.values() if t.ssrc == message.ssrc), None)
        if track is None:
            return
        info = message.sender_info
        # One offset for both tracks, fixed by the first report: sound and picture keep their
        # distance, and senders with wrong clocks follow each other in a slot without a jump.
        if self._clock_offset is None:
            self._clock_offset = rtp.ntp_now() - info.ntp_timestamp
        ntp = info.ntp_timestamp + self._clock_offset & 0xFFFFFFFFFFFFFFFF
        track.reported(ntp, info.ntp_timestamp, info.rtp_timestamp, now)

    def tick(self, now: float) -> None:
        for track in self.tracks.values():
            track.tick(now)
        for slot in self.slots:
            slot.tick(now)
        if now - self._thinned_at >= _FEEDBACK_INTERVAL_S:
            self._thinned_at = now
            self._thin(now)
        wait = _FEEDBACK_INTERVAL_S if self._doubling.allowed else _SPARING_INTERVAL_S
        if now - self._fed_back_at >= wait:
            self._fed_back_at = now
            self._feed_back()
        if now - self._reported_at >= _REPORT_INTERVAL_S:
            self._measure(now - self._reported_at)
            self._reported_at = now
            self._report(now)

    def stats(self) -> list[TrackStats]:
        return [track.stats() for track in self.tracks.values()]

    def close(self, now: float) -> None:
        """Let go of the tracks shown here, and of the packets kept of the own ones."""
        for slot in self.slots:
            slot.follow(None, None, now)
        for track in self.tracks.values():
            track.forget()

    def _feed_back(self) -> None:
        taken = self._feedback.take()
        track = next((t for t in self.tracks.values() if t.ssrc is not None), None)
        if taken is not None and track is not None and track.ssrc is not None:
            count, arrivals = taken
            self.send_rtcp(rtp.transport_feedback(self._ssrc, track.ssrc, count, arrivals))

    def _estimated(self, bitrate: int, now: float) -> None:
        before = self._remb[0] if self._remb is not None else bitrate
        if bitrate < before:
            self._fell_at = now
        elif bitrate > before:
            self._rose_at = now
        self._remb = (bitrate, now)

    def _thin(self, now: float) -> None:
        """Spread what the seat's line bears evenly over the pictures that it is shown."""
        shown = [slot for slot in self.slots if slot.kind == "video" and slot.track is not None]
        if not shown:
            return
        line = Line(
            estimate=self._remb[0] if self._remb is not None else None,
            fell_at=self._fell_at,
            rose_at=self._rose_at,
            flowing=self._video_rate,
            loss=1 - min(slot.arriving(self._heard_at) for slot in shown),
        )
        total = bearable(line)
        share = total // len(shown) if total is not None else None
        for slot in shown:
            slot.thin(line, share, now)
        is_whole = self._video_rate > 0 and any(slot.step is Step.FULL for slot in shown)
        doubles = self._doubling.decide(is_narrow_for_sound(line, now), is_whole, now)
        for slot in self.slots:
            if slot.kind == "audio":
                slot.double(doubles)

    def _measure(self, elapsed: float) -> None:
        for track in self.tracks.values():
            track.measure(elapsed)
        total = sum(slot.total_bytes for slot in self.slots if slot.kind == "video")
        self._video_rate = (total - self._video_bytes) * 8 / elapsed
        self._video_bytes = total

    def _report(self, now: float) -> None:
        reports = [r for t in self.tracks.values() if (r := t.report(now)) is not None]
        if reports:
            self.send_rtcp(bytes(RtcpRrPacket(ssrc=self._ssrc, reports=reports)))
        if self._remb is not None and now - self._remb[1] > _REMB_VALID_S:
            self._remb = None
        for track in self.tracks.values():
            track.limit_bitrate()
