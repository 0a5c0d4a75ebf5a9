"""One session at work: the socket that it has or lacks, its journal's pump, its answers."""

import asyncio
from collections.abc import Iterable

from signaling.answers import Answers
from signaling.clock import Clock
from signaling.connection import Connection
from signaling.ids import SeatId
from signaling.limits import Limits
from signaling.messages import ServerEvent, ServerMessage
from signaling.ports import Journal
from signaling.pump import Pump
from signaling.session import Session
from signaling.tasks import Tasks


class LiveSession:
    """A session of this run.

    Attributes:
        connection: the socket that carries it now, None while there is none.
        answers: of commands that are done once for a session.
        window: counts down while there is no socket.
        owes_confirmation: its newest token was given out and nothing was heard since.
    """

    def __init__(
        self, session: Session, *, journal: Journal, clock: Clock, limits: Limits, tasks: Tasks
    ) -> None:
        self.session = session
        self.connection: Connection | None = None
        self.window: asyncio.Task[None] | None = None
        self.answers = Answers(tasks, limits.answers_per_session)
        self.owes_confirmation = False
        self._clock = clock
        self._pump = Pump(
            journal,
            session,
            deliver=self.deliver,
            may_deliver=self._may_deliver,
            limits=limits,
            tasks=tasks,
        )

    @property
    def seat(self) -> SeatId:
        return self.session.seat

    def attach(
        self, connection: Connection, number: int, opening: ServerMessage, replay: Iterable[bytes]
    ) -> None:
        """Let `connection` carry the session from here on: first the opening, then what was missed."""
        self.close_window()
        self.connection = connection
        self.session.attached(number)
        connection.push(opening)
        for frame in replay:
            connection.push_frame(frame)
        self.wake()

    def detach(self) -> None:
        """The socket is gone; events are kept for the next one."""
        self.connection = None
        self.session.detached(self._clock.steady())

    def close_window(self) -> None:
        """Count no more: the page is back, or the session is over."""
        if self.window is not None:
            self.window.cancel()
            self.window = None

    def deliver(self, event: ServerEvent) -> None:
        """Number the event, keep it, and send it where there is a socket."""
        frame = self.session.record(event, self._clock.steady())
        if frame is not None and self.connection is not None:
            self.connection.push_frame(frame)

    def wake(self) -> None:
        """Look for new facts; without a socket they wait in the journal for the next one."""
        if self.connection is not None:
            self._pump.wake()

    async def _may_deliver(self) -> bool:
        return self.connection is not None and await self.connection.has_room()
