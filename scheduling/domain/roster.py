"""Who is on a post at a moment, and why: shifts and their changes, leave, acting.  No IO, no clock."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scheduling.errors import SchedulingRefusal

MAX_CHAIN = 5  # how many deputies may stand behind one another


class OverrideOverlap(SchedulingRefusal):
    """Somebody else has been put on this post for a part of that time already."""

    code = "override_overlap"


class ActingCycle(SchedulingRefusal):
    """The deputies would stand in for one another in a circle."""

    code = "acting_cycle"


class ActingTooDeep(SchedulingRefusal):
    """Too many deputies would stand behind one another."""

    code = "acting_too_deep"


class ActingOverlap(SchedulingRefusal):
    """The person has a deputy for a part of that time already."""

    code = "acting_overlap"


class OnLeave(SchedulingRefusal):
    """The person is on leave for a part of that time."""

    code = "person_on_leave"


class NotYourShift(SchedulingRefusal):
    """There is no such shift of this person, or it was given away already."""

    code = "not_your_shift"


class AlreadyOnPost(SchedulingRefusal):
    """The person has a shift on this post for a part of that time already."""

    code = "already_on_post"


class NoGap(SchedulingRefusal):
    """Somebody is on the post then, so there is nothing to fill."""

    code = "no_gap"


class Why(StrEnum):
    """Why somebody is on a post."""

    OVERRIDE = "override"  # 调班: the office put somebody else there
    SWAP = "swap"  # 换班: two people agreed
    TAKEN = "taken"  # 接班: somebody filled a gap
    SHIFT = "shift"  # 值班: their turn in the rotation
    STANDING = "standing"  # 常任: holds the post when no shift applies
    HOLDER = "holder"  # 在岗: has the role in the unit, and no roster was made for it
    ACTING = "acting"  # 代理: stands in for somebody on leave
    DEPUTY = "deputy"  # 后备: next to ring, behind somebody who is there


_CHANGES = frozenset({Why.OVERRIDE, Why.SWAP, Why.TAKEN})
_LAYERS = (_CHANGES | {Why.SHIFT}, frozenset({Why.STANDING}), frozenset({Why.HOLDER}))


@dataclass(frozen=True, slots=True)
class Post:
    """A role in a unit: `department_liaison` of the land bureau."""

    role: str
    unit: str


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` up to but not including `end`; None means until further notice."""

    start: datetime
    end: datetime | None

    def covers(self, at: datetime) -> bool:
        """Tell whether a moment lies inside."""
        return self.start <= at and (self.end is None or at < self.end)

    def overlaps(self, other: "Span") -> bool:
        """Tell whether the two share a moment; spans that only touch do not."""
        return (other.end is None or self.start < other.end) and (self.end is None or other.start < self.end)

    def common(self, other: "Span") -> "Span | None":
        """Return what both cover, or None."""
        if not self.overlaps(other):
            return None
        ends = [end for end in (self.end, other.end) if end is not None]
        return Span(max(self.start, other.start), min(ends, default=None))


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody is put on a post.

    Attributes:
        why: never ACTING or DEPUTY, which follow from leave and acting.
        position: order among those who are on together.
        instead_of: whose shift a change takes; None takes all of them.
    """

    person: str
    span: Span
    why: Why
    position: int = 0
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """Somebody is away."""

    person: str
    span: Span


@dataclass(frozen=True, slots=True)
class Acting:
    """`deputy` stands in for `person` whenever that one is on leave."""

    person: str
    deputy: str
    span: Span


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that decides who is on one post."""

    turns: tuple[Turn, ...] = ()
    leaves: tuple[Leave, ...] = ()
    actings: tuple[Acting, ...] = ()


