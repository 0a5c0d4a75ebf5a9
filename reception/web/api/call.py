"""API of a call for those who are in it, terminals and officers alike."""

from aiohttp import web

from reception.domain.ids import VisitId
from reception.keys import EDGE
from reception.services.snapshot import snapshot
from reception.web.api.answers import SnapshotView
from reception.web.commands import answered, as_answer
from reception.web.principals import SignedOut, signed_in


async def show_snapshot(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/visits/{visit}/snapshot`: what a page that lost its memory shows again."""
    login = signed_in(request)
    if login is None:
        raise SignedOut
    actor, visit = login.actor, VisitId(request.match_info["visit"])
    found = await request.app[EDGE].read(lambda work: snapshot(work, actor, visit))
    return answered(as_answer(SnapshotView, found))
