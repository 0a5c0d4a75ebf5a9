"""A hold is the relay's: nothing arrives at either side, whatever the held page sends."""

import asyncio
from dataclasses import dataclass

import pytest
from playwright.async_api import expect

from tests.browser.conftest import SHOTS, SetStage
from tests.support.actors import Desk, Terminal, seen_and_heard
from tests.support.chromium import SERVER_AWAY, Media, Window
from tests.support.stage import Stage

pytestmark = pytest.mark.timeout(170)

# A page that obeys nothing: its tracks stay on and attached, so what it sends goes on arriving at the relay.
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
    """What passed at one window while it was watched."""

    received: int  # bytes of sound and decoded frames, over every slot
    sent: int


async def flow(window: Window) -> Flow:
    """Watch a window's counters for some seconds."""
    before = await window.media()
    await asyncio.sleep(WATCHED_S)  # the length of the measurement, not a wait for something
    after = await window.media()
    return Flow(_received(after) - _received(before), _sent(after) - _sent(before))


def _received(media: Media) -> int:
    return sum(slot.audio_bytes + slot.frames for slot in media.slots.values())


def _sent(media: Media) -> int:
    return media.audio_bytes_sent + media.frames_sent


async def nothing_passes(terminal: Terminal, desk: Desk) -> None:
    """Both send, neither receives."""
    await asyncio.sleep(SETTLED_S)
    at_terminal, at_desk = await asyncio.gather(flow(terminal.window), flow(desk.window))
    assert (at_terminal.received, at_desk.received) == (0, 0)
    assert at_terminal.sent > 0, "the held page obeyed: this shows nothing of the relay"
    assert at_desk.sent > 0


async def in_call(stage: Stage) -> tuple[Terminal, Desk]:
    terminal, desk = await stage.terminal(), await stage.desk()
    for actor in (terminal, desk):
        actor.window.tolerate(SERVER_AWAY)
    await terminal.come_direct()
    await desk.accept()
    await asyncio.gather(terminal.is_connected(), desk.is_connected())
    return terminal, desk


async def test_a_held_visitor_gives_nothing_and_gets_nothing(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        terminal, desk = await in_call(stage)
        await terminal.window.page.evaluate(DISOBEY)
        free = await flow(terminal.window)
        assert free.received > 0, "the negative control: without a hold the counters rise"

        await desk.by("hold-toggle").first.click()

        await expect(terminal.by("call-state")).to_have_attribute("data-state", "held")
        await expect(desk.by("hold-toggle").first).to_have_attribute("aria-pressed", "true")
        await nothing_passes(terminal, desk)
        await terminal.window.page.screenshot(path=SHOTS / "hold-terminal.png")
        await desk.window.page.screenshot(path=SHOTS / "hold-desk.png")

        old = stage.program.kill("web")
        await stage.program.restarted("web", old)
        await expect(terminal.by("call-state")).to_have_attribute("data-state", "held")
        await nothing_passes(terminal, desk)

        await desk.by("hold-toggle").first.click()
        await asyncio.gather(seen_and_heard(terminal.window), seen_and_heard(desk.window))
