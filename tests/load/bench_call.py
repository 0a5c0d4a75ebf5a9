"""How long a call takes to begin: the real program beside a bare call between two pages on the same machine.

`python -m tests.load.bench_call [calls]`.  The bare call is the warm floor: its transport is up and its
camera open before anybody accepts, so nothing is left but to attach the tracks.  The program is measured
with a countdown of 0 s, because a countdown is a promise to people and not work; with the 3 s that people
get it is printed apart.
"""

import asyncio
import os
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.load.bare_call import BareCall, Times, serve_bare
from tests.support.actors import Desk, Terminal
from tests.support.chromium import Chromium, Window, chromium_for_session
from tests.support.program import running_program, seeded_data
from tests.support.stage import Stage

CALLS, COUNTED_CALLS = 20, 5
COUNTDOWN_S = 3
FLOOR_GOAL, RING_GOAL_MS = 1.5, 100.0


async def whole_call(terminal: Terminal, desk: Desk, times: Times) -> None:
    """Receive one visit through the program's own pages and take the times from what they showed."""
    seen_at_desk, seen_at_terminal = len(await desk.window.marks()), len(await terminal.window.marks())
    await terminal.come_direct()
    await desk.accept()
    await desk.is_connected()
    await terminal.is_connected()
    at_desk = dict((await desk.window.marks())[seen_at_desk:])
    at_terminal = dict((await terminal.window.marks())[seen_at_terminal:])
    accepted = at_desk["click accept-call"]
    times.accepting.append(at_desk["frame"] - accepted)
    times.waiting.append(at_terminal["frame"] - accepted)
    times.ring.append(at_desk["ring"] - at_terminal["click raise-to-county"])
    await desk.finish()
    await terminal.receipt()
    await terminal.by("finish-visit").click()
    await terminal.is_idle()


async def bare_window(chromium: Chromium, origin: str, name: str, *, kiosk: bool) -> Window:
    """Open one page of the bare call."""
    window = await chromium.window(origin, name, kiosk=kiosk)
    await window.open("/")
    return window


async def measure(county: Path, calls: int) -> str:
    """Run everything and return the report."""
    program, counted = Times(), Times()
    async with chromium_for_session() as chromium:
        runner, origin = await serve_bare()
        async with running_program(county, {"countdown_s": "0"}) as running:
            stage = Stage(chromium, running)
            terminal, desk = await stage.terminal(), await stage.desk()
            bare = BareCall(
                (await bare_window(chromium, origin, "bare desk", kiosk=False)).page,
                (await bare_window(chromium, origin, "bare terminal", kiosk=True)).page,
            )
            await bare.connect()
            # In turn, so that whatever else the machine does falls on all alike.
            for _ in range(calls):
                await bare.once(camera_open=True)
                await bare.once(camera_open=False)
                await whole_call(terminal, desk, program)
            await chromium.close_windows()
        await runner.cleanup()
        async with running_program(county, {"countdown_s": str(COUNTDOWN_S)}) as running:
            stage = Stage(chromium, running)
            terminal, desk = await stage.terminal(), await stage.desk()
            for _ in range(COUNTED_CALLS):
                await whole_call(terminal, desk, counted)
            await chromium.close_windows()
    return report(bare, program, counted)


def report(bare: BareCall, program: Times, counted: Times) -> str:
    """Put the figures beside each other and beside the goals."""
    lines = [
        f"{len(program.ring)} calls each; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        f"{'milliseconds':<52} median    p90",
        _row("bare, camera open: accept to frame at desk", bare.warm.accepting),
        _row("bare, camera open: accept to frame at terminal", bare.warm.waiting),
        _row("bare, camera opened by accept: at desk", bare.cold.accepting),
        _row("bare, camera opened by accept: at terminal", bare.cold.waiting),
        _row("program, countdown 0 s: accept to frame at desk", program.accepting),
        _row("program, countdown 0 s: accept to frame at terminal", program.waiting),
        _row(f"program, after a countdown of {COUNTDOWN_S} s: at desk", _after_countdown(counted.accepting)),
        _row(
            f"program, after a countdown of {COUNTDOWN_S} s: at terminal", _after_countdown(counted.waiting)
        ),
        _row("program: press to ring shown", program.ring),
        "",
        _ratio("frame at desk", program.accepting, bare.warm.accepting),
        _ratio("frame at terminal", program.waiting, bare.warm.waiting),
        _ratio("frame at desk, camera opened by accept in both", program.accepting, bare.cold.accepting),
        _ratio("frame at terminal, camera opened by accept in both", program.waiting, bare.cold.waiting),
        _ratio("frame at desk after the countdown", _after_countdown(counted.accepting), bare.warm.accepting),
        _ratio("frame at terminal after the countdown", _after_countdown(counted.waiting), bare.warm.waiting),
        _goal("press to ring shown", statistics.median(program.ring), RING_GOAL_MS, "ms"),
    ]
    return "\n".join(lines)


def _after_countdown(times: Sequence[float]) -> list[float]:
    return [time - COUNTDOWN_S * 1000 for time in times]


def _row(name: str, times: Sequence[float]) -> str:
    p90 = statistics.quantiles(times, n=10)[-1] if len(times) > 1 else times[0]
    return f"{name:<52} {statistics.median(times):>6.0f} {p90:>6.0f}"


def _ratio(name: str, times: Sequence[float], floor: Sequence[float]) -> str:
    return _goal(name, statistics.median(times) / statistics.median(floor), FLOOR_GOAL, "times the floor")


def _goal(name: str, value: float, goal: float, unit: str) -> str:
    verdict = "met" if value <= goal else f"missed by {value - goal:.2f}"
    return f"{name}: {value:.2f} {unit}, goal {goal:g}: {verdict}"


def main() -> None:
    """Run the benchmark and print its report."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else CALLS
    with seeded_data() as county:
        sys.stdout.write(asyncio.run(measure(county, calls)) + "\n")


if __name__ == "__main__":
    main()
