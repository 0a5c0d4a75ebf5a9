"""One rehearsal: register, ask, doubt, raise, wait, talk, and stay until the receipt is there."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

import aiohttp

from reception.domain.visits import VisitState
from reception.robot import stage
from reception.robot.api import ApiRefused, TerminalApi
from reception.robot.stage import Stage
from reception.robot.story import GREETING, replies, story
from reception.robot.wire import NO_ID, CommandRefused, Memory, Wire, WireClosed, connected
from signaling.ids import RoomId
from signaling.messages import (
    Chat,
    ChatLine,
    CloseCode,
    Join,
    RoomState,
    ServerEvent,
    TransportLost,
    Visit,
)

logger = logging.getLogger(__name__)

RECONNECT_S = 1.0
TAKE_BACK_S = 5.0
AWAY_S = 60.0
ANSWER_EVERY = 2  # chat lines

_FINAL = (CloseCode.TAKEN_OVER, CloseCode.REVOKED)
_CAN_BE_TAKEN_BACK = frozenset({VisitState.REGISTERED, VisitState.TOWNSHIP_ANSWERED, VisitState.WAITING})
_OVER = frozenset({VisitState.OUTCOME_LOGGED, VisitState.CLOSED_SATISFIED, VisitState.CANCELLED})


class Ending(StrEnum):
    """How a rehearsal ended."""

    RECEIPT = "receipt"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    TURNED_AWAY = "turned_away"
    SERVICE_AWAY = "service_away"


@dataclass(slots=True)
class Rehearsal:
    """A robot with an open terminal session.

    Attributes:
        number: decides who comes and what about.
        away_s: seconds without the service after which the robot stops waiting for it.
        visit: id of the running visit; empty before there is one.
        receipt: number of the receipt; empty before it was written.
    """

    api: TerminalApi
    number: int
    away_s: float = AWAY_S
    visit: str = field(default="", init=False)
    state: VisitState = field(default=VisitState.REGISTERED, init=False)
    receipt: str = field(default="", init=False)
    _has_greeted: bool = field(default=False, init=False)
    _lines_heard: int = field(default=0, init=False)
    _memory: Memory = field(default_factory=Memory, init=False)
    _replies: Iterator[str] = field(default_factory=replies, init=False)

    async def run(self, life_s: float, stop: asyncio.Event) -> Ending:
        """Play the visit to its end.

        Args:
            life_s: seconds after which the robot goes home, whatever the county does.
            stop: set to send it home at once.

        A visit that still waits when the robot leaves is taken back; one that the county
        answered stays with the county.
        """
        playing = asyncio.create_task(self._play(), name="robot visit")
        stopping = asyncio.create_task(stop.wait(), name="robot stop")
        tasks = {playing, stopping}
        try:
            done, _ = await asyncio.wait(tasks, timeout=life_s, return_when=asyncio.FIRST_COMPLETED)
            if playing in done:
                return playing.result()
            return Ending.CANCELLED if done else Ending.TIMED_OUT
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._take_back()

    async def _play(self) -> Ending:
        await self._begin()
        loop = asyncio.get_running_loop()
        seen_at = loop.time()
        while loop.time() - seen_at < self.away_s:
            try:
                ticket = await self.api.ticket()
                async with connected(self.api.http, self.api.base_url, ticket, self._memory) as wire:
                    try:
                        return await self._attend(wire)
                    finally:
                        seen_at = loop.time()
            except WireClosed as closed:
                logger.info("robot.socket_closed code=%d", closed.code)
                if closed.code in _FINAL:
                    return Ending.TURNED_AWAY
            except ApiRefused as refused:
                if refused.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise
                logger.info("robot.service_away error=%s", refused.code)
            except (aiohttp.ClientError, TimeoutError) as error:
                logger.info("robot.service_away error=%s", type(error).__name__)
            await asyncio.sleep(RECONNECT_S)
        return Ending.SERVICE_AWAY

    async def _begin(self) -> None:
        """Bring a visit into the queue, or go on with the call that an earlier run was in."""
        view = await self.api.view()
        if view.visit is not None:
            left_over = VisitState(view.visit.state)
            if left_over is VisitState.IN_CALL:
                self.visit, self.state = view.visit.visit, left_over
                return
            if left_over in _CAN_BE_TAKEN_BACK:
                await self.api.cancel(view.visit.visit)
        told = story(self.number, view.unit_name)
        made = await self.api.register(told.registration())
        self.visit = made.visit
        self._moved(made.state)
        await self.api.answer_at_township(made.visit, told.township_answer(view.officers[0].id))
        self._moved(VisitState.TOWNSHIP_ANSWERED)
        self._moved((await self.api.raise_visit(made.visit, told.declaration())).state)

    async def _attend(self, wire: Wire) -> Ending:
        """Live through what happens on one socket, until the visit is over."""
        async with stage.on(wire, RoomId(self.visit)) as own:
            if await self._look():
                return self._ending()
            if self.state is VisitState.IN_CALL:
                await self._join(wire)
            async for event in wire.events():
                await self._on_event(wire, own, event)
                if self.state in _OVER and await self._look():
                    break
            return self._ending()

    async def _on_event(self, wire: Wire, own: Stage, event: ServerEvent) -> None:
        match event:
            case Visit(visit=self.visit):
                self._moved(event.state)
                if self.state is VisitState.IN_CALL:
                    await self._join(wire)
            case RoomState(room=self.visit, phase="live"):
                own.go_live()
                await self._greet(wire)
            case RoomState(room=self.visit, phase="closed"):
                own.close()
            case ChatLine(room=self.visit) if event.from_seat != self.api.session.seat:
                await self._answer(wire)
            case TransportLost():
                own.lose()
            case _:
                pass

    async def _join(self, wire: Wire) -> None:
        """Enter the room; a repeated join changes nothing, a refused one is tried again on the next news."""
        with _refusal_logged("join"):
            await wire.command(Join(id=NO_ID, room=RoomId(self.visit)))

    async def _greet(self, wire: Wire) -> None:
        if not self._has_greeted:
            self._has_greeted = True
            with _refusal_logged("chat"):
                await wire.command(Chat(id=NO_ID, room=RoomId(self.visit), text=GREETING))

    async def _answer(self, wire: Wire) -> None:
        self._lines_heard += 1
        if self._lines_heard % ANSWER_EVERY == 1:
            with _refusal_logged("chat"):
                await wire.command(Chat(id=NO_ID, room=RoomId(self.visit), text=next(self._replies)))

    async def _look(self) -> bool:
        """Read from the record where the visit stands; tell whether it is over."""
        view = (await self.api.view()).visit
        if view is None or view.visit != self.visit:
            # A cancelled visit is no longer shown.
            self._moved(VisitState.CANCELLED)
        else:
            self._moved(view.state)
            self.receipt = view.receipt or ""
        return self.state in _OVER

    def _moved(self, state: str) -> None:
        if state != self.state or state == VisitState.REGISTERED:
            logger.info("robot.visit visit=%s state=%s", self.visit, state)
        self.state = VisitState(state)

    def _ending(self) -> Ending:
        return Ending.RECEIPT if self.receipt else Ending.CANCELLED

    async def _take_back(self) -> None:
        if not self.visit or self.state not in _CAN_BE_TAKEN_BACK:
            return
        try:
            async with asyncio.timeout(TAKE_BACK_S):
                await self.api.cancel(self.visit)
            self._moved(VisitState.CANCELLED)
        except (ApiRefused, aiohttp.ClientError, TimeoutError) as error:
            logger.warning("robot.not_taken_back visit=%s error=%s", self.visit, error)


@contextlib.contextmanager
def _refusal_logged(command: str) -> Iterator[None]:
    """Go on when the hub refuses a command: the call may have ended in the meantime."""
    try:
        yield
    except CommandRefused as refusal:
        logger.info("robot.command_refused command=%s code=%s", command, refusal.code)
