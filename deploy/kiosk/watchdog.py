#!/usr/bin/env python3
"""Keeps a terminal's browser running: starts it, looks at it every second, starts it anew when it has died.

Nobody stands beside a terminal, so three deaths have to be noticed without a person: the browser is gone,
the process that draws the page has crashed, or the page hangs.  The page gives a sign of life every two
seconds: it writes one number to its IndexedDB, and this program looks when those files were written last.
That needs no developer tools, no open port, no exception in the page's security policy and no window
system, and it proves that the page's own loop still turns.

Standard library only, Python 3.9 or newer: it runs on what the terminal's system brings along.
Run as `watchdog.py /etc/reception-terminal.conf`; the file is described beside it.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import NamedTuple
from urllib.parse import urlsplit

logger = logging.getLogger("reception-terminal")

LOOK_S = 1.0
SILENT_S = 45.0  # a page that hangs; a machine under load may take some seconds
CRASHED_S = 6.0  # three signs of life missed, and a process that drew pages is gone
FIRST_SIGN_S = 60.0  # a cold start on a slow disk
SERVER_BACK_S = 10.0  # the browser tries an unreachable page again by itself
STOP_S = 3.0
LONGEST_PAUSE_S = 30.0
FULL_BYTES = 16 * 1024 * 1024  # below this the page cannot write: its silence proves nothing
FLAGS = (
    "--kiosk",
    "--no-first-run",
    "--no-default-browser-check",
    "--noerrdialogs",
    "--hide-crash-restore-bubble",
    "--disable-session-crashed-bubble",
    "--disable-infobars",
    "--disable-pinch",
    "--overscroll-history-navigation=0",
    "--disable-features=Translate,SpareRendererForSitePerProcess",
    "--autoplay-policy=no-user-gesture-required",
    "--password-store=basic",  # no key ring asks for a password at boot
)


class Config(NamedTuple):
    """What a terminal's configuration file says.

    Attributes:
        origin: of the service, e.g. `https://reception.county.example`.
        flags: further flags of the browser.
    """

    origin: str
    browser: str
    profile: Path
    flags: tuple[str, ...] = ()


def read_config(path: Path) -> Config:
    """Read `NAME=value` lines, as systemd reads them; `#` begins a comment line.

    Raises:
        ValueError: the origin is missing or no origin.
    """
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#") and "=" in line)
    values = {name.strip(): value.strip() for name, value in pairs}
    origin = values.get("ORIGIN", "").rstrip("/")
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
        raise ValueError(f"{path}: ORIGIN must be like https://reception.county.example")
    return Config(
        origin=origin,
        browser=values.get("BROWSER", "chromium"),
        profile=Path(values.get("PROFILE", "~/.local/share/reception-terminal")).expanduser(),
        flags=tuple(values.get("FLAGS", "").split()),
    )


class Look(NamedTuple):
    """What is seen of the browser at one moment; times are seconds of one steady clock.

    Attributes:
        sign_at: last sign of life of the page since this start; None before the first.
        renderers: processes that draw pages.
        renderers_then: the same when the last sign of life was given.
        server_since: since when the server can be reached; None while it cannot.
    """

    now: float
    started_at: float
    is_running: bool
    sign_at: float | None = None
    renderers: frozenset[int] = frozenset()
    renderers_then: frozenset[int] = frozenset()
    server_since: float | None = None
    is_disk_full: bool = False


def why_restart(look: Look) -> str:
    """Say why the browser has to be started anew; empty when it is well. Pure."""
    if not look.is_running:
        return "browser_gone"
    if look.sign_at is None:
        server_s = look.now - look.server_since if look.server_since is not None else 0.0
        waited = look.now - look.started_at > FIRST_SIGN_S and server_s > SERVER_BACK_S
        return "never_alive" if waited and not look.is_disk_full else ""
    silent_s = look.now - look.sign_at
    if silent_s > CRASHED_S and look.renderers_then - look.renderers:
        return "renderer_gone"
    return "page_silent" if silent_s > SILENT_S and not look.is_disk_full else ""


def pause_before(failures: int) -> float:
    """Return seconds to wait before a start, after so many without a sign of life. Pure."""
    return min(LONGEST_PAUSE_S, 0.5 * 2 ** min(failures, 10)) if failures else 0.0


class Browser:
    """One run of the browser and what can be seen of it from outside."""

    def __init__(self, config: Config) -> None:
        self._profile = config.profile
        config.profile.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The locks of a killed browser name a machine that may have another name by now; nobody else is here.
        for lock in config.profile.glob("Singleton*"):
            lock.unlink()
        self.started_at = time.monotonic()
        self._started_wall = time.time()
        self._process = subprocess.Popen(  # noqa: S603 - the administrator's own configuration
            [
                config.browser,
                *FLAGS,
                f"--user-data-dir={config.profile}",
                *config.flags,
                f"{config.origin}/terminal",
            ],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._sign_at: float | None = None
        self._sign_wall = 0.0
        self._renderers_then: frozenset[int] = frozenset()
        self._renderers_before: frozenset[int] = frozenset()

    @property
    def has_lived(self) -> bool:
        """Say whether the page has given a sign of life in this run."""
        return self._sign_at is not None

    def look(self, server_since: float | None) -> Look:
        """Look at the processes and at the files of the profile."""
        now = time.monotonic()
        renderers = renderers_below(self._process.pid)
        written = newest_write(self._profile / "Default" / "IndexedDB")
        # Compared with itself only: the wall clock may be set while the terminal runs.
        if written > max(self._sign_wall, self._started_wall if self._sign_at is None else 0.0):
            # The page may have written just before its process was killed: that process is not seen any more.
            self._sign_at, self._sign_wall = now, written
            self._renderers_then = self._renderers_before | renderers
        self._renderers_before = renderers
        return Look(
            now=now,
            started_at=self.started_at,
            is_running=self._process.poll() is None,
            sign_at=self._sign_at,
            renderers=renderers,
            renderers_then=self._renderers_then,
            server_since=server_since,
            is_disk_full=shutil.disk_usage(self._profile).free < FULL_BYTES,
        )

    def stop(self) -> None:
        """End it with everything that it started: first in good order, so that it writes what it holds."""
        family = descendants(self._process.pid)
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for pid in family:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def descendants(pid: int) -> set[int]:
    """Return the processes below `pid`, from /proc."""
    children: dict[int, set[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it ended while we looked
            # pid (name) state ppid ...; the name may hold spaces and brackets
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), set()).add(int(entry.name))
    found: set[int] = set()
    below = [pid]
    while below:
        fresh = children.get(below.pop(), set()) - found
        found |= fresh
        below += fresh
    return found


def renderers_below(pid: int) -> frozenset[int]:
    """Return the processes below `pid` that draw pages, without those of the browser's own frame."""
    found = set()
    for one in descendants(pid):
        try:
            command = Path(f"/proc/{one}/cmdline").read_bytes()
        except OSError:
            continue
        if b"--type=renderer" in command and b"--top-chrome-webui" not in command:
            found.add(one)
    return frozenset(found)


