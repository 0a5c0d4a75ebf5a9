"""Tables of bringing people in: who was asked into a call, and one-time links for those without account.

A guest's own name is sealed under the case's content key; the title on the
screen is the host's.  A link's token is kept as its hash alone.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from scheduling.store.base import Base, unique_where


class GuestRow(Base):
    """A one-time link and the one person it was for, from the making to the end."""

    __tablename__ = "guest"
    id: Mapped[str] = mapped_column(primary_key=True)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), index=True)
    role: Mapped[str]  # interpreter | expert | department | other
    title: Mapped[str]  # what the others read under the picture; the host's words
    token_hash: Mapped[str] = mapped_column(unique=True)
    code_hash: Mapped[str]  # keyed: six digits are soon tried
    code_failures: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime]
    expires_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
    secret_hash: Mapped[str | None] = mapped_column(unique=True)  # of the browser that it is bound to
    redeemed_at: Mapped[datetime | None]
    proven_at: Mapped[datetime | None]  # the second-channel code was right
    name_sealed: Mapped[str | None] = mapped_column(Text)
    waiting_at: Mapped[datetime | None]
    admitted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    why_ended: Mapped[str | None]
    __table_args__ = (
        CheckConstraint(
            "(secret_hash IS NULL) = (redeemed_at IS NULL)",
            name="bound",
        ),
        CheckConstraint("proven_at IS NULL OR redeemed_at IS NOT NULL", name="proven"),
        CheckConstraint("admitted_at IS NULL OR waiting_at IS NOT NULL", name="admitted"),
        CheckConstraint("(ended_at IS NULL) = (why_ended IS NULL)", name="ended"),
    )


_OPEN = "closed_at IS NULL AND person_id IS NOT NULL"


class AttendanceRow(Base):
    """Somebody was asked into a visit: who should have come, who was asked, who came.

    `role` and `unit_id` are the post that the host asked for; None for a colleague
    asked by name, and the unit is None for a guest.
    """

    __tablename__ = "attendance"
    id: Mapped[str] = mapped_column(primary_key=True)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), index=True)
    role: Mapped[str]
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("unit.id"), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"), index=True)
    guest_id: Mapped[str | None] = mapped_column(ForeignKey("guest.id"), unique=True)
    instead_of: Mapped[str | None]  # name of whom they acted for
    why: Mapped[str]  # why this person, as a code of the roster
    shows_summary: Mapped[bool] = mapped_column(default=False)
    asked_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(index=True)
    rung_at: Mapped[datetime | None]  # None: no page of theirs was connected
    accepted_at: Mapped[datetime | None]
    joined_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    why_closed: Mapped[str | None]  # declined | passed_on | visit_over | link_dead
    absence: Mapped[str | None]  # why nobody came, from a list
    confirmed_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    confirmed_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("(person_id IS NULL) <> (guest_id IS NULL)", name="somebody"),
        CheckConstraint("(absence IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        CheckConstraint("absence IS NULL OR joined_at IS NULL", name="absent"),
        unique_where("uq_attendance_open", "visit_id", "person_id", where=_OPEN),
    )
