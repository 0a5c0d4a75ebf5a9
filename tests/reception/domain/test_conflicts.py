"""Conflicts of interest: every clause, and a hundred thousand counties against a second opinion."""

import random
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from reception.domain.conflicts import (
    Accusation,
    Accused,
    Conflict,
    Posting,
    Relative,
    Staff,
    UnitTree,
    barred_of,
    conflict_of,
    plain_name,
)

TODAY = date(2026, 3, 2)

# county ─┬ commission ─┬ office
#         │             └ supervision
#         ├ area ── town ── village
#         └ land
PARENTS = {
    "county": None,
    "commission": "county",
    "office": "commission",
    "supervision": "commission",
    "area": "county",
    "town": "area",
    "village": "town",
    "land": "county",
}
KINDS = {
    "county": "county",
    "commission": "commission",
    "office": "section",
    "supervision": "section",
    "area": "area",
    "town": "township",
    "village": "village",
    "land": "department",
}
TREE = UnitTree(PARENTS, KINDS)


def member(
    unit: str = "office", *postings: Posting, name: str = "赵一", relatives: tuple[Relative, ...] = ()
) -> Staff:
    return Staff("p1", name, unit, postings, relatives)


def accuse(*units: str, names: tuple[str, ...] = ()) -> Accusation:
    return Accusation(Accused(frozenset(units), frozenset(plain_name(name) for name in names)))


@pytest.mark.parametrize(
    ("accused", "unit", "is_barred"),
    [
        ("town", "town", True),  # the same unit
        ("town", "area", True),  # the area that leads it
        ("town", "village", True),  # below it
        ("village", "area", True),  # above, two steps
        ("area", "village", True),  # below, two steps
        ("land", "town", False),  # beside it
        ("town", "office", False),  # the commission's staff receives about townships
        ("town", "commission", False),  # and so do its leaders
        ("town", "county", False),  # the root is above everybody by its office
        ("land", "county", False),
        ("office", "supervision", False),  # another section receives about a section
        ("office", "commission", True),  # whose leaders are above the accused
        ("office", "county", False),
        ("commission", "office", True),  # a report about the house belongs to the level above
        ("county", "land", True),
        ("county", "office", True),
    ],
)
def test_a_unit_in_line_with_the_accused_one_is_barred(accused: str, unit: str, is_barred: bool) -> None:
    found = conflict_of(member(unit), accuse(accused), TREE, TODAY)

    assert found is (Conflict.UNIT if is_barred else None)


@pytest.mark.parametrize(
    ("left_on", "counts"),
    [
        (None, True),  # still held beside the main post
        (date(2026, 3, 1), True),
        (date(2023, 3, 3), True),
        (date(2023, 3, 2), True),  # three years ago to the day
        (date(2023, 3, 1), False),  # a day more
    ],
)
def test_a_post_counts_for_three_years_to_the_day(left_on: date | None, counts: bool) -> None:
    former = Posting("town", date(2019, 1, 1), left_on)

    found = conflict_of(member("office", former), accuse("town"), TREE, TODAY)

    assert found is (Conflict.UNIT if counts else None)


def test_a_post_left_on_a_leap_day_counts_to_the_last_day_of_february() -> None:
    former = Posting("town", date(2020, 1, 1), date(2024, 2, 29))

    assert former.counts(date(2027, 2, 28))
    assert not former.counts(date(2027, 3, 1))


def test_a_post_that_has_not_begun_does_not_count() -> None:
    assert not Posting("town", TODAY + timedelta(days=1)).counts(TODAY)


def test_the_accused_person_is_barred_whatever_the_unit() -> None:
    found = conflict_of(member("office", name="赵一"), accuse(names=("赵 一",)), TREE, TODAY)

    assert found is Conflict.ACCUSED


def test_a_relative_bars_by_name_and_by_unit() -> None:
    by_name = member(relatives=(Relative("land", "钱二"),))
    by_unit = member(relatives=(Relative("town"),))

    assert conflict_of(by_name, accuse(names=("钱二",)), TREE, TODAY) is Conflict.RELATIVE
    assert conflict_of(by_unit, accuse("village"), TREE, TODAY) is Conflict.RELATIVE
    assert conflict_of(by_unit, accuse("land"), TREE, TODAY) is None


