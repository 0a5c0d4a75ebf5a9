"""The only way out for who came: one function from an identity to what an actor may see of it."""

from dataclasses import dataclass
from enum import StrEnum

_MASK = "*"


class Level(StrEnum):
    """How much of an identity is shown."""

    FULL = "full"
    MASKED = "masked"  # enough to tell two visitors apart, not enough to find one
    PSEUDONYM = "pseudonym"  # that somebody came, and in which role
    NONE = "none"  # not even that


@dataclass(frozen=True, slots=True)
class Person:
    """A visitor's identity; empty strings for what was not given, or is not shown.

    `repr` shows the role alone, so that no log and no traceback names a visitor.
    """

    role: str
    name: str = ""
    id_number: str = ""
    phone: str = ""
    address: str = ""

    def __repr__(self) -> str:
        return f"Person(role={self.role!r})"


def shown(person: Person, level: Level) -> Person:
    """Return what may be seen of a person at `level`."""
    if level is Level.FULL:
        return person
    if level is Level.MASKED:
        return Person(
            person.role,
            mask_name(person.name),
            mask_id_number(person.id_number),
            mask_phone(person.phone),
            mask_address(person.address),
        )
    return Person(person.role if level is Level.PSEUDONYM else "")


def mask_name(name: str) -> str:
    """张三丰 becomes 张*: the family name, and one star whatever the length."""
    return name[:1] + _MASK if name else ""


def mask_id_number(number: str) -> str:
    """Keep region and last four: 999999********1234; anything of another length is hidden whole."""
    if not number:
        return ""
    return f"{number[:6]}{_MASK * 8}{number[-4:]}" if len(number) == 18 else _MASK * 8


def mask_phone(number: str) -> str:
    """Keep the first three and last four: 138****0000; a short number is hidden whole."""
    if not number:
        return ""
    return f"{number[:3]}{_MASK * 4}{number[-4:]}" if len(number) >= 10 else _MASK * 8


def mask_address(address: str) -> str:
    """An address finds a person by itself, so nothing of it is kept."""
    return _MASK * 4 if address else ""
