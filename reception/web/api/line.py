"""API of the record's lines: how good the connection of each participant was."""

from aiohttp import web

from reception.domain.ids import VisitId
from reception.keys import EDGE
from reception.services.line_record import read_lines
from reception.web.api.answers import LinesView, LineView
from reception.web.commands import answered, as_answer
from reception.web.principals import officer


async def show_lines(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/visits/{visit}/quality`: numbers and codes, for whoever may read the visit's record."""
    actor, visit = officer(request), VisitId(request.match_info["visit"])
    lines = await request.app[EDGE].read(lambda work: read_lines(work, actor, visit))
    return answered(LinesView(visit=visit, lines=as_answer(list[LineView], lines)))
