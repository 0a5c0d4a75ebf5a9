"""The visit aggregate: its row, timeline, participants and rings.  Rules live in `domain`."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reception.domain.conditions import RemovedFromCall
from reception.domain.errors import NotFound
from reception.domain.ids import PersonId, PlaceId, VisitId
from reception.domain.roles import Role
from reception.domain.visits import AT_TERMINAL, OCCUPIES_OFFICER, VisitState
from reception.store.rows import takes
from reception.store.tables import (
    MatterRow,
    ParticipantRow,
    PromiseRow,
    RingRow,
    VisitEventRow,
    VisitRow,
)
from signaling.ids import SeatId

# A suspended visit keeps its terminal until it is put aside.
_HOLDS_TERMINAL: ColumnElement[bool] = or_(
    VisitRow.state.in_(AT_TERMINAL),
    and_(VisitRow.state == VisitState.SUSPENDED, VisitRow.parked_at.is_(None)),
)


class Visits:
    """Queries and conditional updates on visits within one open session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, visit: VisitId) -> VisitRow:
        """Return the visit, or raise NotFound."""
        row = await self._session.get(VisitRow, visit)
        if row is None:
            raise NotFound
        return row

    async def at_place(self, place: PlaceId) -> VisitRow | None:
        """Return the visit that a room is taken by, if any."""
        query = (
            select(VisitRow)
            .where(VisitRow.place_id == place, _HOLDS_TERMINAL)
            .order_by(VisitRow.state == VisitState.SUSPENDED)
            .limit(1)
        )
        return await self._session.scalar(query)

    async def latest_at_device(self, device: str, on: date) -> VisitRow | None:
        """Return what a terminal's page shows after a reload.

        That is the visit which holds the terminal, else the day's visit of which something
        was noted last; one that was put aside is not shown until it is taken up again.
        """
        last_event = (
            select(func.max(VisitEventRow.at)).where(VisitEventRow.visit_id == VisitRow.id).scalar_subquery()
        )
        query = (
            select(VisitRow)
            .where(VisitRow.device_id == device, VisitRow.visited_on == on, VisitRow.parked_at.is_(None))
            .order_by(_HOLDS_TERMINAL.desc(), last_event.desc(), VisitRow.registered_at.desc())
            .limit(1)
        )
        return await self._session.scalar(query)

    async def parked_at_device(self, device: str, on: date) -> Sequence[VisitRow]:
        """Return the day's visits that a terminal put aside and may take up again, oldest first."""
        query = (
            select(VisitRow)
            .where(
                VisitRow.device_id == device,
                VisitRow.visited_on == on,
                VisitRow.state == VisitState.SUSPENDED,
                VisitRow.parked_at.is_not(None),
            )
            .order_by(VisitRow.parked_at)
        )
        return (await self._session.scalars(query)).all()

    async def taken_places(self) -> frozenset[str]:
        """Return the rooms in which a visit is at the terminal; a suspended one is not counted."""
        query = select(VisitRow.place_id).where(VisitRow.state.in_(AT_TERMINAL))
        return frozenset((await self._session.scalars(query)).all())

    async def move(
        self,
        visit: VisitId,
        *,
        from_state: VisitState,
        to: VisitState,
        changes: dict[str, object] | None = None,
    ) -> bool:
        """Move a visit on if it still is in `from_state`; say whether it was.

        One conditional UPDATE, so of two requests that race exactly one takes.
        """
        statement = (
            update(VisitRow)
            .where(VisitRow.id == visit, VisitRow.state == from_state)
            .values(state=to, **(changes or {}))
            .execution_options(synchronize_session="fetch")
        )
        return await takes(self._session, statement)

    async def note_event(
        self,
        visit: VisitId,
        kind: str,
        *,
        at: datetime,
        role: str | None = None,
        person: str | None = None,
        code: str | None = None,
    ) -> None:
        """Append to the visit's timeline."""
        last = await self._session.scalar(
            select(func.max(VisitEventRow.seq)).where(VisitEventRow.visit_id == visit)
        )
        self._session.add(
            VisitEventRow(
                visit_id=visit, seq=(last or 0) + 1, at=at, kind=kind, role=role, person_id=person, code=code
            )
        )
        # The next event of the same transaction counts on from this one.
        await self._session.flush()

    async def events(self, visit: VisitId) -> Sequence[VisitEventRow]:
        """Return the timeline, oldest first."""
        query = select(VisitEventRow).where(VisitEventRow.visit_id == visit).order_by(VisitEventRow.seq)
        return (await self._session.scalars(query)).all()

    async def waiting(self) -> Sequence[VisitRow]:
        """Return every visit in the queue, in no particular order."""
        return (
            await self._session.scalars(select(VisitRow).where(VisitRow.state == VisitState.WAITING))
        ).all()

    async def offered(self) -> Sequence[VisitRow]:
        """Return every suspended visit that stands in the queue again, in no particular order."""
        query = select(VisitRow).where(
            VisitRow.state == VisitState.SUSPENDED, VisitRow.first_chance_until.is_not(None)
        )
        return (await self._session.scalars(query)).all()

    async def suspended_of(self, person: PersonId) -> Sequence[VisitRow]:
        """Return the suspended visits that a person received, oldest first."""
        query = (
            select(VisitRow)
            .where(VisitRow.officer_id == person, VisitRow.state == VisitState.SUSPENDED)
            .order_by(VisitRow.suspended_at)
        )
        return (await self._session.scalars(query)).all()

    async def in_states(self, states: Iterable[VisitState]) -> Sequence[VisitRow]:
        """Return every visit in one of the states."""
        return (await self._session.scalars(select(VisitRow).where(VisitRow.state.in_(set(states))))).all()

    async def pending_of(self, person: PersonId) -> Sequence[VisitRow]:
        """Return the visits in 待补录 that a person owns, oldest first."""
        query = (
            select(VisitRow)
            .where(VisitRow.outcome_owner_id == person, VisitRow.state == VisitState.OUTCOME_PENDING)
            .order_by(VisitRow.pending_since)
        )
        return (await self._session.scalars(query)).all()

    async def occupying(self, person: PersonId) -> VisitRow | None:
        """Return the visit whose call or outcome form keeps an officer busy."""
        query = select(VisitRow).where(
            VisitRow.officer_id == person,
            VisitRow.state.in_(OCCUPIES_OFFICER),
            VisitRow.host_left_at.is_(None),
        )
        return await self._session.scalar(query)

    async def joined_call(self, seat: SeatId) -> VisitRow | None:
        """Return the running call that a seat was admitted to, if any."""
        query = (
            select(VisitRow)
            .join(ParticipantRow, ParticipantRow.visit_id == VisitRow.id)
            .where(
                ParticipantRow.seat == seat,
                ParticipantRow.admitted_at.is_not(None),
                ParticipantRow.removed_at.is_(None),
                VisitRow.state == VisitState.IN_CALL,
            )
        )
        return await self._session.scalar(query)

    async def matter_kinds(self, visits: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the kinds of matters per visit, in the order in which they were entered."""
        query = (
            select(MatterRow.visit_id, MatterRow.kind)
            .where(MatterRow.visit_id.in_(set(visits)))
            .order_by(MatterRow.visit_id, MatterRow.position)
        )
        kinds: dict[str, tuple[str, ...]] = {}
        for visit, kind in await self._session.execute(query):
            kinds[visit] = (*kinds.get(visit, ()), kind)
        return kinds

    async def promises(self, visits: Iterable[str]) -> dict[str, PromiseRow]:
        """Return the open call-back promise per visit."""
        query = select(PromiseRow).where(PromiseRow.visit_id.in_(set(visits)), PromiseRow.kept_at.is_(None))
        return {row.visit_id: row for row in (await self._session.scalars(query)).all()}

    async def participant(self, visit: VisitId, seat: SeatId) -> ParticipantRow | None:
        """Return the seat's place in the visit, if it has one."""
        return await self._session.get(ParticipantRow, (visit, seat))

    async def admit(
        self, visit: VisitId, seat: SeatId, *, role: str, at: datetime, person: PersonId | None = None
    ) -> None:
        """Give a seat its place in the visit, also again after it was taken away.

        Raises:
            RemovedFromCall: it was put out, and nobody has let it in again.
        """
        place = await self.participant(visit, seat)
        _refuse_put_out(place)
        if place is None:
            place = ParticipantRow(visit_id=visit, seat=seat, person_id=person, role=role)
            self._session.add(place)
        place.admitted_at, place.removed_at = at, None

    async def invite(
        self,
        visit: VisitId,
        seat: SeatId,
        *,
        person: PersonId,
        by: PersonId,
        role: str = Role.COUNTY_DUTY_OFFICER,
    ) -> bool:
        """Keep a place for somebody until they accept; say whether that is news.

        Raises:
            RemovedFromCall: they were put out, and nobody has let them in again.
        """
        place = await self.participant(visit, seat)
        _refuse_put_out(place)
        if place is None:
            place = ParticipantRow(visit_id=visit, seat=seat, person_id=person, role=role)
            self._session.add(place)
        elif place.removed_at is None:
            return False
        place.invited_by, place.admitted_at, place.removed_at = by, None, None
        return True

    async def remove(self, visit: VisitId, seat: SeatId, *, at: datetime, reason: str | None = None) -> None:
        """Take a seat's right to join away; its row stays for the record.

        Args:
            reason: it is put out, and no way leads back in until it is readmitted.
        """
        place = await self.participant(visit, seat)
        if place is not None:
            place.removed_at, place.removed_reason = place.removed_at or at, reason or place.removed_reason
            place.is_held = place.in_private = False

    async def removed(self, visit: VisitId) -> Sequence[ParticipantRow]:
        """Return everybody who was put out of the visit and not let in again."""
        query = (
            select(ParticipantRow)
            .where(ParticipantRow.visit_id == visit, ParticipantRow.removed_reason.is_not(None))
            .order_by(ParticipantRow.removed_at)
        )
        return (await self._session.scalars(query)).all()

    async def change_call(
        self, visit: VisitId, *conditions: ColumnElement[bool], changes: dict[str, object]
    ) -> bool:
        """Change what a running call carries where all of `conditions` hold; say whether they did."""
        statement = (
            update(VisitRow)
            .where(VisitRow.id == visit, VisitRow.state == VisitState.IN_CALL, *conditions)
            .values(**changes)
            .execution_options(synchronize_session="fetch")
        )
        return await takes(self._session, statement)

    async def participants(self, visit: VisitId) -> Sequence[ParticipantRow]:
        """Return everybody who may be in the visit's room, in the order in which they came."""
        query = (
            select(ParticipantRow)
            .where(
                ParticipantRow.visit_id == visit,
                ParticipantRow.admitted_at.is_not(None),
                ParticipantRow.removed_at.is_(None),
            )
            .order_by(ParticipantRow.admitted_at, ParticipantRow.seat)
        )
        return (await self._session.scalars(query)).all()

    async def rings(self, visit: VisitId) -> Sequence[RingRow]:
        """Return every bell of the visit, running or not, oldest first."""
        query = select(RingRow).where(RingRow.visit_id == visit).order_by(RingRow.started_at)
        return (await self._session.scalars(query)).all()

    async def rings_too_long(self, before: datetime) -> bool:
        """Tell whether a bell of a suspended visit has been running since before a moment."""
        query = (
            select(RingRow.id)
            .join(VisitRow, VisitRow.id == RingRow.visit_id)
            .where(
                VisitRow.state == VisitState.SUSPENDED,
                RingRow.stopped_at.is_(None),
                RingRow.started_at <= before,
            )
            .limit(1)
        )
        return await self._session.scalar(query) is not None

    async def stop_rings(
        self,
        *,
        at: datetime,
        why: str,
        visit: VisitId | None = None,
        person: PersonId | None = None,
        before: datetime | None = None,
    ) -> list[tuple[VisitId, PersonId]]:
        """Silence the running bells that match every argument given; return whose they were."""
        query = select(RingRow).where(RingRow.stopped_at.is_(None))
        if visit is not None:
            query = query.where(RingRow.visit_id == visit)
        if person is not None:
            query = query.where(RingRow.person_id == person)
        if before is not None:
            query = query.where(RingRow.started_at <= before)
        rows = (await self._session.scalars(query)).all()
        for row in rows:
            row.stopped_at, row.why_stopped = at, why
        return [(VisitId(row.visit_id), PersonId(row.person_id)) for row in rows]


def _refuse_put_out(place: ParticipantRow | None) -> None:
    if place is not None and place.removed_reason is not None:
        raise RemovedFromCall
