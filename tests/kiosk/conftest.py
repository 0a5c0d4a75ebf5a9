"""A terminal as it is shipped: the watchdog, its flags and its policies, with Chromium behind them."""

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Page, Playwright, async_playwright, expect

from tests.support.program import Program, new_home, running_program, seeded_data

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "deploy" / "kiosk"
# What stands for the screen, the devices and the account of a real terminal.
TEST_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--disable-background-networking",
)
# A policy folder of this browser alone: other browsers never see it, and nothing has to be taken away.
WRAPPER = """#!/bin/sh
exec unshare {as_root} --mount --propagation private sh -c '
  mount -t tmpfs tmpfs /etc/chromium && mkdir -p /etc/chromium/policies/managed &&
  cp {policies} /etc/chromium/policies/managed/reception-terminal.json && exec chromium "$@"' sh "$@"
"""
LOOK_S, LOOK_WITHIN_S = 0.1, 2.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Playwright lives on one event loop, so do all tests with a browser."""
    for item in items:
        if item.path.is_relative_to(HERE) and item.get_closest_marker("asyncio"):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@dataclass(slots=True)
class Kiosk:
    """One machine with its watchdog.

    Attributes:
        has_policies: False for the control that shows what they are for.
    """

    playwright: Playwright
    home: Path
    origin: str
    has_policies: bool = True
    _watchdog: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _port: int = field(default=0, init=False)
    _browser: Browser | None = field(default=None, init=False)

    @property
    def log(self) -> str:
        """What the watchdog has written."""
        return (self.home / "watchdog.log").read_text(errors="replace")

    def start(self) -> None:
        """Put wrapper, policies and configuration down, and start the watchdog."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        text = (SHIPPED / "policies" / "reception-terminal.json").read_text()
        policies = json.loads(text.replace("@ORIGIN@", self.origin))
        del policies[
            "DeveloperToolsAvailability"
        ]  # the test looks through them; everything else is as shipped
        (self.home / "policies.json").write_text(json.dumps(policies if self.has_policies else {}))
        wrapper = self.home / "browser"
        is_root = psutil.Process().uids().effective == 0
        wrapper.write_text(
            WRAPPER.format(as_root="" if is_root else "--map-root-user", policies=self.home / "policies.json")
        )
        wrapper.chmod(0o755)
        (self.home / "terminal.conf").write_text(
            f"ORIGIN={self.origin}\nBROWSER={wrapper}\nPROFILE={self.home / 'profile'}\n"
            f"FLAGS={' '.join(TEST_FLAGS)} --remote-debugging-port={self._port}\n"
        )
        with (self.home / "watchdog.log").open("ab") as log:
            self._watchdog = subprocess.Popen(
                [sys.executable, SHIPPED / "watchdog.py", self.home / "terminal.conf"],
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def browser_process(self) -> psutil.Process | None:
        """The browser's first process, while there is one."""
        if self._watchdog is None:
            return None
        for process in psutil.Process(self._watchdog.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if process.status() != psutil.STATUS_ZOMBIE and "chromium" in " ".join(process.cmdline()):
                    return process
        return None

    def renderers(self) -> list[psutil.Process]:
        """The processes that draw pages."""
        found = []
        browser = self.browser_process()
        for process in browser.children(recursive=True) if browser else []:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                command = process.cmdline()
                if "--type=renderer" in command and "--top-chrome-webui" not in command:
                    found.append(process)
        return found

    async def page(self, *, within_s: float = 60.0) -> Page:
        """Look at the terminal's page, through a browser that may just be starting."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                return await self._look()
            except (Error, IndexError, TimeoutError) as error:
                if time.monotonic() > deadline:
                    raise AssertionError(f"no page: {error}\n{self.log}") from error
                await asyncio.sleep(LOOK_S)

    async def _look(self) -> Page:
        await self.let_go()
        self._browser = await self.playwright.chromium.connect_over_cdp(
            f"http://127.0.0.1:{self._port}", timeout=LOOK_WITHIN_S * 1000
        )
        (context,) = self._browser.contexts
        page = [page for page in context.pages if page.url.startswith(self.origin)][0]  # noqa: RUF015 - IndexError
        async with asyncio.timeout(LOOK_WITHIN_S):  # a page that has crashed never answers
            await page.title()
        return page

    async def let_go(self) -> None:
        """Stop looking."""
        browser, self._browser = self._browser, None
        if browser is not None:
            with contextlib.suppress(Error):
                await browser.close()

    async def is_idle(self, *, within_s: float) -> float:
        """Wait for the idle screen with the line up; return how long that took."""
        began = time.monotonic()
        while True:
            page = await self.page(within_s=within_s)
            left_ms = max(1.0, (within_s - (time.monotonic() - began)) * 1000)
            try:
                await expect(page.get_by_test_id("terminal-idle")).to_be_visible(timeout=min(left_ms, 2000))
                await expect(page.get_by_test_id("link-state")).to_have_attribute(
                    "data-state", "open", timeout=min(left_ms, 2000)
                )
                return time.monotonic() - began
            except (Error, AssertionError) as error:
                if time.monotonic() - began > within_s:
                    raise AssertionError(f"not idle: {error}\n{self.log}") from error

    async def enrol(self, code: str) -> None:
        """Type the one-time code, as on the first day."""
        page = await self.page()
        await page.get_by_test_id("enrol-code").fill(code)
        await page.get_by_test_id("enrol-submit").click()
        await page.get_by_test_id("enrol-continue").click()
        await self.is_idle(within_s=30)

    async def stop(self) -> None:
        """End the watchdog as the service manager does, and see that nothing of it is left."""
        await self.let_go()
        watchdog, self._watchdog = self._watchdog, None
        if watchdog is None:
            return
        family = psutil.Process(watchdog.pid).children(recursive=True)
        watchdog.terminate()
        await asyncio.to_thread(watchdog.wait, 20)
        _gone, left = await asyncio.to_thread(psutil.wait_procs, family, timeout=5)
        for process in left:
            process.kill()
        assert not left


@pytest.fixture(scope="session")
def county() -> Iterator[Path]:
    """A data directory with the demo county."""
    with seeded_data() as data:
        yield data


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def program(county: Path) -> AsyncIterator[Program]:
    """The service that the terminals of these tests belong to."""
    async with running_program(county) as program:
        yield program


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    """What looks at pages."""
    async with async_playwright() as playwright:
        yield playwright


@contextlib.asynccontextmanager
async def _running(playwright: Playwright, origin: str, *, has_policies: bool) -> AsyncIterator[Kiosk]:
    home = new_home()
    machine = Kiosk(playwright, home, origin, has_policies)
    try:
        machine.start()
        yield machine
    finally:
        await machine.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest_asyncio.fixture(loop_scope="session")
async def kiosk(playwright: Playwright, program: Program) -> AsyncIterator[Kiosk]:
    """A machine that was set up, not enrolled yet."""
    async with _running(playwright, program.origin, has_policies=True) as machine:
        yield machine


@pytest_asyncio.fixture(loop_scope="session")
async def bare_kiosk(playwright: Playwright, program: Program) -> AsyncIterator[Kiosk]:
    """The same without its policies."""
    async with _running(playwright, program.origin, has_policies=False) as machine:
        yield machine
