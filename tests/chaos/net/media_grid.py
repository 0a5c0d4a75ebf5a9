"""Media quality over poor lines, through the relay and beside it browser to browser, in one run.

`python -m tests.chaos.net.media_grid [--profiles none,loss20] [--seconds 30] [--paths relay,direct]`
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from playwright.async_api import Playwright

from tests.chaos.net import meter
from tests.chaos.net.direct import Direct, serve_direct
from tests.chaos.net.impairments import Line
from tests.chaos.net.namespaces import Network, network
from tests.chaos.net.profiles import PROFILES, SEED, Profile
from tests.chaos.net.speech import write_speech
from tests.chaos.net.stage import NetChromium, net_stage, patient_playwright
from tests.chaos.net.wire import Wire
from tests.support.chromium import Window
from tests.support.program import seeded_data

SETTLE_S = 6.0  # codecs and bandwidth estimates have found the line by then
PATHS = ("relay", "direct")


@dataclass(frozen=True, slots=True)
class Figures:
    """What one call over one line was like; the worse of both ends where not said otherwise.

    Attributes:
        set_up_ms: from accepting to the first picture there, None when there was none in time.
        concealed: share of sound that the receivers invented, mean of both ends.
        kbit: received by both ends together, per second.
    """

    profile: str
    path: str
    set_up_ms: float | None
    concealed: float
    fps: float
    freezes: int
    kbit: float

    def missed(self, profile: Profile) -> list[str]:
        """Name the goals that were not reached."""
        missed = []
        if self.concealed > profile.concealed:
            missed.append("concealed")
        if self.fps < profile.fps:
            missed.append("fps")
        if profile.freezes is not None and self.freezes > profile.freezes:
            missed.append("freezes")
        return missed


async def measure(
    profile: Profile, path: str, windows: Sequence[Window], set_up_ms: float | None, seconds: float
) -> Figures:
    """Let a running call settle, then compare the counters of both ends."""
    await asyncio.sleep(SETTLE_S)
    before = [await meter.totals(window) for window in windows]
    await asyncio.sleep(seconds)
    after = [await meter.totals(window) for window in windows]
    grown = [
        {name: later.get(name, 0) - earlier.get(name, 0) for name in later}
        for earlier, later in zip(before, after, strict=True)
    ]
    concealed = [_share(one, "audio.concealedSamples", "audio.totalSamplesReceived") for one in grown]
    return Figures(
        profile=profile.name,
        path=path,
        set_up_ms=set_up_ms,
        concealed=sum(concealed) / len(concealed),
        fps=min(one.get("video.framesDecoded", 0.0) for one in grown) / seconds,
        freezes=round(max(one.get("video.freezeCount", 0.0) for one in grown)),
        kbit=sum(one.get("audio.bytesReceived", 0.0) + one.get("video.bytesReceived", 0.0) for one in grown)
        * 8
        / 1000
        / seconds,
    )


def _share(grown: dict[str, float], part: str, whole: str) -> float:
    # Not one sample: nothing was heard at all.
    return grown.get(part, 0.0) / grown[whole] if grown.get(whole) else 1.0


@dataclass(frozen=True, slots=True)
class Grid:
    """Everything that outlives one call."""

    playwright: Playwright
    county: Path
    speech: Path
    seconds: float

    @property
    def arguments(self) -> list[str]:
        """Of every browser; its own camera brings 20 pictures a second."""
        camera = "--use-fake-device-for-media-stream=fps=30"
        return [camera, f"--use-file-for-fake-audio-capture={self.speech}"]

    async def relayed(self, profile: Profile) -> Figures:
        """A visit: the product's own pages, its relay, its ladder."""
        with _lines(profile) as (net, wire):
            settings = {"countdown_s": 0}
            async with net_stage(
                net, self.playwright, self.county, settings, arguments=self.arguments
            ) as stage:
                desk, terminal = await stage.stage.desk(), await stage.stage.terminal()
                await terminal.come_direct()
                await desk.hears_ring()
                async with profile.over(stage.lines["desk"], wire):
                    await desk.by("accept-call").first.click()
                    set_up_ms = await _first_picture(desk.window)
                    return await measure(
                        profile, "relay", (desk.window, terminal.window), set_up_ms, self.seconds
                    )

    async def direct(self, profile: Profile) -> Figures:
        """Two bare pages over the same two lines."""
        with _lines(profile) as (net, wire):
            async with self._bare(net) as direct, profile.over(Line(net, "desk"), wire):
                set_up_ms = await direct.accept()
                return await measure(profile, "direct", direct.windows, set_up_ms, self.seconds)

    @contextlib.asynccontextmanager
    async def _bare(self, net: Network) -> AsyncIterator[Direct]:
        with tempfile.TemporaryDirectory(prefix="reception-net-", ignore_cleanup_errors=True) as home:
            chromium = NetChromium(self.playwright, net=net, folder=Path(home), arguments=self.arguments)
            async with serve_direct(net) as origin:
                try:
                    desk = await chromium.window(origin, "desk")
                    terminal = await chromium.window(origin, "terminal", kiosk=True)
                    direct = Direct(desk, terminal)
                    await direct.connect()
                    yield direct
                finally:
                    await chromium.close_windows()
                    await chromium.close()


