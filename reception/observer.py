"""What signalling reports, written down: presence, timeline, chat.

Implements `signaling.ports.RoomObserver`.
"""

import logging
from dataclasses import dataclass

from reception.domain.errors import Refusal
from reception.domain.ids import VisitId, new_id
from reception.domain.visits import VisitState
from reception.edge import Clock, Edge
from reception.presence import Presence
from reception.services.intake import seal_content
from reception.services.work import Work
from reception.store.tables import ChatLineRow, ParticipantRow, VisitRow
from reception.store.visits import Visits
from reception.switchboard import Switchboard
from signaling.errors import SignalingError
from signaling.ids import RoomId, SeatId

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class VisitObserver:
    """Turns facts of the wire into rows of the visit."""

    edge: Edge
    switchboard: Switchboard
    presence: Presence
    clock: Clock

    async def seat_present(self, seat: SeatId) -> None:
        """Tell the page what it missed, and ring it where somebody waits."""
        self.presence.came(seat)
        await self.switchboard.greet(seat)
        if seat.startswith("p-"):
            await self.edge.ring()

    async def seat_gone(self, seat: SeatId, why: str) -> None:
        """Start the grace period of the seat."""
        self.presence.went(seat, self.clock())
        logger.info("seat.gone seat=%s why=%s", seat, why)

    async def joined(self, room: RoomId, seat: SeatId) -> None:
        """Write that a seat entered the call."""
        await self._note(room, seat, "joined")

    async def left(self, room: RoomId, seat: SeatId, why: str) -> None:
        """Write that a seat left the call, and why."""
        if why != "closed":
            await self._note(room, seat, "left", why)

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

    async def chat(self, room: RoomId, seat: SeatId, text: str) -> None:
        """Keep a chat line before anybody sees it.

        Raises:
            SignalingError: the visit takes no more lines; nothing was kept.
        """

        async def use_case(work: Work) -> None:
            row, place = await _place_in(work, room, seat)
            if VisitState(row.state) is not VisitState.IN_CALL:
                raise SignalingError("wrong_state")
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
                )
            )

        try:
            await self.edge.run(use_case)
        except Refusal as refusal:
            raise SignalingError(refusal.code) from refusal

    async def _note(self, room: RoomId, seat: SeatId, kind: str, code: str | None = None) -> None:
        async def use_case(work: Work) -> None:
            row, place = await _place_in(work, room, seat)
            await Visits(work.session).note_event(
                VisitId(row.id), kind, at=work.now, role=place.role, person=place.person_id, code=code
            )

        await self.edge.run(use_case)


async def _place_in(work: Work, room: RoomId, seat: SeatId) -> tuple[VisitRow, ParticipantRow]:
    """Return the visit of a room and the seat's place in it, or raise a Refusal."""
    visits = Visits(work.session)
    row = await visits.get(VisitId(room))
    place = await visits.participant(VisitId(room), seat)
    if place is None:
        raise SignalingError("unknown_room")
    return row, place
