"""Lines between pages and the server: torn, frozen, slow, or with frames doubled and swapped on the way."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from signaling.client_messages import ClientMessage
from signaling.ids import SeatId
from signaling.server_messages import ServerMessage
from signaling.tokens import Claims
from tests.chaos.sim.clockwork import Clockwork

_FAST_MS = (0, 10, 10, 40)
_SLOW_MS = (20, 100, 400, 4_000)
_DEAD_MS = 12_000  # how long either end waits for a sign of life


@dataclass(frozen=True, slots=True)
class Closed:
    """The end of a socket as its page reads it; no code for a connection that broke."""

    code: int = 0
    reason: str = "socket"


FromServer = bytes | ServerMessage | Closed
_Frame = TypeVar("_Frame")


class ServerEnd(Protocol):
    def heard(self, socket: "Socket", frame: ClientMessage) -> None: ...

    def lost(self, socket: "Socket") -> None: ...


class PageEnd(Protocol):
    def heard(self, socket: "Socket", frame: FromServer) -> None: ...


@dataclass(slots=True)
class Weather:
    """What may go wrong now, and whose network is cut off."""

    is_calm: bool = False
    cut_off: set[SeatId] = field(default_factory=set)


class Socket:
    """One websocket; each direction keeps its order unless a proxy disturbs it.

    Args:
        number: of the ticket that opened it.
        is_disturbed: frames may come twice or change places.
    """

    def __init__(
        self,
        claims: Claims,
        number: int,
        clockwork: Clockwork,
        dice: random.Random,
        server: ServerEnd,
        page: PageEnd,
        *,
        is_disturbed: bool,
        is_slow: bool,
    ) -> None:
        self.claims = claims
        self.number = number
        self.is_disturbed = is_disturbed
        self.is_slow = is_slow
        self.is_frozen = False
        self._delays = _SLOW_MS if is_slow else _FAST_MS
        self._clockwork = clockwork
        self._dice = dice
        self._server: ServerEnd | None = server
        self._page: PageEnd | None = page
        self._up: deque[ClientMessage | None] = deque()
        self._down: deque[FromServer] = deque()

    @property
    def is_open(self) -> bool:
        """The server has not closed it."""
        return self._server is not None

    def to_page(self, frame: FromServer) -> None:
        """The server says something."""
        if self._server is not None:
            self._put_down(frame)

    def to_server(self, frame: ClientMessage) -> None:
        """The page says something."""
        if self._page is None:
            return
        self._up.append(frame)
        if self.is_disturbed and self._disturb(self._up):
            self._up.append(frame)
            self._clockwork.later(30, self._carry_up, "up again", self.claims.seat)
        self._clockwork.later(self._dice.choice(self._delays), self._carry_up, "up", self.claims.seat)

    def close(self, code: int, reason: str) -> None:
        """The server closes; the page hears it behind everything said before."""
        if self._server is None:
            return
        self._put_down(Closed(code, reason))
        self._server = None

    def leave(self) -> None:
        """The page closes and hears nothing more."""
        self._page = None
        self._down.clear()
        self._up.append(None)
        ms = self._dice.choice((10, 10, 3_000))
        self._clockwork.later(ms, self._carry_up, "left", self.claims.seat)

    def tear(self) -> None:
        """The connection breaks: what is under way is lost, either end learns of it in its own time."""
        self._up.clear()
        self._down.clear()
        self.is_frozen = True
        ends = (self._tell_server, "tell server"), (self._tell_page, "tell page")
        for end, name in ends:
            self._clockwork.later(self._dice.choice((0, 0, 50, 2_000)), end, name, self.claims.seat)

    def freeze(self) -> None:
        """Nothing passes any more and nobody is told; either end gives up when it misses a sign of life."""
        self._up.clear()
        self._down.clear()
        self.is_frozen = True
        self._clockwork.later(self._dice.randrange(_DEAD_MS), self._tell_server, "silent", self.claims.seat)
        self._clockwork.later(self._dice.randrange(_DEAD_MS), self._tell_page, "unheard", self.claims.seat)

    def server_died(self) -> None:
        """What left the server still arrives, then the end does."""
        if self._server is not None and not self.is_frozen:
            self._put_down(Closed())
        self._server = None

    def _put_down(self, frame: FromServer) -> None:
        self._down.append(frame)
        if self.is_disturbed and not isinstance(frame, Closed) and self._disturb(self._down):
            self._down.append(frame)
            self._clockwork.later(30, self._carry_down, "down again", self.claims.seat)
        self._clockwork.later(self._dice.choice(self._delays), self._carry_down, "down", self.claims.seat)

    def _carry_up(self) -> None:
        if not self._up or self.is_frozen or self._server is None:
            return
        frame = self._up.popleft()
        if frame is None:
            self._tell_server()
        else:
            self._server.heard(self, frame)

    def _carry_down(self) -> None:
        if self._down and not self.is_frozen and self._page is not None:
            frame = self._down.popleft()
            self._page.heard(self, frame)

    def _tell_server(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.lost(self)

    def _tell_page(self) -> None:
        page, self._page = self._page, None
        if page is not None:
            page.heard(self, Closed())

    def _disturb(self, queue: deque[_Frame]) -> bool:
        """Let the newest frame overtake the one before it, or say that it comes twice."""
        luck = self._dice.random()
        if 0.05 <= luck < 0.1 and len(queue) > 1:
            queue[-1], queue[-2] = queue[-2], queue[-1]
        return luck < 0.05


class Post:
    """Requests and their answers, each on a way of its own: lost, late, doubled, overtaken."""

    def __init__(self, clockwork: Clockwork, dice: random.Random, weather: Weather) -> None:
        self._clockwork = clockwork
        self._dice = dice
        self._weather = weather

    def carry(self, seat: SeatId, action: Callable[[], None], name: str) -> None:
        """Do `action` at the other end: once, later, twice or never."""
        if seat in self._weather.cut_off:
            return
        luck = 1.0 if self._weather.is_calm else self._dice.random()
        if luck < 0.08:
            return
        for _ in range(2 if luck < 0.16 else 1):
            ms = self._dice.choice((0, 10, 10, 50, 3_000 if luck < 0.3 else 30))
            self._clockwork.later(ms, action, name, seat)
