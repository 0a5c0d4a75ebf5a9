"""The hub: who is connected, and the face of signaling towards the service above."""

import asyncio
import logging
import secrets
from collections.abc import Collection, Iterable, Sequence

from aiohttp import WSMsgType, web

from signaling.clock import Clock, SystemClock
from signaling.commands import Commands
from signaling.connection import Connection
from signaling.errors import ProtocolError, SignalingError, TicketRefused
from signaling.forwarder import Forwarder
from signaling.ids import RoomId, SeatId
from signaling.limits import Limits
from signaling.media.plane import MediaPlane
from signaling.messages import (
    PROTOCOL_VERSION,
    CloseCode,
    Gone,
    Hello,
    ServerEvent,
    TransportLost,
    Welcome,
    decode_client,
    encode,
)
from signaling.ports import RoomObserver
from signaling.room import Member, RoomView
from signaling.rooms import Rooms
from signaling.tasks import Notices, Tasks
from signaling.tokens import Claims, Tickets
from signaling.transports import Transports

logger = logging.getLogger(__name__)


class HelloRefused(SignalingError):
    """The first frame was not a `hello` that this server understands."""

    def __init__(self, close_code: CloseCode, code: str) -> None:
        super().__init__(code)
        self.close_code = close_code


class Hub:
    """Every socket and room of one node.

    Args:
        observer: told of presence and rooms; may call the hub back.
        plane: carries media; started and closed by its owner. The hub takes its `on_lost`.
        origins: scheme, host and port of the pages that may open a socket, e.g. `https://a.example`.
    """

    def __init__(
        self,
        *,
        observer: RoomObserver,
        plane: MediaPlane,
        tickets: Tickets,
        origins: Collection[str],
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
        self._commands = Commands(self._rooms, self._transports, self._limits, self._tasks)
        self._connections: dict[SeatId, Connection] = {}
        self._serving: set[asyncio.Future[None]] = set()
        self._is_closing = False
        plane.on_lost = self._transport_lost
        plane.keeps = self._is_open

    # Sockets

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
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
        await socket.prepare(request)
        served: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._serving.add(served)
        try:
            await self._serve(socket, request.transport)
        finally:
            self._serving.discard(served)
            served.set_result(None)
        return socket

    def send(self, seats: Iterable[SeatId], event: ServerEvent) -> None:
        """Send an event to the seats that are connected; the others learn on their next connect."""
        for seat in frozenset(seats):
            self._deliver(seat, event)

    def is_present(self, seat: SeatId) -> bool:
        return seat in self._connections

    def present(self) -> frozenset[SeatId]:
        """Seats with a live socket."""
        return frozenset(self._connections)

    async def probe(self, seat: SeatId, timeout_s: float = 2.0) -> bool:
        """Ask the seat's page for a sign of life now; True when it answers in time."""
        connection = self._connections.get(seat)
        return connection is not None and await connection.probe(timeout_s)

    async def close_login(self, login: str, code: int, reason: str) -> None:
        """Close every socket of a login, its media and its unused tickets."""
        self._tickets.withdraw(login)
        seats = [c.seat for c in self._connections.values() if c.claims.login == login]
        await asyncio.gather(*(self.close_seat(seat, code, reason) for seat in seats))

    async def close_seat(self, seat: SeatId, code: int, reason: str) -> None:
        """Close the seat's socket and its media."""
        connection = self._connections.get(seat)
        if connection is not None:
            connection.end(CloseCode(code), reason)
            self._detach(connection)
        async with self._transports.turn(seat):
            if seat not in self._connections:
                await self._transports.close(seat)

    # Rooms

    async def open_room(self, room: RoomId, members: Sequence[Member], countdown_ms: int) -> None:
        """Open a room; `countdown_ms` 0 reopens one that was live before a restart.

        A room that is open already keeps its phase and gets the members that it lacks.
        """
        await self._rooms.open(room, members, countdown_ms)

    async def admit(self, room: RoomId, member: Member) -> None:
        """Add a member to an open room.

        Raises:
            UnknownRoom, RoomFull
        """
        await self._rooms.admit(room, member)

    async def remove(self, room: RoomId, seat: SeatId, why: str) -> None:
        """End a membership and, with it, the seat's media in this room."""
        await self._rooms.remove(room, seat, why)

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
        for connection in list(self._connections.values()):
            connection.end(CloseCode.RESTART, "restart")
        if self._serving:
            await asyncio.wait(set(self._serving), timeout=self._limits.close_s * 3)
        await self._rooms.aclose()
        await self._tasks.aclose(grace_s=self._limits.close_s)
        await self._forwarder.aclose()

    def _check_origin(self, request: web.Request) -> None:
        """Refuse a page of another site: it would come with the person's cookies."""
        origins = request.headers.getall("Origin", [])
        if len(origins) != 1 or origins[0] not in self._origins:
            raise web.HTTPForbidden

    async def _serve(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        try:
            claims = await self._greet(socket)
        except HelloRefused as refusal:
            await self._turn_away(socket, refusal)
            return
        if claims is None or self._is_closing:
            await socket.close(code=CloseCode.RESTART)
            return
        connection = Connection(
            socket, transport, claims, clock=self._clock, limits=self._limits, tasks=self._tasks
        )
        self._attach(connection)
        try:
            await connection.run(self._commands.taker(connection))
        finally:
            self._detach(connection)

    async def _greet(self, socket: web.WebSocketResponse) -> Claims | None:
        """Wait for the first frame and redeem its ticket; None when the peer went away.

        Raises:
            HelloRefused
        """
        try:
            message = await socket.receive(timeout=self._limits.hello_s)
        except TimeoutError:
            raise HelloRefused(CloseCode.SILENT, "hello_timeout") from None
        if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
            return None
        if message.type is not WSMsgType.TEXT:
            raise HelloRefused(CloseCode.PROTOCOL, "binary")
        try:
            hello = decode_client(message.data)
        except ProtocolError as error:
            code = CloseCode.TOO_LARGE if error.code == "too_large" else CloseCode.PROTOCOL
            raise HelloRefused(code, error.code) from None
        if not isinstance(hello, Hello):
            raise HelloRefused(CloseCode.PROTOCOL, "hello_expected")
        if hello.proto != PROTOCOL_VERSION:
            raise HelloRefused(CloseCode.PROTOCOL, "unsupported_version")
        try:
            return self._tickets.redeem(hello.ticket)
        except TicketRefused as refusal:
            raise HelloRefused(CloseCode.TICKET, refusal.code) from None

    async def _turn_away(self, socket: web.WebSocketResponse, refusal: HelloRefused) -> None:
        logger.info("hello_refused code=%s", refusal.code)
        try:
            async with asyncio.timeout(self._limits.close_s):
                await socket.send_frame(encode(Gone(code=refusal.code)), WSMsgType.TEXT)
                await socket.close(code=refusal.close_code, message=refusal.code.encode())
        except (ConnectionError, TimeoutError):
            logger.info("hello_refused_unread code=%s", refusal.code)

    def _attach(self, connection: Connection) -> None:
        """Make this the seat's one live connection; an older one loses the seat and its rooms now."""
        older = self._connections.get(connection.seat)
        if older is not None:
            older.end(CloseCode.TAKEN_OVER, "taken_over")
            self._rooms.leave_all(connection.seat, "taken_over")
        self._connections[connection.seat] = connection
        connection.push(
            Welcome(
                seat=connection.seat,
                epoch=self.epoch,
                proto=PROTOCOL_VERSION,
                server_time=self._clock.now(),
            )
        )
        seat = connection.seat
        self._notices.post(seat, "seat_present", lambda: self._observer.seat_present(seat))

    def _detach(self, connection: Connection) -> None:
        """Take a closed connection out; nothing to do when a newer one has the seat."""
        seat = connection.seat
        if self._connections.get(seat) is not connection:
            return
        del self._connections[seat]
        self._rooms.leave_all(seat, "socket")
        why = connection.why
        self._notices.post(seat, "seat_gone", lambda: self._observer.seat_gone(seat, why))

    def _transport_lost(self, seat: SeatId) -> None:
        """The media plane lost the seat's transport: its page shall offer again."""
        self._deliver(seat, TransportLost())

    def _deliver(self, seat: SeatId, event: ServerEvent) -> None:
        connection = self._connections.get(seat)
        if connection is not None:
            connection.push_event(event)
