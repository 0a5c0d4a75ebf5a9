"""Looks for what must not be there: known texts in any bytes, in every spelling that software leaves."""

import base64
import contextlib
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_GZIP_MAGIC = b"\x1f\x8b\x08"
_EXPANDED_LIMIT = 64 * 1024 * 1024
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True)
class Canary:
    """A text that occurs nowhere else.

    Attributes:
        is_number: digits, which people and programs also write with separators.
    """

    name: str
    text: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A canary that was found."""

    canary: str
    spelling: str
    sink: str


def _base64_cores(raw: bytes) -> Iterator[bytes]:
    """Write bytes in Base64 as they look inside a longer text, at each of the three positions."""
    for shift in range(3):
        padded = b"\0" * shift + raw
        whole = base64.b64encode(padded)
        # The first and last signs also depend on the neighbours.
        first = {0: 0, 1: 2, 2: 3}[shift]
        yield whole[first : len(padded) * 8 // 6]


def _hex_lower(text: str) -> list[bytes]:
    return [text.encode().hex().encode()]


SPELLINGS: Mapping[str, Callable[[str], list[bytes]]] = {
    "utf-8": lambda text: [text.encode()],
    "gbk": lambda text: [text.encode("gb18030")],
    "utf-16-le": lambda text: [text.encode("utf-16-le")],
    "utf-16-be": lambda text: [text.encode("utf-16-be")],
    "base64": lambda text: list(_base64_cores(text.encode())),
    "base64 url": lambda text: [core.translate(_URL_SAFE) for core in _base64_cores(text.encode())],
    "hex": _hex_lower,
    "hex upper": lambda text: [_hex_lower(text)[0].upper()],
    "json": lambda text: [json.dumps(text)[1:-1].encode()],
    "python": lambda text: [repr(text.encode())[2:-1].encode()],
    "percent": lambda text: [quote(text, safe="").encode()],
}


class Sweep:
    """Searches bytes for a set of canaries."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        self._needles: list[tuple[str, str, bytes]] = []
        self._patterns: list[tuple[str, re.Pattern[bytes]]] = []
        for canary in canaries:
            for spelling, write in SPELLINGS.items():
                self._needles += [(canary.name, spelling, needle) for needle in set(write(canary.text))]
            if canary.is_number:
                pattern = rb"[ \-./_]{0,2}".join(re.escape(sign.encode()) for sign in canary.text)
                self._patterns.append((canary.name, re.compile(pattern)))

    def search(self, blob: bytes, sink: str) -> list[Hit]:
        """Return every canary found in the bytes, or in what is compressed inside them."""
        found: list[Hit] = []
        for part in (blob, *_expanded(blob)):
            found += [Hit(name, spelling, sink) for name, spelling, needle in self._needles if needle in part]
            found += [
                Hit(name, "separated", sink) for name, pattern in self._patterns if pattern.search(part)
            ]
        return found

    def search_files(self, folder: Path) -> list[Hit]:
        """Search every file below a folder, and the files' names."""
        found: list[Hit] = []
        for path in sorted(folder.rglob("*")):
            found += self.search(str(path.relative_to(folder)).encode(), f"name of {path.name}")
            if path.is_file():
                found += self.search(path.read_bytes(), path.name)
        return found

    def search_process(self, pid: int) -> list[Hit]:
        """Search a process's arguments and environment, as everybody on the machine may read them."""
        proc = Path("/proc") / str(pid)
        return [
            hit for name in ("cmdline", "environ") for hit in self.search((proc / name).read_bytes(), name)
        ]


def _expanded(blob: bytes) -> Iterator[bytes]:
    """Unpack every gzip stream inside the bytes; one that is cut off as far as it goes."""
    start = blob.find(_GZIP_MAGIC)
    while start >= 0:
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj(wbits=31).decompress(blob[start:], _EXPANDED_LIMIT)
        start = blob.find(_GZIP_MAGIC, start + 1)
