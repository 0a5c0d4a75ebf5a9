"""A disk that forgets what it was not asked to sync: nothing acknowledged is among that (G3, F03)."""

from pathlib import Path

import pytest

from tests.chaos import variants
from tests.chaos.disk.power_cuts import run
from tests.chaos.process.staff import Staffed


@pytest.mark.timeout(180)
async def test_ten_power_cuts_lose_nothing(staffed: Staffed, tmp_path: Path) -> None:
    report = await run(staffed, tmp_path, cuts=10, seed=1)

    assert report.acknowledged > report.cuts
    assert report.violations == [], report


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_two_hundred_power_cuts_lose_nothing(staffed: Staffed, tmp_path: Path) -> None:
    report = await run(staffed, tmp_path, cuts=200, seed=2)

    assert report.violations == [], report


@pytest.mark.timeout(180)
async def test_a_database_that_does_not_wait_for_the_disk_is_convicted(
    staffed: Staffed, tmp_path: Path
) -> None:
    report = await run(staffed, tmp_path, cuts=10, seed=1, entry=variants.entry("sync_normal"))

    assert any(line.startswith("I1") for line in report.violations), report
