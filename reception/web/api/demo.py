"""API of demonstration mode."""

import asyncio

from aiohttp import web
from sqlalchemy import select

from reception.domain.access import may
from reception.domain.errors import NotFound
from reception.domain.ids import PlaceId
from reception.domain.policy import Action
from reception.keys import EDGE, SETTINGS
from reception.robot import start_robot_process
from reception.services.intake import RoomTaken
from reception.services.work import Work
from reception.store.tables import PlaceRow
from reception.store.visits import Visits
from reception.web.api.answers import RobotStarted
from reception.web.api.bodies import RobotBody
from reception.web.commands import answered
from reception.web.principals import officer
from reception.web.requests import body_of


async def start_robot(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/demo/robot`: let a fictional visitor call, so that one person alone can try the desk.

    Repeating it is safe: a room has one robot, and a second one is refused.
    """
    may(officer(request), Action.RUN_ROBOT)
    settings, body = request.app[SETTINGS], await body_of(request, RobotBody)
    if not settings.demo:
        raise NotFound

    async def refuse_unless_free(work: Work) -> None:
        place = await work.session.scalar(select(PlaceRow.id).where(PlaceRow.code == body.room))
        if place is None:
            raise NotFound
        if await Visits(work.session).at_place(PlaceId(place)) is not None:
            raise RoomTaken

    await request.app[EDGE].read(refuse_unless_free)
    await asyncio.to_thread(start_robot_process, settings, body.room)
    return answered(RobotStarted(room=body.room), status=202)
