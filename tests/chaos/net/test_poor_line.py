"""A line that bears almost nothing: the picture goes, sound stays, people read why, the desk sees where."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Playwright, expect

from tests.chaos.net import meter
from tests.chaos.net.namespaces import Network, network
from tests.chaos.net.stage import net_stage
from tests.support.actors import seen_and_heard
from tests.support.chromium import Window

pytestmark = pytest.mark.asyncio(loop_scope="session")

FLOOR_KBIT = 64
LISTEN_S = 8.0


@pytest.fixture
def net() -> Iterator[Network]:
    """A desk and a terminal."""
    with network("desk", "terminal") as built:
        yield built


async def concealed(window: Window, seconds: float) -> float:
    """Share of the sound that the window had to invent, from now on."""
    before = await meter.totals(window)
    await asyncio.sleep(seconds)
    after = await meter.totals(window)
    heard = after["audio.totalSamplesReceived"] - before["audio.totalSamplesReceived"]
    return (after["audio.concealedSamples"] - before["audio.concealedSamples"]) / heard


async def stands_on(window: Window, *rungs: str, within_s: float = 30.0) -> None:
    """Wait until the window's ladder stands on one of these rungs."""
    wanted = "|".join(rungs)
    script = "(wanted) => wanted.split('|').includes(document.querySelector('call-stage')?.dataset.rung)"
    await window.page.wait_for_function(script, arg=wanted, timeout=within_s * 1000)


async def test_at_64_kbit_the_visitor_is_still_heard_and_everybody_reads_why(
    net: Network, playwright_driver: Playwright, county: Path, speech: Path
) -> None:
    heard = [f"--use-file-for-fake-audio-capture={speech}"]
    async with net_stage(net, playwright_driver, county, arguments=heard) as stage:
        terminal, desk = await stage.call()
        await stands_on(terminal.window, "video", "video_high")
        assert not await terminal.by("own-line").is_visible(), "nothing is said about a good line"

        stage.lines["terminal"].cap(FLOOR_KBIT)
        await stands_on(terminal.window, "stills", "audio", "text")
        await expect(terminal.by("own-line")).to_be_visible()
        await expect(terminal.by("own-line")).not_to_be_empty()
        poor = desk.window.page.locator('[data-testid="line-row"][data-seat^="t-"]')
        # The report itself comes over this line.
        await expect(poor).to_have_attribute("data-rung", re.compile("stills|audio"), timeout=40_000)

        invented = await concealed(desk.window, LISTEN_S)

        assert invented <= 0.10
        assert await desk.by("call-state").get_attribute("data-state") == "connected"


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_when_the_line_is_good_again_the_picture_comes_back_by_itself(
    net: Network, playwright_driver: Playwright, county: Path, speech: Path
) -> None:
    heard = [f"--use-file-for-fake-audio-capture={speech}"]
    async with net_stage(net, playwright_driver, county, arguments=heard) as stage:
        terminal, desk = await stage.call()
        stage.lines["terminal"].cap(FLOOR_KBIT)
        await stands_on(terminal.window, "stills", "audio", "text")

        stage.lines["terminal"].clear()

        await stands_on(terminal.window, "video", "video_high", within_s=120.0)
        await seen_and_heard(desk.window)
        await expect(terminal.by("own-line")).to_be_hidden()
