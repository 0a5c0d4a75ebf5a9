"""The robot's picture and tone: a warm transport while it waits, sent only once the room is live."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from reception.robot.wire import NO_ID, CommandRefused, Wire, WireClosed
from signaling.ids import RoomId
from signaling.media.robot import Received, Robot
from signaling.messages import Media, SetUp, TransportOffer

logger = logging.getLogger(__name__)

CONNECT_S = 15.0
FIRST_MEDIA_S = 600.0  # the officer may start with the camera off
RETRY_S = 2.0


class Stage:
    """Keeps one transport on one socket, for one room; `on` owns the task that does it."""

    def __init__(self, wire: Wire, room: RoomId) -> None:
        self._wire = wire
        self._room = room
        self._live = asyncio.Event()
        self._lost = asyncio.Event()
        self._closed = asyncio.Event()

    def go_live(self) -> None:
        """The countdown is over: from now on the others may see and hear."""
        self._live.set()

    def lose(self) -> None:
        """The relay has lost the transport: build another one."""
        self._lost.set()

    def close(self) -> None:
        """The call is over; nothing is sent any more."""
        self._closed.set()

    async def keep(self) -> None:
        """Build the transport, again and again when it fails, until the call is over."""
        while not self._closed.is_set():
            self._lost.clear()
            try:
                await self._play()
            except (CommandRefused, TimeoutError) as error:
                logger.warning("robot.transport_failed code=%s", error)
                await _passed(self._closed, RETRY_S)
            except WireClosed:
                return

    async def _play(self) -> None:
        """Use one transport until it is lost or the call is over."""
        robot = Robot()
        tasks: list[asyncio.Task[object]] = []
        try:
            answer = await self._wire.command(TransportOffer(id=NO_ID, sdp=await robot.offer()))
            if not isinstance(answer.sdp, str):
                raise CommandRefused("no_answer")
            await robot.accept(answer.sdp)
            tasks = [
                asyncio.create_task(self._show(robot)),
                asyncio.create_task(self._lost.wait()),
                asyncio.create_task(self._closed.wait()),
            ]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await robot.close()

    async def _show(self, robot: Robot) -> None:
        await robot.connected(CONNECT_S)
        await self._live.wait()
        robot.send()
        await self._wire.command(Media(id=NO_ID, room=self._room, audio=True, video=True))
        await robot.until(lambda: any(map(_is_seen_and_heard, robot.received)), FIRST_MEDIA_S)
        await self._wire.command(SetUp(id=NO_ID, room=self._room, code="media_up"))
        logger.info("robot.media_up visit=%s", self._room)
        await self._closed.wait()


def _is_seen_and_heard(received: Received) -> bool:
    return received.frames > 0 and received.audio_energy > 0


async def _passed(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but no longer than this."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


@asynccontextmanager
async def on(wire: Wire, room: RoomId) -> AsyncIterator[Stage]:
    """Keep a transport while the block runs."""
    stage = Stage(wire, room)
    keeping = asyncio.create_task(stage.keep(), name="robot stage")
    try:
        yield stage
    finally:
        stage.close()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
