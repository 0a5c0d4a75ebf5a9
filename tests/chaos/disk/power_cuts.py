"""The power goes, again and again, under load: what was acknowledged was synced (G3, F03).

`python -m tests.chaos.disk.power_cuts --cuts 200 --seed 7`
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.disk.faulty_disk import Disk, mounted_disk
from tests.chaos.oracle import record
from tests.chaos.oracle.invariants import violations
from tests.chaos.oracle.journal import Journal
from tests.chaos.process.load import load_on
from tests.chaos.process.service import SHIPPED, Service, service_on
from tests.chaos.process.staff import Staffed, staffed_county
from tests.chaos.report import end_in_order, say, verdict

LIFE_S = (0.3, 1.2)


@dataclass(slots=True)
class Report:
    """What a run gave."""

    seed: int
    cuts: int
    acknowledged: int
    took_s: float
    violations: list[str]

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.cuts} power cuts, {self.acknowledged} writes acknowledged,"
            f" {self.took_s:.0f} s: {len(self.violations)} violations"
        )


async def run(
    staffed: Staffed,
    folder: Path,
    *,
    cuts: int,
    seed: int,
    entry: tuple[str, ...] = SHIPPED,
    is_loud: bool = False,
) -> Report:
    """Run the cuts; every other one lets the drive keep a random part of what it was not asked to sync."""
    chance, began, done = random.Random(seed), time.monotonic(), 0
    found: list[str] = []
    with Journal(folder / "clients.journal") as lines, mounted_disk(folder) as disk:
        async with service_on(staffed.data, entry=entry, disk=disk.root) as service:
            async with load_on(service.origin, staffed, lines, seed=seed) as load:
                while done < cuts and not (found or load.broken):
                    await asyncio.sleep(chance.uniform(*LIFE_S))
                    await _cut(service, disk, seed=chance.randrange(2**32) if done % 2 else None)
                    done += 1
                    # Nobody runs: what is asked now is what the disk has kept.
                    found += _asked(lines, service, staffed, running=True)
                    await service.start_web()
                    if is_loud and done % 10 == 0:
                        say(f"{done} cuts, {load.finished} visits")
                await load.drain()
                found += load.broken
            await service.stop()
            found += _asked(lines, service, staffed, running=False)
        acknowledged = len({entry.key for entry in lines.entries() if entry.mark == "ok"})
    return Report(seed, done, acknowledged, time.monotonic() - began, found)


async def _cut(service: Service, disk: Disk, seed: int | None) -> None:
    # The process first: once it is dead it promises nothing more.  Then what the disk only remembers.
    await service.kill_web()
    await asyncio.to_thread(disk.cut_power, seed)
    await asyncio.to_thread(disk.mount)


def _asked(lines: Journal, service: Service, staffed: Staffed, *, running: bool) -> list[str]:
    return [
        *record.integrity_of(service.database),
        *violations(
            lines.entries(), record.of_sqlite(service.database), rooms=staffed.rooms, running=running
        ),
    ]


def main() -> int:
    """Run from the command line; exit 1 at a violation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    end_in_order()
    with staffed_county() as staffed, tempfile.TemporaryDirectory() as folder:
        run_it = run(staffed, Path(folder), cuts=options.cuts, seed=options.seed, is_loud=True)
        report = asyncio.run(run_it)
    say(str(report))
    return verdict(report.violations)


if __name__ == "__main__":
    sys.exit(main())
