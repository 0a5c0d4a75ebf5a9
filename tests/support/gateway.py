"""A gateway for short messages on this machine: it takes messages, refuses them, or keeps one waiting."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass(slots=True)
class FakeGateway:
    """Keeps what it was given, each news once.

    Attributes:
        taken: by key; a repetition changes nothing.
        posts: how many requests came.
        status: what the next requests are answered with.
    """

    taken: dict[str, dict[str, str]] = field(default_factory=dict)
    posts: int = 0
    status: int = 200
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        """Answer one request."""
        self.posts += 1
        message = json.loads(await request.text())
        assert request.headers["Idempotency-Key"] == message["key"]
        if self.status == 200:
            self.taken.setdefault(message["key"], message)
        return web.Response(status=self.status)


@asynccontextmanager
async def a_gateway() -> AsyncIterator[FakeGateway]:
    """Run a gateway on a free port of this machine."""
    gateway, app = FakeGateway(), web.Application()
    app.router.add_post("/messages", gateway.take)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    gateway.url = str(server.make_url("/messages"))
    try:
        yield gateway
    finally:
        await server.close()
