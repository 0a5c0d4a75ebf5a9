"""The page behind a one-time link: the same for everybody, and it says nothing before a click."""

from aiohttp import web

from reception.keys import SETTINGS
from reception.web.contexts import render


async def show_join(request: web.Request) -> web.StreamResponse:
    """`GET /join`: a neutral shell; the token stands behind the `#` and never reaches a server by itself."""
    return render(request, "pages/join.html", {"county_phone": request.app[SETTINGS].county_phone})
