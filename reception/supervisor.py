"""Keeps the relay and the web server running: two children, each started again when it dies.

The relay is a process of its own so that a crash of the web server does not
touch a running call, and the other way round.  The listening socket is open
here and lent to the web server: while that is away, connections wait.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass, field

from reception.listening import BACKLOG
from reception.settings import Settings

logger = logging.getLogger(__name__)

STOP_S = 8.0  # an orderly stop of the web server closes its sockets first
SECOND_RETRY_S, LAST_RETRY_S = 0.05, 5.0  # the first one comes at once
_PASSWORD = "RECEPTION_DEMO_PASSWORD"  # noqa: S105 - the name of a variable
STEADY_S = 3.0  # a child that ran this long did its work, and is started again at once


@dataclass(slots=True)
class Child:
    """One process, kept alive until `stop`.

    Its standard input is a pipe that nobody writes to: when this process dies,
    even by SIGKILL, the pipe ends, and so does the child.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    lent: tuple[int, ...] = ()  # descriptors that it gets under the same numbers
    _process: asyncio.subprocess.Process | None = field(default=None, init=False)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def keep(self) -> None:
        """Run the child, again and again, until `stop`."""
        retry_s = 0.0
        while not self._stopping.is_set():
            started = time.monotonic()
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.PIPE,
                env=self.environment,
                pass_fds=self.lent,
                # Ctrl-C is for this process alone: it ends the children in order.
                start_new_session=True,
            )
            logger.info("child.started name=%s pid=%d", self.name, self._process.pid)
            code = await self._process.wait()
            if self._stopping.is_set():
                return
            ran_s = time.monotonic() - started
            if ran_s > STEADY_S:
                retry_s = 0.0
            logger.warning("child.died name=%s code=%d retry_s=%.2f", self.name, code, retry_s)
            await asyncio.sleep(retry_s)
            retry_s = min(max(retry_s * 2, SECOND_RETRY_S), LAST_RETRY_S)

    async def stop(self) -> None:
        """Ask the child to end, and make it end when it does not."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def children(settings: Settings, listening: socket.socket) -> tuple[Child, Child]:
    """Describe relay and web server; the latter serves the given socket."""
    inherited = {name: value for name, value in os.environ.items() if name != _PASSWORD}
    environment = {**inherited, **_as_environment(settings)}
    relay = [
        *(sys.executable, "-m", "signaling.media.relay"),
        *("--socket", str(settings.relay_path)),
        *("--host", settings.relay_host),
        *("--udp-ports", settings.relay_udp_ports),
        "--exit-on-stdin-close",
    ]
    lent = listening.fileno()
    web = [sys.executable, "-m", "reception", "serve", "--fd", str(lent), "--exit-on-stdin-close"]
    return Child("relay", relay, environment), Child("web", web, environment, lent=(lent,))


def _as_environment(settings: Settings) -> dict[str, str]:
    """Hand the settings on; the password of the demo accounts stays with this process."""
    values = {
        "LISTEN": settings.listen,
        "DATA_DIR": str(settings.data_dir.absolute()),
        "DATABASE_URL": settings.url,
        "DEMO": "1" if settings.demo else "0",
        "RELAY_SOCKET": str(settings.relay_path.absolute()),
    }
    return {f"RECEPTION_{name}": value for name, value in values.items()}


async def run(settings: Settings, listening: socket.socket) -> None:
    """Run both children until SIGINT or SIGTERM.

    Args:
        listening: bound to the address of the settings; from here on connections are taken.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    listening.listen(BACKLOG)
    relay, web = children(settings, listening)
    tasks = [asyncio.create_task(child.keep(), name=child.name) for child in (relay, web)]
    await stop.wait()
    # The web server first: it tells its pages to come back while the media still runs.
    await web.stop()
    await relay.stop()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
