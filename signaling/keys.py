"""Keys under which the application keeps signaling's parts."""

from aiohttp import web

from signaling.hub import Hub
from signaling.tokens import Tickets

HUB = web.AppKey("HUB", Hub)
TICKETS = web.AppKey("TICKETS", Tickets)
