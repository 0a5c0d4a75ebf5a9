"""What pages report of their lines: scored, shown to the officials of the call, and kept for the record.

Numbers and codes only: nothing here says who came or what was said. A report may be lost without harm, so
reports are kept together every five seconds; a crash costs at most the reports of the last five.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from reception.domain.ids import VisitId
from reception.domain.line_quality import EVERY, Measured, score_of
from reception.services.work import Work
from reception.store.line_tables import QualitySampleRow
from reception.store.quality import QualitySamples
from reception.store.visits import Visits
from reception.tasks import running
from signaling.ids import RoomId, SeatId
from signaling.messages import LineQuality, Quality

logger = logging.getLogger(__name__)

T = TypeVar("T")

KEEP_EVERY_S: Final = 5.0
LEAST_APART: Final = timedelta(seconds=3)  # a page that reports more often is not believed more
MOST_WAITING: Final = 4096  # 800 participants for 25 s without a database
PEOPLE_KNOWN_FOR: Final = timedelta(seconds=5)
FORGET_AFTER: Final = timedelta(minutes=1)

SMOOTH_FPS: Final = 4
_EVERY_MS: Final = EVERY.total_seconds() * 1000

# What has a column of its own, or is the same for every report.
_TOLD_ELSEWHERE: Final = frozenset({"type", "room", "rung"})


class Runner(Protocol):
    """Runs use cases: the edge, as far as it is needed here."""

    async def run(self, use_case: Callable[[Work], Awaitable[T]]) -> T: ...

    async def read(self, query: Callable[[Work], Awaitable[T]]) -> T: ...


@dataclass(frozen=True, slots=True)
class _People:
    """Who is in a room, as of a moment."""

    seats: frozenset[str]
    officials: tuple[SeatId, ...]
    asked_at: datetime


@dataclass(slots=True)
class QualityLog:
    """Takes reports; `keeping` writes them down.

    Attributes:
        edge: runs the use cases.
        send: says something to the sockets of seats; the hub's.
        most: so many reports may wait; then the oldest gives way.
    """

    edge: Runner
    send: Callable[[Iterable[SeatId], LineQuality], None]
    most: int = MOST_WAITING
    _waiting: deque[QualitySampleRow] = field(init=False)
    _taken: dict[tuple[RoomId, SeatId], datetime] = field(default_factory=dict, init=False)
    _rooms: dict[RoomId, _People] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._waiting = deque(maxlen=self.most)

    async def take(self, room: RoomId, seat: SeatId, report: Quality, at: datetime) -> None:
        """Score a report, show it to the room's officials, put it by to be kept.

        One that comes too soon after the last, or from somebody who is not admitted, has no effect.
        """
        last = self._taken.get((room, seat))
        if last is not None and at - last < LEAST_APART:
            return
        people = await self._people(room, at)
        if seat not in people.seats:
            return
        self._taken[room, seat] = at
        score = score_of(_measured(report), report.rung)
        body = {
            name: value for name, value in msgspec.to_builtins(report).items() if name not in _TOLD_ELSEWHERE
        }
        self._waiting.append(
            QualitySampleRow(
                visit_id=room,
                seat=seat,
                at=at,
                rung=report.rung,
                score=score,
                body=msgspec.json.encode(body).decode(),
            )
        )
        self.send(
            people.officials,
            LineQuality(
                room=room,
                of_seat=seat,
                score=score,
                rung=report.rung,
                route=report.route,
                rtt_ms=report.rtt_ms,
                loss=max(report.up_loss, report.down_loss),
                hints=report.hints,
                at=at,
            ),
        )

    async def keep(self, now: datetime) -> None:
        """Write down what waits, in one transaction; what cannot be written is given up."""
        self._forget(now)
        rows = list(self._waiting)
        self._waiting.clear()
        if not rows:
            return

        async def use_case(work: Work) -> None:
            await QualitySamples(work.session).add(rows)

        try:
            await self.edge.run(use_case)
        except SQLAlchemyError as error:
            logger.warning("quality.not_kept count=%d error=%s", len(rows), type(error).__name__)

    async def _people(self, room: RoomId, at: datetime) -> _People:
        known = self._rooms.get(room)
        if known is not None and at - known.asked_at < PEOPLE_KNOWN_FOR:
            return known
        rows = await self.edge.read(lambda work: Visits(work.session).participants(VisitId(room)))
        people = _People(
            seats=frozenset(row.seat for row in rows),
            officials=tuple(SeatId(row.seat) for row in rows if row.person_id is not None),
            asked_at=at,
        )
        self._rooms[room] = people
        return people

    def _forget(self, now: datetime) -> None:
        """Drop what belongs to calls that are over, so that memory follows the calls of the moment."""
        self._taken = {who: at for who, at in self._taken.items() if now - at < FORGET_AFTER}
        self._rooms = {
            room: known for room, known in self._rooms.items() if now - known.asked_at < FORGET_AFTER
        }


def _measured(report: Quality) -> Measured:
    return Measured(
        loss=max(report.up_loss, report.down_loss),
        rtt_ms=report.rtt_ms,
        jitter_ms=report.jitter_ms,
        concealed=report.concealed,
        # Who is sent a picture a second gets no smooth one; that says nothing about the own line.
        frozen=min(1.0, report.frozen_ms / _EVERY_MS) if report.fps_in >= SMOOTH_FPS else 0.0,
    )


@contextlib.asynccontextmanager
async def keeping(log: QualityLog, clock: Callable[[], datetime]) -> AsyncIterator[None]:
    """Keep reports every five seconds for as long as the context is open, and what is left at its end."""

    async def run() -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            await log.keep(clock())

    try:
        async with running(run(), "quality"):
            yield
    finally:
        await log.keep(clock())
