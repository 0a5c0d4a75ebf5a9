"""Rooms out of use: blocked from one hour to another, and back by themselves when it is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import update

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotFound
from reception.domain.ids import new_id
from reception.domain.policy import Action
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.rows import takes
from reception.store.tables import PlaceRow
from scheduling.domain.appointments import CLAIMS
from scheduling.domain.slots import Span
from scheduling.store.appointment_tables import RoomBlockRow
from scheduling.store.appointments import Appointments

LONGEST = timedelta(days=366)


class RoomBlockReason(StrEnum):
    """Why a room is out of use."""

    REPAIR = "repair"
    NO_LINE = "no_line"
    MEETING = "meeting"
    DISINFECTION = "disinfection"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Blocked:
    """A block that was made.

    Attributes:
        affected: appointments that stand within it; they stay until somebody moves or cancels them.
    """

    id: str
    affected: Sequence[str]


async def block(work: Work, actor: Officer, room: str, span: Span, reason: str) -> Blocked:
    """Put a room out of use for a span; nothing can be booked into it.

    Raises:
        BadInput: fields that do not hold, all at once.
    """
    may(actor, Action.BLOCK_ROOM)
    if await work.session.get(PlaceRow, room) is None:
        raise NotFound
    faults = _faults(span, reason, work.now)
    if faults:
        raise BadInput(faults)
    row = RoomBlockRow(
        id=new_id(),
        room_id=room,
        starts_at=span.start,
        ends_at=span.end,
        reason=reason,
        made_by=actor.seat,
        made_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    await _note(work, actor, AuditAction.ROOM_BLOCKED, room, reason)
    rows = await Appointments(work.session).between(span, rooms={room})
    return Blocked(row.id, [row.id for row in rows if row.state in CLAIMS])


async def lift(work: Work, actor: Officer, blocked: str) -> None:
    """Give a room back before its block is over; lifted twice it stays lifted."""
    may(actor, Action.BLOCK_ROOM)
    row = await work.session.get(RoomBlockRow, blocked)
    if row is None:
        raise NotFound
    statement = (
        update(RoomBlockRow)
        .where(RoomBlockRow.id == blocked, RoomBlockRow.lifted_at.is_(None))
        .values(lifted_at=work.now)
    )
    if await takes(work.session, statement):
        await _note(work, actor, AuditAction.ROOM_UNBLOCKED, row.room_id, None)


def _faults(span: Span, reason: str, now: datetime) -> dict[str, str]:
    faults = {}
    if reason not in set(RoomBlockReason):
        faults["reason"] = "required"
    if span.end <= span.start or span.end <= now or span.end - span.start > LONGEST:
        faults["ends_at"] = "out_of_range"
    return faults


async def _note(work: Work, actor: Officer, action: AuditAction, room: str, reason: str | None) -> None:
    await work.record_about(actor.seat, action, "place", room, reason=reason)
