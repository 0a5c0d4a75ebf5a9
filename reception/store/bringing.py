"""Invitations and one-time links as rows: queries and conditional updates.  Rules live in `domain`."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reception.domain.errors import NotFound
from reception.domain.guests import CODE_TRIES, GuestEnd
from reception.domain.ids import GuestId, PersonId, VisitId
from reception.store.bringing_tables import AttendanceRow, GuestRow
from reception.store.rows import takes


class Attendances:
    """Who was asked into visits, within one open session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of_visits(self, visits: Collection[str]) -> Sequence[AttendanceRow]:
        """Return everybody who was asked into these visits, in order."""
        query = (
            select(AttendanceRow)
            .where(AttendanceRow.visit_id.in_(visits))
            .order_by(AttendanceRow.asked_at, AttendanceRow.id)
        )
        return (await self._session.scalars(query)).all()

    async def between(self, starts_at: datetime, ends_at: datetime) -> Sequence[AttendanceRow]:
        """Return who was asked in a span of time, newest first."""
        query = (
            select(AttendanceRow)
            .where(AttendanceRow.asked_at >= starts_at, AttendanceRow.asked_at < ends_at)
            .order_by(AttendanceRow.asked_at.desc(), AttendanceRow.id)
        )
        return (await self._session.scalars(query)).all()

    async def get(self, attendance: str) -> AttendanceRow:
        """Return an invitation, or raise NotFound."""
        row = await self._session.get(AttendanceRow, attendance)
        if row is None:
            raise NotFound
        return row

    async def open_for(self, visit: VisitId, person: PersonId) -> AttendanceRow | None:
        """Return a person's open invitation into a visit."""
        query = select(AttendanceRow).where(
            AttendanceRow.visit_id == visit,
            AttendanceRow.person_id == person,
            AttendanceRow.closed_at.is_(None),
        )
        return await self._session.scalar(query)

    async def open_of(self, person: PersonId) -> Sequence[AttendanceRow]:
        """Return a person's open invitations, newest first."""
        query = (
            select(AttendanceRow)
            .where(AttendanceRow.person_id == person, AttendanceRow.closed_at.is_(None))
            .order_by(AttendanceRow.asked_at.desc())
        )
        return (await self._session.scalars(query)).all()

    async def of_guest(self, guest: GuestId) -> AttendanceRow:
        """Return the invitation that a one-time link stands for."""
        query = select(AttendanceRow).where(AttendanceRow.guest_id == guest)
        return (await self._session.scalars(query)).one()

    async def close(self, attendance: str, why: str, *, at: datetime) -> bool:
        """Close an open invitation that nobody has accepted; say whether it was one."""
        statement = (
            update(AttendanceRow)
            .where(
                AttendanceRow.id == attendance,
                AttendanceRow.closed_at.is_(None),
                AttendanceRow.accepted_at.is_(None),
            )
            .values(closed_at=at, why_closed=why)
            .execution_options(synchronize_session="fetch")
        )
        return await takes(self._session, statement)


class Guests:
    """One-time links within one open session; of two browsers that race exactly one is bound."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, guest: GuestId) -> GuestRow:
        """Return a link, or raise NotFound."""
        row = await self._session.get(GuestRow, guest)
        if row is None:
            raise NotFound
        return row

    async def by_token(self, token_hash: str) -> GuestRow | None:
        """Return the link of a token."""
        return await self._session.scalar(select(GuestRow).where(GuestRow.token_hash == token_hash))

    async def by_secret(self, secret_hash: str) -> GuestRow | None:
        """Return the link that a browser is bound to."""
        return await self._session.scalar(select(GuestRow).where(GuestRow.secret_hash == secret_hash))

    async def of_visits(self, visits: Collection[str]) -> Sequence[GuestRow]:
        """Return every link of these visits, oldest first."""
        query = select(GuestRow).where(GuestRow.visit_id.in_(visits)).order_by(GuestRow.made_at, GuestRow.id)
        return (await self._session.scalars(query)).all()

    async def bind(self, guest: str, secret_hash: str, *, at: datetime) -> bool:
        """Bind a link to a browser, once."""
        return await self._move(
            guest, GuestRow.redeemed_at.is_(None), {"secret_hash": secret_hash, "redeemed_at": at}
        )

    async def fail_code(self, guest: str) -> bool:
        """Count a wrong code; no more than may be tried are counted."""
        return await self._move(
            guest,
            GuestRow.proven_at.is_(None) & (GuestRow.code_failures < CODE_TRIES),
            {"code_failures": GuestRow.code_failures + 1},
        )

    async def prove(self, guest: str, *, at: datetime) -> bool:
        """Note that the code was right."""
        return await self._move(
            guest,
            GuestRow.proven_at.is_(None)
            & GuestRow.redeemed_at.is_not(None)
            & (GuestRow.code_failures < CODE_TRIES),
            {"proven_at": at},
        )

    async def wait(self, guest: str, name_sealed: str, *, at: datetime) -> bool:
        """Put a guest who has said a name into the lobby."""
        return await self._move(
            guest,
            GuestRow.waiting_at.is_(None) & GuestRow.proven_at.is_not(None),
            {"waiting_at": at, "name_sealed": name_sealed},
        )

    async def admit(self, guest: str, *, at: datetime) -> bool:
        """Let a guest out of the lobby into the call."""
        return await self._move(
            guest,
            GuestRow.admitted_at.is_(None) & GuestRow.waiting_at.is_not(None),
            {"admitted_at": at},
        )

    async def end(self, guest: str, why: GuestEnd, *, at: datetime) -> bool:
        """End a link for good; say whether it was alive."""
        return await self._move(guest, GuestRow.id == guest, {"ended_at": at, "why_ended": why})

    async def _move(self, guest: str, only_if: ColumnElement[bool], changes: dict[str, object]) -> bool:
        statement = (
            update(GuestRow)
            .where(GuestRow.id == guest, GuestRow.ended_at.is_(None), only_if)
            .values(**changes)
            .execution_options(synchronize_session="fetch")
        )
        return await takes(self._session, statement)
