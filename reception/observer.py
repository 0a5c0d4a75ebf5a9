"""What signalling reports, written down: presence, timeline, chat.

Implements `signaling.ports.RoomObserver`.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import msgspec

from reception.domain.actors import person_of_seat
from reception.domain.errors import Refusal
from reception.domain.ids import VisitId, new_id
from reception.domain.visits import VisitState
from reception.edge import Clock, Edge
from reception.failpoints import reach
from reception.presence import Presence
from reception.services.attendance import note_presence
from reception.services.call_control import conditions_of
from reception.services.intake import seal_content
from reception.services.line import welcome_officer
from reception.services.notes import Said
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.idempotency import IdempotencyMismatch, StoredAnswer, recall, remember
from reception.store.signal_sessions import SignalSessions
from reception.store.tables import ChatLineRow, ParticipantRow, VisitRow
from reception.store.visits import Visits
from reception.switchboard import Switchboard
from signaling.errors import IdReused, OnHold, SignalingError, UnknownRoom
from signaling.ids import RoomId, SeatId
from signaling.messages import Quality

logger = logging.getLogger(__name__)


class QualityLog(Protocol):
    """Keeps what pages report of their lines."""

    async def take(self, room: RoomId, seat: SeatId, report: Quality, at: datetime) -> None: ...


class _Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stored answer to a chat line: when it was said, never what."""

    at: datetime


@dataclass(slots=True)
class VisitObserver:
    """Turns facts of the wire into rows of the visit."""

    edge: Edge
    switchboard: Switchboard
    presence: Presence
    clock: Clock
    sessions: SignalSessions
    quality_log: QualityLog

    async def seat_present(self, seat: SeatId) -> None:
        """Tell the page what it missed, and ring it where somebody waits."""
        self.presence.came(seat)
        await self.switchboard.greet(seat)
        person = person_of_seat(seat)
        if person is not None:
            behind = self.sessions.began_behind(seat)
            await self.edge.run(lambda work: welcome_officer(work, person, began_behind=behind))

    async def seat_gone(self, seat: SeatId, why: str) -> None:
        """Start the grace period of the seat."""
        self.presence.went(seat, self.clock())
        logger.info("seat.gone seat=%s why=%s", seat, why)

    async def joined(self, room: RoomId, seat: SeatId) -> None:
        """Write that a seat entered the call."""
        await self._note(room, seat, "joined")
        await self.edge.run(lambda work: note_presence(work, VisitId(room), seat, is_there=True))

    async def left(self, room: RoomId, seat: SeatId, why: str) -> None:
        """Write that a seat left the call, and why."""
        if why != "closed":
            await self._note(room, seat, "left", why)
        await self.edge.run(lambda work: note_presence(work, VisitId(room), seat, is_there=False))

    async def set_up(self, room: RoomId, seat: SeatId, code: str) -> None:
        """Write a set-up stage or reason code."""
        kind = code if code in ("media_up", "media_down") else "set_up"
        await self._note(room, seat, kind, None if kind == code else code)

    async def went_live(self, room: RoomId) -> None:
        """Write that the countdown ended, once per visit."""

        async def use_case(work: Work) -> None:
            visits = Visits(work.session)
            if all(event.kind != "live" for event in await visits.events(VisitId(room))):
                await visits.note_event(VisitId(room), "live", at=work.now)

        await self.edge.run(use_case)

    async def chat(self, room: RoomId, seat: SeatId, text: str, *, login: str, command: str) -> datetime:
        """Keep a chat line, who is to see it, and its answer: all of them or nothing.

        A repeated command gets the moment of the first time, also when the visit is over by now.

        Raises:
            SignalingError: the visit takes no more lines, or the id is of another text; nothing was kept.
        """

        async def use_case(work: Work) -> datetime:
            # A keyed hash: the table is not sealed, and a short line is easily guessed from a plain one.
            request = work.vault.keyed_hash("chat", f"{room}\x1f{text}")
            stored = await recall(work.session, login, command, request)
            if stored is not None:
                return msgspec.json.decode(stored.body, type=_Shown).at
            await _write_line(work, room, seat, text)
            reach("chat.after_insert")
            answer = StoredAnswer(200, msgspec.json.encode(_Shown(work.now)).decode())
            await remember(work.session, login, command, request, answer, at=work.now)
            return work.now

        try:
            return await self.edge.run(use_case)
        except IdempotencyMismatch as mismatch:
            raise IdReused from mismatch
        except Refusal as refusal:
            raise SignalingError(refusal.code) from refusal

    async def quality(self, room: RoomId, seat: SeatId, report: Quality, at: datetime) -> None:
        """Keep a report of a participant's line."""
        await self.quality_log.take(room, seat, report, at)

    async def session_reused(self, seat: SeatId, login: str) -> None:
        """Write that a replaced resume token came back: somebody may have copied it."""

        async def use_case(work: Work) -> None:
            await work.record_about(seat, AuditAction.LINE_TOKEN_REUSED, "login", login, result="deny")

        logger.warning("session.reused seat=%s", seat)
        await self.edge.run(use_case)

    async def _note(self, room: RoomId, seat: SeatId, kind: str, code: str | None = None) -> None:
        async def use_case(work: Work) -> None:
            row, place = await _place_in(work, room, seat)
            await Visits(work.session).note_event(
                VisitId(row.id), kind, at=work.now, role=place.role, person=place.person_id, code=code
            )

        await self.edge.run(use_case)


async def _write_line(work: Work, room: RoomId, seat: SeatId, text: str) -> None:
    row, place = await _place_in(work, room, seat)
    if VisitState(row.state) is not VisitState.IN_CALL:
        raise SignalingError("wrong_state")
    admitted = await Visits(work.session).participants(VisitId(row.id))
    conditions = await conditions_of(work, VisitId(row.id))
    hearing = [SeatId(one.seat) for one in admitted if conditions.admits(SeatId(one.seat))]
    if seat not in hearing:
        # The hub has said so already, unless it is only just being told.
        raise OnHold if place.removed_at is None else UnknownRoom
    line = new_id()
    work.session.add(
        ChatLineRow(
            id=line,
            visit_id=row.id,
            seat=seat,
            role=place.role,
            person_id=place.person_id,
            text_sealed=await seal_content(work, row, "chat_line", "text", line, text),
            sent_at=work.now,
            heard_by=",".join(hearing) if len(hearing) < len(admitted) else None,
            is_private=conditions.private is not None,
        )
    )
    work.tell(Said(VisitId(row.id), line, tuple(hearing)))


async def _place_in(work: Work, room: RoomId, seat: SeatId) -> tuple[VisitRow, ParticipantRow]:
    """Return the visit of a room and the seat's place in it, or raise a Refusal."""
    visits = Visits(work.session)
    row = await visits.get(VisitId(room))
    place = await visits.participant(VisitId(room), seat)
    if place is None:
        raise SignalingError("unknown_room")
    return row, place
