"""Who is connected: the one session of each seat and the socket that carries it. Never waits for anything."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from signaling.clock import Clock
from signaling.connection import Connection
from signaling.ids import SeatId
from signaling.limits import Limits
from signaling.live import LiveSession
from signaling.messages import CloseCode, ServerEvent, ServerMessage
from signaling.ports import Journal
from signaling.session import Session
from signaling.tasks import Tasks

_SLACK_S = 0.05  # the loop's timers are not as fine as the clock


class Presence(Protocol):
    """What becomes of a seat when its sockets come and go."""

    def appeared(self, seat: SeatId) -> None:
        """The page has a socket and has to be told everything."""
        ...

    def replaced(self, seat: SeatId) -> None:
        """Another page has the seat: the older one's places in rooms are given up."""
        ...

    def vanished(self, seat: SeatId, why: str) -> None:
        """The seat has no socket any more."""
        ...


class Sessions:
    """The sessions of this run.

    Args:
        over: told of a session that can never be resumed.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        presence: Presence,
        over: Callable[[str], Awaitable[None]],
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._journal = journal
        self._presence = presence
        self._over = over
        self._clock = clock
        self._limits = limits
        self._tasks = Tasks()
        self._by_seat: dict[SeatId, LiveSession] = {}

    def of(self, seat: SeatId) -> LiveSession | None:
        """The seat's session, with or without a socket."""
        return self._by_seat.get(seat)

    def of_login(self, login: str) -> list[LiveSession]:
        return [live for live in self._by_seat.values() if live.session.claims.login == login]

    def connection(self, seat: SeatId) -> Connection | None:
        """The seat's live socket."""
        live = self._by_seat.get(seat)
        return live.connection if live is not None else None

    def present(self) -> frozenset[SeatId]:
        """Seats with a live socket."""
        return frozenset(seat for seat, live in self._by_seat.items() if live.connection is not None)

    def connections(self) -> list[Connection]:
        return [live.connection for live in self._by_seat.values() if live.connection is not None]

    def deliver(self, seat: SeatId, event: ServerEvent) -> None:
        """Tell the seat's page; one that has lost its socket hears it when it comes back in time."""
        live = self._by_seat.get(seat)
        if live is not None:
            live.deliver(event)

    def wake(self, seats: Iterable[SeatId]) -> None:
        for seat in frozenset(seats):
            if (live := self._by_seat.get(seat)) is not None:
                live.wake()

    def begin(self, session: Session, connection: Connection, opening: ServerMessage) -> LiveSession:
        """Give the seat to a session that is new to this run; the seat's older one is over."""
        older = self._by_seat.get(session.seat)
        live = LiveSession(
            session, journal=self._journal, clock=self._clock, limits=self._limits, tasks=self._tasks
        )
        self._by_seat[session.seat] = live
        if older is not None:
            self._give_way(older, session)
        live.attach(connection, session.number, opening, ())
        self._presence.appeared(session.seat)
        return live

    def go_on(
        self,
        live: LiveSession,
        connection: Connection,
        number: int,
        opening: ServerMessage,
        replay: Iterable[bytes],
    ) -> None:
        """Let a new socket carry the session; nobody notices if the old one was still counted."""
        former = live.connection
        if former is not None:
            former.end(CloseCode.TAKEN_OVER, "replaced")
        live.attach(connection, number, opening, replay)
        if former is None:
            self._presence.appeared(live.seat)

    def detach(self, connection: Connection) -> None:
        """A socket is closed; nothing to do when a newer one has the seat."""
        live = self._by_seat.get(connection.seat)
        if live is None or live.connection is not connection:
            return
        live.detach()
        live.window = self._tasks.spawn(self._expire(live), f"window {live.seat}")
        self._presence.vanished(live.seat, connection.why)

    def drop(self, live: LiveSession, code: int, reason: str) -> None:
        """End a session and its socket; whoever calls says so to the store."""
        if self._by_seat.get(live.seat) is not live:
            return
        connection = live.connection
        if connection is not None:
            connection.end(CloseCode(code), reason)
            live.detach()
            self._presence.vanished(live.seat, reason)
        live.close_window()
        del self._by_seat[live.seat]

    def _give_way(self, older: LiveSession, newer: Session) -> None:
        older.close_window()
        if older.connection is None:
            return
        wished = newer.instead_of
        is_same_page = wished is not None and wished in {older.session.sid, older.session.instead_of}
        older.connection.end(CloseCode.TAKEN_OVER, "replaced" if is_same_page else "taken_over")
        older.detach()
        self._presence.replaced(newer.seat)

    async def aclose(self) -> None:
        """Stop reading journals and counting windows; the store keeps the sessions for the next run."""
        await self._tasks.aclose()

    async def _expire(self, live: LiveSession) -> None:
        """Forget the session if its page has not come back when its window is over."""
        await asyncio.sleep(self._limits.window_s + _SLACK_S)
        if self._by_seat.get(live.seat) is live and live.session.is_over(self._clock.steady()):
            del self._by_seat[live.seat]
            live.window = None  # what follows is not to be cancelled
            await self._over(live.session.sid)
