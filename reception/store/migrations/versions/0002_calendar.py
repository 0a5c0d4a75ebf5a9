"""The calendar: working days, deadlines, hours, reminders, feeds."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# In the order of creation.
TABLES = (
    "calendar_year",
    "calendar_day",
    "deadline",
    "deadline_change",
    "opening_hours",
    "outbox_message",
    "calendar_entry",
    "calendar_feed",
)


def upgrade() -> None:
    _create_days()
    _create_deadlines()
    _create_hours()
    _create_outbox()
    _create_feeds()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_days() -> None:
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        *_texts("source"),
        sa.Column("loaded_by", sa.String(), nullable=True),
        _moment("loaded_at"),
        sa.PrimaryKeyConstraint("year", name="pk_calendar_year"),
    )
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("notice", sa.Integer(), nullable=True),
        *_texts("kind"),
        sa.Column("name", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("day", name="pk_calendar_day"),
        sa.CheckConstraint(
            "kind IN ('workday','rest','holiday','make_up')", name=op.f("ck_calendar_day_kind")
        ),
    )


def _create_deadlines() -> None:
    op.create_table(
        "deadline",
        *_texts("id", "object_type", "object_id", "clock"),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        *_texts("unit"),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        _moment("computed_at"),
        _moment("settled_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_deadline"),
        sa.UniqueConstraint(
            "object_type", "object_id", "clock", name="uq_deadline_object_type_object_id_clock"
        ),
        sa.CheckConstraint("length >= 1", name=op.f("ck_deadline_length")),
    )
    op.create_index("ix_deadline_due_on", "deadline", ["due_on"])
    op.create_table(
        "deadline_change",
        *_texts("id", "deadline_id"),
        sa.Column("before", sa.Date(), nullable=False),
        sa.Column("after", sa.Date(), nullable=False),
        sa.Column("was_provisional", sa.Boolean(), nullable=False),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        *_texts("cause"),
        sa.Column("cause_ref", sa.String(), nullable=True),
        *_texts("changed_by"),
        _moment("changed_at"),
        sa.PrimaryKeyConstraint("id", name="pk_deadline_change"),
    )
    op.create_index("ix_deadline_change_deadline_id", "deadline_change", ["deadline_id"])
    op.create_index("ix_deadline_change_changed_at", "deadline_change", ["changed_at"])


def _create_hours() -> None:
    op.create_table(
        "opening_hours",
        *_texts("unit"),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "weekday", "opens", name="pk_opening_hours"),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_opening_hours_weekday")),
        sa.CheckConstraint("opens < closes", name=op.f("ck_opening_hours_order")),
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox_message",
        *_texts("id", "dedup_key", "channel", "recipient_id", "template"),
        sa.Column("params", sa.Text(), nullable=False),
        *_texts("about_id", "state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("next_try_at"),
        sa.Column("error", sa.String(), nullable=True),
        _moment("created_at"),
        _moment("sent_at", nullable=True),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["person.id"], name="fk_outbox_message_recipient_id_person"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_message"),
        sa.UniqueConstraint("dedup_key", name="uq_outbox_message_dedup_key"),
        sa.CheckConstraint(
            "state IN ('waiting','sent','withdrawn','failed')", name=op.f("ck_outbox_message_state")
        ),
    )
    op.create_index("ix_outbox_message_about_id", "outbox_message", ["about_id"])
    op.create_index("ix_outbox_message_state_next_try_at", "outbox_message", ["state", "next_try_at"])
    op.create_table(
        "calendar_entry",
        *_texts("about_id", "person_id"),
        sa.Column("sequence", sa.Integer(), nullable=False),
        *_texts("fingerprint"),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        _moment("changed_at"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_calendar_entry_person_id_person"),
        sa.PrimaryKeyConstraint("about_id", "person_id", name="pk_calendar_entry"),
    )


def _create_feeds() -> None:
    op.create_table(
        "calendar_feed",
        *_texts("id", "kind", "subject_id", "secret_hash", "created_by"),
        _moment("created_at"),
        _moment("revoked_at", nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name="fk_calendar_feed_created_by_person"),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_feed"),
        sa.UniqueConstraint("secret_hash", name="uq_calendar_feed_secret_hash"),
        sa.CheckConstraint("kind IN ('person','room')", name=op.f("ck_calendar_feed_kind")),
    )
    op.create_index(
        "uq_calendar_feed_open",
        "calendar_feed",
        ["kind", "subject_id"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _moment(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
