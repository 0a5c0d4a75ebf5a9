"""The warm floor: one WebRTC connection between two pages and nothing else, on a port of its own."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from playwright.async_api import Page

PAGE = (Path(__file__).parent / "bare_call.html").read_text()
SOCKETS = web.AppKey("sockets", set[web.WebSocketResponse])


@dataclass(slots=True)
class Times:
    """Milliseconds per call, from the press of the button.

    Attributes:
        accepting: to the first frame where somebody accepted.
        waiting: to the first frame at the other end.
        ring: from 请县里视频接访 to a ring on the desk.
    """

    accepting: list[float] = field(default_factory=list)
    waiting: list[float] = field(default_factory=list)
    ring: list[float] = field(default_factory=list)


class BareCall:
    """Two pages and nothing else: one connection between them, and a socket to say "accepted"."""

    def __init__(self, desk: Page, terminal: Page) -> None:
        self._pages = (desk, terminal)
        self.warm, self.cold = Times(), Times()

    async def connect(self) -> None:
        """Bring the transport up, as it is when somebody accepts."""
        desk, terminal = self._pages
        await desk.evaluate("() => call()")
        for page in (desk, terminal):
            await page.evaluate("() => up()")

    async def once(self, *, camera_open: bool) -> None:
        """Measure one call.

        Args:
            camera_open: before accepting; otherwise the camera is opened by it, as a desk must.
        """
        desk, terminal = self._pages
        for page in self._pages:
            await page.evaluate("(early) => ready(early)", camera_open)
        accepted = await desk.evaluate("() => accept()")
        times = self.warm if camera_open else self.cold
        times.accepting.append(await desk.evaluate("() => frame") - accepted)
        times.waiting.append(await terminal.evaluate("() => frame") - accepted)
        await asyncio.gather(*(page.evaluate("() => hangUp()") for page in self._pages))
        await asyncio.sleep(0.3)  # frames on their way must not be taken for those of the next call


async def relay(request: web.Request) -> web.WebSocketResponse:
    """Pass every message on to everybody else."""
    sockets = request.app[SOCKETS]
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    sockets.add(socket)
    async for message in socket:
        if message.type is aiohttp.WSMsgType.TEXT:
            for other in sockets - {socket}:
                await other.send_str(message.data)
    sockets.discard(socket)
    return socket


async def show_bare(_: web.Request) -> web.Response:
    """The page of the bare call."""
    return web.Response(text=PAGE, content_type="text/html")


async def serve_bare() -> tuple[web.AppRunner, str]:
    """Serve the bare call on a port of its own."""
    app = web.Application()
    app[SOCKETS] = set()
    app.router.add_get("/", show_bare)
    app.router.add_get("/relay", relay)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"
