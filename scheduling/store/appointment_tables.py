"""Tables of appointments, of the quarters of an hour that they claim, and of rooms out of use.

Rooms, people and cases are names here; what is behind them is somebody else's.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from scheduling.store.base import Base


class AppointmentRow(Base):
    """Somebody is expected in a room at an hour, by an official who sits at the county."""

    __tablename__ = "appointment"
    id: Mapped[str] = mapped_column(primary_key=True)
    room_id: Mapped[str]
    official_id: Mapped[str]
    liaison_id: Mapped[str | None]
    case_id: Mapped[str | None] = mapped_column(index=True)
    kind: Mapped[str]
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]
    briefing_min: Mapped[int]
    wrap_up_min: Mapped[int]
    state: Mapped[str] = mapped_column(index=True)
    version: Mapped[int]  # grows by one with every change: a page that saw an older one is told so
    hold_until: Mapped[datetime | None]
    held_on: Mapped[date | None]  # the office date of `ticket`; both are given with the county's consent
    ticket: Mapped[str | None]  # what the citizen is called by at the terminal, "Y-003"
    reason: Mapped[str | None]  # why it was refused, cancelled or missed: a code
    absent_side: Mapped[str | None]  # who did not come; None, not "nobody", wherever that is no question
    note_sealed: Mapped[str | None] = mapped_column(Text)
    asked_by: Mapped[str]  # seat of a member of staff or of a terminal
    asked_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    visit_id: Mapped[str | None] = mapped_column(index=True)
    __table_args__ = (
        UniqueConstraint("held_on", "ticket"),
        CheckConstraint("ends_at > starts_at", name="lasts"),
        CheckConstraint("state <> 'held' OR hold_until IS NOT NULL", name="hold_ends"),
        CheckConstraint(
            "state NOT IN ('rejected','cancelled','no_show') OR reason IS NOT NULL", name="reasoned"
        ),
        CheckConstraint("(state = 'no_show') = (absent_side IS NOT NULL)", name="absent_side"),
        Index("ix_appointment_room_time", "room_id", "starts_at"),
        Index("ix_appointment_official_time", "official_id", "starts_at"),
    )

    @property
    def busy_from(self) -> datetime:
        """From when on the officials are bound, briefing included."""
        return self.starts_at - timedelta(minutes=self.briefing_min)

    @property
    def busy_until(self) -> datetime:
        """Until when the officials are bound, wrap-up included."""
        return self.ends_at + timedelta(minutes=self.wrap_up_min)


class ClaimRow(Base):
    """A quarter of an hour of a room, a person or a case; the primary key refuses a double booking."""

    __tablename__ = "claim"
    resource: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    appointment_id: Mapped[str] = mapped_column(ForeignKey("appointment.id"), index=True)
    part: Mapped[str]  # briefing | meeting | wrap_up


class RoomBlockRow(Base):
    """A room that is out of use for a while; when the hour is over it is back by itself."""

    __tablename__ = "room_block"
    id: Mapped[str] = mapped_column(primary_key=True)
    room_id: Mapped[str] = mapped_column(index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    __table_args__ = (CheckConstraint("ends_at > starts_at", name="lasts"),)
