"""Relay and web server as two processes of the test's own: started, frozen and killed by real signals.

The supervisor of the service waits longer before each restart of a child that dies early; here the next
life begins at once, so a harness gets through a thousand of them.
"""

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.program import READY_S, ROOT, Program, ProgramFailed, new_home

# How the web server is run: as it is shipped, or as a variant with a planted fault (`tests.chaos.variants`).
SHIPPED = ("-m", "reception")
STOP_S = 15.0
_BESIDE_THE_DATA = shutil.ignore_patterns("*.sock")


@dataclass(slots=True)
class Service:
    """One data directory with a relay and a web server on it.

    Attributes:
        program: names directory, ports and environment; its own `start` is not used.
        entry: what Python runs, without the command's arguments.
        disk: where the database is, when it is not in the data directory.
    """

    program: Program
    entry: tuple[str, ...] = SHIPPED
    disk: Path | None = None
    _relay: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _web: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _listening: socket.socket | None = field(default=None, init=False)
    _leash: tuple[int, int] = field(default_factory=os.pipe, init=False)

    @property
    def origin(self) -> str:
        """Where the pages are."""
        return self.program.origin

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.disk / "reception.db" if self.disk is not None else self.program.database

    @property
    def web_pid(self) -> int:
        """Process id of the web server."""
        if self._web is None:
            raise ProgramFailed("the web server was not started")
        return self._web.pid

    @property
    def relay_pid(self) -> int | None:
        """Process id of the relay, None once it has ended."""
        return self._relay.pid if self._relay is not None and self._relay.poll() is None else None

    def start_relay(self) -> None:
        """Start the relay; it is not touched again before `stop`."""
        settings = self.program.environment
        control = self.program.data_dir / "relay.sock"
        self._relay = self._spawn(
            *("-m", "signaling.media.relay", "--socket", str(control)),
            *("--host", "127.0.0.1", "--udp-ports", settings["RECEPTION_RELAY_UDP_PORTS"]),
            "--exit-on-stdin-close",
        )

    def spawn_web(
        self, environment: Mapping[str, str] | None = None, *, open_files: int | None = None
    ) -> None:
        """Start the web server without waiting for it.

        Args:
            environment: variables for this life alone.
            open_files: how many descriptors it may have, as `ulimit -n` says it.
        """
        if self._listening is None:
            # Kept open over every death, as the supervisor does: connections wait instead of being refused.
            address = self.origin.removeprefix("http://").split(":")
            self._listening = socket.create_server((address[0], int(address[1])), backlog=128)
        number = self._listening.fileno()
        self._web = self._spawn(
            *(*self.entry, "serve", "--fd", str(number), "--exit-on-stdin-close"),
            environment=environment,
            open_files=open_files,
            lent=(number,),
        )

    async def start_web(
        self, environment: Mapping[str, str] | None = None, *, open_files: int | None = None
    ) -> float:
        """Start the web server and wait until it can work; return the seconds that took."""
        began = time.monotonic()
        self.spawn_web(environment, open_files=open_files)
        await self.ready()
        return time.monotonic() - began

    async def ready(self) -> None:
        """Wait until `/readyz` says yes."""
        deadline = time.monotonic() + READY_S
        while not await self.program.is_ready():
            if self._web is None or self._web.poll() is not None:
                raise ProgramFailed(f"the web server ended by itself\n{self.log}")
            if time.monotonic() > deadline:
                raise ProgramFailed(f"not ready after {READY_S:.0f} s\n{self.log}")
            await asyncio.sleep(0.02)

    def signal_web(self, number: signal.Signals) -> None:
        """Send the web server a signal."""
        os.kill(self.web_pid, number)

    async def kill_web(self) -> None:
        """End the web server as a crash would, and wait until it is gone."""
        self.signal_web(signal.SIGKILL)
        await self.web_ended()

    async def web_ended(self, within_s: float = READY_S) -> int:
        """Wait until the web server has ended, by whatever; return its exit code, negative for a signal."""
        if self._web is None:
            raise ProgramFailed("the web server was not started")
        process = self._web
        return await asyncio.to_thread(process.wait, within_s)

    @property
    def web_runs(self) -> bool:
        """Whether the web server's process is alive."""
        return self._web is not None and self._web.poll() is None

    @property
    def log(self) -> str:
        """What both processes have written, over all lives."""
        path = self.program.home / "program.log"
        return path.read_text(errors="replace") if path.exists() else ""

    async def stop(self) -> None:
        """End both, in an orderly way where they still listen to it."""
        for process in (self._web, self._relay):
            if process is None or process.poll() is not None:
                continue
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.terminate()
            try:
                await asyncio.to_thread(process.wait, STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._listening is not None:
            self._listening.close()
            self._listening = None
            for end in self._leash:
                os.close(end)

    def _spawn(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        open_files: int | None = None,
        lent: tuple[int, ...] = (),
    ) -> subprocess.Popen[bytes]:
        def limit() -> None:
            if open_files is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))

        with (self.program.home / "program.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**self.program.environment, "RECEPTION_DEMO": "1", **(environment or {})},
                stdin=self._leash[0],  # the other end is ours: no child outlives a killed harness
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=lent,
                preexec_fn=limit,  # noqa: PLW1509 - no threads of ours hold a lock across the fork
            )


def _copy_synced(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    with target.open("rb+") as file:
        os.fsync(file.fileno())


@contextlib.asynccontextmanager
async def service_on(
    data: Path,
    settings: Mapping[str, str] | None = None,
    *,
    entry: tuple[str, ...] = SHIPPED,
    disk: Path | None = None,
) -> AsyncIterator[Service]:
    """Run relay and web server on a copy of prepared data.

    Args:
        disk: an existing directory that the database is put into, e.g. on a disk with faults.
    """
    wanted = {"countdown_s": "0", **(settings or {})}
    if disk is not None:
        wanted["database_url"] = f"sqlite+aiosqlite:///{disk / 'reception.db'}"
    program = Program(new_home(), wanted)
    service = Service(program, entry, disk)
    try:
        shutil.copytree(data, program.data_dir, ignore=_BESIDE_THE_DATA)
        if disk is not None:
            await asyncio.to_thread(_copy_synced, data / "reception.db", disk / "reception.db")
        service.start_relay()
        await service.start_web()
        yield service
    finally:
        await service.stop()
        program.close()
