"""Who is on duty, and what keeps them from being rung: one query for all officers."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from reception.domain.duty import DutyState, duty_state
from reception.domain.ids import PersonId, VisitId
from reception.domain.roles import Role
from reception.domain.visits import OCCUPIES_OFFICER, VisitState
from reception.store.tables import (
    DutyShiftRow,
    ParticipantRow,
    PersonRow,
    RingRow,
    RoleGrantRow,
    VisitEventRow,
    VisitRow,
)

# A department's liaison is on duty to be asked in, never to receive.
_is_liaison = (
    select(RoleGrantRow.person_id)
    .where(RoleGrantRow.person_id == PersonRow.id, RoleGrantRow.role == Role.DEPARTMENT_LIAISON)
    .exists()
)


@dataclass(frozen=True, slots=True)
class OnShift:
    """An officer with an open shift, and what follows from it."""

    person: PersonId
    name: str
    post: str
    state: DutyState
    pending: int


class Duty:
    """Queries on duty shifts within one open session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def open_shift(self, person: PersonId) -> DutyShiftRow | None:
        """Return the person's open shift, if any."""
        query = select(DutyShiftRow).where(DutyShiftRow.person_id == person, DutyShiftRow.ended_at.is_(None))
        return await self._session.scalar(query)

    async def state_of(self, person: PersonId) -> tuple[DutyState, int]:
        """Return a person's duty state and number of outcomes in 待补录."""
        shift = await self.open_shift(person)
        pending = (await self._pending()).get(person, 0)
        busy = person in await self._busy()
        return duty_state(on_shift=shift is not None, in_call=busy, pending=pending), pending

    async def on_shift(self) -> Sequence[OnShift]:
        """Return every officer with an open shift, longest on duty first."""
        query = (
            select(PersonRow.id, PersonRow.name, PersonRow.post)
            .join(DutyShiftRow, DutyShiftRow.person_id == PersonRow.id)
            .where(DutyShiftRow.ended_at.is_(None), PersonRow.is_active, ~_is_liaison)
            .order_by(DutyShiftRow.started_at)
        )
        pending, busy = await self._pending(), await self._busy()
        return [
            OnShift(
                PersonId(person),
                name,
                post,
                duty_state(on_shift=True, in_call=person in busy, pending=pending.get(person, 0)),
                pending.get(person, 0),
            )
            for person, name, post in await self._session.execute(query)
        ]

    async def without_liaisons(self, people: Collection[PersonId]) -> frozenset[PersonId]:
        """Return who of these people is no department's liaison."""
        query = select(PersonRow.id).where(PersonRow.id.in_(people), ~_is_liaison)
        return frozenset(PersonId(person) for person in (await self._session.scalars(query)).all())

    async def rung_for(self, visits: Iterable[str]) -> dict[VisitId, dict[PersonId, str | None]]:
        """Return per visit who has been rung, with why the bell stopped (None while it runs).

        Of a suspended visit only the bells since its suspension count: they are rung anew.
        """
        query = (
            select(RingRow)
            .join(VisitRow, VisitRow.id == RingRow.visit_id)
            .where(
                RingRow.visit_id.in_(set(visits)),
                or_(VisitRow.suspended_at.is_(None), RingRow.started_at >= VisitRow.suspended_at),
            )
            # The last word on a person is the running bell, also beside one of the same moment.
            .order_by(RingRow.started_at, RingRow.stopped_at.is_(None))
        )
        rung: dict[VisitId, dict[PersonId, str | None]] = {}
        for row in (await self._session.scalars(query)).all():
            rung.setdefault(VisitId(row.visit_id), {})[PersonId(row.person_id)] = row.why_stopped
        return rung

    async def _pending(self) -> dict[str, int]:
        query = (
            select(VisitRow.outcome_owner_id, func.count())
            .where(VisitRow.state == VisitState.OUTCOME_PENDING)
            .group_by(VisitRow.outcome_owner_id)
        )
        return {person: count for person, count in await self._session.execute(query) if person}

    async def _busy(self) -> set[str]:
        """Return who is in a call, as host or guest, or owes its outcome form."""
        hosts = select(VisitRow.officer_id).where(
            VisitRow.state.in_(OCCUPIES_OFFICER), VisitRow.host_left_at.is_(None)
        )
        guests = (
            select(ParticipantRow.person_id)
            .join(VisitRow, VisitRow.id == ParticipantRow.visit_id)
            .where(
                VisitRow.state == VisitState.IN_CALL,
                ParticipantRow.admitted_at.is_not(None),
                ParticipantRow.removed_at.is_(None),
            )
        )
        return {person for person in (await self._session.scalars(union(hosts, guests))).all() if person}

    async def typical_minutes(self, since: datetime) -> float | None:
        """Return the mean length in minutes of the calls answered since then; None without any.

        A call that was cut off in between says nothing of how long people talk.
        """
        was_cut_off = (
            select(VisitEventRow.seq)
            .where(VisitEventRow.visit_id == VisitRow.id, VisitEventRow.kind == "suspended")
            .exists()
        )
        query = select(VisitRow.answered_at, VisitRow.ended_at).where(
            VisitRow.answered_at >= since, VisitRow.ended_at.is_not(None), ~was_cut_off
        )
        lengths = [
            (ended - answered).total_seconds() / 60
            for answered, ended in await self._session.execute(query)
            if answered is not None and ended is not None
        ]
        return sum(lengths) / len(lengths) if lengths else None
