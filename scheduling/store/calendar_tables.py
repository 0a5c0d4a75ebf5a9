"""Tables of the calendar: years and days, deadlines that hang on them, opening hours.

Units, people and what a deadline is about are ids of other packages: plain strings here.
"""

from datetime import date, datetime, time

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from scheduling.store.base import Base


class CalendarYearRow(Base):
    """A year whose notice has been loaded; a year without a row is provisional."""

    __tablename__ = "calendar_year"
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str]  # published (data of the installation) | notice (loaded by a person)
    loaded_by: Mapped[str | None]
    loaded_at: Mapped[datetime]


class CalendarDayRow(Base):
    """A day that is not what its weekday says, by a notice or by an edit."""

    __tablename__ = "calendar_day"
    day: Mapped[date] = mapped_column(primary_key=True)
    notice: Mapped[int | None]  # the year of the notice that says so; None for an edit
    kind: Mapped[str]
    name: Mapped[str | None]
    __table_args__ = (CheckConstraint("kind IN ('workday','rest','holiday','make_up')", name="kind"),)


class DeadlineRow(Base):
    """A time limit that is kept up: when the calendar changes, its last day is computed anew."""

    __tablename__ = "deadline"
    id: Mapped[str] = mapped_column(primary_key=True)
    object_type: Mapped[str]
    object_id: Mapped[str]
    clock: Mapped[str]
    starts_on: Mapped[date]
    length: Mapped[int]
    unit: Mapped[str]
    due_on: Mapped[date]
    is_provisional: Mapped[bool]
    computed_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]  # what it was for is done: it does not move any more
    __table_args__ = (
        UniqueConstraint("object_type", "object_id", "clock"),
        CheckConstraint("length >= 1", name="length"),
        Index("ix_deadline_due_on", "due_on"),
    )


class DeadlineChangeRow(Base):
    """A deadline moved, or became certain, and why; append-only."""

    __tablename__ = "deadline_change"
    id: Mapped[str] = mapped_column(primary_key=True)
    deadline_id: Mapped[str] = mapped_column(index=True)
    before: Mapped[date]
    after: Mapped[date]
    was_provisional: Mapped[bool]
    is_provisional: Mapped[bool]
    cause: Mapped[str]  # notice | edit | restart
    cause_ref: Mapped[str | None]  # the notice's year, or the edited day
    changed_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(index=True)


class OpeningHoursRow(Base):
    """One stretch of a unit's week; a unit without any keeps the usual hours."""

    __tablename__ = "opening_hours"
    unit: Mapped[str] = mapped_column(primary_key=True)
    weekday: Mapped[int] = mapped_column(primary_key=True)
    opens: Mapped[time] = mapped_column(primary_key=True)
    closes: Mapped[time]
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("opens < closes", name="order"),
    )
