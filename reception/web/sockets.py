"""What ends with a login: its sockets, its media, its unused tickets."""

from collections.abc import Iterable

from aiohttp import web

from signaling.keys import HUB
from signaling.messages import CloseCode


async def close_logins(request: web.Request, logins: Iterable[str]) -> None:
    """Close every socket of logins that are over; called after the commit that ended them."""
    for login in logins:
        await request.app[HUB].close_login(login, CloseCode.REVOKED, "revoked")
