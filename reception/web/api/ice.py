"""API of the ways round a blocked UDP: TURN servers, and a credential that was minted just now."""

from aiohttp import web

from reception.keys import EDGE, TURN
from reception.web.api.answers import IceServer, IceServers
from reception.web.api.bodies import Nothing
from reception.web.commands import answered
from reception.web.principals import SignedOut, signed_in
from reception.web.requests import body_of


async def list_ice_servers(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/ice-servers`: asked before each build and restart, so no page keeps an old credential."""
    await body_of(request, Nothing)
    login = signed_in(request)
    if login is None:
        raise SignedOut
    turn = request.app[TURN]
    credential = turn.credential(login.actor.login, request.app[EDGE].clock())
    servers = (
        [IceServer(urls=list(turn.urls), username=credential.username, credential=credential.password)]
        if credential
        else []
    )
    return answered(
        IceServers(ice_servers=servers, relay_only=turn.is_only, ttl_s=round(turn.ttl.total_seconds()))
    )
