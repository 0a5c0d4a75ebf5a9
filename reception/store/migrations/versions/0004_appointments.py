"""Appointments: bookings, claims on time, blocked rooms."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "appointment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("room_id", sa.String(), nullable=False),
        sa.Column("official_id", sa.String(), nullable=False),
        sa.Column("liaison_id", sa.String(), nullable=True),
        sa.Column("case_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("briefing_min", sa.Integer(), nullable=False),
        sa.Column("wrap_up_min", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hold_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("ticket", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("absent_side", sa.String(), nullable=True),
        sa.Column("note_sealed", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("visit_id", sa.String(), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_appointment_lasts")),
        sa.CheckConstraint(
            "state <> 'held' OR hold_until IS NOT NULL", name=op.f("ck_appointment_hold_ends")
        ),
        sa.CheckConstraint(
            "state NOT IN ('rejected','cancelled','no_show') OR reason IS NOT NULL",
            name=op.f("ck_appointment_reasoned"),
        ),
        sa.CheckConstraint(
            "(state = 'no_show') = (absent_side IS NOT NULL)", name=op.f("ck_appointment_absent_side")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        sa.UniqueConstraint("held_on", "ticket", name=op.f("uq_appointment_held_on_ticket")),
    )
    for name in ("case_id", "starts_at", "state", "visit_id"):
        op.create_index(op.f(f"ix_appointment_{name}"), "appointment", [name])
    op.create_index("ix_appointment_room_time", "appointment", ["room_id", "starts_at"])
    op.create_index("ix_appointment_official_time", "appointment", ["official_id", "starts_at"])
    op.create_table(
        "claim",
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("appointment_id", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_claim_appointment_id_appointment")
        ),
        sa.PrimaryKeyConstraint("resource", "at", name=op.f("pk_claim")),
    )
    op.create_index(op.f("ix_claim_appointment_id"), "claim", ["appointment_id"])
    op.create_table(
        "room_block",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("room_id", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_room_block_lasts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_block")),
    )
    op.create_index(op.f("ix_room_block_room_id"), "room_block", ["room_id"])
    # Added, not rebuilt: a rebuilt table loses its guards.
    op.add_column("visit", sa.Column("appointment_id", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("visit", "appointment_id")
    op.drop_table("room_block")
    op.drop_table("claim")
    op.drop_table("appointment")
