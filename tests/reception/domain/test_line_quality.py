"""How good a line is: the thresholds, and a visit told in few words."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reception.domain.line_quality import (
    AT_MOST,
    EVERY,
    LIMITS,
    LOWEST,
    Measured,
    Sample,
    Verdict,
    condense,
    gaps,
    score_of,
    verdict_of,
)
from signaling.messages import Rung

CLEAN = Measured(loss=0, rtt_ms=40, jitter_ms=5, concealed=0, frozen=0)
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[3]
GRAPH = ROOT / "static/js/components/line-graph.js"
OPERATIONS = ROOT / "docs/operations.md"

measured = st.builds(
    Measured,
    loss=st.floats(0, 1),
    rtt_ms=st.floats(0, 1e9),
    jitter_ms=st.floats(0, 1e9),
    concealed=st.floats(0, 1),
    frozen=st.floats(0, 1),
)


def sample(second: float, score: int = 95, rung: str = "video") -> Sample:
    return Sample(NOON + timedelta(seconds=second), score, rung, "direct", rtt_ms=40, loss=0)


# The score


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (CLEAN, Verdict.GOOD),
        (replace(CLEAN, rtt_ms=300), Verdict.FAIR),  # a satellite, or a far TURN server
        (replace(CLEAN, loss=0.05), Verdict.FAIR),
        (replace(CLEAN, loss=0.2), Verdict.POOR),
        (replace(CLEAN, concealed=0.5), Verdict.BAD),  # half of the words are made up
        (replace(CLEAN, frozen=1), Verdict.BAD),
    ],
)
def test_the_worst_criterion_names_the_line(line: Measured, verdict: Verdict) -> None:
    assert verdict_of(score_of(line, "video")) is verdict


@pytest.mark.parametrize("criterion", LIMITS)
def test_a_value_at_its_limit_has_the_word_of_the_limit(criterion: str) -> None:
    limits = LIMITS[criterion]

    at = [replace(CLEAN, **{criterion: value}) for value in (limits.good, limits.fair, limits.poor)]

    assert [score_of(line, "video") for line in at] == [
        LOWEST[Verdict.GOOD],
        LOWEST[Verdict.FAIR],
        LOWEST[Verdict.POOR],
    ]


@given(line=measured, rung=st.sampled_from(list(AT_MOST)))
def test_a_score_is_a_number_from_0_to_100(line: Measured, rung: str) -> None:
    assert 0 <= score_of(line, rung) <= 100


@given(line=measured, criterion=st.sampled_from(list(LIMITS)), more=st.floats(1, 10))
def test_a_worse_value_never_makes_a_better_score(line: Measured, criterion: str, more: float) -> None:
    worse = replace(line, **{criterion: getattr(line, criterion) * more})

    assert score_of(worse, "video") <= score_of(line, "video")


def test_a_clean_trickle_is_no_good_line() -> None:
    scores = [score_of(CLEAN, rung) for rung in AT_MOST]

    assert scores == sorted(scores, reverse=True)
    assert verdict_of(score_of(CLEAN, "text")) is Verdict.BAD


def test_every_rung_of_the_protocol_has_a_place() -> None:
    assert tuple(AT_MOST) == get_args(Rung)


def test_the_browser_draws_the_words_at_the_same_scores() -> None:
    found = re.search(r"LOWEST = \{ (.*) \}", GRAPH.read_text())

    assert found is not None
    assert found[1] == ", ".join(f"{verdict}: {lowest}" for verdict, lowest in LOWEST.items())


@pytest.mark.parametrize("criterion", LIMITS)
def test_the_operations_page_names_the_limits(criterion: str) -> None:
    row = re.search(
        rf"^\| `{criterion}`: [^|]* \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$",
        OPERATIONS.read_text(),
        re.MULTILINE,
    )

    assert row is not None
    limits = LIMITS[criterion]
    assert [float(value) for value in row.groups()] == [limits.good, limits.fair, limits.poor]


# A visit in few words


def test_a_gap_is_what_no_heartbeat_speaks_of() -> None:
    (gap,) = gaps([sample(0), sample(5), sample(47), sample(52)])

    assert (gap.starts_at, gap.seconds) == (NOON + timedelta(seconds=5), 37)


def test_one_heartbeat_that_was_lost_is_no_gap() -> None:
    assert gaps([sample(0), sample(5), sample(16)]) == []


def test_a_stretch_tells_its_worst_moment() -> None:
    samples = [sample(second, score=90) for second in range(0, 3600, 5)]
    samples[100] = sample(500, score=12, rung="stills")

    told = condense(samples, most=60)

    worst = min(told, key=lambda stretch: stretch.score)
    assert len(told) <= 61
    assert (worst.score, worst.rung, worst.verdict) == (12, "stills", Verdict.BAD)


@given(seconds=st.lists(st.integers(3, 90), max_size=400), most=st.integers(1, 200))
def test_stretches_cover_every_sample_once_and_no_gap(seconds: list[int], most: int) -> None:
    at, samples = 0, []
    for pause in seconds:
        at += pause
        samples.append(sample(at))

    told = condense(samples, most=most)

    for one in samples:
        assert sum(stretch.starts_at < one.at <= stretch.ends_at for stretch in told) >= 1
    for gap in gaps(samples):
        assert all(stretch.ends_at <= gap.starts_at or stretch.starts_at >= gap.ends_at for stretch in told)
    assert all(stretch.ends_at - stretch.starts_at >= EVERY for stretch in told)