@dataclass(frozen=True, slots=True)
class OnPost:
    """Somebody who is on a post, with the reason.

    Attributes:
        instead_of: for whom, if for somebody else.
        until: when this is known to end; None when nothing is known to end it.
    """

    person: str
    why: Why
    instead_of: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time during which the same people are on a post; nobody means a gap if somebody should be."""

    start: datetime
    end: datetime
    on: tuple[OnPost, ...]


def resolve(facts: Facts, at: datetime) -> tuple[OnPost, ...]:
    """Tell who is on the post at a moment.

    Returns:
        Whom to ring first, then who else is on, then the deputies behind them.
        Nobody on leave, nobody twice, the same answer for the same facts in any order.
    """
    on = _on(facts, at)
    later = sorted(edge for edge in set(_edges(facts)) if edge > at)
    ends: dict[tuple[str, Why, str | None], datetime] = {}
    for edge in later:
        if len(ends) == len(on):
            break
        still = {_key(entry) for entry in _on(facts, edge)}
        for entry in on:
            if _key(entry) not in still:
                ends.setdefault(_key(entry), edge)
    return tuple(OnPost(entry.person, entry.why, entry.instead_of, ends.get(_key(entry))) for entry in on)


def stretches(facts: Facts, start: datetime, end: datetime) -> Iterator[Stretch]:
    """Cut a time into stretches with the same people, earliest first, without holes between them."""
    edges = [start, *sorted(edge for edge in set(_edges(facts)) if start < edge < end), end]
    begun, on = start, _on(facts, start) if start < end else ()
    for edge in edges[1:-1]:
        now_on = _on(facts, edge)
        if now_on != on:
            yield Stretch(begun, edge, on)
            begun, on = edge, now_on
    if begun < end:
        yield Stretch(begun, end, on)


def serving(on: Iterable[OnPost]) -> list[OnPost]:
    """Leave out who is only a deputy behind somebody who is there."""
    return [entry for entry in on if entry.why is not Why.DEPUTY]


def _key(entry: OnPost) -> tuple[str, Why, str | None]:
    return entry.person, entry.why, entry.instead_of


def _edges(facts: Facts) -> Iterator[datetime]:
    spans = [turn.span for turn in facts.turns]
    spans += [leave.span for leave in facts.leaves]
    spans += [acting.span for acting in facts.actings]
    for span in spans:
        yield span.start
        if span.end is not None:
            yield span.end


def _on(facts: Facts, at: datetime) -> tuple[OnPost, ...]:
    """Go through the layers until one of them has somebody who is not away."""
    away = {leave.person for leave in facts.leaves if leave.span.covers(at)}
    # Should the store ever hold two, the later start wins, then the name: any order of rows, one answer.
    valid = sorted(
        (acting for acting in facts.actings if acting.span.covers(at)),
        key=lambda acting: (acting.span.start, acting.deputy),
    )
    deputies = {acting.person: acting.deputy for acting in valid}
    turns = [turn for turn in facts.turns if turn.span.covers(at)]
    for layer in _LAYERS:
        found = _people(_called([turn for turn in turns if turn.why in layer]), away, deputies)
        if found:
            return tuple(found)
    return ()


def _called(turns: Sequence[Turn]) -> list[Turn]:
    """Apply the changes of a layer to its shifts; changes come first."""
    changes = [turn for turn in turns if turn.why in _CHANGES]
    takes_all = any(change.instead_of is None for change in changes if change.why is not Why.TAKEN)
    replaced = {change.instead_of for change in changes}
    kept = [
        turn for turn in turns if turn.why not in _CHANGES and not takes_all and turn.person not in replaced
    ]
    return sorted(changes, key=_order) + sorted(kept, key=_order)


def _order(turn: Turn) -> tuple[int, datetime, str, Why]:
    return turn.position, turn.span.start, turn.person, turn.why


def _people(turns: Sequence[Turn], away: set[str], deputies: dict[str, str]) -> list[OnPost]:
    found: dict[str, OnPost] = {}
    for turn in turns:
        if turn.person not in away:
            instead_of = turn.instead_of if turn.why in _CHANGES else None
            found.setdefault(turn.person, OnPost(turn.person, turn.why, instead_of))
            continue
        deputy = next((name for name in _chain(turn.person, deputies) if name not in away), None)
        if deputy is not None:
            found.setdefault(deputy, OnPost(deputy, Why.ACTING, turn.person))
    for person in list(found):
        for deputy in _chain(person, deputies):
            if deputy not in away:
                found.setdefault(deputy, OnPost(deputy, Why.DEPUTY, person))
    return list(found.values())


def _chain(person: str, deputies: dict[str, str]) -> Iterator[str]:
    """Go from deputy to deputy; ends after MAX_CHAIN even where the store holds a circle."""
    seen = {person}
    for _ in range(MAX_CHAIN):
        deputy = deputies.get(person)
        if deputy is None or deputy in seen:
            return
        yield deputy
        seen.add(deputy)
        person = deputy


def refuse_overlap(new: Turn, existing: Iterable[Turn]) -> None:
    """Raise OverrideOverlap when two changes would take the same shift at the same time."""
    for other in existing:
        takes_same = new.instead_of == other.instead_of or None in (new.instead_of, other.instead_of)
        if takes_same and new.span.overlaps(other.span):
            raise OverrideOverlap


def refuse_absent(person: str, span: Span, leaves: Iterable[Leave]) -> None:
    """Raise OnLeave when the person is away for a part of the time."""
    if any(leave.person == person and leave.span.overlaps(span) for leave in leaves):
        raise OnLeave


def refuse_double(person: str, span: Span, facts: Facts) -> None:
    """Raise AlreadyOnPost when the person is on the post anyway for a part of the time."""
    end = span.end or span.start
    for stretch in stretches(facts, span.start, end):
        if any(entry.person == person for entry in serving(stretch.on)):
            raise AlreadyOnPost


def refuse_no_gap(span: Span, facts: Facts) -> None:
    """Raise NoGap when somebody is on the post for a part of the time."""
    end = span.end or span.start
    if any(stretch.on for stretch in stretches(facts, span.start, end)):
        raise NoGap


def refuse_bad_chain(new: Acting, existing: Collection[Acting]) -> None:
    """Refuse a deputy who would close a circle, lengthen a chain too far, or come beside another.

    Only what is valid at the same time counts: A for B in March and B for A in April is no circle.

    Raises:
        ActingOverlap, ActingCycle, ActingTooDeep.
    """
    if any(other.person == new.person and other.span.overlaps(new.span) for other in existing):
        raise ActingOverlap
    below = _longest(new.deputy, new.span, existing, new.person, downwards=True)
    above = _longest(new.person, new.span, existing, new.deputy, downwards=False)
    if above + 1 + below > MAX_CHAIN:
        raise ActingTooDeep


def _longest(
    person: str, span: Span, existing: Collection[Acting], closing: str, *, downwards: bool, depth: int = 0
) -> int:
    """Return the longest chain from here that holds at one moment of `span`.

    Raises:
        ActingCycle: the chain comes back to `closing`.
    """
    if person == closing:
        raise ActingCycle
    if depth > MAX_CHAIN:
        raise ActingTooDeep
    longest = 0
    for acting in existing:
        here, beyond = (acting.person, acting.deputy) if downwards else (acting.deputy, acting.person)
        common = acting.span.common(span) if here == person else None
        if common is not None:
            further = _longest(beyond, common, existing, closing, downwards=downwards, depth=depth + 1)
            longest = max(longest, 1 + further)
    return longest


def swapped(asker: str, taker: str, given: Span, returned: Span | None) -> tuple[Turn, ...]:
    """Return the changes that carry a swap out: the asker's shift, and what is given in return."""
    there = Turn(taker, given, Why.SWAP, instead_of=asker)
    return (there,) if returned is None else (there, Turn(asker, returned, Why.SWAP, instead_of=taker))