def test_somebody_recused_is_barred_where_nobody_is_accused() -> None:
    assert conflict_of(member(), Accusation(recused=frozenset({"p1"})), TREE, TODAY) is Conflict.RECUSED
    assert conflict_of(member(), Accusation(recused=frozenset({"p2"})), TREE, TODAY) is None


@pytest.mark.parametrize(
    ("staff", "accusation", "tree"),
    [
        (member("nowhere"), accuse("land"), TREE),  # the post is in no known unit
        (member("office", Posting("nowhere", date(2025, 1, 1))), accuse("land"), TREE),
        (member(), accuse("nowhere"), TREE),  # the accused unit is not known
        (member(), Accusation(Accused(is_whole=False)), TREE),  # something entered can not be read
        (member("a"), accuse("b"), UnitTree({"a": "b", "b": "a"}, {})),  # a circle
        (member("a"), accuse("b"), UnitTree({"a": "gone", "b": None}, {})),  # a hole
    ],
)
def test_what_does_not_fit_together_bars(staff: Staff, accusation: Accusation, tree: UnitTree) -> None:
    assert conflict_of(staff, accusation, tree, TODAY) is Conflict.UNCLEAR


def test_an_unclear_tree_bars_nobody_where_nobody_is_accused() -> None:
    assert conflict_of(member("a"), Accusation(), UnitTree({"a": "a"}, {}), TODAY) is None


# A hundred thousand counties

COUNTIES = 100_000
_KINDS = ("county", "commission", "section", "group", "area", "township", "department", "village")
_NAMES = ("赵一", "钱二", "孙三", "李四", "周五", "吴六")

Rule = Callable[[Staff, Accusation, UnitTree, date], Conflict | None]


def a_county(chance: random.Random) -> tuple[list[Staff], Accusation, UnitTree]:
    """Make a small county; about one in ten has a circle, a hole or a post in an unknown unit."""
    size = chance.randint(1, 9)
    units = [f"u{number}" for number in range(size)]
    parents: dict[str, str | None] = {
        unit: chance.choice(units[:number]) if number and chance.random() < 0.9 else None
        for number, unit in enumerate(units)
    }
    if chance.random() < 0.07:
        parents[chance.choice(units)] = chance.choice([*units, "gone"])
    kinds = {unit: chance.choice(_KINDS) for unit in units}

    def some_unit() -> str:
        return chance.choice(units) if chance.random() < 0.985 else "unknown"

    def posting() -> Posting:
        since = TODAY - timedelta(days=chance.randint(-40, 3000))
        # Half of the ends lie within three days of the third anniversary.
        edge = date(2023, 3, 2) + timedelta(days=chance.randint(-3, 3))
        to = chance.choice([None, edge, TODAY - timedelta(days=chance.randint(0, 3000)), edge])
        return Posting(some_unit(), since, to)

    people = [
        Staff(
            f"p{number}",
            chance.choice(_NAMES),
            some_unit(),
            tuple(posting() for _ in range(chance.randint(0, 2))),
            tuple(Relative(some_unit(), chance.choice(("", *_NAMES))) for _ in range(chance.randint(0, 1))),
        )
        for number in range(3)
    ]
    accused = Accused(
        frozenset(some_unit() for _ in range(chance.randint(0, 2))),
        frozenset(plain_name(chance.choice(_NAMES)) for _ in range(chance.randint(0, 1))),
        is_whole=chance.random() < 0.99,
    )
    recused = frozenset(staff.person for staff in people if chance.random() < 0.05)
    return people, Accusation(accused, recused), UnitTree(parents, kinds)


def should_be_barred(staff: Staff, accusation: Accusation, tree: UnitTree, today: date) -> bool:
    """The rule said once more, by brute force over pairs: nothing here is shared with the module."""
    if staff.person in accusation.recused or not accusation.accused.is_whole:
        return True
    own = [staff.name, *(one.name for one in staff.relatives if one.name)]
    if set(own) & set(accusation.accused.names):
        return True
    units = [staff.unit, *(one.unit for one in staff.relatives)]
    anniversary = today.replace(year=today.year - 3)
    for post in staff.postings:
        has_begun = (today - post.since).days >= 0
        if has_begun and (post.to is None or (post.to - anniversary).days >= 0):
            units.append(post.unit)
    return any(_touch(tree, unit, accused) for unit in units for accused in accusation.accused.units)


