"""One call, and the line goes away: the path, the address, the web server, the relay. Then it is back."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Playwright

from tests.chaos.net import meter
from tests.chaos.net.impairments import What
from tests.chaos.net.namespaces import Network, network
from tests.chaos.net.stage import NetStage, net_stage
from tests.support.actors import Desk, Terminal, seen_and_heard
from tests.support.chromium import Window

PATIENCE_S = 25.0
BROWSER_SEES_S = 2.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A call that all tests of this file use; each leaves it running."""

    stage: NetStage
    terminal: Terminal
    desk: Desk

    @property
    def windows(self) -> tuple[Window, Window]:
        """Both ends."""
        return self.terminal.window, self.desk.window

    async def is_running(self) -> None:
        """Wait until both hear each other."""
        self.stage.lines["desk"].clear()
        for window in self.windows:
            await meter.start(window)
        assert max(await _back(self, time.time())) < PATIENCE_S

    async def offers(self) -> list[float]:
        """How often each page has negotiated since it was loaded."""
        return [(await meter.totals(window))["offers"] for window in self.windows]


@pytest.fixture(scope="module")
def net() -> Iterator[Network]:
    """A desk and a terminal."""
    with network("desk", "terminal") as built:
        yield built


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def made(
    net: Network, playwright_driver: Playwright, county: Path, speech: Path
) -> AsyncIterator[Standing]:
    """The call, set up once."""
    heard = [f"--use-file-for-fake-audio-capture={speech}"]
    async with net_stage(net, playwright_driver, county, arguments=heard) as stage:
        terminal, desk = await stage.call()
        yield Standing(stage, terminal, desk)


@pytest_asyncio.fixture(loop_scope="session")
async def standing(made: Standing) -> Standing:
    """The call, running."""
    await made.is_running()
    return made


async def blackout(call: Standing, seconds: float, what: What = "all") -> list[float]:
    """Cut the desk's line for a while; return how long after its return sound came back at each end."""
    line = call.stage.lines["desk"]
    for window in call.windows:
        await meter.start(window)
    line.block(what)
    await asyncio.sleep(seconds)
    line.clear()
    returned = time.time()
    return await _back(call, returned)


async def _back(call: Standing, moment: float) -> list[float]:
    """Wait for sound at both ends after a moment; infinite where it stays away."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        tracks = [await meter.so_far(window) for window in call.windows]
        if all(track.back_after_s(moment) < PATIENCE_S for track in tracks):
            break
        await asyncio.sleep(0.1)
    tracks = [await meter.stop(window) for window in call.windows]
    return [track.back_after_s(moment) for track in tracks]


async def test_media_does_not_notice_that_the_web_server_is_killed(standing: Standing) -> None:
    before = await standing.offers()
    gaps = []

    for _ in range(3):
        for window in standing.windows:
            await meter.start(window)
        old = standing.stage.program.kill("web")
        await standing.stage.program.restarted("web", old)
        await asyncio.sleep(1)
        gaps += [(await meter.stop(window)).longest_gap_s for window in standing.windows]

    assert max(gaps) <= 0.5
    assert await standing.offers() == before, "nobody negotiated anew"


async def test_a_cut_of_the_line_is_seen_by_the_same_measurement(standing: Standing) -> None:
    """Negative control of the test above, and of those below: while the line is cut, nothing comes back."""
    for window in standing.windows:
        await meter.start(window)
    standing.stage.lines["desk"].block()
    cut = time.time()

    await asyncio.sleep(2.5)

    tracks = [await meter.stop(window) for window in standing.windows]
    assert all(track.longest_gap_s > 2 for track in tracks)
    assert all(track.back_after_s(cut + 0.3) == float("inf") for track in tracks)


@pytest.mark.parametrize(("seconds", "goal_s"), [(3, 1.0), (10, 2.0)])
async def test_a_blackout_is_over_when_the_path_is_back(
    standing: Standing, seconds: float, goal_s: float
) -> None:
    assert max(await blackout(standing, seconds)) <= goal_s


async def test_a_blackout_costs_no_picture(standing: Standing) -> None:
    """What was lost while nothing passed says nothing about the line that is back."""
    await blackout(standing, 6)

    await asyncio.gather(*(seen_and_heard(window, within_s=6.0) for window in standing.windows))


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_a_minute_without_udp_is_over_when_the_path_is_back(standing: Standing) -> None:
    """The socket lives meanwhile, so the visit is not suspended."""
    for _ in range(3):
        assert max(await blackout(standing, 60, "udp")) <= 3.0
        await standing.is_running()


async def test_a_new_address_costs_a_second_beyond_what_the_browser_takes_to_see_it(
    standing: Standing,
) -> None:
    """Chromium tells its pages of a new address 2.0 s after the change; nothing can use it before."""
    client = standing.stage.net.clients["desk"]
    for window in standing.windows:
        await meter.start(window)
    moved = time.time()
    client.move("10.77.1.77" if client.address == "10.77.1.2" else "10.77.1.2")

    back = await _back(standing, moved + 0.3)  # what was underway at the move still arrives

    assert max(back) <= BROWSER_SEES_S + 1.0 - 0.3


async def test_a_killed_relay_costs_three_seconds_at_most(standing: Standing) -> None:
    for window in standing.windows:
        await meter.start(window)
    killed = time.time()
    standing.stage.program.kill("relay")

    back = await _back(standing, killed + 0.3)

    assert max(back) <= 3.0 - 0.3
    await standing.is_running()
