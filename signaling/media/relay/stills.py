"""Key frames alone, let out so slowly that the sound beside them is not held up. No IO."""

from collections import deque

from signaling.media.relay.bounds import MAX_STILL_PACKETS
from signaling.media.relay.rtp import Packet

STILL_EVERY_S = 4.0
_SHARE_OF_LINE = 0.5
_MAX_SAVED_BYTES = 1500.0


class Stills:
    """One still at a time: the next one begins when the last has left and is old enough."""

    def __init__(self) -> None:
        self.timestamp: int | None = None
        """Of the latest still in the track's time; nothing else of the track has been sent."""
        self._waiting: deque[Packet] = deque()
        self._begun_at = float("-inf")
        self._saved_bytes = 0.0

    def wants_key_frame(self, now: float) -> bool:
        return not self._waiting and now - self._begun_at >= STILL_EVERY_S

    def begins(self, starts_key_frame: bool, now: float) -> bool:
        """Whether a still begins with this packet."""
        return starts_key_frame and self.wants_key_frame(now)

    def begin(self, packet: Packet, now: float) -> None:
        self.timestamp = packet.timestamp
        self._begun_at = now

    def take(self, packet: Packet) -> bool:
        """Keep a packet if it belongs to the still; False when it does not, or there are too many."""
        if packet.timestamp != self.timestamp or len(self._waiting) >= MAX_STILL_PACKETS:
            return False
        self._waiting.append(packet)
        return True

    def release(self, share: int, elapsed_s: float) -> list[Packet]:
        """Give what may leave now: `share` is what the line bears of this picture, bit/s."""
        self._saved_bytes = min(self._saved_bytes + share * _SHARE_OF_LINE * elapsed_s / 8, _MAX_SAVED_BYTES)
        leaving: list[Packet] = []
        while self._waiting and self._saved_bytes >= len(self._waiting[0].body):
            packet = self._waiting.popleft()
            self._saved_bytes -= len(packet.body)
            leaving.append(packet)
        return leaving
