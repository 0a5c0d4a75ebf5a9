"""Dealing the shifts of rotations ahead, and dealing them anew when something changed."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from scheduling.domain.roster import Post
from scheduling.domain.rotation import Handover, Rotation, Shift, WorkingDay, shifts
from scheduling.store.roster_tables import RosterShiftRow, RotationMemberRow, RotationRow


@dataclass(frozen=True, slots=True)
class Dealing:
    """What dealing depends on: the moment, how far ahead, whose calendar.

    Attributes:
        until: last day whose shifts are dealt.
    """

    now: datetime
    until: date
    zone: tzinfo
    is_working_day: WorkingDay


async def rotations(session: AsyncSession, post: Post | None = None) -> list[Rotation]:
    """Return the rotations, of one post or of all."""
    query = select(RotationRow).order_by(
        RotationRow.role, RotationRow.unit, RotationRow.starts_on, RotationRow.id
    )
    if post is not None:
        query = query.where(RotationRow.role == post.role, RotationRow.unit == post.unit)
    members = select(RotationMemberRow).order_by(RotationMemberRow.rotation_id, RotationMemberRow.position)
    of: dict[str, list[str]] = {}
    for member in await session.scalars(members):
        of.setdefault(member.rotation_id, []).append(member.person)
    return [_rotation(row, of.get(row.id, [])) for row in await session.scalars(query)]


async def rotation(session: AsyncSession, chosen: str) -> Rotation | None:
    """Return one rotation."""
    row = await session.get(RotationRow, chosen)
    if row is None:
        return None
    query = select(RotationMemberRow.person).where(RotationMemberRow.rotation_id == chosen)
    members = (await session.scalars(query.order_by(RotationMemberRow.position))).all()
    return _rotation(row, members)


def _rotation(row: RotationRow, members: Sequence[str]) -> Rotation:
    return Rotation(
        id=row.id,
        post=Post(row.role, row.unit),
        members=tuple(members),
        rule=row.rule,
        opens=row.opens,
        closes=row.closes,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        handover=Handover(row.handover),
        working_days_only=row.working_days_only,
    )


async def add_rotation(session: AsyncSession, new: Rotation) -> None:
    """Write a rotation and its members; its shifts come with `deal`."""
    session.add(
        RotationRow(
            id=new.id,
            role=new.post.role,
            unit=new.post.unit,
            rule=new.rule,
            opens=new.opens,
            closes=new.closes,
            starts_on=new.starts_on,
            ends_on=new.ends_on,
            handover=new.handover,
            working_days_only=new.working_days_only,
            filled_until=None,
        )
    )
    await session.flush()
    _add_members(session, new.id, new.members)
    await session.flush()


async def replace_members(
    session: AsyncSession, chosen: str, members: Sequence[str], *, ends_on: date | None
) -> None:
    """Give a rotation other members or another last day; its shifts come with `deal`."""
    await session.execute(delete(RotationMemberRow).where(RotationMemberRow.rotation_id == chosen))
    await session.execute(update(RotationRow).where(RotationRow.id == chosen).values(ends_on=ends_on))
    _add_members(session, chosen, members)
    await session.flush()


def _add_members(session: AsyncSession, chosen: str, members: Sequence[str]) -> None:
    session.add_all(
        RotationMemberRow(rotation_id=chosen, position=position, person=person)
        for position, person in enumerate(members)
    )


async def deal(session: AsyncSession, chosen: Rotation, dealing: Dealing) -> bool:
    """Make a rotation's shifts from now on what its rule says; what is past stays as it was.

    A shift that is running is cut where somebody else has it from now on.
    Changes, swaps and leave are rows of their own and not touched.

    Returns:
        Whether anything changed.
    """
    wanted = {(shift.person, shift.span.end): shift.span for shift in _due(chosen, dealing)}
    query = select(RosterShiftRow).where(
        RosterShiftRow.rotation_id == chosen.id, RosterShiftRow.ends_at > dealing.now
    )
    is_changed, is_cut = False, False
    for row in (await session.scalars(query)).all():
        if wanted.pop((row.person, row.ends_at), None) is not None:
            continue
        is_changed = True
        if row.starts_at < dealing.now:
            row.ends_at, is_cut = dealing.now, True
        else:
            await session.delete(row)
    await session.flush()
    if wanted:
        rows = [
            {
                "id": _shift_id(chosen, max(span.start, dealing.now) if is_cut else span.start),
                "rotation_id": chosen.id,
                "role": chosen.post.role,
                "unit": chosen.post.unit,
                "person": person,
                "starts_at": max(span.start, dealing.now) if is_cut else span.start,
                "ends_at": span.end,
            }
            for (person, _), span in wanted.items()
        ]
        await session.execute(insert(RosterShiftRow), rows)
    filled = update(RotationRow).where(RotationRow.id == chosen.id).values(filled_until=dealing.until)
    await session.execute(filled)
    return is_changed or bool(wanted)


async def unfilled(session: AsyncSession, until: date) -> list[str]:
    """Return the rotations whose shifts are not dealt up to a day."""
    query = select(RotationRow.id).where(
        or_(RotationRow.filled_until.is_(None), RotationRow.filled_until < until),
        or_(
            RotationRow.ends_on.is_(None),
            RotationRow.filled_until.is_(None),
            RotationRow.ends_on > RotationRow.filled_until,
        ),
    )
    return list(await session.scalars(query.order_by(RotationRow.id)))


async def dealt_by_working_days(session: AsyncSession) -> list[tuple[str, date]]:
    """Return the rotations that leave out days of rest, each with the last day whose shifts are dealt."""
    query = select(RotationRow.id, RotationRow.filled_until).where(
        RotationRow.working_days_only, RotationRow.filled_until.is_not(None)
    )
    found = await session.execute(query.order_by(RotationRow.id))
    return [(chosen, until) for chosen, until in found if until is not None]


def _shift_id(chosen: Rotation, start: datetime) -> str:
    """Name a shift by what makes it unique, so that dealing twice gives the same roster."""
    digest = hashlib.sha256(f"{chosen.id}/{start.timestamp()}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def _due(chosen: Rotation, dealing: Dealing) -> list[Shift]:
    today = dealing.now.astimezone(dealing.zone).date()
    # A shift over midnight that began yesterday may still run.
    found = shifts(
        chosen,
        today - timedelta(days=1),
        dealing.until,
        zone=dealing.zone,
        is_working_day=dealing.is_working_day,
    )
    return [shift for shift in found if shift.person is not None and _ends_after(shift, dealing.now)]


def _ends_after(shift: Shift, now: datetime) -> bool:
    return shift.span.end is not None and shift.span.end > now
