"""A PostgreSQL of the test's own, as durable as it is shipped, that is stopped and killed at will."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pgserver.postgres_server import PostgresServer


@dataclass(slots=True)
class Postgres:
    """A running server with one database."""

    server: "PostgresServer"

    @property
    def url(self) -> str:
        """`postgresql://…` of its database."""
        return str(self.server.get_uri())

    async def crash_and_recover(self) -> None:
        """Stop it as a power cut of its machine would, and start it again."""
        await asyncio.to_thread(self._stop_at_once)
        await asyncio.to_thread(self.server.ensure_postgres_running)

    def _stop_at_once(self) -> None:
        from pgserver._commands import POSTGRES_BIN_PATH

        subprocess.run(
            [POSTGRES_BIN_PATH / "pg_ctl", "-D", self.server.pgdata, "-m", "immediate", "-w", "stop"],
            user=self.server.system_user,
            cwd=self.server.pgdata,
            stdout=subprocess.DEVNULL,
            timeout=20,
            check=True,
        )

    def kill_backend(self, number: int) -> None:
        """Kill one process that serves a connection; the server then ends all the others, too."""
        children = psutil.Process(self.server.get_pid()).children()
        backends = [process for process in children if "[local]" in " ".join(process.cmdline())]
        if backends:
            os.kill(backends[number % len(backends)].pid, signal.SIGKILL)


@contextlib.contextmanager
def postgres_for_faults() -> Iterator[Postgres]:
    """Start a server in a directory of its own; stop it and remove the directory at the end."""
    folder = Path(tempfile.mkdtemp(prefix="reception-postgres-"))
    # The library picks the folder of its lock from here, and warns where there is none.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pgserver.postgres_server import get_server

    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        yield Postgres(server)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
