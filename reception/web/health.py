"""Whether the process lives, and whether it can do its work."""

from aiohttp import web
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from reception.keys import EDGE, PLANE
from reception.services.work import Work


async def healthz(_: web.Request) -> web.StreamResponse:
    """`GET /healthz`: the process answers."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.StreamResponse:
    """`GET /readyz`: database and media relay answer; 503 names what does not."""
    parts = {"database": await _database(request), "relay": request.app[PLANE].ready()}
    status = 200 if all(parts.values()) else 503
    return web.json_response(
        {"status": "ok" if status == 200 else "unavailable", "parts": parts}, status=status
    )


async def _database(request: web.Request) -> bool:
    async def ask(work: Work) -> bool:
        return bool(await work.session.scalar(text("SELECT 1")) == 1)

    try:
        return await request.app[EDGE].read(ask)
    except SQLAlchemyError:
        return False