def newest_write(folder: Path) -> float:
    """Return when anything below `folder` was written last, in seconds since 1970; 0 for nothing."""
    newest = 0.0
    for path in folder.rglob("*"):
        try:
            newest = max(newest, path.stat().st_mtime)
        except OSError:
            continue  # the browser tidies up
    return newest


class Server:
    """Whether the service can be reached at all; asked now and then, never for long."""

    EVERY_S = 5.0

    def __init__(self, origin: str) -> None:
        parts = urlsplit(origin)
        self._address = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        self._asked_at = -self.EVERY_S
        self.since: float | None = None

    def ask(self, now: float) -> None:
        """Try to connect if the last try was long enough ago."""
        if now - self._asked_at < self.EVERY_S:
            return
        self._asked_at = now
        try:
            socket.create_connection(self._address, timeout=1.0).close()
        except OSError:
            self.since = None
        else:
            self.since = self.since if self.since is not None else now


def tell_systemd(message: str, environment: Mapping[str, str] = os.environ) -> None:
    """Send a state to the service manager, where one listens (sd_notify(3))."""
    address = environment.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect("\0" + address[1:] if address.startswith("@") else address)
            sender.send(message.encode())


class Stopped(Exception):
    """The service manager asks to end."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def keep_running(config: Config) -> None:
    """Start the browser, watch it, start it anew; until a signal ends it."""
    server, failures = Server(config.origin), 0
    while True:
        tell_systemd("WATCHDOG=1")
        time.sleep(pause_before(failures))
        browser = Browser(config)
        logger.info("browser_started")
        try:
            reason = _watch(browser, server)
            lasted_s = time.monotonic() - browser.started_at
            failures = 0 if browser.has_lived else failures + 1
            logger.warning("browser_restarts reason=%s lasted_s=%.0f", reason, lasted_s)
        finally:
            browser.stop()


def _watch(browser: Browser, server: Server) -> str:
    while True:
        server.ask(time.monotonic())
        reason = why_restart(browser.look(server.since))
        if reason:
            return reason
        tell_systemd("WATCHDOG=1")
        time.sleep(LOOK_S)


def main(arguments: list[str]) -> int:
    """Run with the path of the configuration file."""
    logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s")
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        config = read_config(Path(arguments[0] if arguments else "/etc/reception-terminal.conf"))
    except (OSError, ValueError) as error:
        logger.error("configuration_wrong %s", error)  # noqa: TRY400 - a sentence for an administrator
        return 2
    tell_systemd("READY=1")
    try:
        keep_running(config)
    except Stopped:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
