"""Janus VideoRoom on loopback for the relay benchmark: own configuration, own process."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.load.relay_party import Publisher, Tally, Transport, first_media, offer, section

_PLUGINS = Path("/usr/lib/x86_64-linux-gnu/janus")
_GENERAL = """general: {{
  plugins_folder = "{plugins}/plugins"
  transports_folder = "{plugins}/transports"
  debug_level = 2
}}
plugins: {{ disable = "{disabled}" }}
transports: {{ disable = "{transports}" }}
"""
_HTTP = """general: {{
  json = "compact", base_path = "/janus", http = true, port = {port}, ip = "127.0.0.1", https = false
}}
"""


@asynccontextmanager
async def janus(directory: Path) -> AsyncIterator[tuple[str, int]]:
    """Run Janus; gives its URL and process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    general = _GENERAL.format(
        plugins=_PLUGINS,
        disabled=_all_but("plugins", "videoroom"),
        transports=_all_but("transports", "http"),
    )
    (directory / "janus.jcfg").write_text(general)
    (directory / "janus.transport.http.jcfg").write_text(_HTTP.format(port=port))
    process = await asyncio.create_subprocess_exec(
        *("janus", "-F", str(directory), "-o", "-d", "2"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}/janus"
        await _answering(url)
        yield url, process.pid
    finally:
        process.terminate()
        await process.wait()


def _all_but(folder: str, wanted: str) -> str:
    return ",".join(p.name for p in (_PLUGINS / folder).glob("*.so") if wanted not in p.name)


async def _answering(url: str) -> None:
    async with asyncio.timeout(20), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(f"{url}/info") as response:
                    await response.read()
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)


class Handle:
    """One plugin handle of a session of its own: requests out, the next event in."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url
        self._handle = ""

    async def attach(self) -> None:
        created = await self._post(self._url, {"janus": "create"})
        self._url += f"/{created['data']['id']}"
        attached = await self._post(self._url, {"janus": "attach", "plugin": "janus.plugin.videoroom"})
        self._handle = f"{self._url}/{attached['data']['id']}"

    async def ask(self, body: dict[str, Any], sdp: tuple[str, str] | None = None) -> dict[str, Any]:
        """Send a message and wait for its own event, or answer."""
        message: dict[str, Any] = {"janus": "message", "body": body}
        if sdp is not None:
            message["jsep"] = {"type": sdp[0], "sdp": sdp[1]}
        reply = await self._post(self._handle, message)
        while reply["janus"] == "ack" or reply.get("transaction") != message["transaction"]:
            async with self._http.get(self._url) as response:
                reply = await response.json()
        return dict(reply)

    async def _post(self, url: str, message: dict[str, Any]) -> dict[str, Any]:
        message["transaction"] = secrets.token_hex(6)
        async with self._http.post(url, json=message) as response:
            return dict(await response.json())


class JanusParties:
    """Three-party rooms: one transport per publisher, one per party to receive the two others."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._transports: list[Transport] = []
        self._publishers: list[Publisher] = []

    async def start(self, rooms: int, tally: Tally) -> None:
        async with aiohttp.ClientSession() as http:
            for room in range(1, rooms + 1):
                owner = Handle(http, self._url)
                await owner.attach()
                create = {"request": "create", "room": room, "publishers": 3, "bitrate": 0}
                await owner.ask({**create, "audiocodec": "opus", "videocodec": "vp8"})
                feeds = [await self._publish(http, room, 3 * room + n, tally) for n in range(3)]
                for n in range(3):
                    others = [feed for feed in feeds if feed != feeds[n]]
                    await self._subscribe(http, room, 1000 * room + n, others, tally)

    async def _publish(self, http: aiohttp.ClientSession, room: int, number: int, tally: Tally) -> int:
        handle, transport = Handle(http, self._url), Transport()
        self._transports.append(transport)
        await handle.attach()
        ssrcs = [number * 10 + 1, number * 10 + 2]
        sdp = await offer(transport, [("audio", "sendonly"), ("video", "sendonly")], ssrcs)
        join = {"request": "joinandconfigure", "room": room, "ptype": "publisher"}
        event = await handle.ask(join, ("offer", sdp))
        await transport.connect(first_media(event["jsep"]["sdp"]), role="server")
        send = transport.divert(number, tally)
        self._publishers.append(Publisher(send, video_ssrc=ssrcs[1], audio_ssrc=ssrcs[0]))
        return int(event["plugindata"]["data"]["id"])

    async def _subscribe(
        self, http: aiohttp.ClientSession, room: int, number: int, feeds: list[int], tally: Tally
    ) -> None:
        handle, transport = Handle(http, self._url), Transport()
        self._transports.append(transport)
        await handle.attach()
        streams = [{"feed": feed} for feed in feeds]
        event = await handle.ask({"request": "join", "ptype": "subscriber", "room": room, "streams": streams})
        remote = event["jsep"]["sdp"]
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1 2 3"]
        common = await transport.lines("active")
        for mid, kind in enumerate(["audio", "video"] * 2):
            lines += section(kind, "recvonly", str(mid)) + common
        answer = "\r\n".join(lines) + "\r\n"
        await handle.ask({"request": "start", "room": room}, ("answer", answer))
        await transport.connect(first_media(remote), role="client")
        transport.divert(number, tally)

    async def stop(self) -> None:
        for publisher in self._publishers:
            publisher.stop()
        await asyncio.gather(*(transport.close() for transport in self._transports))
