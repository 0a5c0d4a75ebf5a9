"""The page's side of a session over any number of sockets, and a witness of what it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from signaling.ids import SeatId
from signaling.limits import Limits
from signaling.messages import (
    Ack,
    Duty,
    Gone,
    Hello,
    Ping,
    Refused,
    Result,
    Resume,
    Resumed,
    ResumeFailed,
    RingStopped,
    ServerMessage,
    Welcome,
)
from signaling.tokens import Claims
from tests.signaling.memory import Durable
from tests.signaling.peers import PATIENCE_S, HandClock, ScriptedPeer, World, a_world

PATIENT_LIMITS = Limits(close_s=0.5, journal_retry_s=0.002, frames_burst=100_000, frames_per_min=1e9)


@dataclass(slots=True)
class Witness:
    """Checks invariant I6 for one seat from the frames alone: numbers without gap, facts and views once.

    Views are numbered from 1 by whoever sends them; facts by their place in the journal.
    """

    broken: list[str] = field(default_factory=list)
    seq: int = 0
    pos: int = 0
    view: int = 0
    may_jump: bool = True  # views may have been missed: the whole is told instead

    def begins(self, pos: int) -> None:
        """A new session: whatever the journal holds up to `pos` is read as a whole."""
        if pos < self.pos:
            self.broken.append(f"the journal went back from {self.pos} to {pos}")
        self.seq, self.pos, self.may_jump = 0, pos, True

    def goes_on(self, replay_from: int, *, is_new_epoch: bool) -> None:
        if replay_from != self.seq + 1:
            self.broken.append(f"told again from {replay_from} behind {self.seq}")
        self.may_jump = self.may_jump or is_new_epoch

    def told(self, event: ServerMessage) -> None:
        """One event, as it came."""
        seq, pos = getattr(event, "seq", 0), getattr(event, "pos", 0)
        if seq != self.seq + 1:
            self.broken.append(f"number {seq} behind {self.seq}")
        self.seq = seq
        if pos:
            if pos != self.pos + 1:
                self.broken.append(f"fact {pos} behind {self.pos}")
            self.pos = pos
        if isinstance(event, Duty):
            if event.pending != self.view + 1 and not (self.may_jump and event.pending > self.view):
                self.broken.append(f"view {event.pending} behind {self.view}")
            self.view, self.may_jump = event.pending, False


class Page:
    """One page of one seat. It is not told more than it reads, so a test can cut the line anywhere."""

    def __init__(self, town: "Town", seat: SeatId, *, login: str | None = None) -> None:
        self.town = town
        self.seat = seat
        self.claims = Claims(seat, login or f"login-{seat}")
        self.witness = Witness()
        self.peer: ScriptedPeer | None = None
        self.former: list[ScriptedPeer] = []
        self.sid = self.token = self.epoch = ""
        self.last_cseq = 0
        self.answers: list[Result | Refused] = []

    def ticket(self) -> str:
        return self.town.world.tickets.issue(self.claims)

    def resume_frame(self, **changed: object) -> Resume:
        fields: dict[str, object] = {
            "ticket": self.ticket(),
            "proto": 1,
            "sid": self.sid,
            "token": self.token,
            "last_seq": self.witness.seq,
            "last_pos": self.witness.pos,
            "last_result_cseq": self.last_cseq,
        }
        return Resume(**(fields | changed))  # type: ignore[arg-type]

    async def open(self) -> Welcome:
        """Begin a new session."""
        self.peer = await self.town.world.dial()
        await self.peer.say(Hello(ticket=self.ticket(), proto=1))
        await self.read()
        assert isinstance(self.peer.seen[-1], Welcome), self.peer.seen
        return self.peer.seen[-1]

    async def resume(self) -> ServerMessage:
        """Come back on a new socket; the first answer. A failed resume is followed to its `welcome`."""
        self.peer = await self.town.world.dial()
        await self.peer.say(self.resume_frame())
        answer = await self.read()
        if isinstance(answer, ResumeFailed) and answer.reason != "conflict":
            await self.read()
        if isinstance(answer, Gone):
            return answer
        for socket in self.former:
            await socket.drop()
        self.former.clear()
        return answer

    async def lose(self, *, half_open: bool = False) -> None:
        """Hear nothing more; half open, the server does not know."""
        assert self.peer is not None
        if half_open:
            self.former.append(self.peer)
        else:
            await self.peer.drop()
        self.peer = None

    async def read(self) -> ServerMessage:
        """Take the next frame other than `ping`."""
        assert self.peer is not None
        message = await self.peer.read()
        match message:
            case Welcome():
                self.sid, self.token, self.epoch = message.sid, message.resume_token, message.epoch
                self.witness.begins(message.pos)
            case Resumed():
                self.witness.goes_on(message.replay_from, is_new_epoch=message.epoch != self.epoch)
                self.token, self.epoch = message.resume_token, message.epoch
            case ResumeFailed() | Ping() | Gone():
                pass
            case Result() | Refused():
                self.answers.append(message)
            case _:
                self.witness.told(message)
        return message

    async def acknowledge(self) -> None:
        assert self.peer is not None
        await self.peer.say(Ack(seq=self.witness.seq))

    async def catch_up(self, view: int) -> None:
        """Read on until the newest fact and this view have come."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.witness.broken and (
                self.witness.view < view or self.witness.pos < len(self.journal)
            ):
                await self.read()

    @property
    def journal(self) -> list[object]:
        """Every fact that the seat is owed."""
        return list(self.town.durable.journal.facts[self.seat])


class Town:
    """One database and one run of the server after another."""

    def __init__(self, limits: Limits) -> None:
        self.clock = HandClock()
        self.durable = Durable(self.clock)
        self._limits = limits
        self._stack = AsyncExitStack()
        self._world: World | None = None

    @property
    def world(self) -> World:
        assert self._world is not None
        return self._world

    async def start(self) -> None:
        running = a_world(self._limits, clock=self.clock, durable=self.durable)
        self._world = await self._stack.enter_async_context(running)

    async def restart(self) -> None:
        """The server is gone with all that it had in memory; another one starts."""
        await self._stack.aclose()
        await self.start()

    async def stop(self) -> None:
        await self._stack.aclose()

    def fact(self, seat: SeatId, *, is_called: bool = True) -> None:
        """Put a fact into the seat's journal; `is_called`: and say so to the hub."""
        visit = f"visit-{len(self.durable.journal.facts[seat]) + 1}"
        self.durable.journal.write(seat, RingStopped(visit=visit, why="answered"))
        if is_called:
            self.world.hub.wake([seat])

    def view(self, seat: SeatId, number: int) -> None:
        self.world.hub.send([seat], Duty(state="ready", pending=number))


@asynccontextmanager
async def a_town(limits: Limits = PATIENT_LIMITS) -> AsyncIterator[Town]:
    town = Town(limits)
    await town.start()
    try:
        yield town
    finally:
        await town.stop()
