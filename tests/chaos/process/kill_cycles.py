"""Kill -9 of the web server, again and again, under load: nothing acknowledged is lost, nothing doubled.

`python -m tests.chaos.process.kill_cycles --cycles 1000 --seed 7`
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.oracle import record
from tests.chaos.oracle.invariants import violations
from tests.chaos.oracle.journal import Journal
from tests.chaos.process.load import Load, load_on
from tests.chaos.process.service import SHIPPED, Service, service_on
from tests.chaos.process.staff import Staffed, staffed_county
from tests.chaos.report import end_in_order, numbers, say, verdict

# From the moment the server can work: before, during and long after the first requests.
LIFE_S = (0.0, 1.2)
CHECK_EVERY, BATCH = 20, 100


@dataclass(slots=True)
class Report:
    """What a run gave."""

    seed: int
    cycles: int = 0
    visits: int = 0
    acknowledged: int = 0
    repeated: int = 0
    starts_s: list[float] = field(default_factory=list)
    took_s: float = 0.0
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.cycles} kills, {self.visits} visits,"
            f" {self.acknowledged} writes acknowledged, {self.repeated} requests repeated,"
            f" start {numbers(self.starts_s)}, {self.took_s:.0f} s: {len(self.violations)} violations"
        )


async def run(
    staffed: Staffed,
    journal: Path,
    *,
    cycles: int,
    seed: int,
    entry: tuple[str, ...] = SHIPPED,
    check_every: int = CHECK_EVERY,
    is_loud: bool = False,
) -> Report:
    """Run the cycles on a copy of the county and ask the oracle; stops early at a violation."""
    chance, report, began = random.Random(seed), Report(seed), time.monotonic()
    with Journal(journal) as lines:
        async with service_on(staffed.data, entry=entry) as service:
            relay = service.relay_pid
            async with load_on(service.origin, staffed, lines, seed=seed) as load:
                while report.cycles < cycles and not (report.violations or load.broken):
                    await asyncio.sleep(chance.uniform(*LIFE_S))
                    await service.kill_web()
                    report.cycles += 1
                    report.starts_s.append(await service.start_web())
                    if report.cycles % check_every == 0:
                        _look(report, load, lines, service, staffed, is_loud=is_loud)
                await load.drain()
                report.visits, report.repeated = load.finished, load.repeated
                report.violations += load.broken
            if service.relay_pid != relay:
                report.violations.append("I8: the relay did not outlive the web server")
            await service.stop()
            await _look_at_what_is_left(report, lines, service, staffed)
    report.took_s = time.monotonic() - began
    return report


async def _look_at_what_is_left(report: Report, lines: Journal, service: Service, staffed: Staffed) -> None:
    """Ask everything of what a next start would find."""
    entries = lines.entries()
    report.acknowledged = len({entry.key for entry in entries if entry.mark == "ok"})
    report.violations += violations(entries, record.of_sqlite(service.database), rooms=staffed.rooms)
    report.violations += record.integrity_of(service.database)
    verified = await service.program.command("audit", "verify")
    if verified.returncode != 0:
        report.violations.append(f"I9: {verified.stderr.strip()}")


def _look(
    report: Report, load: Load, lines: Journal, service: Service, staffed: Staffed, *, is_loud: bool
) -> None:
    """Ask the oracle while everything runs."""
    # The journal first: what it says by now must be in the database that is read after it.
    entries = lines.entries()
    found = record.of_sqlite(service.database)
    report.violations += violations(entries, found, rooms=staffed.rooms, running=True) + load.broken
    if is_loud:
        say(f"{report.cycles} kills, {load.finished} visits, start {numbers(report.starts_s[-CHECK_EVERY:])}")


def main() -> int:
    """Run from the command line, batch by batch, each on a county of its own; exit 1 at a violation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from-batch", type=int, default=0, help="go on with a run that was ended")
    options = parser.parse_args()
    end_in_order()
    found: list[str] = []
    with staffed_county() as staffed, tempfile.TemporaryDirectory() as folder:
        for batch in range(options.from_batch, -(-options.cycles // BATCH)):
            journal = Path(folder) / f"{batch}.journal"
            cycles = min(BATCH, options.cycles - batch * BATCH)
            seed = options.seed * 1000 + batch
            report = asyncio.run(run(staffed, journal, cycles=cycles, seed=seed, is_loud=True))
            say(f"batch {batch}, {report}")
            for line in report.violations:
                say(f"  {line}")
            found += [f"batch {batch}: {line}" for line in report.violations]
    return verdict(found)


if __name__ == "__main__":
    sys.exit(main())
