"""Two thousand counties under bad luck keep every invariant, and every planted bug is found (G10)."""

import time
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.sim.defects import DEFECTS, Defect, let_a_late_resume_begin_anew
from tests.chaos.sim.seeds import keep, kept_seeds
from tests.chaos.sim.world import Report, run

SEEDS = 2_000
LONG_SEEDS = 100_000
CPU_S = 60.0
STEPS_PER_S = 20_000
FOUND_WITHIN = 60  # seeds; the rarest planted bug is in one of nine

# What has to have happened for the seeds to mean anything, once in a hundred seeds at least.
MET = (
    *("_tear", "_freeze", "_crash", "_reload", "_cut_off"),
    *("go_on", "adopt", "gap", "expired", "taken_over", "late", "late hello", "told again", "lines"),
    *("answered", "admitted", "suspended", "returned", "again answered", "outcome", "outcome_pending"),
    *("never_resumed", "visitor_left", "wrap_up_left", "cancelled"),
)


def run_all(first: int, count: int) -> tuple[list[str], Counter[str], int]:
    """Run seeds; what failed, what was met, how many steps."""
    failed: list[str] = []
    met: Counter[str] = Counter()
    steps = 0
    for seed in range(first, first + count):
        report = run(seed)
        steps += report.steps
        met.update(report.met)
        if report.problem:
            failed.append(str(report))
    return failed, met, steps


def found_by(defect: Defect, monkeypatch: pytest.MonkeyPatch) -> Report | None:
    """The first seed that finds a planted bug."""
    defect(monkeypatch)
    reports = (run(seed) for seed in range(FOUND_WITHIN))
    return next((report for report in reports if report.problem), None)


@pytest.mark.timeout(600)  # half a minute of work, on a machine that may have much else to do
def test_two_thousand_counties_keep_every_invariant_after_every_step() -> None:
    began = time.process_time()

    failed, met, steps = run_all(0, SEEDS)

    cpu_s = time.process_time() - began
    assert failed == [], "\n".join(failed[:3])
    assert [what for what in MET if met[what] < SEEDS / 100] == []
    assert cpu_s < CPU_S
    assert steps / cpu_s > STEPS_PER_S


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_hundred_thousand_counties_keep_every_invariant_after_every_step() -> None:
    failed, _, _ = run_all(SEEDS, LONG_SEEDS)

    assert failed == [], "\n".join(failed[:3])


@pytest.mark.parametrize("seed", kept_seeds())
def test_a_seed_that_once_found_something_finds_nothing_more(seed: int) -> None:
    assert run(seed).problem == ""


def test_the_kept_seeds_would_find_a_late_resume_again(monkeypatch: pytest.MonkeyPatch) -> None:
    let_a_late_resume_begin_anew(monkeypatch)

    assert any(run(seed).problem for seed in kept_seeds())


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
def test_a_planted_bug_is_found(defect: Defect, monkeypatch: pytest.MonkeyPatch) -> None:
    report = found_by(defect, monkeypatch)

    assert report is not None
    assert f"seed {report.seed}" in str(report)
    assert report.last != []


def test_a_seed_tells_the_same_story_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = run(3), run(3)
    failed = found_by(DEFECTS[0], monkeypatch)

    assert failed is not None
    assert (first.steps, first.met) == (second.steps, second.met)
    assert str(run(failed.seed)) == str(failed)


def test_a_failing_seed_is_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "sim.txt"
    path.write_text("# seeds\n7  # why\n")

    keep(7, "again", path)
    keep(8, "I6", path)

    assert kept_seeds(path) == [7, 8]
