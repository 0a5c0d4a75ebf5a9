"""How much and how long: every bound of a connection in one place, and the bucket that counts frames."""

from dataclasses import dataclass

from signaling.fields import MAX_FRAME_BYTES


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one hub; the defaults are the protocol's, tests shorten them."""

    hello_s: float = 2.0
    ping_every_s: float = 10.0
    dead_after_s: float = 25.0
    close_s: float = 2.0  # for the last frames and the closing handshake
    send_s: float = 10.0  # for one frame to leave towards a slow reader

    frame_bytes: int = MAX_FRAME_BYTES
    # An honest page in a call owes 6 pongs, 12 reports of its line and up to 60 acknowledgements a
    # minute, and has what people do on top. When it comes back it may say in one go its joins, the 32
    # commands that had no answer and 16 acknowledgements of what is told again.
    frames_per_min: float = 180.0
    frames_burst: int = 60
    queued_frames: int = 512  # room for a whole backlog beside what happens meanwhile
    queued_bytes: int = 1024 * 1024
    queued_commands: int = 32
    quality_every_s: float = 3.0  # pages report every five; what comes faster is dropped

    window_s: float = 120.0
    backlog_events: int = 256
    backlog_bytes: int = 256 * 1024
    store_s: float = 4.0  # for a session to be opened or found again; pages wait five
    journal_s: float = 4.0  # for one reading of a journal
    journal_retry_s: float = 0.25  # doubles up to 16 times this

    observer_s: float = 10.0
    plane_open_s: float = 8.0
    plane_s: float = 3.0
    plane_retry_s: float = 1.0  # doubles up to eight times this
    restore_s: float = 10.0  # for the members of a reopened room to come back

    answers_per_login: int = 256
    answers_per_session: int = 32  # of the transport; they are long
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
