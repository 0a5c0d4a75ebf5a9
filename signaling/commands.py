"""What each command of a page does, once, and what it is answered."""

import asyncio
import logging
from collections.abc import Callable

from signaling.answers import Answer, AnswersByLogin
from signaling.connection import Connection
from signaling.errors import Internal, SignalingError, Unavailable
from signaling.limits import Limits
from signaling.live import LiveSession
from signaling.messages import (
    Chat,
    ClientCommand,
    Hand,
    Join,
    Leave,
    Media,
    Refused,
    Result,
    SetUp,
    TransportClose,
    TransportOffer,
)
from signaling.rooms import Rooms
from signaling.tasks import Lane, Tasks
from signaling.transports import Transports

logger = logging.getLogger(__name__)

# Saying a thing twice is not the same as saying it once.
_ONCE_PER_LOGIN = (Chat, SetUp)
# Once per session. The other commands state how things shall be, and a socket that goes takes that with
# it: on the next one a repeated id is carried out again.
_TRANSPORT = (TransportOffer, TransportClose)


class Commands:
    """Carries commands out, each connection's in their order.

    Transport commands line up by themselves: a media plane that does not answer must not keep a
    chat line waiting.
    """

    def __init__(self, rooms: Rooms, transports: Transports, limits: Limits, tasks: Tasks) -> None:
        self._rooms = rooms
        self._transports = transports
        self._limits = limits
        self._tasks = tasks
        self._by_login = AnswersByLogin(tasks, logins=limits.logins, per_login=limits.answers_per_login)

    def taker(self, connection: Connection, live: LiveSession) -> Callable[[ClientCommand], bool]:
        """The function that lines up one connection's commands; False when too many wait."""

        async def answer(command: ClientCommand) -> None:
            if not connection.is_stale:
                connection.push(await self._answer(connection, live, command))
                live.session.commands.done(command.cseq)

        bound = self._limits.queued_commands
        rooms = Lane(self._tasks, answer, bound=bound)
        transport = Lane(self._tasks, answer, bound=bound)
        return lambda command: (transport if isinstance(command, _TRANSPORT) else rooms).put(command)

    async def _answer(self, connection: Connection, live: LiveSession, command: ClientCommand) -> Answer:
        if isinstance(command, _ONCE_PER_LOGIN):
            answers = self._by_login.of(connection.claims.login)
        else:
            answers = live.answers if isinstance(command, _TRANSPORT) else connection.answers
        try:
            return await answers.first(command, lambda: self._carry_out(connection, command))
        except SignalingError as refusal:
            return Refused(code=refusal.code, re=command.id)

    async def _carry_out(self, connection: Connection, command: ClientCommand) -> Answer:
        try:
            return await self._do(connection, command)
        except SignalingError as refusal:
            return Refused(code=refusal.code, re=command.id)
        except TimeoutError:
            return Refused(code=Unavailable.default_code, re=command.id)
        except Exception:
            logger.exception("command_failed type=%s", type(command).__name__)
            return Refused(code=Internal.default_code, re=command.id)

    async def _do(self, connection: Connection, command: ClientCommand) -> Result:
        seat = connection.seat
        match command:
            case Join():
                self._rooms.join(command.room, seat)
            case Leave():
                self._rooms.leave(command.room, seat, "leave")
            case Media():
                self._rooms.media(command.room, seat, audio=command.audio, video=command.video)
            case Hand():
                self._rooms.hand(command.room, seat, up=command.up)
            case SetUp():
                self._rooms.set_up(command.room, seat, command.code)
            case Chat():
                return await self._chat(connection, command)
            case TransportOffer():
                return await self._offer(connection, command)
            case TransportClose():
                await self._close_transport(connection)
        return Result(re=command.id)

    async def _chat(self, connection: Connection, command: Chat) -> Result:
        async with asyncio.timeout(self._limits.observer_s):
            at = await self._rooms.chat(
                command.room,
                connection.seat,
                command.text,
                login=connection.claims.login,
                command=command.id,
            )
        return Result(re=command.id, at=at)

    async def _offer(self, connection: Connection, command: TransportOffer) -> Result:
        seat = connection.seat
        async with self._transports.turn(seat):
            if connection.is_stale:
                raise Unavailable
            answer = await self._transports.open(seat, command.sdp)
        self._rooms.forward_again(seat)
        return Result(re=command.id, sdp=answer)

    async def _close_transport(self, connection: Connection) -> None:
        async with self._transports.turn(connection.seat):
            if not connection.is_stale:
                await self._transports.close(connection.seat)
