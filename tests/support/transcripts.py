"""Non-interference: what accounts are told, written down so that two runs of a story can be compared.

Two stories that differ only in what an account must not learn have to leave the same transcript with it:
every answer of the server and every frame on its socket, with ids, numbers and moments brought into one form.
What is compared includes the length of every answer, because that, too, tells.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

PATHS = (
    "/api/v1/cases",
    "/api/v1/cases?page=2",
    "/api/v1/cases?state=in_call",
    "/api/v1/cases?state=outcome_pending",
    "/cases",
    "/schedule",
    "/api/v1/recusals",
)
# What shows who is busy, to colleagues in the same house: looked at while nobody is.
DESKS = ("/api/v1/desk", "/desk", "/liaison")


class Reply(Protocol):
    """An answer as the test clients return it."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def text(self) -> str: ...


class Asker(Protocol):
    """A signed-in account."""

    async def get(self, path: str) -> Reply: ...

    async def post(self, path: str, body: object = None) -> Reply: ...


# Each names something that differs between any two runs and says nothing of the visit.
_MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)"
_ID = r"(?<![\w-])(?:[ptg]-)?[A-Za-z0-9_-]{22}(?![\w-])"
_TOKEN = r"(?<![\w-])[A-Za-z0-9_-]{43}(?![\w-])"
_UUID = r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
_PLAIN = ((_MOMENT, "<moment>"), (_UUID, "<uuid>"), (_TOKEN, "<token>"), (r"\b[0-9a-f]{16}\b", "<hex>"))
_NUMBER = r"\b(?:XF|JF)\d{4}-\d{5,6}\b|\b[A-Z]-\d{3}\b"
# Kept out of the comparison: they name the request, not what was found.
_UNLIKE = frozenset({"date", "x-request-id", "etag", "last-modified", "set-cookie"})


@dataclass(slots=True)
class Transcript:
    """What one account was told, line by line.

    Attributes:
        masks: what was guessed, and the word that stands for it; a guess differs from run to run.
        is_counting: numbers of cases, tickets and receipts are compared as they are; otherwise by the order
            in which they were told.
    """

    masks: Mapping[str, str] = field(default_factory=dict)
    is_counting: bool = True
    lines: list[str] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)

    def note(self, what: str, told: str) -> None:
        """Write down something that was told."""
        self.lines.append(f"{what}: {self._plain(told)}")

    async def ask(self, account: Asker, paths: Iterable[str]) -> None:
        """Open every page and list, and everything that was guessed."""
        for path in paths:
            self._answer(f"GET {self._plain(path)}", await account.get(path))

    async def press(self, account: Asker, deeds: Iterable[tuple[str, object]]) -> None:
        """Try every deed on what was guessed."""
        for path, body in deeds:
            self._answer(f"POST {self._plain(path)}", await account.post(path, body))

    def _answer(self, what: str, reply: Reply) -> None:
        told = {name.lower(): value for name, value in reply.headers.items()}
        heads = [f"{name}={value}" for name, value in sorted(told.items()) if name not in _UNLIKE]
        self.note(what, f"{reply.status} {' '.join(heads)} {reply.text}")

    def _plain(self, told: str) -> str:
        for guess, word in self.masks.items():
            told = told.replace(guess, word)
        for pattern, word in _PLAIN:
            told = re.sub(pattern, word, told)
        if not self.is_counting:
            told = re.sub(_NUMBER, self._name, told)
        return re.sub(_ID, self._name, told)

    def _name(self, found: re.Match[str]) -> str:
        """Number what has no meaning in the order of the telling: the same place, the same name."""
        return self._names.setdefault(found.group(), f"<{len(self._names) + 1}>")


def differences(one: Mapping[str, Transcript], other: Mapping[str, Transcript]) -> list[str]:
    """Return where two runs differ, account by account; empty when nobody could tell them apart."""
    found = [f"accounts: {sorted(one)} and {sorted(other)}"] if one.keys() != other.keys() else []
    for name in sorted(one.keys() & other.keys()):
        lines = difflib.unified_diff(one[name].lines, other[name].lines, lineterm="", n=0)
        found += [f"{name} {line}" for line in lines if not line.startswith(("---", "+++", "@@"))]
    return found