def _touch(tree: UnitTree, unit: str, accused: str) -> bool:
    if unit not in tree.parents or accused not in tree.parents:
        return True
    chains = []
    for start in (unit, accused):
        chain = [start]
        while (above := tree.parents[chain[-1]]) is not None:
            if above not in tree.parents or len(chain) > len(tree.parents):
                return True
            chain.append(above)
        chains.append(chain)
    mine, theirs = chains
    if unit == accused or accused in mine:
        return True
    if unit not in theirs:
        return False
    if tree.kinds[unit] in ("county", "commission"):
        just_below = next(one for one in theirs if tree.parents[one] == unit)
        return tree.kinds[just_below] in ("section", "group")
    return True


def admitted_in_conflict(rule: Rule, counties: int, seed: int) -> tuple[int, int, int]:
    """Return how many were admitted and should not, were barred and should not, and were barred at all."""
    chance = random.Random(seed)
    admitted = refused = barred = 0
    for _ in range(counties):
        people, accusation, tree = a_county(chance)
        for staff in people:
            found = rule(staff, accusation, tree, TODAY) is not None
            wanted = should_be_barred(staff, accusation, tree, TODAY)
            admitted += wanted and not found
            refused += found and not wanted
            barred += found
    return admitted, refused, barred


def test_of_a_hundred_thousand_counties_none_admits_a_conflict() -> None:
    admitted, refused, barred = admitted_in_conflict(conflict_of, COUNTIES, seed=20260302)

    assert (admitted, refused) == (0, 0)
    assert COUNTIES < barred < 2 * COUNTIES  # the counties are worth looking at


def _without_postings(staff: Staff, accusation: Accusation, tree: UnitTree, today: date) -> Conflict | None:
    bare = Staff(staff.person, staff.name, staff.unit, (), staff.relatives)
    return conflict_of(bare, accusation, tree, today)


def _without_relatives(staff: Staff, accusation: Accusation, tree: UnitTree, today: date) -> Conflict | None:
    return conflict_of(Staff(staff.person, staff.name, staff.unit, staff.postings), accusation, tree, today)


def _without_names(staff: Staff, accusation: Accusation, tree: UnitTree, today: date) -> Conflict | None:
    accused = Accused(accusation.accused.units, is_whole=accusation.accused.is_whole)
    return conflict_of(staff, Accusation(accused, accusation.recused), tree, today)


def _without_recusals(staff: Staff, accusation: Accusation, tree: UnitTree, today: date) -> Conflict | None:
    return conflict_of(staff, Accusation(accusation.accused), tree, today)


def _a_day_short(staff: Staff, accusation: Accusation, tree: UnitTree, today: date) -> Conflict | None:
    return conflict_of(staff, accusation, tree, today + timedelta(days=1))


def _without_the_tree(staff: Staff, accusation: Accusation, tree: UnitTree, today: date) -> Conflict | None:
    return conflict_of(staff, accusation, UnitTree(dict.fromkeys(tree.parents), tree.kinds), today)


def _trusting(staff: Staff, accusation: Accusation, tree: UnitTree, today: date) -> Conflict | None:
    found = conflict_of(staff, accusation, tree, today)
    return None if found is Conflict.UNCLEAR else found


@pytest.mark.parametrize(
    "rule",
    [
        _without_postings,
        _without_relatives,
        _without_names,
        _without_recusals,
        _a_day_short,
        _without_the_tree,
        _trusting,
    ],
)
def test_a_rule_that_lacks_a_clause_is_found_out(rule: Rule) -> None:
    admitted, _, _ = admitted_in_conflict(rule, 2_000, seed=7)

    assert admitted > 0


def test_the_barred_are_named_with_their_reason() -> None:
    people = [Staff("a", "赵一", "town"), Staff("b", "钱二", "office"), Staff("c", "孙三", "land")]

    found = barred_of(people, accuse("town", names=("孙三",)), TREE, TODAY)

    assert found == {"a": Conflict.UNIT, "c": Conflict.ACCUSED}
