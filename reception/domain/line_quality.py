"""How good a line is: one number from what a browser measured, by thresholds as data. No IO, no clock.

The score is that of the worst criterion, because people suffer from the worst one: a line without loss
on which every answer comes after a second is a bad line.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType

BEST = 100


class Verdict(StrEnum):
    """A score in one word."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    BAD = "bad"


LOWEST: Mapping[Verdict, int] = MappingProxyType(
    {Verdict.GOOD: 80, Verdict.FAIR: 55, Verdict.POOR: 30, Verdict.BAD: 0}
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured over some seconds.

    Attributes:
        loss: share of packets lost, the worse of both directions, 0 to 1.
        rtt_ms: to the relay and back.
        jitter_ms: how unevenly sound arrived.
        concealed: share of sound that had to be made up.
        frozen: share of the time during which a picture stood still.
    """

    loss: float
    rtt_ms: float
    jitter_ms: float
    concealed: float
    frozen: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Up to which value a criterion is good, fair, poor; at twice the last it is worth nothing."""

    good: float
    fair: float
    poor: float


# ITU-T G.114 for delay (a round trip here, one way there); the rest from what Opus with redundancy and
# VP8 at 360p were seen to bear.
LIMITS: Mapping[str, Limits] = MappingProxyType(
    {
        "loss": Limits(0.03, 0.10, 0.25),
        "rtt_ms": Limits(200, 400, 800),
        "jitter_ms": Limits(30, 60, 120),
        "concealed": Limits(0.02, 0.06, 0.18),
        "frozen": Limits(0.04, 0.15, 0.40),
    }
)

# Who gets stills or sound alone has no good line, however clean the little is that still runs.
AT_MOST: Mapping[str, int] = MappingProxyType(
    {"video_high": 100, "video": 100, "video_low": 74, "stills": 50, "audio": 40, "text": 15}
)


def score_of(measured: Measured, rung: str) -> int:
    """Return 0 (nothing gets through) to 100 (good)."""
    worst = min(_score(getattr(measured, name), limits) for name, limits in LIMITS.items())
    return min(worst, AT_MOST[rung])


def verdict_of(score: int) -> Verdict:
    """Return the word for a score."""
    return next(verdict for verdict, lowest in LOWEST.items() if score >= lowest)


def _score(value: float, limits: Limits) -> int:
    """Straight lines between the limits, so that a small change never jumps a word."""
    corners = [
        (0.0, float(BEST)),
        (limits.good, float(LOWEST[Verdict.GOOD])),
        (limits.fair, float(LOWEST[Verdict.FAIR])),
        (limits.poor, float(LOWEST[Verdict.POOR])),
        (2 * limits.poor, 0.0),
    ]
    for (left, high), (right, low) in pairwise(corners):
        if value <= right:
            return round(high + (low - high) * (value - left) / (right - left))
    return 0


@dataclass(frozen=True, slots=True)
class Sample:
    """One heartbeat of one participant, as far as a record needs it."""

    at: datetime
    score: int
    rung: str
    route: str
    rtt_ms: float
    loss: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some seconds of a line: the worst of them, because the record is asked about what went wrong.

    Attributes:
        starts_at, ends_at: half-open.
        rung: the lowest one stood on.
    """

    starts_at: datetime
    ends_at: datetime
    score: int
    rung: str
    route: str
    rtt_ms: float
    loss: float

    @property
    def verdict(self) -> Verdict:
        """The word for it."""
        return verdict_of(self.score)


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without a heartbeat: the page, its network or the service was away."""

    starts_at: datetime
    ends_at: datetime

    @property
    def seconds(self) -> int:
        """How long."""
        return round((self.ends_at - self.starts_at).total_seconds())


EVERY = timedelta(seconds=5)
# One heartbeat may be late or lost without anybody having been away.
GAP_FROM = timedelta(seconds=13)


def gaps(samples: Sequence[Sample]) -> list[Gap]:
    """Return the gaps between samples that are in order of time."""
    return [
        Gap(before.at, after.at - EVERY)
        for before, after in pairwise(samples)
        if after.at - before.at >= GAP_FROM
    ]


def condense(samples: Sequence[Sample], *, most: int = 120) -> list[Stretch]:
    """Tell a whole visit in a readable number of stretches; none of them covers a gap.

    Args:
        samples: in order of time.
        most: about how many stretches a visit without gaps has at the most; > 0.
    """
    if not samples:
        return []
    span = samples[-1].at - samples[0].at
    width = max(EVERY, span / most)
    stretches: list[list[Sample]] = []
    for sample in samples:
        kept = stretches[-1] if stretches else None
        if kept and sample.at - kept[0].at < width and sample.at - kept[-1].at < GAP_FROM:
            kept.append(sample)
        else:
            stretches.append([sample])
    return [_stretch(kept) for kept in stretches]


def _stretch(kept: Sequence[Sample]) -> Stretch:
    worst = min(kept, key=lambda sample: sample.score)
    return Stretch(
        starts_at=kept[0].at - EVERY,  # a heartbeat speaks of the seconds before it
        ends_at=kept[-1].at,
        score=worst.score,
        rung=_lowest(sample.rung for sample in kept),
        route=kept[-1].route,
        rtt_ms=max(sample.rtt_ms for sample in kept),
        loss=max(sample.loss for sample in kept),
    )


def _lowest(rungs: Iterable[str]) -> str:
    order = list(AT_MOST)
    return max(rungs, key=order.index)
