"""Messages that are to go out: written down with their reason, leased, sent at least once, counted.

A message holds ids, codes and times.  Its words are made when it is sent
(`reception/dispatch.py`), so nothing about a petitioner can be in the outbox.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from sqlalchemy import ColumnElement, Dialect, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reception.domain.ids import PersonId, new_id
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.reminder_tables import OutboxMessageRow
from reception.store.rows import takes
from reception.store.tables import PersonRow, PlaceRow
from scheduling.store.appointment_tables import AppointmentRow

SERVICE = "service"
LEASE = timedelta(minutes=2)  # longer than the dispatcher waits for a gateway
BACK_OFF_FIRST = timedelta(seconds=30)
BACK_OFF_MOST = timedelta(hours=1)
MOST_ATTEMPTS = 12


class Channel(StrEnum):
    """How a message reaches somebody; each has an adapter."""

    SMS = "sms"


class Template(StrEnum):
    """The messages that there are; the words are `reminder.<value>` in the catalogues."""

    DAY_AHEAD = "day_ahead"
    SOON = "soon"
    MOVED = "moved"
    CANCELLED = "cancelled"


class MessageState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a message may speak of.

    Attributes:
        sequence: of the calendar entry that goes along.
    """

    room: str
    starts_at: datetime
    ends_at: datetime
    ticket: str | None
    sequence: int


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be written down; `key` names the news, so that it is never told twice."""

    key: str
    recipient: PersonId
    template: Template
    params: Params
    about: str
    not_before: datetime
    channel: Channel = Channel.SMS


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A leased message.

    Attributes:
        recipient: user name; an adapter finds number or address in the county's own directory.
        attempt: counts from 1.
    """

    id: str
    key: str
    channel: Channel
    recipient: str
    template: Template
    params: Params
    room_name: str
    about: str
    created_at: datetime
    attempt: int


async def put(work: Work, message: NewMessage) -> bool:
    """Write a message down, unless this news was written down before; say whether it was new."""
    dialect: Dialect = work.session.get_bind().dialect
    insert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    statement = (
        insert(OutboxMessageRow)
        .values(
            id=new_id(),
            dedup_key=message.key,
            channel=message.channel.value,
            recipient_id=message.recipient,
            template=message.template.value,
            params=msgspec.json.encode(message.params).decode(),
            about_id=message.about,
            state=MessageState.WAITING.value,
            attempts=0,
            next_try_at=max(message.not_before, work.now),
            created_at=work.now,
        )
        .on_conflict_do_nothing(index_elements=[OutboxMessageRow.dedup_key])
    )
    return await takes(work.session, statement)


async def withdraw(work: Work, about: str, recipient: str | None = None) -> None:
    """Take back what has not gone out: to one person, or to everybody."""
    statement = update(OutboxMessageRow).where(
        OutboxMessageRow.about_id == about, OutboxMessageRow.state == MessageState.WAITING.value
    )
    if recipient is not None:
        statement = statement.where(OutboxMessageRow.recipient_id == recipient)
    await work.session.execute(statement.values(state=MessageState.WITHDRAWN.value))


async def was_told(work: Work, about: str, recipient: str) -> bool:
    """Say whether anything about this has gone out, or may be on its way, to somebody."""
    query = select(func.count()).where(
        OutboxMessageRow.about_id == about,
        OutboxMessageRow.recipient_id == recipient,
        OutboxMessageRow.attempts > 0,
    )
    return bool(await work.session.scalar(query))


async def is_due(work: Work) -> bool:
    """Say whether a message waits to be sent now; reads only."""
    query = select(func.count()).where(*_due(work))
    return bool(await work.session.scalar(query))


