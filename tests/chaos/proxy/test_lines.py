"""Torn lines and a killed server: pages are back soon, nothing they were told is missing or doubled (G7)."""

from pathlib import Path

import pytest

from tests.chaos import variants
from tests.chaos.process.staff import Staffed
from tests.chaos.proxy.cuts import Report, kills, run

# The goals, and how much a busy two-core machine may add to them in the short tier.
P95_S, P99_S, KILLED_P95_S = 1.0, 2.0, 3.0
BUSY = 2.0


def is_within(report: Report, *, p95_s: float, p99_s: float) -> bool:
    return report.within(0.95) <= p95_s and report.within(0.99) <= p99_s


@pytest.mark.timeout(300)
async def test_two_hundred_torn_lines_are_back_soon_and_whole(staffed: Staffed, tmp_path: Path) -> None:
    report = await run(staffed, tmp_path / "clients.journal", cuts=200, seed=1)

    assert report.violations == [], report
    assert is_within(report, p95_s=P95_S * BUSY, p99_s=P99_S * BUSY), report


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_five_thousand_torn_lines_are_back_soon_and_whole(staffed: Staffed, tmp_path: Path) -> None:
    report = await run(staffed, tmp_path / "clients.journal", cuts=5000, seed=2)

    assert report.violations == [], report
    assert is_within(report, p95_s=P95_S, p99_s=P99_S), report


@pytest.mark.timeout(300)
async def test_after_a_killed_server_every_page_is_back_soon_and_whole(
    staffed: Staffed, tmp_path: Path
) -> None:
    report = await kills(staffed, tmp_path / "clients.journal", kills_=12, seed=1)

    assert report.violations == [], report
    assert report.within(0.95) <= KILLED_P95_S * BUSY, report


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_after_two_hundred_killed_servers_every_page_is_back_soon_and_whole(
    staffed: Staffed, tmp_path: Path
) -> None:
    report = await kills(staffed, tmp_path / "clients.journal", kills_=200, seed=2)

    assert report.violations == [], report
    assert report.within(0.95) <= KILLED_P95_S, report


@pytest.mark.timeout(180)
@pytest.mark.parametrize("variant", ["lose_one_event", "tell_twice"])
async def test_a_server_that_tells_too_little_or_too_much_is_convicted(
    staffed: Staffed, tmp_path: Path, variant: str
) -> None:
    journal, entry = tmp_path / "clients.journal", variants.entry(variant)

    report = await run(staffed, journal, cuts=60, seed=1, entry=entry)

    assert any(line.startswith("I6") for line in report.violations), report
