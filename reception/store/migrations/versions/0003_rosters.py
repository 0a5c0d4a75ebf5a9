"""Rosters: posts, shifts, swaps, leave and acting."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# In the order of creation: what is referred to comes first.
TABLES = (
    "roster_post",
    "rotation",
    "rotation_member",
    "roster_shift",
    "standing_holder",
    "roster_override",
    "roster_swap",
    "roster_leave",
    "roster_acting",
    "leader_day",
    "contact_channel",
    "roster_alert",
)


def upgrade() -> None:
    _create_posts()
    _create_changes()
    _create_surroundings()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_posts() -> None:
    op.create_table(
        "roster_post",
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("role", "unit", name="pk_roster_post"),
    )
    op.create_table(
        "rotation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("handover", sa.String(), nullable=False),
        sa.Column("working_days_only", sa.Boolean(), nullable=False),
        sa.Column("filled_until", sa.Date(), nullable=True),
        sa.CheckConstraint("handover IN ('daily','weekly')", name=op.f("ck_rotation_handover")),
        sa.PrimaryKeyConstraint("id", name="pk_rotation"),
    )
    op.create_index("ix_rotation_role_unit", "rotation", ["role", "unit"])
    op.create_table(
        "rotation_member",
        sa.Column("rotation_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rotation_id"], ["rotation.id"], name="fk_rotation_member_rotation_id_rotation"
        ),
        sa.PrimaryKeyConstraint("rotation_id", "position", name="pk_rotation_member"),
    )
    op.create_table(
        "roster_shift",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("rotation_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_roster_shift_span")),
        sa.ForeignKeyConstraint(
            ["rotation_id"], ["rotation.id"], name="fk_roster_shift_rotation_id_rotation"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_roster_shift"),
    )
    op.create_index("ix_roster_shift_ends_at", "roster_shift", ["ends_at"])
    op.create_index("ix_roster_shift_role_unit_ends_at", "roster_shift", ["role", "unit", "ends_at"])
    op.create_index("uq_roster_shift_turn", "roster_shift", ["rotation_id", "starts_at"], unique=True)
    op.create_table(
        "standing_holder",
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("role", "unit", "person", name="pk_standing_holder"),
    )


def _create_changes() -> None:
    op.create_table(
        "roster_override",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("instead_of", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("swap_id", sa.String(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_roster_override_span")),
        sa.CheckConstraint("why IN ('override','swap','taken')", name=op.f("ck_roster_override_why")),
        sa.PrimaryKeyConstraint("id", name="pk_roster_override"),
    )
    op.create_index("ix_roster_override_ends_at", "roster_override", ["ends_at"])
    _unique_while(
        "uq_roster_override_place",
        "roster_override",
        ["role", "unit", "instead_of", "starts_at"],
        "cancelled_at IS NULL",
    )
    op.create_table(
        "roster_swap",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("asker", sa.String(), nullable=False),
        sa.Column("taker", sa.String(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("back_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("back_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(back_starts_at IS NULL) = (back_ends_at IS NULL)", name=op.f("ck_roster_swap_back")
        ),
        sa.CheckConstraint(
            "state IN ('requested','accepted','declined','withdrawn')", name=op.f("ck_roster_swap_state")
        ),
        sa.CheckConstraint("state <> 'accepted' OR taker IS NOT NULL", name=op.f("ck_roster_swap_taker")),
        sa.PrimaryKeyConstraint("id", name="pk_roster_swap"),
    )
    op.create_index("ix_roster_swap_state", "roster_swap", ["state"])
    _unique_while(
        "uq_roster_swap_asked", "roster_swap", ["role", "unit", "asker", "starts_at"], "state = 'requested'"
    )
    op.create_table(
        "roster_leave",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_roster_leave_span")),
        sa.CheckConstraint(
            "state IN ('requested','granted','declined','withdrawn')", name=op.f("ck_roster_leave_state")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_roster_leave"),
    )
    op.create_index("ix_roster_leave_person_ends_at", "roster_leave", ["person", "ends_at"])
    op.create_index("ix_roster_leave_state", "roster_leave", ["state"])
    op.create_table(
        "roster_acting",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("deputy", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("person <> deputy", name=op.f("ck_roster_acting_deputy")),
        sa.CheckConstraint("ends_at IS NULL OR starts_at < ends_at", name=op.f("ck_roster_acting_span")),
        sa.PrimaryKeyConstraint("id", name="pk_roster_acting"),
    )
    _unique_while(
        "uq_roster_acting_person_start", "roster_acting", ["person", "starts_at"], "cancelled_at IS NULL"
    )


def _create_surroundings() -> None:
    op.create_table(
        "leader_day",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_leader_day_span")),
        sa.PrimaryKeyConstraint("id", name="pk_leader_day"),
    )
    op.create_index("ix_leader_day_ends_at", "leader_day", ["ends_at"])
    _unique_while("uq_leader_day_person_start", "leader_day", ["person", "starts_at"], "cancelled_at IS NULL")
    op.create_table(
        "contact_channel",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person", "kind", name="pk_contact_channel"),
    )
    op.create_table(
        "roster_alert",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('gap','no_channel')", name=op.f("ck_roster_alert_kind")),
        sa.PrimaryKeyConstraint("id", name="pk_roster_alert"),
    )
    _unique_while(
        "uq_roster_alert_open",
        "roster_alert",
        ["kind", "role", "unit", "person", "starts_at"],
        "cleared_at IS NULL",
    )


def _unique_while(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)
