"""Tables of the rosters: posts, rotations and their shifts, changes, leave, acting, leaders' days, alerts.

People and units are opaque here, so no key leads out of the package.
"""

from datetime import date, datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from scheduling.store.base import Base, unique_where

_IN_FORCE = "cancelled_at IS NULL"
_ASKED = "state = 'requested'"
_UNCLEARED = "cleared_at IS NULL"


class _OfPost:
    """Columns of what belongs to a post."""

    role: Mapped[str]
    unit: Mapped[str]


class _Lasting:
    """Columns of what lasts from one moment to another, the latter not included."""

    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class _Decided:
    """Columns of what somebody made by their own right, and may take back."""

    made_by: Mapped[str]
    made_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]


class _Asked:
    """Columns of what is asked for, and settled by somebody else."""

    state: Mapped[str] = mapped_column(index=True)
    asked_at: Mapped[datetime]
    settled_by: Mapped[str | None]
    settled_at: Mapped[datetime | None]


class RosterPostRow(Base):
    """A post that somebody should be on; each change of its roster counts `version` up, which is its lock."""

    __tablename__ = "roster_post"
    role: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]


class RotationRow(_OfPost, Base):
    """People who take turns on a post; its shifts are dealt up to `filled_until`."""

    __tablename__ = "rotation"
    id: Mapped[str] = mapped_column(primary_key=True)
    rule: Mapped[str]
    opens: Mapped[time]
    closes: Mapped[time]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    handover: Mapped[str]
    working_days_only: Mapped[bool]
    filled_until: Mapped[date | None]  # last day whose shifts are dealt
    __table_args__ = (
        CheckConstraint("handover IN ('daily','weekly')", name="handover"),
        Index("ix_rotation_role_unit", "role", "unit"),
    )


class RotationMemberRow(Base):
    """One member's place in the order of a rotation."""

    __tablename__ = "rotation_member"
    rotation_id: Mapped[str] = mapped_column(ForeignKey("rotation.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person: Mapped[str]


class RosterShiftRow(_OfPost, _Lasting, Base):
    """One turn, dealt ahead, so that who is on now is one look."""

    __tablename__ = "roster_shift"
    id: Mapped[str] = mapped_column(primary_key=True)
    rotation_id: Mapped[str] = mapped_column(ForeignKey("rotation.id"))
    person: Mapped[str]
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="span"),
        Index("uq_roster_shift_turn", "rotation_id", "starts_at", unique=True),
        Index("ix_roster_shift_role_unit_ends_at", "role", "unit", "ends_at"),
        Index("ix_roster_shift_ends_at", "ends_at"),
    )


class StandingHolderRow(Base):
    """Who holds a post when no shift applies."""

    __tablename__ = "standing_holder"
    role: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    since: Mapped[datetime]


class RosterOverrideRow(_OfPost, _Lasting, _Decided, Base):
    """A change of a post's roster: by the office, by a swap, or by filling a gap."""

    __tablename__ = "roster_override"
    id: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str]
    instead_of: Mapped[str]  # whose shift; empty for all of them, which a unique index can compare
    why: Mapped[str]
    swap_id: Mapped[str | None]
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="span"),
        CheckConstraint("why IN ('override','swap','taken')", name="why"),
        unique_where("uq_roster_override_place", "role", "unit", "instead_of", "starts_at", where=_IN_FORCE),
        Index("ix_roster_override_ends_at", "ends_at"),
    )


class RosterSwapRow(_OfPost, _Lasting, _Asked, Base):
    """Somebody asks to give a shift away; `taker` None asks every colleague of the post."""

    __tablename__ = "roster_swap"
    id: Mapped[str] = mapped_column(primary_key=True)
    asker: Mapped[str]
    taker: Mapped[str | None]
    back_starts_at: Mapped[datetime | None]  # the taker's shift that is given in return
    back_ends_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("state IN ('requested','accepted','declined','withdrawn')", name="state"),
        CheckConstraint("state <> 'accepted' OR taker IS NOT NULL", name="taker"),
        CheckConstraint("(back_starts_at IS NULL) = (back_ends_at IS NULL)", name="back"),
        unique_where("uq_roster_swap_asked", "role", "unit", "asker", "starts_at", where=_ASKED),
    )


class LeaveRow(_Lasting, _Asked, Base):
    """Somebody is away, or asks to be; only what is granted counts."""

    __tablename__ = "roster_leave"
    id: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str]
    kind: Mapped[str]
    asked_by: Mapped[str]
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="span"),
        CheckConstraint("state IN ('requested','granted','declined','withdrawn')", name="state"),
        Index("ix_roster_leave_person_ends_at", "person", "ends_at"),
    )


class ActingRow(_Decided, Base):
    """`deputy` stands in for `person` whenever that one is on leave; no end means until further notice."""

    __tablename__ = "roster_acting"
    id: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str]
    deputy: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("person <> deputy", name="deputy"),
        CheckConstraint("ends_at IS NULL OR starts_at < ends_at", name="span"),
        unique_where("uq_roster_acting_person_start", "person", "starts_at", where=_IN_FORCE),
    )


class LeaderDayRow(_Lasting, _Decided, Base):
    """领导接访日: a leader receives, and the townships read when."""

    __tablename__ = "leader_day"
    id: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str]
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="span"),
        unique_where("uq_leader_day_person_start", "person", "starts_at", where=_IN_FORCE),
        Index("ix_leader_day_ends_at", "ends_at"),
    )


class ContactChannelRow(Base):
    """That somebody can be reached in one way, and when this was last tried; never the number itself."""

    __tablename__ = "contact_channel"
    person: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    works: Mapped[bool]
    checked_at: Mapped[datetime]


class RosterAlertRow(_OfPost, _Lasting, Base):
    """A hole in the roster that was seen: a gap, or somebody in tomorrow's chain whom nothing reaches."""

    __tablename__ = "roster_alert"
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    person: Mapped[str]  # empty for a gap
    raised_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("kind IN ('gap','no_channel')", name="kind"),
        unique_where("uq_roster_alert_open", "kind", "role", "unit", "person", "starts_at", where=_UNCLEARED),
    )
