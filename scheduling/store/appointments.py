"""Appointments and their claims on time: conditional updates, and one statement that takes or does not.

A claim is a row whose primary key is the resource and the quarter of an hour.  Nothing here asks
first whether a time is free: it is inserted, and the database says.  That holds on every database
and between any number of processes, without a lock that all of them would have to agree on.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Dialect, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from scheduling.domain.appointments import AGREED, CLAIMS, AppointmentState, CancelReason
from scheduling.domain.slots import Claim, Edges, Part, Plan, Span
from scheduling.store.appointment_tables import AppointmentRow, ClaimRow, RoomBlockRow


def plan_of(row: AppointmentRow) -> Plan:
    """Return who meets where and when."""
    edges = Edges(timedelta(minutes=row.briefing_min), timedelta(minutes=row.wrap_up_min))
    return Plan(
        room=row.room_id,
        official=row.official_id,
        liaison=row.liaison_id,
        case=row.case_id,
        starts_at=row.starts_at,
        length=row.ends_at - row.starts_at,
        edges=edges,
    )


class Appointments:
    """Queries and conditional updates on appointments within one open session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, appointment: str) -> AppointmentRow | None:
        """Return the appointment as the database has it now, or None."""
        return await self._session.get(AppointmentRow, appointment, populate_existing=True)

    async def between(self, span: Span, *, rooms: Collection[str] | None = None) -> Sequence[AppointmentRow]:
        """Return the appointments that meet within a span, earliest first, whatever became of them."""
        query = select(AppointmentRow).where(
            AppointmentRow.starts_at < span.end, AppointmentRow.ends_at > span.start
        )
        if rooms is not None:
            query = query.where(AppointmentRow.room_id.in_(set(rooms)))
        return (
            await self._session.scalars(query.order_by(AppointmentRow.starts_at, AppointmentRow.id))
        ).all()

    async def booked(
        self, span: Span, *, room: str | None = None, person: str | None = None
    ) -> Sequence[AppointmentRow]:
        """Return what the county has agreed to within a span, earliest first.

        Args:
            room: of this room alone.
            person: where this person is the official or the liaison.
        """
        return [
            row
            for row in await self.between(span, rooms=None if room is None else {room})
            if row.state in AGREED and person in (None, row.official_id, row.liaison_id)
        ]

    async def of_official(self, official: str, span: Span) -> Sequence[AppointmentRow]:
        """Return the appointments that an official still has within a span, earliest first."""
        rows = await self.between(span)
        return [row for row in rows if row.official_id == official and row.state in CLAIMS]

    async def add(self, row: AppointmentRow, now: datetime) -> bool:
        """Add an appointment together with its claims; say whether every quarter of them was free.

        When it was not, nothing of the claims stays, and the caller gives the transaction up.
        """
        self._session.add(row)
        await self._session.flush()
        return await self.claim(row.id, plan_of(row), now)

    async def claim(self, appointment: str, plan: Plan, now: datetime) -> bool:
        """Bring an appointment's claims to what a plan needs, all of them or none.

        What it has already is kept, what it no longer needs is given back.  A hold that has run out
        gives way first.  Rows are inserted in one order by everybody, so two that want each other's
        quarters wait in line and not for each other.
        """
        wanted = plan.claims()
        await self._end_expired_holds(wanted, appointment, now)
        query = select(ClaimRow.resource, ClaimRow.at).where(ClaimRow.appointment_id == appointment)
        held = {Claim(resource, at) for resource, at in await self._session.execute(query)}
        new = sorted(wanted.keys() - held)
        if new and not await self._insert(appointment, {claim: wanted[claim] for claim in new}):
            return False
        await self._give_back(appointment, held - wanted.keys())
        return True

    async def _insert(self, appointment: str, claims: Mapping[Claim, Part]) -> bool:
        dialect: Dialect = self._session.get_bind().dialect
        insert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        statement = (
            insert(ClaimRow)
            .values(
                [
                    {
                        "resource": claim.resource,
                        "at": claim.at,
                        "appointment_id": appointment,
                        "part": part,
                    }
                    for claim, part in claims.items()
                ]
            )
            .on_conflict_do_nothing(index_elements=[ClaimRow.resource, ClaimRow.at])
            .returning(ClaimRow.resource, ClaimRow.at)
        )
        got = {Claim(resource, at) for resource, at in await self._session.execute(statement)}
        if len(got) == len(claims):
            return True
        await self._give_back(appointment, got)
        return False

    async def _give_back(self, appointment: str, claims: Iterable[Claim]) -> None:
        keys = [(claim.resource, claim.at) for claim in claims]
        if keys:
            await self._session.execute(
                delete(ClaimRow).where(
                    ClaimRow.appointment_id == appointment,
                    tuple_(ClaimRow.resource, ClaimRow.at).in_(keys),
                )
            )

    async def _end_expired_holds(self, wanted: Collection[Claim], but: str, now: datetime) -> None:
        """Cancel the holds in the way whose time is up.

        The update is conditional, so a hold that is completed in this very moment is either a request
        already, and stays, or is cancelled, and its request is refused.
        """
        times = [claim.at for claim in wanted]
        query = (
            select(AppointmentRow.id)
            .join(ClaimRow, ClaimRow.appointment_id == AppointmentRow.id)
            .where(
                ClaimRow.resource.in_({claim.resource for claim in wanted}),
                ClaimRow.at.between(min(times), max(times)),
                AppointmentRow.state == AppointmentState.HELD,
                AppointmentRow.hold_until <= now,
                AppointmentRow.id != but,
            )
            .distinct()
        )
        for expired in sorted((await self._session.scalars(query)).all()):
            if await self.move(
                expired,
                from_state=AppointmentState.HELD,
                to=AppointmentState.CANCELLED,
                changes={"reason": CancelReason.HOLD_EXPIRED},
                expired_at=now,
            ):
                await self.release(expired)

    async def move(
        self,
        appointment: str,
        *,
        from_state: AppointmentState,
        to: AppointmentState,
        changes: Mapping[str, object] | None = None,
        version: int | None = None,
        unexpired_at: datetime | None = None,
        expired_at: datetime | None = None,
    ) -> bool:
        """Move an appointment on if it still is in `from_state`; say whether it was.

        Args:
            version: only if nobody has changed it since this version.
            unexpired_at: only if its hold lasts beyond this moment.
            expired_at: only if its hold is over at this moment.
        """
        statement = (
            update(AppointmentRow)
            .where(AppointmentRow.id == appointment, AppointmentRow.state == from_state)
            .values(state=to, version=AppointmentRow.version + 1, **(changes or {}))
            .execution_options(synchronize_session="fetch")
        )
        if version is not None:
            statement = statement.where(AppointmentRow.version == version)
        if unexpired_at is not None:
            statement = statement.where(AppointmentRow.hold_until > unexpired_at)
        if expired_at is not None:
            statement = statement.where(AppointmentRow.hold_until <= expired_at)
        result = cast(
            "CursorResult[Any]",  # execute() is typed for SELECT; an UPDATE has rowcount
            await self._session.execute(statement),
        )
        if result.rowcount != 1:
            return False
        await self.find(appointment)  # whoever holds the row sees the new one
        return True

    async def release(self, appointment: str, *, since: datetime | None = None) -> None:
        """Give an appointment's quarters back: all of them, or those that begin at `since` or later."""
        statement = delete(ClaimRow).where(ClaimRow.appointment_id == appointment)
        if since is not None:
            statement = statement.where(ClaimRow.at >= since)
        await self._session.execute(statement)

    async def taken(self, resources: Collection[str], span: Span, now: datetime) -> frozenset[Claim]:
        """Return the quarters of some resources that are claimed within a span, expired holds left out."""
        query = (
            select(ClaimRow.resource, ClaimRow.at)
            .join(AppointmentRow, AppointmentRow.id == ClaimRow.appointment_id)
            .where(
                ClaimRow.resource.in_(set(resources)),
                ClaimRow.at >= span.start,
                ClaimRow.at < span.end,
                (AppointmentRow.state != AppointmentState.HELD) | (AppointmentRow.hold_until > now),
            )
        )
        return frozenset(Claim(resource, at) for resource, at in await self._session.execute(query))

    async def blocks(self, span: Span, *, rooms: Collection[str] | None = None) -> Sequence[RoomBlockRow]:
        """Return what keeps rooms out of use within a span, earliest first; nothing that was lifted."""
        query = select(RoomBlockRow).where(
            RoomBlockRow.lifted_at.is_(None),
            RoomBlockRow.starts_at < span.end,
            RoomBlockRow.ends_at > span.start,
        )
        if rooms is not None:
            query = query.where(RoomBlockRow.room_id.in_(set(rooms)))
        return (await self._session.scalars(query.order_by(RoomBlockRow.starts_at, RoomBlockRow.id))).all()