@contextlib.contextmanager
def _lines(profile: Profile) -> Iterator[tuple[Network, Wire | None]]:
    """A network for one call; a wire only where weather is asked for, for it costs time of the machine."""
    wire = Wire(seed=SEED) if profile.weather is not None else None
    with network("desk", "terminal", joins={"desk": wire} if wire else None) as net:
        yield net, wire


async def _first_picture(window: Window, within_s: float = 30.0) -> float | None:
    """Milliseconds from the click on 接听 to the first picture; None when none came."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while loop.time() < deadline:
        marks = dict(await window.marks())
        if "frame" in marks and "click accept-call" in marks:
            return marks["frame"] - marks["click accept-call"]
        await asyncio.sleep(0.1)
    return None


HEAD = "profile    path       set-up  concealed    goal    fps  freezes   kbit/s"


def row(figures: Figures) -> str:
    """One line of the table."""
    profile = PROFILES[figures.profile]
    set_up = "-" if figures.set_up_ms is None else f"{figures.set_up_ms:.0f} ms"
    missed = figures.missed(profile)
    sound = f"{figures.concealed:>10.2%} {profile.concealed:>7.1%}"
    picture = f"{figures.fps:>6.1f} {figures.freezes:>8} {figures.kbit:>8.0f}"
    remark = f"  missed: {', '.join(missed)}" if missed else ""
    return f"{figures.profile:10} {figures.path:7} {set_up:>8} {sound} {picture}{remark}"


def ratio(relay: Figures, direct: Figures) -> str:
    """How much worse the relay is than no relay: 1.00 is the same, above is worse."""
    concealed = (relay.concealed + 0.001) / (
        direct.concealed + 0.001
    )  # a tenth of a percent is no difference
    fps = relay.fps / direct.fps if direct.fps else 0.0
    return f"{relay.profile:10} {'ratio':7} {'':>8} {concealed:>9.2f}x {'':>7} {fps:>5.2f}x"


async def run(county: Path, names: Sequence[str], paths: Sequence[str], seconds: float) -> list[Figures]:
    """Measure every profile on every path, printing as it goes."""
    found: list[Figures] = []
    with tempfile.TemporaryDirectory(prefix="reception-net-") as folder:
        speech = write_speech(Path(folder) / "speech.wav")
        async with patient_playwright() as playwright:
            grid = Grid(playwright, county, speech, seconds)
            sys.stdout.write(f"{HEAD}\n")
            for name in names:
                of_profile: dict[str, Figures] = {}
                for path in paths:
                    call = grid.relayed if path == "relay" else grid.direct
                    figures = of_profile[path] = await call(PROFILES[name])
                    found.append(figures)
                    sys.stdout.write(f"{row(figures)}\n")
                    sys.stdout.flush()
                if len(of_profile) == len(PATHS):
                    sys.stdout.write(f"{ratio(of_profile['relay'], of_profile['direct'])}\n")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the grid; 1 when the relay missed a goal."""
    parser = argparse.ArgumentParser(description="Media quality over poor lines.")
    parser.add_argument("--profiles", default=",".join(PROFILES), help="names, comma-separated")
    parser.add_argument("--paths", default=",".join(PATHS), help="relay, direct or both")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each measurement")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    options = parser.parse_args(arguments)
    with seeded_data() as county:
        found = asyncio.run(
            run(county, options.profiles.split(","), options.paths.split(","), options.seconds)
        )
    if options.json:
        options.json.write_text(json.dumps([asdict(figures) for figures in found], indent=1))
    return int(any(one.missed(PROFILES[one.profile]) for one in found if one.path == "relay"))


if __name__ == "__main__":
    sys.exit(main())
