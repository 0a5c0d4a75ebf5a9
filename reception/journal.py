"""The journal as the hub reads it: rows of facts, told as messages.

Implements `signaling.ports.Journal`.  A row names its subject; what it says is
read here, at the moment of telling.  A fact whose subject is gone, such as a
bell that has stopped ringing, is left out.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from sqlalchemy import select

from reception.domain.actors import person_of_seat
from reception.domain.ids import CaseId, PersonId, VisitId
from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.edge import Edge
from reception.services.desk import waits_since
from reception.services.notes import RingWhy
from reception.services.work import Work
from reception.store import journal
from reception.store.bringing import Attendances
from reception.store.journal import FactKind
from reception.store.line_tables import SeatEventRow
from reception.store.tables import ChatLineRow, PersonRow, PlaceRow, RingRow, VisitRow
from reception.store.vault import Purpose
from reception.store.visits import Visits
from signaling import messages
from signaling.ids import RoomId, SeatId
from signaling.messages import ServerEvent

AT_MOST = 100


@dataclass(frozen=True, slots=True)
class SeatJournal:
    """Tells each seat its facts.

    Attributes:
        ring_for: how long a bell rings before the visit goes on to the next.
    """

    edge: Edge
    ring_for: timedelta

    async def head(self, seat: SeatId) -> int:
        """Return the newest position of a seat's journal."""
        return await self.edge.read(lambda work: journal.head(work.session, seat))

    async def after(self, seat: SeatId, pos: int) -> Sequence[ServerEvent]:
        """Return the facts behind a position, oldest first, at most 100."""

        async def read(work: Work) -> list[ServerEvent]:
            behind = pos
            while rows := await journal.rows_after(work.session, seat, behind, limit=AT_MOST):
                told = await self._told(work, seat, rows)
                if told:
                    return told
                behind = rows[-1].pos  # nothing of these is left to tell; more may follow
            return []

        return await self.edge.read(read)

    async def _told(self, work: Work, seat: SeatId, rows: Sequence[SeatEventRow]) -> list[ServerEvent]:
        told = []
        teller = _Teller(work, seat, self.ring_for)
        for row in rows:
            event = await teller.tell(row)
            if event is not None:
                told.append(event)
        return told


class _Teller:
    """Turns one seat's rows into messages within one transaction."""

    def __init__(self, work: Work, seat: SeatId, ring_for: timedelta) -> None:
        self._work, self._seat, self._ring_for = work, seat, ring_for
        self._kinds: Mapping[FactKind, Callable[[SeatEventRow], Awaitable[ServerEvent | None]]] = {
            FactKind.RING: self._ring,
            FactKind.RING_STOPPED: self._ring_stopped,
            FactKind.INVITE: self._invite,
            FactKind.CHAT: self._chat,
        }

    async def tell(self, row: SeatEventRow) -> ServerEvent | None:
        return await self._kinds[FactKind(row.kind)](row)

    async def _ring(self, row: SeatEventRow) -> messages.Ring | None:
        person = person_of_seat(self._seat)
        bells = await _running_bells(self._work, person) if person else {}
        bell = bells.get(VisitId(row.visit_id))
        if bell is None:
            return None
        visit, place = await self._visit(row)
        kinds = await Visits(self._work.session).matter_kinds([visit.id])
        left = bell.started_at + self._ring_for - self._work.now
        return messages.Ring(
            visit=visit.id,
            ticket=visit.ticket,
            place=place,
            matter_kinds=kinds.get(visit.id, ()),
            direct=visit.is_direct,
            raised_at=waits_since(visit),
            answer_by_s=max(0, round(left.total_seconds())),
            pos=row.pos,
        )

    async def _ring_stopped(self, row: SeatEventRow) -> messages.RingStopped:
        # `code` was written from a note's `why`.
        why = cast("RingWhy", row.code)
        return messages.RingStopped(visit=row.visit_id, why=why, pos=row.pos)

    async def _invite(self, row: SeatEventRow) -> messages.Invite | None:
        visit, place = await self._visit(row)
        if VisitState(visit.state) is not VisitState.IN_CALL or await self._is_out(row):
            return None
        person = person_of_seat(self._seat)
        asked = await Attendances(self._work.session).open_for(VisitId(visit.id), person) if person else None
        if asked is not None and asked.role == Role.DEPARTMENT_LIAISON:
            place = ""  # the visitor is an alias to a liaison, wherever they sit
        host = await self._work.session.get_one(PersonRow, row.ref)
        return messages.Invite(
            visit=visit.id,
            room=RoomId(visit.id),
            ticket=visit.ticket,
            place=place,
            from_name=host.name,
            from_post=host.post,
            pos=row.pos,
        )

    async def _chat(self, row: SeatEventRow) -> messages.ChatLine | None:
        line = await self._work.session.get(ChatLineRow, row.ref)
        if line is None or await self._is_out(row):
            return None
        visit = await Visits(self._work.session).get(VisitId(row.visit_id))
        text = await self._work.vault.open(
            self._work.session,
            Purpose.CONTENT,
            case_id=CaseId(visit.case_id),
            table="chat_line",
            column="text",
            row_id=line.id,
            sealed=line.text_sealed,
        )
        return messages.ChatLine(
            room=RoomId(visit.id), from_seat=SeatId(line.seat), text=text, at=line.sent_at, pos=row.pos
        )

    async def _is_out(self, row: SeatEventRow) -> bool:
        """Tell whether the seat was taken out of the call: what it had not heard by then, it never hears."""
        place = await Visits(self._work.session).participant(VisitId(row.visit_id), self._seat)
        return place is not None and place.removed_at is not None

    async def _visit(self, row: SeatEventRow) -> tuple[VisitRow, str]:
        visit = await Visits(self._work.session).get(VisitId(row.visit_id))
        place = await self._work.session.get_one(PlaceRow, visit.place_id)
        return visit, place.name


async def _running_bells(work: Work, person: PersonId) -> dict[VisitId, RingRow]:
    """Return this person's bells that ring now, by visit."""
    query = select(RingRow).where(RingRow.person_id == person, RingRow.stopped_at.is_(None))
    return {VisitId(bell.visit_id): bell for bell in (await work.session.scalars(query)).all()}
