"""What clients saw, written outside the system under test: the truth that its database is held against.

Every line reaches the disk before the client goes on, so a killed harness has not forgotten either.
"""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, Self

import msgspec

# invoke: the request leaves.  ok, fail: a definite answer came.  info: no answer, it may have happened.
# defect: an answer that no client should ever get, such as a 500.
Mark = Literal["invoke", "ok", "fail", "info", "defect"]


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a client's journal.

    Attributes:
        at: monotonic seconds of this machine.
        wall: seconds since the epoch.
        who: person or seat of the client.
        key: the idempotency key, or the id of a command; all lines of one intention share it.
        value: what was given back and must never be lost: a receipt, a ticket, a version.
    """

    at: float
    wall: float
    who: str
    op: str
    key: str
    mark: Mark
    visit: str = ""
    code: str = ""
    value: str = ""


class Journal:
    """An append-only file, synced line by line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("ab", buffering=0)
        self._encoder = msgspec.json.Encoder()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(
        self, mark: Mark, who: str, op: str, key: str, *, visit: str = "", code: str = "", value: str = ""
    ) -> None:
        """Append one line; a definite answer is on the disk when this returns."""
        entry = Entry(time.monotonic(), time.time(), who, op, key, mark, visit, code, value)
        self._file.write(self._encoder.encode(entry) + b"\n")
        if mark != "invoke":
            os.fsync(self._file.fileno())

    def entries(self) -> list[Entry]:
        """Read back everything that was written."""
        return list(read(self.path))


def read(path: Path) -> Iterator[Entry]:
    """Yield the entries of a journal file, in the order of writing."""
    decoder = msgspec.json.Decoder(Entry)
    for line in path.read_bytes().splitlines():
        yield decoder.decode(line)


def definite(entries: Iterable[Entry], mark: Mark, op: str) -> list[Entry]:
    """Return the lines of one operation that carry this mark, one per key."""
    return list({entry.key: entry for entry in entries if (entry.mark, entry.op) == (mark, op)}.values())


def unresolved(entries: Iterable[Entry], op: str) -> set[str]:
    """Return the keys of one operation that never had a definite answer: each may have happened once."""
    asked: set[str] = set()
    told: set[str] = set()
    for entry in entries:
        if entry.op == op:
            (told if entry.mark in ("ok", "fail") else asked).add(entry.key)
    return asked - told
