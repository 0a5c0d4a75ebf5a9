"""Pages without a browser: they speak the same API and the same socket, and send no picture.

They stand in where another side, or the line itself, is what a test is about.  Like the oracle, they share
no code with the program.
"""

import asyncio
import base64
import contextlib
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support.scripted_line import PATIENCE_S, RECONNECT_S, Json, LineTorn, ScriptedLine


@dataclass(slots=True)
class ScriptedTerminal:
    """An enrolled terminal with its line open; it joins every call it is let into."""

    http: aiohttp.ClientSession
    origin: str
    token: str = ""
    visit: str = ""
    line: ScriptedLine = field(init=False)
    _stays: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.line = ScriptedLine(self.http, self.origin, self._ticket, joins=True)
        self._stays.set()

    async def _ticket(self) -> str:
        return str((await self.call("/ws-ticket", {}))["ticket"])

    async def drop(self) -> None:
        """Lose the line, and stay away until `resume`."""
        self._stays.clear()
        await self.line.drop()

    async def resume(self) -> str:
        """Come back; return `resumed`, or why the session could not go on."""
        came = await self.line.resume()
        self._stays.set()
        return came

    async def call(self, path: str, body: Json) -> Json:
        """Send one request of this device; anything but success is a failed test."""
        headers = {"Authorization": f"Terminal {self.token}"} if self.token else {}
        return await _call(self.http, self.origin, path, body, headers)

    async def enrol(self, code: str) -> None:
        """Make a key, have it registered, open the first session."""
        key = ec.generate_private_key(ec.SECP256R1())
        point = key.public_key().public_numbers()
        jwk = {"kty": "EC", "crv": "P-256", "x": _encoded(point.x), "y": _encoded(point.y)}
        made = await self.call("/devices/enrol", {"code": code, "public_key": jwk})
        device, roll = made["device"], made["roll"]
        nonce = (await self.call(f"/devices/{device}/challenge", {}))["nonce"]
        message = f"reception-device\n{device}\n{nonce}\n{roll}".encode()
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
        signature = base64.urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).rstrip(b"=")
        proof = {"nonce": nonce, "roll": roll, "signature": signature.decode()}
        self.token = (await self.call(f"/devices/{device}/session", proof))["token"]

    async def come_direct(self) -> str:
        """Register an anonymous visit and raise it; return its id."""
        matters = [{"kind": "grievance", "summary": "村口的路灯坏了半年。"}]
        form = {"anonymous": True, "matters": matters, "direct": True}
        self.visit = (await self.call("/visits", form))["visit"]
        declaration = {"present": ["visitor_only"], "officer_left": True, "confirmed": True}
        await self.call(f"/visits/{self.visit}/raise", {"declaration": declaration})
        return self.visit

    async def attend(self) -> None:
        """Keep the line open, again after every loss."""
        while True:
            await self._stays.wait()
            if not self.line.is_open:
                with contextlib.suppress(aiohttp.ClientError, AssertionError, TimeoutError, LineTorn):
                    await (self.line.resume() if self.line.has_session else self.line.connect())
            await self.line.ended()
            await asyncio.sleep(RECONNECT_S)


@dataclass(slots=True)
class ScriptedDesk:
    """A signed-in officer with the line open."""

    http: aiohttp.ClientSession
    origin: str
    csrf: str = ""
    line: ScriptedLine = field(init=False)

    def __post_init__(self) -> None:
        self.line = ScriptedLine(self.http, self.origin, self._ticket)

    async def sign_in(self, user: str, password: str) -> None:
        """Sign in as a browser does, and connect."""
        form, headers = {"user": user, "password": password}, {"Origin": self.origin}
        async with self.http.post(
            f"{self.origin}/login", data=form, headers=headers, allow_redirects=False
        ) as answer:
            assert answer.status == 302, answer.status
        async with self.http.get(f"{self.origin}/desk") as page:
            found = re.search(r'<meta name="csrf" content="([^"]+)"', await page.text())
        assert found is not None
        self.csrf = found.group(1)
        await self.line.connect()

    async def call(self, path: str, body: Json | None = None) -> Json:
        """Send one request of this officer; anything but success is a failed test."""
        return await _call(self.http, self.origin, path, body or {}, {"X-CSRF-Token": self.csrf})

    async def go_on_duty(self) -> None:
        """上岗, after a device check that found everything."""
        await self.call("/duty/on", {"camera": True, "microphone": True, "ring_heard": True})

    async def answer(self, visit: str) -> None:
        """Take a visit and enter its room."""
        await self.call(f"/visits/{visit}/answer")
        joined = await self.line.say("join", room=visit)
        assert joined["type"] == "result", joined

    async def drop(self) -> None:
        """Lose the line."""
        await self.line.drop()

    async def resume(self) -> str:
        """Come back; return `resumed`, or why the session could not go on."""
        return await self.line.resume()

    async def _ticket(self) -> str:
        return str((await self.call("/ws-ticket"))["ticket"])


async def _call(http: aiohttp.ClientSession, origin: str, path: str, body: Json, headers: Json) -> Json:
    """Send a request, again under the same key while no answer comes, as the pages do."""
    headers = {**headers, "Origin": origin, "Idempotency-Key": str(uuid.uuid4())}
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                async with http.post(f"{origin}/api/v1{path}", json=body, headers=headers) as answer:
                    told: Json = await answer.json()
                    assert answer.status < 300, f"{path}: {answer.status} {told}"
                    return told
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(RECONNECT_S)


def _encoded(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()


@contextlib.asynccontextmanager
async def scripted_terminal(origin: str, code: str) -> AsyncIterator[ScriptedTerminal]:
    """Yield an enrolled terminal whose line is kept open until the end."""
    async with aiohttp.ClientSession() as http:
        terminal = ScriptedTerminal(http, origin)
        await terminal.enrol(code)
        attending = asyncio.create_task(terminal.attend(), name="scripted terminal")
        try:
            yield terminal
        finally:
            attending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await attending
            await terminal.line.close()


@contextlib.asynccontextmanager
async def scripted_desk(origin: str, user: str, password: str) -> AsyncIterator[ScriptedDesk]:
    """Yield an officer on duty with the line open."""
    # A plain jar refuses the cookies of an address without a name.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        desk = ScriptedDesk(http, origin)
        await desk.sign_in(user, password)
        await desk.go_on_duty()
        try:
            yield desk
        finally:
            await desk.line.close()
