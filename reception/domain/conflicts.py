"""Who must not learn of a case: conflicts of interest over the unit tree.  No IO, no clock.

Source: 信访工作条例 art. 40 (回避) and domain paper 7.1, N-1: neither the accused nor the accused's unit
may learn who came, what was said, or that somebody came at all.
"""

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from dateutil.relativedelta import relativedelta

from reception.domain.errors import Refusal

LOOK_BACK = relativedelta(years=3)

# What stands above everybody by its office.  County root and commission receive petitions about every
# unit below them: if they counted as above, nobody would be left to receive.  The commission does count
# above its own sections and groups: there the accused is a colleague, and the others receive.
HOUSES = frozenset({"county", "commission"})
OWN_KINDS = frozenset({"section", "group"})


class Conflict(StrEnum):
    """Why somebody must not learn of a case; for the record, never shown to the person."""

    ACCUSED = "accused"  # the person is the one complained about
    UNIT = "unit"  # a present or concurrent post, or one of the past three years, in line with the unit
    RELATIVE = "relative"  # the same of a relative that the person declared
    RECUSED = "recused"  # the person's own recusal, or the visitor's request that was granted
    UNCLEAR = "unclear"  # the data do not fit together, so nothing is admitted


class ColleagueStaysOut(Refusal):
    """Said to a host: this colleague takes no part in the case; why is not said."""

    code = "colleague_stays_out"


@dataclass(frozen=True, slots=True)
class UnitTree:
    """The county's units.

    Attributes:
        parents: unit to the unit above it; None for a root.
        kinds: unit to its kind.
    """

    parents: Mapping[str, str | None]
    kinds: Mapping[str, str]

    def line_up(self, unit: str) -> tuple[str, ...] | None:
        """Return the unit and all above it; None where the tree has a hole or a circle there."""
        line: list[str] = []
        here: str | None = unit
        while here is not None:
            if here in line or here not in self.parents:
                return None
            line.append(here)
            here = self.parents[here]
        return tuple(line)


@dataclass(frozen=True, slots=True)
class Posting:
    """A post in a unit from a day on; `to` is the last day, None while it is held."""

    unit: str
    since: date
    to: date | None = None

    def counts(self, today: date) -> bool:
        """Tell whether the post is held today or was within the past three years, both days included.

        The last day that counts is the one of the same number three years on (民法典 art. 201, 202):
        a post left on 2023-03-02 counts up to and on 2026-03-02.
        """
        return self.since <= today and (self.to is None or self.to + LOOK_BACK >= today)


@dataclass(frozen=True, slots=True)
class Relative:
    """A relative as a member of staff declared it; without a name only the unit counts."""

    unit: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Staff:
    """What is known of a member of staff, as far as conflicts depend on it."""

    person: str
    name: str
    unit: str
    postings: tuple[Posting, ...] = ()
    relatives: tuple[Relative, ...] = ()


@dataclass(frozen=True, slots=True)
class Accused:
    """Whom a case complains about.

    Attributes:
        units: every unit that was entered and not taken back.
        names: the same of persons, each as `plain_name` writes it.
        is_whole: nothing was entered that could not be read here.
    """

    units: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Accusation:
    """One case, as far as conflicts depend on it."""

    accused: Accused = field(default_factory=Accused)
    recused: frozenset[str] = frozenset()


def conflict_of(staff: Staff, accusation: Accusation, tree: UnitTree, today: date) -> Conflict | None:
    """Return why this person must not learn of the case; None where nothing speaks against it.

    What does not fit together speaks against it: an accusation or a post in a unit that nobody knows,
    or a tree that runs in a circle.
    """
    if staff.person in accusation.recused:
        return Conflict.RECUSED
    accused = accusation.accused
    if not accused.is_whole:
        return Conflict.UNCLEAR
    if plain_name(staff.name) in accused.names:
        return Conflict.ACCUSED
    if any(plain_name(one.name) in accused.names for one in staff.relatives if one.name):
        return Conflict.RELATIVE
    if not accused.units:
        return None
    for why, units in ((Conflict.UNIT, _posts(staff, today)), (Conflict.RELATIVE, _homes(staff))):
        lines = [_in_line(tree, unit, accused.units) for unit in units]
        if None in lines:
            return Conflict.UNCLEAR
        if any(lines):
            return why
    return None


def barred_of(
    people: Iterable[Staff], accusation: Accusation, tree: UnitTree, today: date
) -> dict[str, Conflict]:
    """Return who of these people must not learn of the case, and why."""
    found = {staff.person: conflict_of(staff, accusation, tree, today) for staff in people}
    return {person: why for person, why in found.items() if why is not None}


def plain_name(name: str) -> str:
    """Bring a name into the form in which names are compared: no spaces, no dots, one width."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


def concerns(tree: UnitTree, accused: Collection[str], unit: str) -> bool:
    """Tell whether an accusation reaches a unit: equal to, above or below one that is accused."""
    return _in_line(tree, unit, accused) is not False


def _posts(staff: Staff, today: date) -> Iterator[str]:
    yield staff.unit
    yield from (posting.unit for posting in staff.postings if posting.counts(today))


def _homes(staff: Staff) -> Iterator[str]:
    yield from (relative.unit for relative in staff.relatives)


def _in_line(tree: UnitTree, unit: str, accused: Iterable[str]) -> bool | None:
    """Tell whether a unit is equal to, below or leads an accused one; None where the tree does not say."""
    up = tree.line_up(unit)
    if up is None:
        return None
    for other in accused:
        above = tree.line_up(other)
        if above is None:
            return None
        if other in up or (unit in above and _leads(tree, unit, above)):
            return True
    return False


def _leads(tree: UnitTree, upper: str, line: tuple[str, ...]) -> bool:
    """Tell whether a unit counts as above the one that `line` leads up from.

    An accused township's area does, and an accused office's township: they lead it from day to day.
    A house (`HOUSES`) does only where the way to it goes through one of its own sections or groups.
    """
    if tree.kinds.get(upper) not in HOUSES:
        return True
    return tree.kinds.get(line[line.index(upper) - 1]) in OWN_KINDS
