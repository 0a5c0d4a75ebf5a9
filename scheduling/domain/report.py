"""What a roster is worth: hours without anybody, and how evenly the shifts are dealt.  No IO, no clock."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.domain.roster import Facts, Span, Stretch, serving, stretches


@dataclass(frozen=True, slots=True)
class Share:
    """What one person does on a post in a period."""

    person: str
    shifts: int
    hours: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """How well a post is filled in a period.

    Attributes:
        gaps: times in which somebody should be there and nobody is, earliest first.
        shares: who does how much, most hours first.
    """

    expected_hours: float
    gaps: tuple[Span, ...]
    shares: tuple[Share, ...]

    @property
    def gap_hours(self) -> float:
        """Hours in which nobody is there."""
        return sum(map(hours_of, self.gaps))

    @property
    def covered_percent(self) -> float:
        """How much of what is expected is filled; 100 where nothing is expected."""
        return 100.0 if not self.expected_hours else 100 * (1 - self.gap_hours / self.expected_hours)

    @property
    def spread_hours(self) -> float:
        """How much more the busiest person does than the least busy; 0 is even."""
        hours = [share.hours for share in self.shares]
        return max(hours, default=0.0) - min(hours, default=0.0)


def coverage(facts: Facts, expected: Iterable[Span]) -> Coverage:
    """Compare who is on a post with when somebody should be.

    Args:
        expected: when somebody should be there, closed spans; any order, may overlap.
    """
    wanted = merged(expected)
    gaps: list[Span] = []
    shifts: dict[str, int] = {}
    hours: dict[str, float] = {}
    for stretch in filled(facts, wanted):
        part = Span(stretch.start, stretch.end)
        if not stretch.on:
            gaps.append(part)
        for entry in serving(stretch.on):
            shifts[entry.person] = shifts.get(entry.person, 0) + 1
            hours[entry.person] = hours.get(entry.person, 0.0) + hours_of(part)
    shares = [Share(person, shifts[person], hours[person]) for person in hours]
    shares.sort(key=lambda share: (-share.hours, share.person))
    return Coverage(sum(map(hours_of, wanted)), tuple(gaps), tuple(shares))


def filled(facts: Facts, wanted: Sequence[Span]) -> Iterator[Stretch]:
    """Say who is on a post within each wanted span, earliest first; a stretch with nobody is a gap.

    Args:
        wanted: closed spans, earliest first, apart from each other (`merged`).
    """
    if not wanted:
        return
    spans = iter(wanted)
    span = next(spans)
    for stretch in stretches(facts, wanted[0].start, _end(wanted[-1])):
        while span.start < stretch.end:
            start, end = max(span.start, stretch.start), min(_end(span), stretch.end)
            if start < end:
                yield Stretch(start, end, stretch.on)
            if _end(span) > stretch.end:
                break
            following = next(spans, None)
            if following is None:
                return
            span = following


def merged(spans: Iterable[Span]) -> list[Span]:
    """Join spans that overlap or touch, earliest first."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if joined and span.start <= _end(joined[-1]):
            joined[-1] = Span(joined[-1].start, max(_end(joined[-1]), _end(span)))
        else:
            joined.append(span)
    return joined


def within(spans: Iterable[Span], start: datetime, end: datetime) -> Iterator[Span]:
    """Cut spans to a period; what lies outside of it is dropped."""
    period = Span(start, end)
    for span in spans:
        common = span.common(period)
        if common is not None:
            yield common


def hours_of(span: Span) -> float:
    """Return the length of a closed span in hours."""
    return (_end(span) - span.start) / timedelta(hours=1)


def _end(span: Span) -> datetime:
    if span.end is None:
        raise ValueError("a span that is to be measured needs an end")
    return span.end
