"""What passes at a window, and a page that obeys nothing: so that a test sees the relay's work alone."""

import asyncio
from dataclasses import dataclass

from tests.support.chromium import Media, Window

# Its tracks stay on and attached, so what the page sends goes on arriving at the relay.
DISOBEY = """() => {
  const replace = RTCRtpSender.prototype.replaceTrack;
  RTCRtpSender.prototype.replaceTrack = function (track) {
    return track ? replace.call(this, track) : Promise.resolve();
  };
  Object.defineProperty(MediaStreamTrack.prototype, "enabled", { get: () => true, set: () => undefined });
}"""
# Packets that were on their way when the relay took the rows away.
SETTLED_S = 1.0
WATCHED_S = 3.0


@dataclass(frozen=True, slots=True)
class Flow:
    """What passed at one window while it was watched.

    Attributes:
        received: bytes of sound and decoded frames, by slot.
        sent: the same over all that the page sends.
    """

    received: dict[int, int]
    sent: int

    @property
    def all_received(self) -> int:
        """Everything that arrived, whoever sent it."""
        return sum(self.received.values())


async def flow(window: Window) -> Flow:
    """Watch a window's counters for some seconds."""
    before = await window.media()
    await asyncio.sleep(WATCHED_S)  # the length of the measurement, not a wait for something
    after = await window.media()
    received = {number: _of_slot(after, number) - _of_slot(before, number) for number in after.slots}
    return Flow(received, _sent(after) - _sent(before))


async def settled_flow(*windows: Window) -> list[Flow]:
    """Watch several windows at once, after what was on its way has arrived."""
    await asyncio.sleep(SETTLED_S)
    return await asyncio.gather(*(flow(window) for window in windows))


def _of_slot(media: Media, number: int) -> int:
    slot = media.slots.get(number)
    return slot.audio_bytes + slot.frames if slot else 0


def _sent(media: Media) -> int:
    return media.audio_bytes_sent + media.frames_sent
