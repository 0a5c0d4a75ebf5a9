"""The hub: who is connected, and the face of signaling towards the service above."""

import asyncio
import secrets
from collections.abc import Collection, Iterable, Sequence

from aiohttp import web

from signaling.clock import Clock, SystemClock
from signaling.commands import Commands
from signaling.connection import Connection, Heard, Take
from signaling.door import Door
from signaling.errors import TicketRefused
from signaling.forwarder import Forwarder
from signaling.greeting import OpeningRefused, first_frame, turn_away
from signaling.ids import RoomId, SeatId
from signaling.limits import Limits
from signaling.live import LiveSession
from signaling.media.forwarding import Conditions
from signaling.media.plane import MediaPlane
from signaling.messages import Ack, CloseCode, Pong, Quality, ServerEvent, TransportLost
from signaling.ports import Journal, RoomObserver, SessionStore
from signaling.reports import Reports
from signaling.room import Member, RoomView
from signaling.rooms import Rooms
from signaling.sessions import Sessions
from signaling.tasks import Notices, Tasks
from signaling.tokens import Redeemed, Tickets
from signaling.transports import Transports


class Hub:
    """Every socket, session and room of one node.

    Args:
        observer: told of presence and rooms; may call the hub back.
        plane: carries media; started and closed by its owner. The hub takes its `on_lost`.
        origins: scheme, host and port of the pages that may open a socket, e.g. `https://a.example`.
        sessions: keeps sessions over a restart.
        journal: what each seat is owed; read when a page comes and whenever `wake` names its seat.
        build: names the scripts that pages are served now.
    """

    def __init__(
        self,
        *,
        observer: RoomObserver,
        plane: MediaPlane,
        tickets: Tickets,
        origins: Collection[str],
        sessions: SessionStore,
        journal: Journal,
        build: str,
        clock: Clock | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.epoch = secrets.token_hex(8)
        self._observer = observer
        self._tickets = tickets
        self._origins = frozenset(origins)
        self._clock = clock or SystemClock()
        self._limits = limits or Limits()
        self._tasks = Tasks()
        self._notices = Notices(self._tasks, limit_s=self._limits.observer_s)
        self._forwarder = Forwarder(plane, self._limits)
        self._transports = Transports(plane, self._limits)
        self._rooms = Rooms(
            observer=observer,
            notices=self._notices,
            forwarder=self._forwarder,
            deliver=self._deliver,
            clock=self._clock,
            limits=self._limits,
        )
        self._sessions = Sessions(
            journal=journal, presence=self, over=self._session_over, clock=self._clock, limits=self._limits
        )
        self._door = Door(
            self._sessions,
            store=sessions,
            journal=journal,
            alarm=self._session_reused,
            epoch=self.epoch,
            build=build,
            clock=self._clock,
            limits=self._limits,
        )
        self._commands = Commands(self._rooms, self._transports, self._limits, self._tasks)
        self._reports = Reports(self._rooms, observer, self._clock, self._limits, self._tasks)
        self._serving: set[asyncio.Future[None]] = set()
        self._is_closing = False
        plane.on_lost = self._transport_lost
        plane.keeps = self._is_open

    # Sockets

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Upgrade, greet and serve one socket until it closes.

        Raises:
            web.HTTPForbidden: the page's origin is not on the list.
            web.HTTPServiceUnavailable: the hub is closing.
        """
        self._check_origin(request)
        if self._is_closing:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "1"})
        limits = self._limits
        socket = web.WebSocketResponse(
            timeout=limits.close_s,
            autoping=False,  # the control frames count against the flood limit, too
            compress=False,
            decode_text=False,
            max_msg_size=4 * limits.frame_bytes,  # above it aiohttp closes by itself with 1009
        )
        try:
            await socket.prepare(request)
        except ConnectionError:  # gone before the upgrade: nobody reads this, and no log fills up
            return web.Response(status=400)
        served: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._serving.add(served)
        try:
            await self._serve(socket, request.transport)
        finally:
            self._serving.discard(served)
            served.set_result(None)
        return socket

    def send(self, seats: Iterable[SeatId], event: ServerEvent) -> None:
        """Tell these seats something that is not in their journals.

        A page that has just lost its socket hears it if it comes back in time; the others are told
        the whole on their next connect.
        """
        for seat in frozenset(seats):
            self._deliver(seat, event)

    def wake(self, seats: Iterable[SeatId]) -> None:
        """Read these seats' journals and tell what is new."""
        self._sessions.wake(seats)

    def is_present(self, seat: SeatId) -> bool:
        return self._sessions.connection(seat) is not None

    def present(self) -> frozenset[SeatId]:
        """Seats with a live socket."""
        return self._sessions.present()

    async def probe(self, seat: SeatId, timeout_s: float = 2.0) -> bool:
        """Ask the seat's page for a sign of life now; True when it answers in time."""
        connection = self._sessions.connection(seat)
        return connection is not None and await connection.probe(timeout_s)

    async def close_login(self, login: str, code: int, reason: str) -> None:
        """End every session of a login for good, with its sockets, its media and its unused tickets."""
        self._tickets.withdraw(login)
        seats = await self._door.revoke(login, code, reason)
        await asyncio.gather(*(self._close_transport(seat) for seat in seats))

    async def close_seat(self, seat: SeatId, code: int, reason: str) -> None:
        """Close the seat's socket and its media; its page may come back."""
        connection = self._sessions.connection(seat)
        if connection is not None:
            connection.end(CloseCode(code), reason)
            self._sessions.detach(connection)
        await self._close_transport(seat)

    # Rooms

    async def open_room(
        self,
        room: RoomId,
        members: Sequence[Member],
        countdown_ms: int,
        conditions: Conditions | None = None,
    ) -> None:
        """Open a room; `countdown_ms` 0 reopens one that was live before a restart.

        A room that is open already keeps its phase and gets the conditions, and the members that it lacks.
        """
        await self._rooms.open(room, members, countdown_ms, conditions or Conditions())

    async def admit(self, room: RoomId, member: Member) -> None:
        """Add a member to an open room.

        Raises:
            UnknownRoom, RoomFull
        """
        await self._rooms.admit(room, member)

    async def remove(self, room: RoomId, seat: SeatId, why: str) -> None:
        """End a membership and, with it, the seat's media in this room."""
        await self._rooms.remove(room, seat, why)

    async def set_conditions(self, room: RoomId, conditions: Conditions) -> None:
        """Hold, release, begin or end a private part, name who leads; on return the plane has it.

        An unknown room is no error: it is opened with the conditions that hold then.
        """
        await self._rooms.set_conditions(room, conditions)

    async def close_room(self, room: RoomId, why: str) -> None:
        """End a room for everyone; an unknown room is no error."""
        await self._rooms.close(room, why)

    def room(self, room: RoomId) -> RoomView | None:
        """The room as it is now; None when it is not open."""
        return self._rooms.view(room)

    def _is_open(self, room: RoomId) -> bool:
        return self._rooms.view(room) is not None

    # Life

    async def aclose(self) -> None:
        """Tell every page to come back later, let begun commands finish, stop all tasks.

        The media plane keeps its tables: a restart does not cut a call.
        """
        self._is_closing = True
        self._door.close()
        for connection in self._sessions.connections():
            connection.end(CloseCode.RESTART, "restart")
        if self._serving:
            await asyncio.wait(set(self._serving), timeout=self._limits.close_s * 3)
        await self._rooms.aclose()
        await self._tasks.aclose(grace_s=self._limits.close_s)
        await self._sessions.aclose()
        await self._door.aclose()
        await self._forwarder.aclose()

    def _check_origin(self, request: web.Request) -> None:
        """Refuse a page of another site: it would come with the person's cookies."""
        origins = request.headers.getall("Origin", [])
        if len(origins) != 1 or origins[0] not in self._origins:
            raise web.HTTPForbidden

    async def _serve(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        try:
            first = await first_frame(socket, self._limits)
            if first is None:
                return
            ticket = self._redeem(first.ticket)
            connection = Connection(
                socket, transport, ticket.claims, clock=self._clock, limits=self._limits, tasks=self._tasks
            )
            live = await self._door.enter(first, ticket, connection)
        except OpeningRefused as refusal:
            await turn_away(socket, refusal, self._limits)
            return
        try:
            await connection.run(self._listener(live, connection))
        finally:
            self._sessions.detach(connection)

    def _redeem(self, ticket: str) -> Redeemed:
        try:
            return self._tickets.redeem(ticket)
        except TicketRefused as refusal:
            raise OpeningRefused(CloseCode.TICKET, refusal.code) from None

    def _listener(self, live: LiveSession, connection: Connection) -> Take:
        take_command = self._commands.taker(connection, live)

        def take(message: Heard) -> bool:
            self._door.heard(live)
            match message:
                case Ack():
                    live.session.acknowledge(message.seq)
                case Pong():
                    live.wake()  # a call for a fact may have been lost, the fact may not
                case Quality():
                    self._reports.take(connection, message)
                case _:
                    return take_command(message)
            return True

        return take

    # What becomes of a seat when its sockets come and go

    def appeared(self, seat: SeatId) -> None:
        """The seat's page has a socket and has to be told everything."""
        self._notices.post(seat, "seat_present", lambda: self._observer.seat_present(seat))

    def replaced(self, seat: SeatId) -> None:
        """Another page has the seat: the older one's places in rooms are given up."""
        self._rooms.leave_all(seat, "taken_over")

    def vanished(self, seat: SeatId, why: str) -> None:
        """The seat has no socket any more."""
        self._rooms.leave_all(seat, "socket")
        self._notices.post(seat, "seat_gone", lambda: self._observer.seat_gone(seat, why))

    async def _session_over(self, sid: str) -> None:
        await self._door.forget(sid)

    def _session_reused(self, seat: SeatId, login: str) -> None:
        self._notices.post(seat, "session_reused", lambda: self._observer.session_reused(seat, login))
        self._tasks.spawn(self._close_transport(seat), f"close transport {seat}")

    async def _close_transport(self, seat: SeatId) -> None:
        async with self._transports.turn(seat):
            if not self.is_present(seat):
                await self._transports.close(seat)

    def _transport_lost(self, seat: SeatId) -> None:
        """The media plane lost the seat's transport: its page shall offer again."""
        self._deliver(seat, TransportLost())

    def _deliver(self, seat: SeatId, event: ServerEvent) -> None:
        self._sessions.deliver(seat, event)
