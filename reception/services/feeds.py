"""Feeds: a secret address under which a person's or a room's appointments can be subscribed to.

Whoever has the address reads it without signing in, as calendar programs do; so a feed
holds hour, room and number of an appointment and nothing else, and can be taken back.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update

from reception.domain.access import Place, may
from reception.domain.actors import Officer
from reception.domain.errors import NotFound
from reception.domain.ids import new_id
from reception.domain.policy import Action
from reception.services import icalendar
from reception.services.icalendar import Entry
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.reminder_tables import CalendarEntryRow, CalendarFeedRow
from reception.store.tables import PersonRow, PlaceRow
from scheduling.domain.slots import Span
from scheduling.store.appointments import Appointments

BACK = timedelta(days=31)
AHEAD = timedelta(days=180)


class FeedKind(StrEnum):
    """Whose appointments a feed shows."""

    PERSON = "person"
    ROOM = "room"


@dataclass(frozen=True, slots=True)
class Words:
    """What a feed says: the neutral words of every appointment, and the titles of the calendars."""

    summary: str
    mine: str
    room: str  # holds `{room}`


@dataclass(frozen=True, slots=True)
class OpenFeed:
    """A feed that is in force; its address is not known to the service any more."""

    created_at: datetime


async def issue(work: Work, actor: Officer, kind: FeedKind, subject: str) -> str:
    """Make a new secret for a feed; the one before it, if any, stops working.

    Returns:
        The secret; only its hash is kept, so it is shown once.
    """
    await _refuse_foreign(work, actor, kind, subject)
    await _revoke(work, kind, subject)
    secret = secrets.token_urlsafe(32)
    work.session.add(
        CalendarFeedRow(
            id=new_id(),
            kind=kind.value,
            subject_id=subject,
            secret_hash=_hash(secret),
            created_by=actor.person,
            created_at=work.now,
        )
    )
    await work.session.flush()
    await _record(work, actor, AuditAction.FEED_ISSUED, kind, subject)
    return secret


async def revoke(work: Work, actor: Officer, kind: FeedKind, subject: str) -> None:
    """Take a feed back; whoever subscribed gets nothing any more."""
    await _refuse_foreign(work, actor, kind, subject)
    if await _revoke(work, kind, subject):
        await _record(work, actor, AuditAction.FEED_REVOKED, kind, subject)


async def open_feeds(work: Work, kind: FeedKind, subjects: list[str]) -> Mapping[str, OpenFeed]:
    """Return which of these people or rooms have a feed in force."""
    query = select(CalendarFeedRow.subject_id, CalendarFeedRow.created_at).where(
        CalendarFeedRow.kind == kind.value,
        CalendarFeedRow.subject_id.in_(subjects),
        CalendarFeedRow.revoked_at.is_(None),
    )
    return {subject: OpenFeed(created_at) for subject, created_at in await work.session.execute(query)}


async def read(work: Work, secret: str, words: Words) -> bytes:
    """Return the calendar behind a secret.

    Raises:
        NotFound: nobody has been given this secret, or it was taken back, or its person has left.
    """
    feed = await work.session.scalar(
        select(CalendarFeedRow).where(
            CalendarFeedRow.secret_hash == _hash(secret), CalendarFeedRow.revoked_at.is_(None)
        )
    )
    if feed is None:
        raise NotFound
    span = Span(work.now - BACK, work.now + AHEAD)
    appointments = Appointments(work.session)
    if feed.kind == FeedKind.PERSON:
        person = await work.session.get(PersonRow, feed.subject_id)
        if person is None or not person.is_active:
            raise NotFound
        rows, name = await appointments.booked(span, person=feed.subject_id), words.mine
    else:
        rooms = await _room_names(work, {feed.subject_id})
        rows = await appointments.booked(span, room=feed.subject_id)
        name = words.room.format(room=rooms.get(feed.subject_id, ""))
    names = await _room_names(work, {row.room_id for row in rows})
    sequences = await _sequences(work, [row.id for row in rows])
    entries = [
        Entry(
            appointment=row.id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            summary=words.summary,
            room=names.get(row.room_id, ""),
            ticket=row.ticket,
            sequence=sequences.get(row.id, 0),
            stamped_at=row.decided_at or row.asked_at,
        )
        for row in rows
    ]
    return icalendar.feed(name, entries)


async def _sequences(work: Work, appointments: list[str]) -> dict[str, int]:
    """Return the highest sequence that anybody was told: a feed must not fall behind a message."""
    query = select(CalendarEntryRow.about_id, CalendarEntryRow.sequence).where(
        CalendarEntryRow.about_id.in_(appointments)
    )
    found: dict[str, int] = {}
    for appointment, sequence in await work.session.execute(query):
        found[appointment] = max(sequence, found.get(appointment, 0))
    return found


async def _room_names(work: Work, rooms: set[str]) -> dict[str, str]:
    query = select(PlaceRow.id, PlaceRow.name).where(PlaceRow.id.in_(rooms))
    return dict((await work.session.execute(query)).all())


async def _refuse_foreign(work: Work, actor: Officer, kind: FeedKind, subject: str) -> None:
    if kind is FeedKind.PERSON:
        may(actor, Action.SUBSCRIBE_OWN, is_own=subject == actor.person)
        return
    room = await work.session.get(PlaceRow, subject)
    if room is None:
        raise NotFound
    may(actor, Action.SUBSCRIBE_ROOM, place=Place(room.unit_id, is_direct=False))


async def _revoke(work: Work, kind: FeedKind, subject: str) -> bool:
    statement = (
        update(CalendarFeedRow)
        .where(
            CalendarFeedRow.kind == kind.value,
            CalendarFeedRow.subject_id == subject,
            CalendarFeedRow.revoked_at.is_(None),
        )
        .values(revoked_at=work.now)
        .returning(CalendarFeedRow.id)
    )
    return bool((await work.session.scalars(statement)).all())


async def _record(work: Work, actor: Officer, action: AuditAction, kind: FeedKind, subject: str) -> None:
    await work.record_about(actor.seat, action, "person" if kind is FeedKind.PERSON else "place", subject)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
