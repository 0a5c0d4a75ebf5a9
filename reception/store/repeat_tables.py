"""Tables of repeat visits: tokens of names, links, the ladder, hearings, questions about handling.

As in `tables.py`, columns that end in `_sealed` hold ciphertext of the vault.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from scheduling.store.base import Base, unique_where


class IdentityTokenRow(Base):
    """A keyed hash of how a visitor's name sounds; it only finds candidates, it proves nothing."""

    __tablename__ = "identity_token"
    identity_id: Mapped[str] = mapped_column(ForeignKey("identity.id"), primary_key=True)
    token: Mapped[str] = mapped_column(primary_key=True, index=True)


class CaseAssignmentRow(Base):
    """Which section handles a case, and who in it (分办)."""

    __tablename__ = "case_assignment"
    case_id: Mapped[str] = mapped_column(ForeignKey("case_file.id"), primary_key=True)
    section_id: Mapped[str] = mapped_column(ForeignKey("unit.id"), index=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    assigned_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    assigned_at: Mapped[datetime]
    version: Mapped[int]


_CONFIRMED = "state = 'confirmed'"


class RepeatLinkRow(Base):
    """A matter of a visit may be the one of an earlier case: proposed by the service, decided by a person.

    `count`, `ladder_version` and `rung` are kept as they were when the visit was made, whatever comes later.
    """

    __tablename__ = "repeat_link"
    id: Mapped[str] = mapped_column(primary_key=True)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), index=True)
    matter_id: Mapped[str] = mapped_column(ForeignKey("matter.id"))
    case_id: Mapped[str] = mapped_column(ForeignKey("case_file.id"), index=True)  # the earlier one
    state: Mapped[str]  # proposed | confirmed | rejected | unlinked
    evidence: Mapped[str]  # codes, comma-separated; never a value
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    count: Mapped[int | None]  # which visit on the matter this is
    ladder_version: Mapped[int | None]
    rung: Mapped[str | None]
    met: Mapped[str | None]  # attended | rescheduled | excused
    __table_args__ = (
        UniqueConstraint("matter_id", "case_id"),
        CheckConstraint("state IN ('proposed','confirmed','rejected','unlinked')", name="state"),
        CheckConstraint(
            "state = 'proposed' OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)", name="decided"
        ),
        CheckConstraint("state <> 'confirmed' OR count IS NOT NULL", name="counted"),
        CheckConstraint("rung IS NULL OR ladder_version IS NOT NULL", name="rung_of_a_ladder"),
        unique_where("uq_repeat_link_confirmed", "matter_id", where=_CONFIRMED),
    )


class LadderRungRow(Base):
    """One rung of one version of the ladder: what a visit with that count asks of the county."""

    __tablename__ = "ladder_rule"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rung: Mapped[str] = mapped_column(primary_key=True)  # repeat | multiple
    effective_from: Mapped[date]
    threshold: Mapped[int]  # 以上 includes the number
    roles: Mapped[str]  # who takes part, comma-separated
    hearing_days: Mapped[int | None]  # calendar days until the main leader has heard the report
    order_days: Mapped[int | None]  # at most so many calendar days for an acceleration order
    __table_args__ = (CheckConstraint("threshold >= 2", name="threshold"),)


class LadderExceptionRow(Base):
    """Why the people whom a rung asks for did not take part: put off to a day, or a reason."""

    __tablename__ = "ladder_exception"
    link_id: Mapped[str] = mapped_column(ForeignKey("repeat_link.id"), primary_key=True)
    kind: Mapped[str]  # rescheduled | excused
    resumes_on: Mapped[date | None]
    reason: Mapped[str | None]
    note_sealed: Mapped[str | None] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint(
            "kind = 'rescheduled' AND resumes_on IS NOT NULL OR kind = 'excused' AND reason IS NOT NULL",
            name="says_why",
        ),
    )


_OPEN = "state = 'open'"


class HearingRow(Base):
    """The main leader hears the report on a case that people keep coming back for."""

    __tablename__ = "hearing"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case_file.id"), index=True)
    link_id: Mapped[str] = mapped_column(ForeignKey("repeat_link.id"))
    state: Mapped[str]  # open | heard | withdrawn
    created_at: Mapped[datetime]
    due_on: Mapped[date]
    planned_on: Mapped[date | None]
    heard_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    heard_at: Mapped[datetime | None]
    minutes_sealed: Mapped[str | None] = mapped_column(Text)
    order_sealed: Mapped[str | None] = mapped_column(Text)
    order_due_on: Mapped[date | None]
    order_owner_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    __table_args__ = (
        CheckConstraint("state IN ('open','heard','withdrawn')", name="state"),
        CheckConstraint(
            "state <> 'heard' OR (heard_by IS NOT NULL AND heard_at IS NOT NULL"
            " AND minutes_sealed IS NOT NULL AND order_sealed IS NOT NULL"
            " AND order_due_on IS NOT NULL AND order_owner_id IS NOT NULL)",
            name="heard",
        ),
        unique_where("uq_hearing_open", "case_id", where=_OPEN),
    )


class HandlingAnswerRow(Base):
    """What a visitor said, without the handlers, about how a section handled the matter."""

    __tablename__ = "handling_answer"
    link_id: Mapped[str] = mapped_column(ForeignKey("repeat_link.id"), primary_key=True)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), index=True)
    section_id: Mapped[str] = mapped_column(ForeignKey("unit.id"), index=True)
    asked_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    answers_sealed: Mapped[str] = mapped_column(Text)
