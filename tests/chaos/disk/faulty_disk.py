"""A disk that lies, fills up, fails or crawls: a FUSE file system over a directory, in a process of its own.

What is written stays in the process's memory until it is synced; killing the process is a power cut.
A test sets faults by writing to the file `.faults` in its root.
"""

import contextlib
import ctypes.util
import errno
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mfusepy

from tests.support.program import ROOT

CONTROL = "/.faults"
_MOUNT_S, _UNMOUNT_S = 10.0, 3.0


@dataclass(slots=True)
class _Unsynced:
    """What a file looks like to its readers, and what of that is not on the disk yet."""

    content: bytearray
    steps: list[tuple[int, bytes | None]] = field(default_factory=list)  # offset and bytes, or a length


@dataclass(slots=True)
class Faults:
    """What the disk does wrong now.

    Attributes:
        full: nothing new has room.
        broken: which operations fail with an input/output error: `read`, `write`, `sync`.
        slow_s: how long each sync takes.
    """

    full: bool = False
    broken: frozenset[str] = frozenset()
    slow_s: float = 0.0

    @classmethod
    def read(cls, line: str) -> "Faults":
        """Read `full`, `broken:sync,write`, `slow:0.05`, or several of them with blanks between."""
        words = {name: value for name, _, value in (word.partition(":") for word in line.split())}
        broken = frozenset(words.get("broken", "").split(",")) - {""}
        return cls("full" in words, broken, float(words.get("slow") or 0))


class FaultyDisk(mfusepy.Operations):  # type: ignore[misc]  # the library ships no types
    """The operations; names and directories are kept at once, contents only when they are synced."""

    use_ns = True

    def __init__(self, backing: Path) -> None:
        self._backing = backing
        self._faults = Faults()
        self._unsynced: dict[str, _Unsynced] = {}
        self._lock = threading.RLock()

    def _real(self, path: str) -> Path:
        return self._backing / path.lstrip("/")

    def _refuse(self, operation: str) -> None:
        if operation in self._faults.broken:
            raise OSError(errno.EIO, "planted")
        if operation == "write" and self._faults.full:
            raise OSError(errno.ENOSPC, "planted")

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        if path == CONTROL:
            return {"st_mode": 0o100600, "st_nlink": 1, "st_size": 0}
        found = os.lstat(self._real(path))
        names = ("st_mode", "st_nlink", "st_uid", "st_gid")
        told: dict[str, Any] = {name: getattr(found, name) for name in names}
        told |= {name: getattr(found, f"{name}_ns") for name in ("st_atime", "st_mtime", "st_ctime")}
        with self._lock:
            kept = self._unsynced.get(path)
            told["st_size"] = found.st_size if kept is None else len(kept.content)
        return told

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *(entry.name for entry in self._real(path).iterdir())]

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        self._refuse("write")
        return os.open(self._real(path), os.O_RDWR | os.O_CREAT, mode)

    def open(self, path: str, flags: int) -> int:
        return 0 if path == CONTROL else os.open(self._real(path), os.O_RDWR)

    def release(self, path: str, fh: int) -> int:
        if path != CONTROL:
            os.close(fh)
        return 0

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        self._refuse("read")
        with self._lock:
            kept = self._unsynced.get(path)
            if kept is not None:
                return bytes(kept.content[offset : offset + size])
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        if path == CONTROL:
            self._control(data.decode())
            return len(data)
        self._refuse("write")
        with self._lock:
            kept = self._keep(path)
            if len(kept.content) < offset:
                kept.content.extend(bytes(offset - len(kept.content)))
            kept.content[offset : offset + len(data)] = data
            kept.steps.append((offset, bytes(data)))
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        if path == CONTROL:
            return 0
        self._refuse("write")
        with self._lock:
            kept = self._keep(path)
            kept.content[length:] = bytes(max(0, length - len(kept.content)))
            kept.steps.append((length, None))
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        self._refuse("sync")
        time.sleep(self._faults.slow_s)
        with self._lock:
            kept = self._unsynced.pop(path, None)
            if kept is not None:
                self._apply(path, kept.steps)
        return 0

    def unlink(self, path: str) -> int:
        with self._lock:
            self._unsynced.pop(path, None)
            self._real(path).unlink()
        return 0

    def rename(self, old: str, new: str) -> int:
        with self._lock:
            self._real(old).rename(self._real(new))
            kept = self._unsynced.pop(old, None)
            self._unsynced.pop(new, None)
            if kept is not None:
                self._unsynced[new] = kept
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        self._real(path).mkdir(mode)
        return 0

    def chmod(self, path: str, mode: int) -> int:
        self._real(path).chmod(mode)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        return 0

    def _keep(self, path: str) -> _Unsynced:
        if path not in self._unsynced:
            self._unsynced[path] = _Unsynced(bytearray(self._real(path).read_bytes()))
        return self._unsynced[path]

    def _apply(self, path: str, steps: list[tuple[int, bytes | None]]) -> None:
        with self._real(path).open("r+b") as file:
            for offset, data in steps:
                if data is None:
                    file.truncate(offset)
                else:
                    file.seek(offset)
                    file.write(data)

    def _control(self, line: str) -> None:
        word, _, seed = line.partition(" ")
        if word != "cut":
            self._faults = Faults.read(line)
            return
        # The drive had written some of it on its own, in an order of its own; then the power went.
        chance = random.Random(int(seed))
        with self._lock:
            for path, kept in self._unsynced.items():
                self._apply(path, [step for step in kept.steps if chance.random() < 0.5])
        os._exit(0)


@dataclass(slots=True)
class Disk:
    """A mounted disk.

    Attributes:
        root: where it is mounted.
        backing: what survives a power cut.
    """

    root: Path
    backing: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def mount(self) -> None:
        """Put it in; what was synced before is there again."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.disk.faulty_disk", str(self.backing), str(self.root)],
            cwd=ROOT,
        )
        deadline = time.monotonic() + _MOUNT_S
        while not self.root.is_mount():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise AssertionError("FUSE does not mount here")
            time.sleep(0.01)

    def set_faults(self, line: str) -> None:
        """Have faults from now on, e.g. `full`; an empty line ends them."""
        with (
            contextlib.suppress(OSError),
            (self.root / CONTROL.lstrip("/")).open("wb", buffering=0) as control,
        ):
            control.write((line or " ").encode())

    def cut_power(self, seed: int | None = None) -> None:
        """Lose what was not synced; with a seed, all but a random part of it."""
        if self._process is None:
            return
        if seed is None:
            self._process.send_signal(signal.SIGKILL)
        else:
            self.set_faults(f"cut {seed}")
        self._process.wait()
        self._process = None
        self.unmount()

    def unmount(self) -> None:
        """Take it out in order; nobody may still use it."""
        subprocess.run(["fusermount3", "-u", "-z", str(self.root)], check=False, capture_output=True)
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_UNMOUNT_S)
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def mounted_disk(directory: Path) -> Iterator[Disk]:
    """Mount a disk in `directory` and take it out at the end, whatever happened to it."""
    disk = Disk(directory / "disk", directory / "platter")
    disk.root.mkdir()
    disk.backing.mkdir()
    disk.mount()
    try:
        yield disk
    finally:
        disk.unmount()


if __name__ == "__main__":
    assert ctypes.util.find_library("fuse3"), "libfuse3 is missing"
    # direct_io off: SQLite maps its shared memory.  One thread: the order of writes is the order of calls.
    mfusepy.FUSE(
        FaultyDisk(Path(sys.argv[1])),
        sys.argv[2],
        foreground=True,
        nothreads=True,
        attr_timeout=0,
        entry_timeout=0,
    )
