"""The real program behind lines: server, desk and terminal each in a namespace, Chromium in two of them."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Error, Playwright, async_playwright, expect

from tests.chaos.net.impairments import Line
from tests.chaos.net.namespaces import RELAY, TURN, Namespace, Network
from tests.support.actors import Desk, Terminal
from tests.support.chromium import ARGUMENTS, EXECUTABLE, KIOSK_ARGUMENTS, Chromium, Window
from tests.support.program import ROOT, Program, new_home
from tests.support.stage import Stage

METER = (Path(__file__).parent / "meter.js").read_text()
_NO_NAMES = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@dataclass(slots=True)
class NetProgram(Program):
    """The program in a namespace: its loopback, where pages are served, is another one than ours.

    Attributes:
        prefix: command that it is started with, e.g. one that shifts its clock.
    """

    namespace: Namespace = field(kw_only=True)
    prefix: Sequence[str] = field(default=(), kw_only=True)

    async def start(self) -> "NetProgram":
        """Start it there and wait until it can work."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "program.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - as Program.start
                self.namespace.command(*self.prefix, sys.executable, "-m", "reception", "demo"),
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        await self.ready()
        return self

    def _answers_ready(self) -> bool:
        with self.namespace.entered():
            return Program._answers_ready(self)


@dataclass(slots=True)
class NetChromium(Chromium):
    """Browsers behind the lines: the kiosk browser is the terminal's, the other one the desk's.

    Attributes:
        arguments: further ones of each browser.
        homes: directory that a browser takes for the user's home, e.g. one with an authority of certificates.
    """

    net: Network = field(kw_only=True)
    folder: Path = field(kw_only=True)
    arguments: Sequence[str] = field(default=(), kw_only=True)

    async def launch(self, *, kiosk: bool = False) -> Browser:
        """Start a browser behind its line."""
        client = self.net.clients["terminal" if kiosk else "desk"]
        # A program of one word, as playwright wants it.
        start = self.folder / f"chromium-{client.port}"
        start.write_text(f'#!/bin/sh\nexec {" ".join(client.namespace.command(EXECUTABLE))} "$@"\n')
        start.chmod(0o700)
        given = KIOSK_ARGUMENTS if kiosk else ARGUMENTS
        arguments = [one for one in given if one != _NO_NAMES]
        return await self.playwright.chromium.launch(
            executable_path=start,
            args=[*arguments, f"{_NO_NAMES}, EXCLUDE {TURN}", *self.arguments],
            env={**os.environ, "HOME": str(self.folder)},
        )

    async def adopt(self, context: BrowserContext, origin: str, name: str) -> Window:
        """Put the meter into every window."""
        await context.add_init_script(METER)
        return await Chromium.adopt(self, context, origin, name)


@dataclass(frozen=True, slots=True)
class NetStage:
    """A running program and what stands between it and its pages."""

    stage: Stage
    net: Network
    program: NetProgram
    lines: Mapping[str, Line]

    async def call(self) -> tuple[Terminal, Desk]:
        """Bring a terminal and a desk on, and let them see and hear each other."""
        desk = await self.stage.desk()
        terminal = await self.stage.terminal()
        await terminal.come_direct()
        await desk.accept()
        await desk.is_connected()
        await terminal.is_connected()
        return terminal, desk


@contextlib.asynccontextmanager
async def patient_playwright() -> AsyncIterator[Playwright]:
    """Playwright that waits longer than usual: two browsers, codecs and a program share a small machine."""
    async with async_playwright() as playwright:
        expect.set_options(timeout=20_000)
        try:
            yield playwright
        finally:
            expect.set_options(timeout=5_000)


@contextlib.asynccontextmanager
async def net_stage(
    net: Network,
    playwright: Playwright,
    county: Path,
    settings: Mapping[str, object] | None = None,
    *,
    prefix: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    folder: Path | None = None,
) -> AsyncIterator[NetStage]:
    """Run the program in the server's namespace, with browsers behind the lines of its clients.

    Args:
        county: data directory with the demo county.
        folder: home of the browsers; a new one by default.
    """
    wanted = {"relay_host": RELAY, "countdown_s": 1, **(settings or {})}
    named = {name: str(value) for name, value in wanted.items()}
    program = NetProgram(new_home(), named, namespace=net.server, prefix=prefix)
    with tempfile.TemporaryDirectory(prefix="reception-net-", ignore_cleanup_errors=True) as home:
        chromium = NetChromium(playwright, net=net, folder=folder or Path(home), arguments=arguments)
        try:
            shutil.copytree(county, program.data_dir, ignore=shutil.ignore_patterns("*.sock"))
            await program.start()
            net.publish(int(program.origin.rpartition(":")[2]))
            lines = {name: Line(net, name) for name in net.clients}
            yield NetStage(Stage(chromium, program), net, program, lines)
        except BaseException:
            sys.stderr.write(program.log[-12000:])
            for window in chromium.windows:
                sys.stderr.write(f"\n--- {window.name} {window.complaints}\n{await _shown(window)}\n")
            raise
        finally:
            await chromium.close_windows()
            await chromium.close()
            await program.stop()
            program.close()


async def _shown(window: Window) -> str:
    """What stands on a page, for whoever reads why a test failed."""
    try:
        async with asyncio.timeout(5):
            return await window.page.inner_text("body")
    except (Error, TimeoutError):
        return "nothing: the page does not answer"
