"""Runs many seeds: `python -m tests.chaos.sim --seeds 20000 --first 7`. Failing ones are kept."""

import argparse
import sys
import time
from collections import Counter

from tests.chaos.report import end_in_order, say
from tests.chaos.sim.seeds import keep
from tests.chaos.sim.world import run

_SAY_EVERY = 1_000
_SHOWN = 5


def main() -> int:
    """Run the seeds that were asked for; 1 when one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2_000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first one")
    arguments = parser.parse_args()
    end_in_order()
    met: Counter[str] = Counter()
    steps = failed = 0
    began = time.process_time()
    for count, seed in enumerate(range(arguments.first, arguments.first + arguments.seeds), 1):
        report = run(seed)
        steps += report.steps
        met.update(report.met)
        if report.problem:
            failed += 1
            keep(seed, report.problem)
            say(str(report) if failed <= _SHOWN else f"seed {seed}: {report.problem}")
        if count % _SAY_EVERY == 0:
            say(f"{count} seeds, {steps} steps, {failed} failed")
    cpu_s = time.process_time() - began
    say(" ".join(f"{what}={number}" for what, number in sorted(met.items())))
    rate = steps / max(cpu_s, 0.001)
    say(f"{arguments.seeds} seeds, {steps} steps, {cpu_s:.1f} s CPU, {rate:.0f} steps/s, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
