"""A hold is the relay's: nothing arrives at either side, whatever the held page sends."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.conftest import SHOTS, SetStage
from tests.support.actors import Desk, Terminal, seen_and_heard
from tests.support.chromium import SERVER_AWAY
from tests.support.flow import DISOBEY, flow, settled_flow
from tests.support.stage import Stage

pytestmark = pytest.mark.timeout(170)


async def nothing_passes(terminal: Terminal, desk: Desk) -> None:
    """Both send, neither receives."""
    at_terminal, at_desk = await settled_flow(terminal.window, desk.window)
    assert (at_terminal.all_received, at_desk.all_received) == (0, 0)
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
        assert free.all_received > 0, "the negative control: without a hold the counters rise"

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
