"""The HTTP face of signaling: one route that becomes a socket."""

from aiohttp import web

from signaling.keys import HUB


async def open_socket(request: web.Request) -> web.StreamResponse:
    """`GET /ws`: checked, upgraded and served until it closes."""
    return await request.config_dict[HUB].serve(request)


def routes() -> list[web.RouteDef]:
    """Routes for an application that keeps a started hub under `HUB`."""
    return [web.get("/ws", open_socket)]


async def close_hub(app: web.Application) -> None:
    """For `on_shutdown`: sockets are told to come back before the server waits for its handlers."""
    await app[HUB].aclose()
