"""A duty officer without a browser: signs in, goes on duty, answers, talks, logs the outcome."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import aiohttp
import msgspec

from reception.robot import wire
from reception.robot.wire import Wire
from reception.web.api import answers, bodies
from tests.support.program import PASSWORD, Program


@dataclass(slots=True)
class Desk:
    """One signed-in officer with an open socket."""

    http: aiohttp.ClientSession
    origin: str
    csrf: str
    wire: Wire = field(init=False)

    async def post(self, path: str, body: bodies.Body | None = None) -> dict[str, object]:
        """Send an unsafe request and return its answer, which has to be a yes."""
        request = self.http.post(
            f"{self.origin}/api/v1{path}",
            data=msgspec.json.encode(body or bodies.Nothing()),
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": uuid4().hex,
                "X-CSRF-Token": self.csrf,
            },
        )
        async with request as answer:
            told: dict[str, object] = await answer.json()
            assert answer.ok, told
            return told

    async def view(self) -> answers.DeskView:
        """Return what the desk shows."""
        async with self.http.get(f"{self.origin}/api/v1/desk") as answer:
            return msgspec.json.decode(await answer.read(), type=answers.DeskView)


@asynccontextmanager
async def on_duty(program: Program, username: str = "duty1") -> AsyncIterator[Desk]:
    """Sign in, connect and go on duty."""
    # A plain jar refuses the cookies of an address without a name.
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(headers={"Origin": program.origin}, cookie_jar=jar) as http:
        form = {"user": username, "password": PASSWORD}
        async with http.post(f"{program.origin}/login", data=form, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
        async with http.get(f"{program.origin}/desk") as page:
            found = re.search(r'<meta name="csrf" content="([^"]+)"', await page.text())
        assert found is not None
        desk = Desk(http, program.origin, found.group(1))
        ticket = str((await desk.post("/ws-ticket"))["ticket"])
        async with wire.connected(http, program.origin, ticket) as desk.wire:
            await desk.post("/duty/on", bodies.DutyOn(camera=True, microphone=True, ring_heard=True))
            yield desk
