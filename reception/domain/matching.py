"""How likely two visits are of one person about one matter: points for evidence, never a decision.

No IO, no clock.  What is compared are identities and texts that somebody has opened; what comes out are
codes and points.  A person confirms or rejects; nothing here names, ranks or remembers a visitor.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import combinations

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from reception.domain.redaction import Person

# One sign is asked for at a time: the dictionary of phrases would cost every start a fifth of a second.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")

from pypinyin import Style, lazy_pinyin


class Evidence(StrEnum):
    """What speaks for it; shown in words, stored as codes."""

    SAME_ID = "same_id"
    SAME_PHONE = "same_phone"
    NAME_SOUNDS_ALIKE = "name_sounds_alike"
    SAME_PLACE = "same_place"
    SIMILAR_MATTER = "similar_matter"


# The number settles it.  Telephone and name, a shared telephone with the same matter, or name, place and
# matter together are enough to ask; a name alone, or a matter that half a village comes about, is not.
POINTS = {
    Evidence.SAME_ID: 6,
    Evidence.SAME_PHONE: 3,
    Evidence.NAME_SOUNDS_ALIKE: 2,
    Evidence.SIMILAR_MATTER: 2,
    Evidence.SAME_PLACE: 1,
}
PROPOSED_FROM = 5
OF_A_PERSON = frozenset({Evidence.SAME_ID, Evidence.SAME_PHONE, Evidence.NAME_SOUNDS_ALIKE})

_SOUNDS_ALIKE = 80.0  # of 100; 王建国 and 王建果 are 100, one syllable of three that is quite another is not
_SAME_PLACE = 90.0
_SIMILAR_MATTER = 22.0  # two texts about different things share 0 to 15
_ID_TYPOS = 2  # a digit and the check digit that follows from it
_LONGEST_NAME = 8  # syllables; the sounds of longer names are cut off here
# Sounds that dialects of the plain do not tell apart.
_FOLDS = ((re.compile(r"^([zcs])h"), r"\1"), (re.compile(r"([aei]n)g$"), r"\1"))
_NOT_A_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Likeness:
    """What was found, and how near the two matters are (0 to 100) to choose between several."""

    evidence: frozenset[Evidence]
    matter: float

    @property
    def points(self) -> int:
        """Sum of the evidence."""
        return sum(POINTS[code] for code in self.evidence)

    @property
    def is_worth_asking(self) -> bool:
        """Whether somebody is asked if it is the same."""
        return self.points >= PROPOSED_FROM

    @property
    def codes(self) -> str:
        """The evidence as it is stored, strongest first."""
        return ",".join(code for code in POINTS if code in self.evidence)


@lru_cache(maxsize=4096)
def _sound(sign: str) -> str:
    """Return how one character is read, without tone; a letter or digit is itself."""
    sound = lazy_pinyin(sign, style=Style.NORMAL)[0].lower()
    for pattern, folded in _FOLDS:
        sound = pattern.sub(folded, sound)
    return sound


def sounds_of(name: str) -> tuple[str, ...]:
    """Return the syllables of a name, each character read by itself, whatever stands beside it."""
    return tuple(_sound(sign) for sign in _NOT_A_LETTER.sub("", name))[:_LONGEST_NAME]


def sound_keys(name: str) -> frozenset[str]:
    """Return what two names that sound alike have in common: the whole sound, and it without one syllable.

    A name of two characters has no such shorter form but its syllables, and a family name alone would gather
    a tenth of the county; it is left out.
    """
    sounds = sounds_of(name)
    if not sounds:
        return frozenset()
    keys = {_key("whole", sounds)}
    if len(sounds) == 2:
        keys.add(_key("part", sounds[1:]))
    elif len(sounds) > 2:
        keys |= {_key("part", rest) for rest in combinations(sounds, len(sounds) - 1)}
    return frozenset(keys)


def _key(kind: str, sounds: Iterable[str]) -> str:
    # Letters and digits alone: an index drops everything else before it is compared.
    return "0".join((kind, *sounds))


def compare(one: Person, other: Person, matter: str, other_matter: str, *, same_township: bool) -> Likeness:
    """Compare two visitors and what they came about.

    Args:
        same_township: both visits were registered in one township: where they live, when no address says so.
    """
    near = similarity(matter, other_matter)
    found = _of_person(one, other)
    if found & OF_A_PERSON:
        if _is_same_place(one.address, other.address, same_township=same_township):
            found.add(Evidence.SAME_PLACE)
        if near >= _SIMILAR_MATTER:
            found.add(Evidence.SIMILAR_MATTER)
    return Likeness(frozenset(found), near)


def _of_person(one: Person, other: Person) -> set[Evidence]:
    """Return what speaks for one person; nothing where two numbers say that they are two."""
    if one.id_number and other.id_number:
        if one.id_number == other.id_number:
            return {Evidence.SAME_ID}
        if Levenshtein.distance(one.id_number, other.id_number) > _ID_TYPOS:
            return set()
    found = set()
    if one.phone and one.phone == other.phone:
        found.add(Evidence.SAME_PHONE)
    if is_name_alike(one.name, other.name):
        found.add(Evidence.NAME_SOUNDS_ALIKE)
    return found


def is_name_alike(one: str, other: str) -> bool:
    """Tell whether a name may be the other, misheard or mistyped by one character."""
    mine, theirs = sounds_of(one), sounds_of(other)
    if not mine or not theirs:
        return False
    if fuzz.ratio("".join(mine), "".join(theirs)) >= _SOUNDS_ALIKE:
        return True
    # One wrong character of three or more; of two, one wrong character is another person.
    return min(len(mine), len(theirs)) > 2 and Levenshtein.distance(mine, theirs) <= 1


def _is_same_place(one: str, other: str, *, same_township: bool) -> bool:
    if one and other:
        return fuzz.partial_ratio(one, other) >= _SAME_PLACE
    return same_township


def similarity(one: str, other: str) -> float:
    """Return how near two texts are, from 0 to 100: the share of the shorter one's pairs of characters.

    The second telling is rarely in the order of the first, so what stands beside what counts, not where.
    """
    mine, theirs = _pairs(one), _pairs(other)
    shorter = min(len(mine), len(theirs))
    return 100.0 * len(mine & theirs) / shorter if shorter else 0.0


def _pairs(text: str) -> set[str]:
    plain = _NOT_A_LETTER.sub("", text)
    return {plain[at : at + 2] for at in range(len(plain) - 1)}


def best(found: Iterable[Likeness]) -> Likeness | None:
    """Return the strongest of several, or None."""
    return max(found, key=lambda one: (one.points, one.matter), default=None)
