"""Tables of conflicts of interest: who is accused, who was posted where, who is recused.

A dump does not tell who is accused: `token` is a keyed hash that differs from case to case, and what
people read is sealed under the case's content key.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from scheduling.store.base import Base, unique_where

# One that was refused binds nobody, and may be asked for again.
_BINDS = "decision IS NULL OR decision = 'granted'"


class AccusedRow(Base):
    """A unit or person that a case complains about; taken back by `removed_at`, never deleted."""

    __tablename__ = "accused"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case_file.id"), index=True)
    kind: Mapped[str]  # unit | person
    token: Mapped[str]  # keyed hash of the unit's id or the person's name, under a key of the case
    label_sealed: Mapped[str] = mapped_column(Text)
    entered_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    entered_at: Mapped[datetime]
    removed_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    removed_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("kind IN ('unit', 'person')", name="kind"),
        unique_where("uq_accused_once", "case_id", "token", where="removed_at IS NULL"),
    )


class PostingRow(Base):
    """A further or former post of a member of staff, as declared; the present one is `person.unit_id`."""

    __tablename__ = "posting"
    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.id"))
    since_on: Mapped[date]
    to_on: Mapped[date | None]  # the last day; None while it is held
    declared_at: Mapped[datetime]
    __table_args__ = (CheckConstraint("to_on IS NULL OR to_on >= since_on", name="in_order"),)


class RelativeRow(Base):
    """A relative of a member of staff, as they declared it; never a citizen's relative."""

    __tablename__ = "relative"
    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.id"))
    relation: Mapped[str]
    name_sealed: Mapped[str | None] = mapped_column(Text)  # under the service key
    declared_at: Mapped[datetime]


class RecusalRow(Base):
    """Somebody who takes no part in a case, by their own word or at the visitor's request."""

    __tablename__ = "recusal"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case_file.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    origin: Mapped[str]  # own | visitor | above
    reason: Mapped[str]
    asked_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    decision: Mapped[str | None]  # granted | refused
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("origin IN ('own', 'visitor', 'above')", name="origin"),
        CheckConstraint("(decision IS NULL) = (decided_by IS NULL)", name="decided"),
        unique_where("uq_recusal_once", "case_id", "person_id", where=_BINDS),
    )