async def lease(work: Work, *, most: int = 20) -> list[Outgoing]:
    """Take messages that are due, so that nobody else sends them for the time of a lease.

    A dispatcher that dies in between leaves them due again when the lease is over.
    """
    await _give_up_late(work)
    query = select(OutboxMessageRow.id).where(*_due(work)).order_by(OutboxMessageRow.next_try_at).limit(most)
    leased = []
    for message in (await work.session.scalars(query)).all():
        taken = (
            update(OutboxMessageRow)
            .where(OutboxMessageRow.id == message, *_due(work))
            .values(attempts=OutboxMessageRow.attempts + 1, next_try_at=work.now + LEASE)
        )
        if await takes(work.session, taken):
            leased.append(await _outgoing(work, message))
    return leased


async def sent(work: Work, message: Outgoing) -> None:
    """Note that a message has gone out; a second sender of the same message changes nothing."""
    done = (
        update(OutboxMessageRow)
        .where(OutboxMessageRow.id == message.id, OutboxMessageRow.state != MessageState.SENT.value)
        .values(state=MessageState.SENT.value, sent_at=work.now, error=None)
    )
    if not await takes(work.session, done):
        return
    await work.session.execute(
        update(AppointmentRow)
        .where(AppointmentRow.id == message.about, AppointmentRow.reminded_at.is_(None))
        .values(reminded_at=work.now)
    )
    await _record(work, AuditAction.REMINDER_SENT, message.about, message.template.value)


async def failed(work: Work, message: Outgoing, code: str) -> None:
    """Note that a message could not be sent: it is tried again later and later, and at last given up."""
    is_last = message.attempt >= MOST_ATTEMPTS
    wait: timedelta = min(BACK_OFF_FIRST * 2 ** (message.attempt - 1), BACK_OFF_MOST)
    noted = (
        update(OutboxMessageRow)
        .where(
            OutboxMessageRow.id == message.id,
            OutboxMessageRow.state == MessageState.WAITING.value,
            OutboxMessageRow.attempts == message.attempt,  # nobody has leased it anew meanwhile
        )
        .values(
            state=(MessageState.FAILED if is_last else MessageState.WAITING).value,
            next_try_at=work.now + wait,
            error=code,
        )
    )
    if await takes(work.session, noted) and is_last:
        await _record(work, AuditAction.REMINDER_FAILED, message.about, code)


async def undelivered(work: Work) -> int:
    """Count the messages of the last week that were given up: somebody has to telephone."""
    query = select(func.count()).where(
        OutboxMessageRow.state == MessageState.FAILED.value,
        OutboxMessageRow.created_at > work.now - timedelta(days=7),
    )
    return await work.session.scalar(query) or 0


async def _give_up_late(work: Work) -> None:
    """Give up reminders of what has begun: they would only confuse."""
    query = select(OutboxMessageRow).where(
        *_due(work),
        OutboxMessageRow.template != Template.CANCELLED.value,
    )
    for row in (await work.session.scalars(query)).all():
        if msgspec.json.decode(row.params, type=Params).starts_at <= work.now:
            row.state, row.error = MessageState.FAILED.value, "too_late"
            await _record(work, AuditAction.REMINDER_FAILED, row.about_id, "too_late")
    await work.session.flush()


async def _outgoing(work: Work, message: str) -> Outgoing:
    row = await work.session.get_one(OutboxMessageRow, message, populate_existing=True)
    params = msgspec.json.decode(row.params, type=Params)
    person = await work.session.get_one(PersonRow, row.recipient_id)
    room = await work.session.get(PlaceRow, params.room)
    return Outgoing(
        id=row.id,
        key=row.dedup_key,
        channel=Channel(row.channel),
        recipient=person.username,
        template=Template(row.template),
        params=params,
        room_name=room.name if room else "",
        about=row.about_id,
        created_at=row.created_at,
        attempt=row.attempts,
    )


def _due(work: Work) -> tuple[ColumnElement[bool], ...]:
    return (OutboxMessageRow.state == MessageState.WAITING.value, OutboxMessageRow.next_try_at <= work.now)


async def _record(work: Work, action: AuditAction, appointment: str, reason: str) -> None:
    await work.record_about(SERVICE, action, "appointment", appointment, reason=reason)
