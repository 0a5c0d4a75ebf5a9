"""How much and how long: every bound of a connection in one place, and the bucket that counts frames."""

from dataclasses import dataclass

from signaling.messages import MAX_FRAME_BYTES


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one hub; the defaults are the protocol's, tests shorten them."""

    hello_s: float = 2.0
    ping_every_s: float = 10.0
    dead_after_s: float = 25.0
    close_s: float = 2.0  # for the last frames and the closing handshake
    send_s: float = 10.0  # for one frame to leave towards a slow reader

    frame_bytes: int = MAX_FRAME_BYTES
    frames_per_min: float = 100.0
    frames_burst: int = 30
    queued_frames: int = 256
    queued_bytes: int = 1024 * 1024
    queued_commands: int = 32

    observer_s: float = 10.0
    plane_open_s: float = 8.0
    plane_s: float = 3.0
    plane_retry_s: float = 1.0  # doubles up to eight times this
    restore_s: float = 10.0  # for the members of a reopened room to come back

    answers_per_login: int = 256
    logins: int = 4096


class FrameBucket:
    """Frames a connection may still send: a burst, refilled at a steady rate."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._burst = float(limits.frames_burst)
        self._per_s = limits.frames_per_min / 60
        self._level = self._burst
        self._at = now

    def take(self, now: float) -> bool:
        """Count one frame; False when there was no room for it."""
        self._level = min(self._burst, self._level + (now - self._at) * self._per_s)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True
