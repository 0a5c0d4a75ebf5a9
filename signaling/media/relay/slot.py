"""One receiving slot of a seat: one continuous stream, whoever is shown in it."""

import logging
import secrets
import struct
from typing import Protocol

from aiortc.rtp import RtcpSenderInfo, RtcpSrPacket

from signaling.media.control import RowStats
from signaling.media.forwarding import Row
from signaling.media.relay import red
from signaling.media.relay.bounds import MAX_RESENDS_PER_TICK
from signaling.media.relay.downlink import Line, Step, Thinning
from signaling.media.relay.rtp import HEADER, Packet
from signaling.media.relay.stills import Stills
from signaling.media.relay.track import CLOCK_RATES, Track
from signaling.media.sdp import ABS_SEND_TIME, Section

logger = logging.getLogger(__name__)

_EXTENSION = struct.Struct("!HHI")
# A browser reports on a picture about once a second, on sound every five.
_UNHEARD_S = 3.0


class Receiver(Protocol):
    """The seat that a slot belongs to."""

    def send_rtp(self, packet: bytes) -> bool:
        """Encrypt and send; False when the socket could not take it."""

    def send_rtcp(self, packet: bytes) -> None: ...


class Slot:
    """Rewrites a track's packets into the slot's own SSRC, numbers and timestamps.

    Within one source all three are the sender's plus a constant, so losses and reordering pass
    through as they are and the receiver's own recovery works. A video slot starts a source with a
    key frame; nothing from before that packet can be had, not by NACK either.
    """

    def __init__(self, index: int, section: Section, receiver: Receiver) -> None:
        self.kind = section.kind
        self.slot = index // 2
        self.ssrc = secrets.randbits(32)
        self.row: Row | None = None
        self.loss = 0  # the fraction lost on the way to the receiver, in 256ths
        self.reported_at = 0.0  # when the receiver last said so, or this source began
        self.share: int | None = None  # what the receiver's line bears of this picture, bit/s
        self.track: Track | None = None
        self._thinning = Thinning()
        self._whole = True  # its step is FULL; asked for with every packet
        self._stills = Stills()
        self._wanted = section.wants
        self._receiver = receiver
        self._payload_type = section.payload_type
        self._redundant_type = section.redundant_type
        self._stamp_id = section.extension(ABS_SEND_TIME)
        self._clock_rate = CLOCK_RATES[section.kind]
        # Low start values: a wrap-around among the first packets breaks SRTP decryption on loss.
        self._highest = secrets.randbits(14)
        self._timestamp = secrets.randbits(31)
        self._sent_at = self._ticked_at = 0.0
        self._doubles = True  # sound may be carried twice
        self._plain_until = -1  # the slot's number up to which it may have come plain
        self._first: int | None = None  # the track's number at which this source began
        self._shift = self._timestamp_shift = 0
        self._total_packets = self._total_bytes = 0
        self._resends_left = MAX_RESENDS_PER_TICK
        self.packets = self.bytes = self.dropped = self.thinned = 0
        self.nacks = self.resent = self.plis = 0

    @property
    def has_begun(self) -> bool:
        """Whether the source shown now has sent anything here yet."""
        return self._first is not None

    @property
    def step(self) -> Step:
        """How much of the picture the receiver gets."""
        return self._thinning.step

    def waits_for_key_frame(self, now: float) -> bool:
        if self.kind != "video" or self.track is None or self.step is Step.NONE:
            return False
        return self._stills.wants_key_frame(now) if self.step is Step.STILLS else self._first is None

    def arriving(self, heard_at: float) -> float:
        """The part of the picture that arrives, 0 to 1.

        A browser does not report on what it has never got: a picture of which nothing is said, while
        it goes on saying something of the sound, does not arrive at all.

        Args:
            heard_at: when the seat last reported on anything.
        """
        is_unheard = self.has_begun and self._whole and heard_at - self.reported_at >= _UNHEARD_S
        return 0.0 if is_unheard else 1 - self.loss / 256

    @property
    def total_bytes(self) -> int:
        """Payload sent since the slot was made."""
        return self._total_bytes + self.bytes

    def follow(self, row: Row | None, track: Track | None, now: float) -> None:
        """Show `track` from now on, or nothing."""
        if not self._wanted:
            return
        self.row = row
        if track is self.track:
            return
        if self.track is not None:
            self.track.slots = tuple(slot for slot in self.track.slots if slot is not self)
        self.track = track
        self._first = None
        self.loss = 0
        self.share = None
        self._thinning, self._whole, self._stills = Thinning(), True, Stills()
        self._clear_counters()
        if track is not None:
            track.slots = (*track.slots, self)
            track.ask_for_key_frame(now)

    def rebase(self, now: float) -> None:
        """Start the source again, with a key frame: its numbers or the receiver are new."""
        self._first = None
        self._stills = Stills()
        if self.track is not None and self.step is not Step.NONE:
            self.track.ask_for_key_frame(now)

    def thin(self, line: Line, share: int | None, now: float) -> None:
        """Send as much of the picture as the receiver's line bears; call several times a second.

        While it is thinned, nothing that flows tells what the line bears: its last share stands.
        """
        if self.kind != "video" or self.track is None:
            return
        before = self.step
        if before is Step.FULL:
            self.share = share
        step = self._thinning.decide(line, share, self.track.rate, self.track.limit, now)
        if step is not before:
            logger.info("picture_thinned slot=%d step=%s share=%s", self.slot, step.name, share)
            self.loss = 0
            self._whole = step is Step.FULL
            self.rebase(now)

    def forward(self, packet: Packet, starts_key_frame: bool, now: float) -> None:
        if not self._whole:
            self._forward_still(packet, starts_key_frame, now)
            return
        if self._first is None:
            if self.kind == "video" and not starts_key_frame:
                if self.track is not None:
                    self.track.ask_for_key_frame(now)
                return
            self._begin(packet, now)
        elif packet.number < self._first:
            return
        self._send(packet, now)

    def _forward_still(self, packet: Packet, starts_key_frame: bool, now: float) -> None:
        if self.step is Step.STILLS:
            if self._stills.begins(starts_key_frame, now):
                self._begin(packet, now)
                self._stills.begin(packet, now)
            if self._first is not None and packet.number >= self._first and self._stills.take(packet):
                return
        self.thinned += 1

    def _send(self, packet: Packet, now: float) -> None:
        number = packet.number + self._shift
        if number > self._highest:
            self._highest = number
            self._timestamp = packet.timestamp + self._timestamp_shift & 0xFFFFFFFF
            self._sent_at = now
        if self._receiver.send_rtp(self._rewritten(packet)):
            self.packets += 1
            self.bytes += len(packet.body)
        else:
            self.dropped += 1

    def _rewritten(self, packet: Packet) -> bytes:
        head = 0x80 | packet.flags
        body, payload_type = packet.body, self._payload_type
        if packet.frames:
            body, payload_type = self._sound(packet)
        stamp = b""
        if self._stamp_id is not None:
            head |= 0x10
            seconds = int(packet.arrived_at * 262144) & 0xFFFFFF  # 6.18 fixed point
            stamp = _EXTENSION.pack(0xBEDE, 1, (self._stamp_id << 4 | 2) << 24 | seconds)
        header = HEADER.pack(
            head,
            packet.marker | payload_type,
            packet.number + self._shift & 0xFFFF,
            packet.timestamp + self._timestamp_shift & 0xFFFFFFFF,
            self.ssrc,
        )
        return header + stamp + body

    def double(self, allowed: bool) -> None:
        """Let sound be carried twice, or send it plain from now on.

        What went out plain is never repeated otherwise: one number means one packet (the ADR says why).
        """
        if allowed and not self._doubles:
            self._plain_until = self._highest
        self._doubles = allowed

    def _sound(self, packet: Packet) -> tuple[bytes, int]:
        """A redundant payload as this receiver reads it, without frames from before the source began."""
        frames = packet.frames
        if self._redundant_type is None or not self._doubles:
            return frames[-1][1], self._payload_type
        allowed = packet.number - (self._first or packet.number)
        if packet.frame_type == self._payload_type and len(frames) - 1 <= allowed:
            return packet.body, self._redundant_type
        return red.payload(frames[-1 - allowed :], self._payload_type), self._redundant_type

    def _begin(self, packet: Packet, now: float) -> None:
        self._first = packet.number
        self.reported_at = now
        self._shift = self._highest + 1 - packet.number
        # At least one frame on (20 ms of audio, a 30th of a second of video).
        frame = self._clock_rate // (50 if self.kind == "audio" else 30)
        elapsed = int((now - self._sent_at) * self._clock_rate) if self._sent_at else 0
        self._timestamp_shift = self._timestamp + max(frame, elapsed) - packet.timestamp
        self.report()

    def resend(self, sequences: list[int], now: float) -> None:
        """Answer a NACK from the track's history, within the source that is shown now.

        Not for sound over a narrow line: repeats would come too late, and push out what is new.
        """
        if not self._doubles:
            self.nacks += len(sequences)
            return
        for sequence in sequences:
            self.nacks += 1
            number = self._highest - (self._highest - sequence & 0xFFFF) - self._shift
            if self.track is None or self._first is None or number < self._first:
                continue
            if number + self._shift <= self._plain_until:
                continue
            packet = self.track.packet(number)
            if packet is None or (not self._whole and packet.timestamp != self._stills.timestamp):
                continue
            if self._resends_left > 0:
                self._resends_left -= 1
                self.resent += self._receiver.send_rtp(self._rewritten(packet))

    def ask_for_key_frame(self, now: float) -> None:
        self.plis += 1
        if self.track is not None and self._whole:
            self.track.ask_for_key_frame(now)

    def report(self) -> None:
        """Send the sender's clock on, so that the receiver can play sound and picture together."""
        if self._first is None or self.track is None or self.track.clock is None:
            return
        ntp, timestamp = self.track.clock
        info = RtcpSenderInfo(
            ntp_timestamp=ntp,
            rtp_timestamp=timestamp + self._timestamp_shift & 0xFFFFFFFF,
            packet_count=self._total_packets + self.packets & 0xFFFFFFFF,
            octet_count=self.total_bytes & 0xFFFFFFFF,
        )
        self._receiver.send_rtcp(bytes(RtcpSrPacket(ssrc=self.ssrc, sender_info=info)))

    def tick(self, now: float) -> None:
        self._resends_left = MAX_RESENDS_PER_TICK
        elapsed, self._ticked_at = now - self._ticked_at, now
        if self.step is Step.STILLS:
            for packet in self._stills.release(self.share or 0, elapsed):
                self._send(packet, now)

    def stats(self, row: Row) -> RowStats:
        return RowStats(
            receiver=row.receiver,
            slot=row.slot,
            sender=row.sender,
            kind=row.kind,
            packets=self.packets,
            bytes=self.bytes,
            dropped=self.dropped,
            nacks=self.nacks,
            resent=self.resent,
            plis=self.plis,
            thinned=self.thinned,
        )

    def _clear_counters(self) -> None:
        self._total_packets += self.packets
        self._total_bytes += self.bytes
        self.packets = self.bytes = self.dropped = self.thinned = 0
        self.nacks = self.resent = self.plis = 0
