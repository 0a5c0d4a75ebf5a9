"""The cable of one page: its socket and its requests run through it, a test may cut it; media does not."""

from dataclasses import dataclass, field

from playwright.async_api import Route, WebSocketRoute

from tests.support.chromium import SERVER_AWAY, Window

ABNORMAL = 3001  # a page may not be closed with 1006; to it, any code that is not final is a lost line


@dataclass  # without slots: playwright hangs its wrappers of our listeners on this object
class Cable:
    """Lies in the line of a window from its next page load on."""

    is_cut: bool = False
    _open: list[WebSocketRoute] = field(default_factory=list)

    async def put_between(self, window: Window) -> None:
        """Run the next sockets of a window through this cable; it may complain that the server is away."""
        window.tolerate(SERVER_AWAY)
        await window.page.route_web_socket("**/ws", self._on_socket)
        await window.page.route("**/api/v1/**", self._on_request)

    async def _on_socket(self, socket: WebSocketRoute) -> None:
        if self.is_cut:
            await socket.close(code=ABNORMAL)
            return
        socket.connect_to_server()
        self._open.append(socket)

    async def _on_request(self, route: Route) -> None:
        await (route.abort() if self.is_cut else route.continue_())

    async def cut(self) -> None:
        """Break every socket, and let nothing through from now on."""
        self.is_cut = True
        while self._open:
            await self._open.pop().close(code=ABNORMAL)

    def mend(self) -> None:
        """Let everything through again."""
        self.is_cut = False
