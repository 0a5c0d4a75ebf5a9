"""Lines are torn in every way a network knows while their pages talk; they come back soon, and whole (G7).

`python -m tests.chaos.proxy.cuts --cuts 5000 --seed 7`, or `--kills 200` for the web server itself.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.process.service import SHIPPED
from tests.chaos.process.staff import Staffed, staffed_county
from tests.chaos.proxy.fault_proxy import FaultProxy
from tests.chaos.proxy.line import Line
from tests.chaos.proxy.talks import Talks, talks_on
from tests.chaos.report import end_in_order, numbers, percentile, say, verdict

TORN = ("reset", "finish", "half_open", "torn_after")
HELD = ("freeze", "trickle")  # nothing is lost: what waited arrives
CALM_S = (0.1, 0.8)
TRAFFIC_S = 5.0


@dataclass(slots=True)
class Report:
    """What a run gave; seconds from the fault to the resumed session, by kind of fault."""

    seed: int
    cuts: int = 0
    back_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    took_s: float = 0.0
    violations: list[str] = field(default_factory=list)

    @property
    def all_back_s(self) -> list[float]:
        """Every torn line's way back."""
        return [length for lengths in self.back_s.values() for length in lengths]

    def within(self, share: float) -> float:
        """Return the seconds within which this share of the lines was back."""
        return percentile(self.all_back_s, share)

    def __str__(self) -> str:
        kinds = "; ".join(f"{kind} {numbers(lengths)}" for kind, lengths in sorted(self.back_s.items()))
        return (
            f"seed {self.seed}: {self.cuts} faults, back {numbers(self.all_back_s)} ({kinds}),"
            f" {self.took_s:.0f} s: {len(self.violations)} violations"
        )


async def run(
    staffed: Staffed,
    journal: Path,
    *,
    cuts: int,
    seed: int,
    entry: tuple[str, ...] = SHIPPED,
    is_loud: bool = False,
) -> Report:
    """Tear the lines so many times, all at their own moments."""
    report, began = Report(seed), time.monotonic()
    async with talks_on(staffed, journal, seed=seed, entry=entry) as talks:
        tormentors = [
            _torment(report, line, proxy, cuts, random.Random(seed * 100 + number), is_loud=is_loud)
            for number, (line, proxy) in enumerate(zip(talks.lines, talks.proxies, strict=True))
        ]
        await asyncio.gather(*tormentors)
        await talks.hush()
        report.violations = talks.verdict()
    report.took_s = time.monotonic() - began
    return report


async def _torment(
    report: Report, line: Line, proxy: FaultProxy, cuts: int, chance: random.Random, *, is_loud: bool
) -> None:
    while report.cuts < cuts:
        report.cuts += 1
        if is_loud and report.cuts % 100 == 0:
            say(f"{report.cuts} faults, back {numbers(report.all_back_s[-100:])}")
        await asyncio.sleep(chance.uniform(*CALM_S))
        kind = chance.choice(TORN + HELD)
        if kind == "freeze":
            proxy.freeze()
            await asyncio.sleep(chance.uniform(0.1, 1.0))
            proxy.thaw()
        elif kind == "trickle":
            proxy.trickle(1)
            await asyncio.sleep(chance.uniform(0.1, 1.0))
            proxy.speed_up()
        else:
            report.back_s[kind].append(await _tear(line, proxy, kind, chance))


async def _tear(line: Line, proxy: FaultProxy, kind: str, chance: random.Random) -> float:
    openings = len(line.openings)
    if kind == "torn_after":
        # In the middle of a frame, wherever that is.
        try:
            async with asyncio.timeout(TRAFFIC_S):
                await proxy.torn_after(chance.randrange(1, 600))
        except TimeoutError:
            proxy.reset()
    else:
        getattr(proxy, kind)()
    torn = time.monotonic()
    return await line.opened(openings) - torn


async def kills(staffed: Staffed, journal: Path, *, kills_: int, seed: int) -> Report:
    """Kill the web server so many times while everybody talks; time each line's way back."""
    report, began = Report(seed), time.monotonic()
    async with talks_on(staffed, journal, seed=seed) as talks:
        for _ in range(kills_):
            await asyncio.sleep(talks.chance.uniform(*CALM_S))
            await _kill(report, talks)
        await talks.hush()
        report.violations = talks.verdict()
    report.took_s = time.monotonic() - began
    return report


async def _kill(report: Report, talks: Talks) -> None:
    openings = [len(line.openings) for line in talks.lines]
    killed = time.monotonic()
    await talks.service.kill_web()
    talks.service.spawn_web()
    report.cuts += 1
    back = await asyncio.gather(
        *(line.opened(known) for line, known in zip(talks.lines, openings, strict=True))
    )
    report.back_s["kill"] += [at - killed for at in back]


def main() -> int:
    """Run from the command line; exit 1 at a violation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=0, help="kill the web server instead")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    end_in_order()
    with staffed_county() as staffed, tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "clients.journal"
        if options.kills:
            work = kills(staffed, journal, kills_=options.kills, seed=options.seed)
        else:
            work = run(staffed, journal, cuts=options.cuts, seed=options.seed, is_loud=True)
        report = asyncio.run(work)
    say(str(report))
    return verdict(report.violations)


if __name__ == "__main__":
    sys.exit(main())
