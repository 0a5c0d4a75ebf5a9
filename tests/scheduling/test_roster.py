"""Who is on a post: layers, leave, acting, swaps.  What holds for every roster is asked of invented ones."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain.roster import (
    MAX_CHAIN,
    Acting,
    ActingCycle,
    ActingOverlap,
    ActingTooDeep,
    AlreadyOnPost,
    Facts,
    Leave,
    NoGap,
    OnLeave,
    OnPost,
    OverrideOverlap,
    Span,
    Turn,
    Why,
    refuse_absent,
    refuse_bad_chain,
    refuse_double,
    refuse_no_gap,
    refuse_overlap,
    resolve,
    serving,
    stretches,
    swapped,
)

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
PEOPLE = "ABCDEF"


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def span(start: float, end: float | None) -> Span:
    return Span(at(start), None if end is None else at(end))


def shift(person: str, start: float, end: float) -> Turn:
    return Turn(person, span(start, end), Why.SHIFT)


def standing(person: str, position: int = 0) -> Turn:
    return Turn(person, span(0, None), Why.STANDING, position)


def who(facts: Facts, hour: float) -> list[tuple[str, str, str | None]]:
    return [(entry.person, entry.why.value, entry.instead_of) for entry in resolve(facts, at(hour))]


# Layers


def test_whose_turn_it_is_stands_before_who_holds_the_post_otherwise() -> None:
    facts = Facts((standing("B"), shift("A", 9, 17)))

    assert who(facts, 9) == [("A", "shift", None)]
    assert who(facts, 17) == [("B", "standing", None)], "a shift ends before its end"


def test_an_override_takes_the_shift_of_whom_it_names_and_leaves_the_others() -> None:
    override = Turn("C", span(9, 12), Why.OVERRIDE, instead_of="A")
    facts = Facts((shift("A", 9, 17), shift("B", 9, 17), override))

    assert who(facts, 10) == [("C", "override", "A"), ("B", "shift", None)]
    assert who(facts, 12) == [("A", "shift", None), ("B", "shift", None)]


def test_an_override_that_names_nobody_takes_the_whole_post() -> None:
    facts = Facts((shift("A", 9, 17), shift("B", 9, 17), Turn("C", span(9, 12), Why.OVERRIDE)))

    assert who(facts, 10) == [("C", "override", None)]


def test_who_fills_a_gap_takes_nobodys_shift() -> None:
    facts = Facts((shift("A", 9, 17), Turn("C", span(9, 12), Why.TAKEN)))

    assert who(facts, 10) == [("C", "taken", None), ("A", "shift", None)]


def test_nobody_is_on_a_post_without_a_roster() -> None:
    assert resolve(Facts(), at(9)) == ()


def test_the_answer_says_until_when_it_is_known_to_hold() -> None:
    facts = Facts((shift("A", 9, 17), standing("B")), (Leave("A", span(12, 14)),))

    assert resolve(facts, at(9)) == (OnPost("A", Why.SHIFT, None, at(12)),)
    assert resolve(facts, at(12)) == (OnPost("B", Why.STANDING, None, at(14)),)
    assert resolve(facts, at(18)) == (OnPost("B", Why.STANDING, None, None),)


# Leave and acting


def test_a_deputy_stands_in_for_whom_is_on_leave_and_names_them() -> None:
    facts = Facts((standing("A"),), (Leave("A", span(9, 17)),), (Acting("A", "B", span(0, None)),))

    assert who(facts, 10) == [("B", "acting", "A")]
    assert who(facts, 8) == [("A", "standing", None), ("B", "deputy", "A")], (
        "then the deputy is the next to ring"
    )


def test_a_deputy_on_leave_has_a_deputy_too() -> None:
    facts = Facts(
        (standing("A"),),
        (Leave("A", span(9, 17)), Leave("B", span(9, 17))),
        (Acting("A", "B", span(0, None)), Acting("B", "C", span(0, None))),
    )

    assert who(facts, 10) == [("C", "acting", "A")]


def test_leave_without_a_deputy_leaves_the_post_to_the_next_layer_or_to_nobody() -> None:
    away = (Leave("A", span(9, 17)),)

    assert who(Facts((shift("A", 9, 17), standing("B")), away), 10) == [("B", "standing", None)]
    assert who(Facts((shift("A", 9, 17),), away), 10) == []


def test_a_circle_in_the_store_ends_all_the_same() -> None:
    circle = (Acting("A", "B", span(0, None)), Acting("B", "A", span(0, None)))

    assert who(Facts((standing("A"),), (Leave("A", span(0, 9)), Leave("B", span(0, 9))), circle), 1) == []


def test_a_deputy_who_would_close_a_circle_is_refused() -> None:
    chain = [Acting("A", "B", span(0, 24)), Acting("B", "C", span(0, 24))]

    with pytest.raises(ActingCycle):
        refuse_bad_chain(Acting("C", "A", span(23, 30)), chain)
    with pytest.raises(ActingCycle):
        refuse_bad_chain(Acting("A", "A", span(30, 40)), chain)
    refuse_bad_chain(Acting("C", "A", span(24, 30)), chain)  # on another day there is no circle


def test_a_circle_needs_all_of_its_deputies_at_one_moment() -> None:
    chain = [Acting("A", "B", span(0, 4)), Acting("B", "C", span(6, 9))]

    refuse_bad_chain(Acting("C", "A", span(0, 9)), chain)


def test_a_chain_that_grows_too_long_is_refused_at_either_end() -> None:
    names = [chr(ord("A") + number) for number in range(MAX_CHAIN + 1)]
    chain = [Acting(one, next_, span(0, None)) for one, next_ in pairwise(names)]

    with pytest.raises(ActingTooDeep):
        refuse_bad_chain(Acting("Z", "A", span(0, None)), chain)
    with pytest.raises(ActingTooDeep):
        refuse_bad_chain(Acting(names[-1], "Z", span(0, None)), chain)
    refuse_bad_chain(Acting("Z", "B", span(0, None)), chain)


def test_nobody_has_two_deputies_at_once() -> None:
    with pytest.raises(ActingOverlap):
        refuse_bad_chain(Acting("A", "C", span(5, 9)), [Acting("A", "B", span(0, 6))])
    refuse_bad_chain(Acting("A", "C", span(6, 9)), [Acting("A", "B", span(0, 6))])


# Refusals of changes


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ((None, 9, 12), ("A", 11, 13), True),  # all of it, and a part of it
        (("A", 9, 12), ("A", 11, 13), True),
        (("A", 9, 12), ("A", 12, 13), False),  # half-open: they only touch
        (("A", 9, 12), ("B", 9, 12), False),  # two shifts side by side
    ],
)
def test_two_changes_of_one_shift_may_not_overlap(
    one: tuple[str | None, float, float], other: tuple[str | None, float, float], clash: bool
) -> None:
    first, second = (
        Turn("X", span(start, end), Why.OVERRIDE, instead_of=replaced)
        for replaced, start, end in (one, other)
    )

    if clash:
        with pytest.raises(OverrideOverlap):
            refuse_overlap(first, [second])
    else:
        refuse_overlap(first, [second])


def test_who_is_away_or_on_already_is_not_put_on() -> None:
    facts = Facts((shift("A", 9, 17),), (Leave("B", span(9, 12)),))

    with pytest.raises(OnLeave):
        refuse_absent("B", span(11, 13), facts.leaves)
    with pytest.raises(AlreadyOnPost):
        refuse_double("A", span(16, 20), facts)
    with pytest.raises(NoGap):
        refuse_no_gap(span(16, 20), facts)
    refuse_absent("B", span(12, 13), facts.leaves)
    refuse_double("A", span(17, 20), facts)
    refuse_no_gap(span(17, 20), facts)


# What holds for every roster

hours = st.integers(0, 48)
names = st.sampled_from(PEOPLE)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start = draw(hours)
    length = draw(st.integers(1, 24))
    return span(start, start + length)


turns = st.builds(
    Turn,
    names,
    spans(),
    st.sampled_from([why for why in Why if why not in (Why.ACTING, Why.DEPUTY)]),
    st.integers(0, 2),
    st.none() | names,
)
all_facts = st.builds(
    Facts,
    st.lists(turns, max_size=6).map(tuple),
    st.lists(st.builds(Leave, names, spans()), max_size=4).map(tuple),
    st.lists(st.builds(Acting, names, names, spans()), max_size=6).map(tuple),
)


@given(all_facts, hours)
def test_nobody_on_leave_is_on_a_post_and_nobody_twice(facts: Facts, hour: int) -> None:
    on = resolve(facts, at(hour))

    people = [entry.person for entry in on]
    away = {leave.person for leave in facts.leaves if leave.span.covers(at(hour))}
    assert not away & set(people)
    assert len(people) == len(set(people))


@given(all_facts, hours, st.randoms(use_true_random=False))
def test_the_order_of_the_facts_does_not_matter(facts: Facts, hour: int, chance: Random) -> None:
    mixed = Facts(
        tuple(chance.sample(facts.turns, len(facts.turns))),
        tuple(chance.sample(facts.leaves, len(facts.leaves))),
        tuple(chance.sample(facts.actings, len(facts.actings))),
    )

    assert resolve(mixed, at(hour)) == resolve(facts, at(hour))


@given(all_facts, hours)
def test_the_answer_holds_until_the_moment_it_names(facts: Facts, hour: int) -> None:
    for entry in resolve(facts, at(hour)):
        last = at(hour) if entry.until is None else entry.until - timedelta(minutes=1)
        still = {(one.person, one.why, one.instead_of) for one in resolve(facts, last)}
        assert (entry.person, entry.why, entry.instead_of) in still
        if entry.until is not None:
            then = {(one.person, one.why, one.instead_of) for one in resolve(facts, entry.until)}
            assert (entry.person, entry.why, entry.instead_of) not in then


@given(all_facts, hours, st.integers(1, 48))
def test_stretches_fill_the_time_and_say_what_resolve_says(facts: Facts, hour: int, length: int) -> None:
    found = list(stretches(facts, at(hour), at(hour + length)))

    assert found[0].start == at(hour)
    assert found[-1].end == at(hour + length)
    for earlier, later in pairwise(found):
        assert earlier.end == later.start
        assert earlier.on != later.on
    for stretch in found:
        people = [(entry.person, entry.why) for entry in resolve(facts, stretch.start)]
        assert [(entry.person, entry.why) for entry in stretch.on] == people


@given(st.lists(names, min_size=2, max_size=6), st.data())
def test_a_swap_keeps_the_post_covered(dealt: list[str], data: st.DataObject) -> None:
    """Shifts of eight hours without a hole; two of them change hands."""
    facts = Facts(tuple(shift(person, 8 * turn, 8 * turn + 8) for turn, person in enumerate(dealt)))
    given_, back = data.draw(st.integers(0, len(dealt) - 1)), data.draw(st.integers(0, len(dealt) - 1))
    asker, taker = dealt[given_], dealt[back]
    if asker == taker:
        return
    changes = swapped(asker, taker, span(8 * given_, 8 * given_ + 8), span(8 * back, 8 * back + 8))

    after = Facts(facts.turns + changes)

    for hour in range(8 * len(dealt)):
        assert serving(resolve(after, at(hour)))
    assert resolve(after, at(8 * given_))[0].person == taker
    assert resolve(after, at(8 * back))[0].person == asker


@given(st.lists(st.builds(Acting, names, names, spans()), max_size=12), hours)
def test_chains_that_were_let_in_have_no_circle_and_end(wanted: list[Acting], hour: int) -> None:
    kept: list[Acting] = []
    for acting in wanted:
        try:
            refuse_bad_chain(acting, kept)
        except (ActingCycle, ActingOverlap, ActingTooDeep):
            continue
        kept.append(acting)

    deputies = {one.person: one.deputy for one in kept if one.span.covers(at(hour))}
    assert len(deputies) == sum(one.span.covers(at(hour)) for one in kept), "one deputy at a time"
    for person in deputies:
        length, behind = 0, person
        while behind in deputies:
            behind, length = deputies[behind], length + 1
            assert length <= MAX_CHAIN
