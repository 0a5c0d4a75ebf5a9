"""A seat's own audio or video as it arrives at the relay."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aiortc.rtp import RTCP_PSFB_PLI, RtcpReceiverInfo

from signaling.media.control import TrackStats
from signaling.media.forwarding import Kind
from signaling.media.relay import red, rtp
from signaling.media.relay.arrivals import Losses, Reception
from signaling.media.relay.bounds import HISTORY, MAX_MISSING
from signaling.media.relay.downlink import MAX_BITRATE, sender_limit

if TYPE_CHECKING:
    from signaling.media.relay.slot import Slot

CLOCK_RATES: dict[Kind, int] = {"audio": 48_000, "video": 90_000}
PLI_INTERVAL_S = 0.5
_MAX_JUMP = 3_000  # RFC 3550, A.1: more is a restarted source
_PLI_PATIENCE_S = 2.0
# Sound that comes later than that has been played over; a late picture still mends those after it.
_ASKS: dict[Kind, int] = {"audio": 3, "video": 8}
# Longer than any gap inside a running source. In a pause a browser goes on reporting, but with a clock that
# its next packet does not keep: the sound of a track that comes back continues where it had stopped.
_PAUSE_S = 1.0


class Track:
    """One incoming stream and the slots that show it.

    The owner calls `received` per packet; every packet is handed on before it returns.
    """

    def __init__(
        self,
        kind: Kind,
        send_rtcp: Callable[[bytes], None],
        rtcp_ssrc: int,
        *,
        payload_type: int = 0,
        repeats: bool = True,
    ) -> None:
        """Args: what it is; the way back to the sender and the relay's SSRC there; the payload type
        of a single frame; whether the sender repeats packets that are asked for."""
        self.kind: Kind = kind
        self._payload_type = payload_type
        self._repeats = repeats
        self.slots: tuple[Slot, ...] = ()
        self.clock: tuple[int, int] | None = None  # (NTP in the relay's time, RTP timestamp)
        self.ssrc: int | None = None
        self.packets = self.bytes = self.nacks = self.plis = self.key_frames = self.recovered = 0
        self.rate = 0.0  # bit/s during the last second
        self.limit = MAX_BITRATE  # what the sender was told
        self._measured_bytes = 0
        self._send_rtcp = send_rtcp
        self._rtcp_ssrc = rtcp_ssrc
        self._reception = Reception(CLOCK_RATES[kind])
        self._losses = Losses(_ASKS[kind])
        self._history: list[rtp.Packet | None] = [None] * HISTORY
        self._asked_at = self._seen_at = float("-inf")
        self._key_frame_due = False

    def received(self, packet: bytes, start: int, now: float, *, redundant: bool = False) -> None:
        """Take one decrypted RTP packet whose payload begins at `start`.

        Raises:
            ValueError: it says that it is redundant and is not; nothing has changed.
        """
        first, second, sequence, timestamp, ssrc = rtp.HEADER.unpack_from(packet)
        body = packet[start:]
        frames: Sequence[red.Block] = ()
        if redundant:
            body = body[: len(body) - (packet[-1] if first & 0x20 else 0)]
            frames = red.blocks(body, self._payload_type)
            first = 0
        if ssrc != self.ssrc:
            self._restart(ssrc, sequence, now)
        if now - self._seen_at > _PAUSE_S:
            self.clock = None
        reception = self._reception
        delta = (sequence - reception.highest + 0x8000 & 0xFFFF) - 0x8000
        if not -_MAX_JUMP < delta < _MAX_JUMP:
            self._restart(ssrc, sequence, now)
            delta = 0
        number = reception.highest + delta
        if delta > 0 or (delta > -HISTORY and self.packet(number) is None):
            flags, marker, kind = first & 0x20, second & 0x80, self._payload_type
            taken = rtp.Packet(number, flags, marker, timestamp, body, now, frames, kind)
            if frames:
                self._recover(taken, now)
            self._hand_on(taken, now)
        self._count(delta, timestamp, len(packet), now)

    def _recover(self, packet: rtp.Packet, now: float) -> None:
        """Hand on lost packets that a later one repeats, each again with the frame before it.

        Losses on the way to the relay and from it then do not add up to losses of both in a row.
        """
        count = len(packet.frames) - 1
        for index, (offset, frame) in enumerate(packet.frames[:-1]):
            number = packet.number - count + index
            if self.packet(number) is not None or number <= max(
                self._reception.first, self._reception.highest - HISTORY
            ):
                continue
            timestamp = packet.timestamp - offset & 0xFFFFFFFF
            frames = [*self._before(number, timestamp), (0, frame)]
            body = red.payload(frames, self._payload_type)
            found = rtp.Packet(number, 0, 0, timestamp, body, now, frames, self._payload_type)
            self._losses.came(number)
            self.recovered += 1
            for slot in self.slots:
                if slot.has_begun:
                    slot.forward(found, False, now)
            self._history[number % HISTORY] = found

    def _before(self, number: int, timestamp: int) -> list[red.Block]:
        """The frame of the packet before `number`, if there is one close enough to go along."""
        packet = self.packet(number - 1)
        if packet is None or packet.flags:
            return []
        frame = packet.frames[-1][1] if packet.frames else packet.body
        return [(timestamp - packet.timestamp & 0xFFFFFFFF, frame)]

    def repeated(self, packet: bytes, start: int, now: float) -> None:
        """Take one retransmission (RFC 4588): the number it had, then the body it had.

        Browsers also probe the link with them, by padding alone or by packets that came long ago.
        """
        first, second, _, timestamp, _ = rtp.HEADER.unpack_from(packet)
        end = len(packet) - (packet[-1] if first & 0x20 else 0)
        if self.ssrc is None or end - start <= 2:
            return
        sequence = packet[start] << 8 | packet[start + 1]
        highest = self._reception.highest
        number = highest + (sequence - highest + 0x8000 & 0xFFFF) - 0x8000
        if not highest - HISTORY < number < highest or self.packet(number) is not None:
            return
        self._losses.came(number)
        self._reception.received += 1
        body = packet[start + 2 : end]
        self._hand_on(rtp.Packet(number, 0, second & 0x80, timestamp, body, now), now)

    def _hand_on(self, packet: rtp.Packet, now: float) -> None:
        starts_key_frame = self.kind == "video" and rtp.starts_vp8_key_frame(packet.body)
        if starts_key_frame:
            self.key_frames += 1
            self._key_frame_due = False
        for slot in self.slots:
            slot.forward(packet, starts_key_frame, now)
        self._history[packet.number % HISTORY] = packet

    def _count(self, delta: int, timestamp: int, size: int, now: float) -> None:
        reception = self._reception
        number = reception.highest + delta
        if delta > 0:
            if delta > 1 and self._repeats:
                self._missing(reception.highest + 1, number, now)
            reception.highest = number
            reception.timed(timestamp, now)
        elif delta < 0:
            self._losses.came(number)
        reception.received += 1
        self.packets += 1
        self.bytes += size
        self._seen_at = now

    def packet(self, number: int) -> rtp.Packet | None:
        """One of the last packets by its number, if it is still kept."""
        kept = self._history[number % HISTORY]
        return kept if kept is not None and kept.number == number else None

    def forget(self) -> None:
        """Let go of the packets kept; what refers to an ended transport may live on for a while."""
        self._history = [None] * HISTORY

    def reported(self, ntp_relay: int, ntp_sender: int, timestamp: int, now: float) -> None:
        """Take the timing of a sender report and pass it on to every slot."""
        self._reception.reported(ntp_sender, now)
        if now - self._seen_at > _PAUSE_S:
            return
        self.clock = (ntp_relay, timestamp)
        for slot in self.slots:
            slot.report()

    def ask_for_key_frame(self, now: float) -> None:
        """Send a PLI, or remember to do so when the last one is too fresh."""
        if self.kind != "video":
            return
        if self.ssrc is None or now - self._asked_at < PLI_INTERVAL_S:
            self._key_frame_due = True
            return
        self._key_frame_due = False
        self._asked_at = now
        self.plis += 1
        self._send_rtcp(rtp.feedback(RTCP_PSFB_PLI, self._rtcp_ssrc, self.ssrc))

    def tick(self, now: float) -> None:
        """Repeat what went unanswered."""
        if self.ssrc is None or now - self._seen_at > _PLI_PATIENCE_S:
            return
        if again := self._losses.due(self._reception.highest, now):
            self._ask_again(again)
        waiting = self._key_frame_due or any(slot.waits_for_key_frame(now) for slot in self.slots)
        if waiting and now - self._asked_at >= PLI_INTERVAL_S:
            self.ask_for_key_frame(now)

    def report(self, now: float) -> RtcpReceiverInfo | None:
        """The receiver report block, once anything has come.

        For sound it names the worst loss on the way to any receiver: the sender's Opus then adds
        as much redundancy as that receiver needs. (Browsers derive bitrates from other feedback.)
        """
        if self.ssrc is None:
            return None
        report = self._reception.report(self.ssrc, now)
        if self.kind == "audio":
            report.fraction_lost = max([report.fraction_lost, *(slot.loss for slot in self.slots)])
        return report

    def measure(self, elapsed_s: float) -> None:
        """Note what the last second has brought."""
        self.rate = (self.bytes - self._measured_bytes) * 8 / elapsed_s
        self._measured_bytes = self.bytes

    def limit_bitrate(self) -> None:
        """Tell the sender what its receivers can take."""
        if self.kind != "video" or self.ssrc is None:
            return
        self.limit = sender_limit([slot.share for slot in self.slots], self.limit)
        self._send_rtcp(rtp.remb(self._rtcp_ssrc, self.ssrc, self.limit))

    def stats(self) -> TrackStats:
        return TrackStats(
            kind=self.kind,
            packets=self.packets,
            bytes=self.bytes,
            lost=self._reception.lost,
            nacks=self.nacks,
            plis=self.plis,
            keyframes=self.key_frames,
            recovered=self.recovered,
        )

    def _restart(self, ssrc: int, sequence: int, now: float) -> None:
        """A new source, or a jump that no loss explains: every slot continues from here."""
        self.ssrc = ssrc
        self.clock = None
        # Two cycles up, so that late packets of before the start have a number too.
        self._reception.restart(sequence + 0x20000)
        self._losses.clear()
        self._history = [None] * HISTORY
        for slot in self.slots:
            slot.rebase(now)

    def _missing(self, first: int, end: int, now: float) -> None:
        wanted = [n for n in range(max(first, end - MAX_MISSING - 1), end) if self.packet(n) is None]
        if not wanted:
            return
        if self._losses.gap(wanted, now):
            self._ask_again(wanted)
        else:
            self.ask_for_key_frame(now)

    def _ask_again(self, numbers: list[int]) -> None:
        if self.ssrc is not None:
            self.nacks += len(numbers)
            self._send_rtcp(rtp.nack(self._rtcp_ssrc, self.ssrc, numbers))
