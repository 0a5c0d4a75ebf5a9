"""Runs the real program for a test: supervisor, web server, relay, on ports and in a directory of its own."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self, TextIO

import psutil

ROOT = Path(__file__).parents[2]
PASSWORD = "a fictional county 2026"

READY_S = 60.0  # a cold start compiles every module and seeds two years
STOP_S = 15.0
# Below the kernel's ephemeral range: neither a browser nor a client connection takes these by chance,
# not even in the second between a killed server and its successor.
FIRST_PORT, PORTS_EACH, BLOCKS = 18000, 60, 200

Child = Literal["web", "relay"]
_MARKS: Mapping[Child, str] = {"web": "serve", "relay": "signaling.media.relay"}


class ProgramFailed(Exception):
    """The program did not come up, or a command ended badly; the message carries its log."""


class Ports:
    """A block of ports, kept from every other program under test by a file lock."""

    def __init__(self) -> None:
        self._lock: TextIO | None = None
        for block in range(BLOCKS):
            # Held open for as long as the program runs; the kernel frees it even after SIGKILL.
            lock = (Path(tempfile.gettempdir()) / f"reception-ports-{block}.lock").open("w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                continue
            self.first = FIRST_PORT + block * PORTS_EACH
            if _is_free(self.first):
                self._lock = lock
                return
            lock.close()
        raise ProgramFailed("no free block of ports")

    @property
    def udp(self) -> str:
        """The range for the relay."""
        return f"{self.first}-{self.first + PORTS_EACH - 1}"

    def close(self) -> None:
        """Give the block back."""
        if self._lock is not None:
            self._lock.close()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass(slots=True)
class Program:
    """`python -m reception demo`, started in the background.

    Attributes:
        home: directory of its own; `data` below it is the program's data directory.
        settings: further `RECEPTION_*` values by lower-case name, e.g. `{"countdown_s": "0"}`.
    """

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    _ports: Ports = field(default_factory=Ports, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def data_dir(self) -> Path:
        """The program's data directory."""
        return self.home / "data"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data_dir / "reception.db"

    @property
    def origin(self) -> str:
        """Where the pages are, without a slash at the end."""
        return f"http://127.0.0.1:{self._ports.first}"

    @property
    def log(self) -> str:
        """What the three processes have written so far."""
        path = self.home / "program.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the program and its command line; nothing of this machine's own installation."""
        values = {
            "data_dir": str(self.data_dir),
            "listen": self.origin.removeprefix("http://"),
            "relay_udp_ports": self._ports.udp,
            "demo_password": PASSWORD,
            **self.settings,
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RECEPTION_")}
        return {**kept, **{f"RECEPTION_{name.upper()}": value for name, value in values.items()}}

    async def start(self) -> Self:
        """Start it and wait until it can work."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "program.log").open("ab") as log:
            # Not asyncio's: a program may outlive the event loop of the test that started it.
            self._process = subprocess.Popen(  # noqa: ASYNC220
                [sys.executable, "-m", "reception", "demo"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        await self.ready()
        return self

    async def ready(self) -> None:
        """Wait until `/readyz` says yes, also after a child was killed."""
        deadline = time.monotonic() + READY_S
        while not await self.is_ready():
            if self._process is None or self._process.poll() is not None:
                raise ProgramFailed(f"the program ended by itself\n{self.log}")
            if time.monotonic() > deadline:
                raise ProgramFailed(f"not ready after {READY_S:.0f} s\n{self.log}")
            await asyncio.sleep(0.05)

    async def is_ready(self) -> bool:
        """Ask `/readyz` once."""
        return await asyncio.to_thread(self._answers_ready)

    def _answers_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.origin}/readyz", timeout=2) as answer:  # noqa: S310 - our own
                return bool(answer.status == 200)
        except urllib.error.HTTPError as error:
            error.close()
            return False
        except OSError:
            return False

    def child(self, name: Child) -> psutil.Process | None:
        """Return a child process, or None while the supervisor is about to start it again."""
        if self._process is None:
            return None
        for process in psutil.Process(self._process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if _MARKS[name] in process.cmdline():
                    return process
        return None

    def kill(self, name: Child) -> int:
        """Kill a child as a crash would, and return the pid that is gone."""
        process = self.child(name)
        if process is None:
            raise ProgramFailed(f"{name} does not run")
        process.send_signal(signal.SIGKILL)
        return int(process.pid)

    async def restarted(self, name: Child, old: int) -> int:
        """Wait until the supervisor has put a new process in the place of `old`; return its pid."""
        async with asyncio.timeout(READY_S):
            while (process := self.child(name)) is None or process.pid == old:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.02)
        await self.ready()
        return int(process.pid)

    async def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m reception ARGUMENTS` on the same data; the exit code is the caller's to judge."""

        def run() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "reception", *arguments],
                cwd=ROOT,
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

        return await asyncio.to_thread(run)

    async def enrolment_code(self, room: str) -> str:
        """Have the command line issue a one-time code for a room."""
        done = await self.command("enrol", room)
        if done.returncode != 0:
            raise ProgramFailed(done.stderr)
        return done.stdout.strip()

    def query(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Read the database beside the running program."""
        return query(self.database, sql, *values)

    async def stop(self) -> None:
        """Stop it in an orderly way, then end whatever of it is left."""
        process, self._process = self._process, None
        if process is None:
            return
        family = _family(process.pid)
        if process.poll() is None:
            process.terminate()
        try:
            await asyncio.to_thread(process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for left in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                left.kill()

    def close(self) -> None:
        """Give the ports back and remove the directory."""
        self._ports.close()
        shutil.rmtree(self.home, ignore_errors=True)


def _family(pid: int) -> list[psutil.Process]:
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def query(database: Path, sql: str, *values: object) -> list[sqlite3.Row]:
    """Read an SQLite file; the connection is closed before the rows are returned."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)) as connection:
        connection.row_factory = sqlite3.Row
        rows: list[sqlite3.Row] = connection.execute(sql, values).fetchall()
        return rows


def new_home() -> Path:
    """Make a directory with a short name: the path of a Unix socket holds 107 characters."""
    return Path(tempfile.mkdtemp(prefix="reception-"))


@contextlib.contextmanager
def seeded_data() -> Iterator[Path]:
    """Yield a data directory with the demo county in it, made once and copied by each program."""
    program = Program(new_home())
    try:

        async def seed() -> None:
            await program.start()
            await program.stop()

        asyncio.run(seed())
        yield program.data_dir
    finally:
        program.close()


@contextlib.asynccontextmanager
async def running_program(data: Path, settings: Mapping[str, str] | None = None) -> AsyncIterator[Program]:
    """Run the program on a copy of prepared data."""
    program = Program(new_home(), settings or {})
    try:
        shutil.copytree(data, program.data_dir, ignore=shutil.ignore_patterns("*.sock"))
        await program.start()
        yield program
    finally:
        await program.stop()
        program.close()
