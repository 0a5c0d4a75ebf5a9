"""A terminal without a browser: it speaks the same API and the same socket, and sends no picture.

It stands in where the desk is what a test is about.  Like the oracle, it shares no code with the program.
"""

import asyncio
import base64
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256


@dataclass(slots=True)
class ScriptedTerminal:
    """An enrolled terminal with its socket open; it joins every call it is let into."""

    http: aiohttp.ClientSession
    origin: str
    token: str = ""
    visit: str = ""

    async def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send one request of this device; anything but success is a failed test."""
        headers = {"Origin": self.origin, "Idempotency-Key": str(uuid.uuid4())}
        if self.token:
            headers["Authorization"] = f"Terminal {self.token}"
        async with self.http.post(f"{self.origin}/api/v1{path}", json=body, headers=headers) as answer:
            told: dict[str, Any] = await answer.json()
            assert answer.status < 300, f"{path}: {answer.status} {told}"
            return told

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
        """Keep the socket open, again after every loss, and join the calls of this terminal."""
        while True:
            with contextlib.suppress(aiohttp.ClientError, AssertionError):
                await self._attend_once()
            await asyncio.sleep(0.1)

    async def _attend_once(self) -> None:
        ticket = (await self.call("/ws-ticket", {}))["ticket"]
        async with self.http.ws_connect(f"{self.origin}/ws", origin=self.origin) as socket:
            await socket.send_json({"type": "hello", "ticket": ticket, "proto": 1})
            joined: set[str] = set()
            async for frame in socket:
                message = json.loads(frame.data)
                if message["type"] == "ping":
                    await socket.send_json({"type": "pong", "n": message["n"]})
                room = _room_to_join(message)
                if room and room not in joined:
                    joined.add(room)
                    await socket.send_json({"type": "join", "id": str(uuid.uuid4()), "room": room})


def _room_to_join(message: dict[str, Any]) -> str | None:
    if message["type"] == "room_state" and message["phase"] != "closed":
        return str(message["room"])
    if message["type"] == "visit" and message["state"] == "in_call":
        return str(message["visit"])
    return None


def _encoded(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()


@contextlib.asynccontextmanager
async def scripted_terminal(origin: str, code: str) -> AsyncIterator[ScriptedTerminal]:
    """Yield an enrolled terminal whose socket is kept open until the end."""
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
