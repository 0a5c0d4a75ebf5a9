"""Kill -9 of the web server at random moments, under load (G1)."""

from pathlib import Path

import pytest

from tests.chaos import variants
from tests.chaos.process.kill_cycles import Report, run
from tests.chaos.process.staff import Staffed


def counted(report: Report) -> Report:
    """Refuse a run that proves nothing: too little was acknowledged, or no kill came in between."""
    assert report.acknowledged > report.cycles, report
    assert report.repeated > 0, report
    return report


@pytest.mark.timeout(300)
async def test_sixty_kills_lose_and_double_nothing(staffed: Staffed, tmp_path: Path) -> None:
    report = counted(await run(staffed, tmp_path / "clients.journal", cycles=60, seed=1))

    assert report.violations == [], report


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_a_thousand_kills_lose_and_double_nothing(staffed: Staffed, tmp_path: Path) -> None:
    report = counted(await run(staffed, tmp_path / "clients.journal", cycles=1000, seed=2))

    assert report.violations == [], report


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("variant", "complaint"),
    [
        ("acknowledge_early", "I1"),  # what was answered and killed before its commit
        ("forget_answers", "outcome_exists"),  # what was asked again and done again
        ("no_audit", "I5"),
    ],
)
async def test_a_planted_fault_is_convicted(
    staffed: Staffed, tmp_path: Path, variant: str, complaint: str
) -> None:
    entry, journal = variants.entry(variant), tmp_path / "clients.journal"

    report = await run(staffed, journal, cycles=20, seed=1, entry=entry, check_every=4)

    assert any(complaint in line for line in report.violations), report
