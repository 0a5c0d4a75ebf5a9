"""Tables of what goes out to people: messages, the calendar entries they speak of, and feeds.

A message holds ids and codes; its words are made when it is sent, and none of them is about a petitioner.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from scheduling.store.base import Base, unique_where


class OutboxMessageRow(Base):
    """One message that is to go out, or has; written in the transaction that is its reason."""

    __tablename__ = "outbox_message"
    id: Mapped[str] = mapped_column(primary_key=True)
    dedup_key: Mapped[str] = mapped_column(unique=True)  # the same news is never written down twice
    channel: Mapped[str]
    recipient_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    template: Mapped[str]
    params: Mapped[str] = mapped_column(Text)  # JSON: ids, codes and times only
    about_id: Mapped[str] = mapped_column(index=True)  # the appointment
    state: Mapped[str]  # waiting | sent | withdrawn | failed
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    error: Mapped[str | None]  # a code
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("state IN ('waiting','sent','withdrawn','failed')", name="state"),
        Index("ix_outbox_message_state_next_try_at", "state", "next_try_at"),
    )


class CalendarEntryRow(Base):
    """What one person was told of an appointment last: changes are counted against it."""

    __tablename__ = "calendar_entry"
    about_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    sequence: Mapped[int]  # of RFC 5545; grows with every change that was told
    fingerprint: Mapped[str]  # of time and room
    is_open: Mapped[bool]
    changed_at: Mapped[datetime]


class CalendarFeedRow(Base):
    """A secret address under which a person's or a room's appointments can be subscribed to."""

    __tablename__ = "calendar_feed"
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]  # person | room
    subject_id: Mapped[str]
    secret_hash: Mapped[str]
    created_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("secret_hash"),
        CheckConstraint("kind IN ('person','room')", name="kind"),
        unique_where("uq_calendar_feed_open", "kind", "subject_id", where="revoked_at IS NULL"),
    )
