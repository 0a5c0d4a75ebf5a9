"""Real Chromium for tests: one window per actor, and nothing that a window complains about goes unseen."""

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Error,
    Locator,
    Page,
    Playwright,
    Request,
    WebSocket,
    async_playwright,
)

EXECUTABLE = "/usr/bin/chromium"
PROBE = (Path(__file__).parent / "probe.js").read_text()
ARGUMENTS = (
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    # No name is ever resolved: a page that reaches out fails even where the machine has a network.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# The terminal's browser is set up by the county: pictures sound without a click, also after a power cut.
KIOSK_ARGUMENTS = (*ARGUMENTS, "--autoplay-policy=no-user-gesture-required")

LAPTOP, HALL = (1366, 768), (1920, 1080)

# What Chromium itself logs when a server is away; only tests that take it away tolerate this.
SERVER_AWAY = r"WebSocket connection to .* failed|Failed to load resource: net::ERR_|status of 50[234]"
REFUSED = r"Failed to load resource: the server responded with a status of 4\d\d"


@dataclass(frozen=True, slots=True)
class Slot:
    """What one receive slot has brought so far."""

    frames: int
    energy: float
    audio_bytes: int
    width: int


@dataclass(frozen=True, slots=True)
class Media:
    """Counters of a window's media transport.

    Attributes:
        built: how many transports the page has made since it was loaded.
    """

    state: str
    built: int
    slots: dict[int, Slot]
    frames_sent: int
    audio_bytes_sent: int


@dataclass  # without slots: playwright hangs its wrappers of our listeners on this object
class Window:
    """One actor's browser window: its own cookies, its own storage, its own complaints."""

    name: str
    origin: str
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    asked_before_leaving: int = 0
    _tolerated: list[re.Pattern[str]] = field(default_factory=list)

    def tolerate(self, pattern: str) -> None:
        """Expect a message in this window's console from now on."""
        self._tolerated.append(re.compile(pattern))

    def by(self, testid: str) -> Locator:
        """Find by `data-testid`."""
        return self.page.get_by_test_id(testid)

    async def open(self, path: str) -> None:
        """Go to a page of the program."""
        await self.page.goto(f"{self.origin}{path}")

    async def media(self) -> Media:
        """Read what is really received and sent."""
        told: dict[str, Any] = await self.page.evaluate("() => receptionProbe.media()")
        return Media(
            state=told["state"],
            built=told["built"],
            slots={
                int(number): Slot(slot["frames"], slot["energy"], slot["audioBytes"], slot["width"])
                for number, slot in told["slots"].items()
            },
            frames_sent=told["sent"]["frames"],
            audio_bytes_sent=told["sent"]["audioBytes"],
        )

    async def marks(self) -> list[tuple[str, float]]:
        """Return what the probe has seen: name and milliseconds since 1970."""
        return [(one["name"], one["at"]) for one in await self.page.evaluate("() => receptionProbe.marks")]

    def watch(self, page: Page) -> None:
        """Collect what a page of this window complains about."""
        page.on("console", self._on_console)
        page.on("dialog", self._on_dialog)
        page.on("pageerror", lambda error: self._complain(f"error: {error}"))
        page.on("request", self._on_request)
        page.on("websocket", self._on_socket)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._complain(f"console: {message.text} {message.location.get('url', '')}")

    async def _on_dialog(self, dialog: Dialog) -> None:
        """Leave a page that asks whether one really wants to; any other dialog of the browser is a fault."""
        if dialog.type == "beforeunload":
            self.asked_before_leaving += 1
        else:
            self._complain(f"dialog: {dialog.type} {dialog.message}")
        await dialog.accept()

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:", "blob:", "about:")):
            self._complain(f"request to a stranger: {request.url}")

    def _on_socket(self, socket: WebSocket) -> None:
        if not socket.url.startswith(f"{self.origin.replace('http', 'ws', 1)}/"):
            self._complain(f"socket to a stranger: {socket.url}")

    def _complain(self, text: str) -> None:
        if not any(pattern.search(text) for pattern in self._tolerated):
            self.complaints.append(f"{self.name}: {text}")


@dataclass(slots=True)
class Chromium:
    """The browsers of a test session and the windows of the present test."""

    playwright: Playwright
    windows: list[Window] = field(default_factory=list)
    _browsers: dict[bool, Browser] = field(default_factory=dict)

    async def window(
        self,
        origin: str,
        name: str,
        *,
        kiosk: bool = False,
        size: tuple[int, int] = LAPTOP,
        bypass_csp: bool = False,
    ) -> Window:
        """Open a window that shares nothing with the others.

        Args:
            kiosk: as the browser of a terminal is set up.
            bypass_csp: for scripts that a test brings along and the page's policy would refuse.
        """
        browser = await self._browser(kiosk=kiosk)
        return await self.window_in(browser, origin, name, size=size, bypass_csp=bypass_csp)

    async def window_in(
        self,
        browser: Browser,
        origin: str,
        name: str,
        *,
        size: tuple[int, int] = LAPTOP,
        bypass_csp: bool = False,
    ) -> Window:
        """Open a window in a browser of the caller's."""
        context = await browser.new_context(
            locale="zh-CN",
            viewport={"width": size[0], "height": size[1]},
            bypass_csp=bypass_csp,
            reduced_motion="reduce",
        )
        return await self.adopt(context, origin, name)

    async def adopt(self, context: BrowserContext, origin: str, name: str) -> Window:
        """Watch a context, e.g. one with a profile on disk, as a window."""
        context.set_default_timeout(15_000)
        await context.add_init_script(PROBE)
        page = context.pages[0] if context.pages else await context.new_page()
        window = Window(name, origin, context, page)
        window.watch(page)
        context.on("page", window.watch)
        self.windows.append(window)
        return window

    async def profile_window(self, origin: str, name: str, profile: Path) -> Window:
        """Open a kiosk window whose profile is a directory: it can be copied, as a disk can."""
        context = await self.playwright.chromium.launch_persistent_context(
            profile, executable_path=EXECUTABLE, args=list(KIOSK_ARGUMENTS), locale="zh-CN"
        )
        return await self.adopt(context, origin, name)

    async def launch(self, *, kiosk: bool = False) -> Browser:
        """Start a browser process of its own, for a test that ends it."""
        arguments = KIOSK_ARGUMENTS if kiosk else ARGUMENTS
        return await self.playwright.chromium.launch(executable_path=EXECUTABLE, args=list(arguments))

    async def _browser(self, *, kiosk: bool) -> Browser:
        if kiosk not in self._browsers:
            self._browsers[kiosk] = await self.launch(kiosk=kiosk)
        return self._browsers[kiosk]

    async def take_pictures(self, folder: Path) -> None:
        """Keep what every open page shows."""
        folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - a test waits for nothing else
        for window in self.windows:
            for number, page in enumerate(window.context.pages):
                with contextlib.suppress(Error):  # a page that a test has crashed shows nothing
                    await page.screenshot(path=folder / f"{window.name}-{number}.png", timeout=5000)

    async def close_windows(self) -> list[str]:
        """Close the windows of the present test and return all their complaints."""
        windows, self.windows = self.windows, []
        for window in windows:
            with contextlib.suppress(Error):  # a window whose browser a test has killed
                await window.context.close()
        return [complaint for window in windows for complaint in window.complaints]

    async def close(self) -> None:
        """End every browser."""
        for browser in self._browsers.values():
            await browser.close()


@contextlib.asynccontextmanager
async def chromium_for_session() -> AsyncIterator[Chromium]:
    """Start playwright; browsers start when the first window needs them."""
    async with async_playwright() as playwright:
        chromium = Chromium(playwright)
        try:
            yield chromium
        finally:
            await chromium.close()
