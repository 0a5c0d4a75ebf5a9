"""Reading and writing RTP and RTCP where aiortc has no function or a slower one. Pure."""

import struct
import time
from collections.abc import Iterable, Sequence

from aiortc.rtp import RTCP_PSFB_APP, RtcpPsfbPacket, pack_remb_fci

from signaling.media.relay.red import Block

HEADER = struct.Struct("!BBHII")
HEADER_BYTES = 12
NTP_UNIX_S = 2_208_988_800  # from 1900, where NTP counts from, to 1970

_EXTENSION_HEAD = struct.Struct("!HH")
_TWO_WORDS = struct.Struct("!HH")


class Packet:
    """One RTP packet as it arrived, without header extensions.

    What is sent under one number of a slot never changes: a second encryption of other bytes under
    the same number would give both away. So whatever is written into a forwarded packet is here.

    Attributes:
        number: sequence number without wrap-around, counted from the track's first packet.
        flags: the padding bit of the first header byte.
        marker: the marker bit of the second.
        body: payload with its padding.
        arrived_at: when it came, on the loop's clock.
        frames: the Opus frames of a redundant payload, see `red.Block`; empty for any other.
        frame_type: their payload type in `body`.
    """

    __slots__ = ("arrived_at", "body", "flags", "frame_type", "frames", "marker", "number", "timestamp")

    def __init__(
        self,
        number: int,
        flags: int,
        marker: int,
        timestamp: int,
        body: bytes,
        arrived_at: float,
        frames: Sequence[Block] = (),
        frame_type: int = 0,
    ) -> None:
        self.number = number
        self.flags = flags
        self.marker = marker
        self.timestamp = timestamp
        self.body = body
        self.arrived_at = arrived_at
        self.frames = frames
        self.frame_type = frame_type


def ntp_now() -> int:
    """The wall clock as a 64-bit NTP timestamp."""
    return int((time.time() + NTP_UNIX_S) * (1 << 32))


def body_start(packet: bytes, wanted: int | None) -> tuple[int, int | None]:
    """Find where the payload starts, and the 16-bit value of the extension `wanted`.

    Raises:
        ValueError: the header is longer than the packet.
    """
    start = HEADER_BYTES + 4 * (packet[0] & 0x0F)
    value: int | None = None
    if packet[0] & 0x10:
        if len(packet) < start + 4:
            raise ValueError("truncated extension")
        profile, words = _EXTENSION_HEAD.unpack_from(packet, start)
        first = start + 4
        start = first + 4 * words
        if wanted is not None and profile == 0xBEDE and start <= len(packet):
            value = _one_byte_extension(packet, first, start, wanted)
    if len(packet) < start:
        raise ValueError("truncated header")
    return start, value


def _one_byte_extension(packet: bytes, position: int, end: int, wanted: int) -> int | None:
    while position < end:
        head = packet[position]
        if head == 0:  # padding
            position += 1
            continue
        length = (head & 0x0F) + 1
        if head >> 4 == wanted:
            if length == 2 and position + 3 <= end:
                return packet[position + 1] << 8 | packet[position + 2]
            return None
        position += 1 + length
    return None


def starts_vp8_key_frame(body: bytes) -> bool:
    """Whether this is the first packet of a VP8 key frame (RFC 7741, 4.2 and 4.3)."""
    if not body or body[0] & 0x17 != 0x10:  # start of partition 0 only
        return False
    position = 1
    if body[0] & 0x80:
        if len(body) < 2:
            return False
        extended = body[1]
        position = 2
        if extended & 0x80:  # picture id, one byte or two
            position += 2 if len(body) > 2 and body[2] & 0x80 else 1
        position += bool(extended & 0x40)  # TL0PICIDX
        position += bool(extended & 0x30)  # TID and KEYIDX share a byte
    return len(body) > position and not body[position] & 0x01


def feedback(kind: int, sender: int, ssrc: int) -> bytes:
    """A payload-specific feedback message without parameters, such as PLI."""
    return bytes(RtcpPsfbPacket(fmt=kind, ssrc=sender, media_ssrc=ssrc))


def remb(sender: int, ssrc: int, bitrate: int) -> bytes:
    """Receiver estimated maximum bitrate: at most `bitrate` bit/s for one stream."""
    return bytes(
        RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=sender, media_ssrc=0, fci=pack_remb_fci(bitrate, [ssrc]))
    )


def nack(sender: int, ssrc: int, numbers: Iterable[int]) -> bytes:
    """Ask for packets again; `numbers` ascend and may go beyond 16 bits (RFC 4585, 6.2.1)."""
    entries: list[list[int]] = []
    for number in numbers:
        if entries and number - entries[-1][0] <= 16:
            entries[-1][1] |= 1 << (number - entries[-1][0] - 1)
        else:
            entries.append([number, 0])
    payload = b"".join(_TWO_WORDS.pack(first & 0xFFFF, following) for first, following in entries)
    return struct.pack("!BBHII", 0x81, 205, 2 + len(entries), sender, ssrc) + payload


def transport_feedback(sender: int, ssrc: int, count: int, arrivals: Sequence[tuple[int, int]]) -> bytes:
    """Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).

    Args:
        count: running number of such messages.
        arrivals: (sequence number without wrap-around, arrival in units of 250 µs), ascending by
            number without repetition; spans at most 0xFFFF numbers.
    """
    base = arrivals[0][0]
    reference = arrivals[0][1] >> 8  # in units of 64 ms
    previous = reference << 8
    symbols: list[int] = []
    deltas = bytearray()
    for number, ticks in arrivals:
        symbols += [0] * (number - base - len(symbols))
        delta = ticks - previous
        previous = ticks
        if 0 <= delta <= 0xFF:
            symbols.append(1)
            deltas.append(delta)
        else:
            symbols.append(2)
            deltas += struct.pack("!h", max(-0x8000, min(delta, 0x7FFF)))
    chunks = bytearray()
    for first in range(0, len(symbols), 7):
        chunk = 0xC000  # seven symbols of two bits
        for index, symbol in enumerate(symbols[first : first + 7]):
            chunk |= symbol << (12 - 2 * index)
        chunks += chunk.to_bytes(2, "big")
    payload = struct.pack(
        "!IIHHI", sender, ssrc, base & 0xFFFF, len(symbols), (reference & 0xFFFFFF) << 8 | count & 0xFF
    )
    payload += bytes(chunks) + bytes(deltas)
    payload += bytes(-len(payload) % 4)
    return struct.pack("!BBH", 0x8F, 205, len(payload) // 4) + payload
