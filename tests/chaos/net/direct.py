"""Browser to browser beside the product: two bare pages with the same codecs, behind the same lines."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.chaos.net.namespaces import Network
from tests.support.chromium import Window

PAGE = (Path(__file__).parent / "direct.html").read_text()
SOCKETS = web.AppKey("sockets", set[web.WebSocketResponse])


@dataclass(frozen=True, slots=True)
class Direct:
    """Two pages that know nobody but each other."""

    desk: Window
    terminal: Window

    @property
    def windows(self) -> tuple[Window, Window]:
        """Both ends."""
        return self.desk, self.terminal

    async def connect(self) -> None:
        """Bring the connection up without media, as the product has it before somebody accepts."""
        for window in self.windows:
            await window.open("/")
            await window.page.evaluate("() => ready()")
        await self.desk.page.evaluate("() => call()")
        for window in self.windows:
            await window.page.evaluate("() => up()")

    async def accept(self, within_s: float = 30.0) -> float | None:
        """Let both send; return the milliseconds to the first picture at the desk, None when none came."""
        accepted: float = await self.desk.page.evaluate("() => accept()")
        try:
            async with asyncio.timeout(within_s):
                frame: float = await self.desk.page.evaluate("() => frame")
        except TimeoutError:
            return None
        return frame - accepted


async def _pass_on(request: web.Request) -> web.WebSocketResponse:
    """Pass every message on to everybody else."""
    sockets = request.app[SOCKETS]
    opened = web.WebSocketResponse()
    await opened.prepare(request)
    sockets.add(opened)
    async for message in opened:
        if message.type is aiohttp.WSMsgType.TEXT:
            for other in sockets - {opened}:
                await other.send_str(message.data)
    sockets.discard(opened)
    return opened


async def _show(_: web.Request) -> web.Response:
    return web.Response(text=PAGE, content_type="text/html")


@contextlib.asynccontextmanager
async def serve_direct(net: Network) -> AsyncIterator[str]:
    """Serve the bare pages on the server's loopback; yield their origin, the same behind every line."""
    app = web.Application()
    app[SOCKETS] = set()
    app.router.add_get("/", _show)
    app.router.add_get("/relay", _pass_on)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    with net.server.entered():
        listening = socket.create_server(("127.0.0.1", 0))
    try:
        await web.SockSite(runner, listening).start()
        port = listening.getsockname()[1]
        net.publish(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
        listening.close()
