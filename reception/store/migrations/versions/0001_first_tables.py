"""The first tables: staff and rooms, cases and visits, calls and outcomes, keys and audit."""

import sqlalchemy as sa
from alembic import op

from reception.store.guards import drop_statements, guard_statements

revision = "0001"
down_revision = None

# In the order of creation: what is referred to comes first.
# fmt: off
TABLES = (
    "unit", "person", "role_grant", "login_session",
    "place", "enrolment_code", "device", "duty_shift",
    "case_file", "visit", "matter", "township_answer", "declaration", "identity",
    "ring", "participant", "visit_event", "chat_line",
    "outcome_draft", "outcome", "promise",
    "data_key", "key_check", "unseal", "audit_event", "number_series", "command_result",
    "signal_session", "seat_event", "quality_sample", "device_profile",
)
# fmt: on


def upgrade() -> None:
    _create_staff()
    _create_rooms()
    _create_cases()
    _create_calls()
    _create_outcomes()
    _create_trust()
    _create_line()
    for statement in guard_statements(op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    for statement in drop_statements(op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_staff() -> None:
    op.create_table(
        "unit",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("parent_id", sa.String(), nullable=True),
        *_texts("kind", "name"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name="fk_unit_parent_id_unit"),
        sa.PrimaryKeyConstraint("id", name="pk_unit"),
    )
    op.create_table(
        "person",
        *_texts("id", "username", "name", "post", "unit_id", "password_hash"),
        sa.Column("totp_sealed", sa.String(), nullable=True),
        sa.Column("totp_last_step", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name="fk_person_unit_id_unit"),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("username", name="uq_person_username"),
    )
    op.create_table(
        "role_grant",
        *_texts("person_id", "role"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_role_grant_person_id_person"),
        sa.PrimaryKeyConstraint("person_id", "role", name="pk_role_grant"),
    )
    op.create_table(
        "login_session",
        *_texts("id", "secret_hash", "person_id", "csrf_token", "browser"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_login_session_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_login_session"),
        sa.UniqueConstraint("secret_hash", name="uq_login_session_secret_hash"),
    )
    op.create_index("ix_login_session_person_id", "login_session", ["person_id"])


def _create_rooms() -> None:
    op.create_table(
        "place",
        *_texts("id", "code", "name", "unit_id"),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name="fk_place_unit_id_unit"),
        sa.PrimaryKeyConstraint("id", name="pk_place"),
        sa.UniqueConstraint("code", name="uq_place_code"),
    )
    op.create_table(
        "enrolment_code",
        *_texts("id", "place_id", "code_hash"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name="fk_enrolment_code_place_id_place"),
        sa.PrimaryKeyConstraint("id", name="pk_enrolment_code"),
        sa.UniqueConstraint("code_hash", name="uq_enrolment_code_code_hash"),
    )
    op.create_table(
        "device",
        *_texts("id", "place_id", "name"),
        sa.Column("public_key", sa.Text(), nullable=False),
        *_texts("fingerprint", "roll_hash"),
        sa.Column("previous_roll_hash", sa.String(), nullable=True),
        sa.Column("session_hash", sa.String(), nullable=True),
        sa.Column("session_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name="fk_device_place_id_place"),
        sa.PrimaryKeyConstraint("id", name="pk_device"),
        sa.UniqueConstraint("session_hash", name="uq_device_session_hash"),
    )
    op.create_index("ix_device_place_id", "device", ["place_id"])
    op.create_table(
        "duty_shift",
        *_texts("id", "person_id"),
        sa.Column("has_camera", sa.Boolean(), nullable=False),
        sa.Column("has_microphone", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_duty_shift_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_duty_shift"),
    )
    _unique_while("uq_duty_shift_open", "duty_shift", "person_id", "ended_at IS NULL")


def _create_cases() -> None:
    op.create_table(
        "case_file",
        *_texts("id", "number", "township_id"),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["township_id"], ["unit.id"], name="fk_case_file_township_id_unit"),
        sa.PrimaryKeyConstraint("id", name="pk_case_file"),
        sa.UniqueConstraint("number", name="uq_case_file_number"),
    )
    op.create_index("ix_case_file_opened_at", "case_file", ["opened_at"])
    op.create_index("ix_case_file_township_id", "case_file", ["township_id"])
    op.create_table(
        "visit",
        *_texts("id", "case_id", "place_id"),
        sa.Column("device_id", sa.String(), nullable=True),
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("is_direct", sa.Boolean(), nullable=False),
        sa.Column("is_anonymous", sa.Boolean(), nullable=False),
        sa.Column("head_count", sa.Integer(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ring_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("officer_id", sa.String(), nullable=True),
        sa.Column("outcome_owner_id", sa.String(), nullable=True),
        sa.Column("pending_reason", sa.String(), nullable=True),
        sa.Column("pending_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_reason", sa.String(), nullable=True),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_chance_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'outcome_pending' OR pending_reason IS NOT NULL", name=op.f("ck_visit_pending_reason")
        ),
        sa.CheckConstraint(
            "state <> 'suspended' OR (suspended_at IS NOT NULL AND suspended_reason IS NOT NULL)",
            name=op.f("ck_visit_suspended"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('in_call','suspended','wrap_up','outcome_pending')"
            " OR (officer_id IS NOT NULL AND outcome_owner_id IS NOT NULL AND answered_at IS NOT NULL)",
            name=op.f("ck_visit_owned"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_visit_case_id_case_file"),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name="fk_visit_device_id_device"),
        sa.ForeignKeyConstraint(["officer_id"], ["person.id"], name="fk_visit_officer_id_person"),
        sa.ForeignKeyConstraint(["outcome_owner_id"], ["person.id"], name="fk_visit_outcome_owner_id_person"),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name="fk_visit_place_id_place"),
        sa.PrimaryKeyConstraint("id", name="pk_visit"),
        sa.UniqueConstraint("visited_on", "ticket", name="uq_visit_visited_on_ticket"),
    )
    op.create_index("ix_visit_case_id", "visit", ["case_id"])
    op.create_index("ix_visit_outcome_owner_id", "visit", ["outcome_owner_id"])
    op.create_index("ix_visit_registered_at", "visit", ["registered_at"])
    op.create_index("ix_visit_state", "visit", ["state"])
    _unique_while("uq_visit_officer_busy", "visit", "officer_id", "state IN ('in_call','wrap_up')")
    _unique_while(
        "uq_visit_place_taken",
        "visit",
        "place_id",
        "state IN ('registered','township_answered','waiting','in_call')",
    )
    op.create_table(
        "matter",
        *_texts("id", "case_id", "visit_id"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("summary_sealed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_matter_case_id_case_file"),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_matter_visit_id_visit"),
        sa.PrimaryKeyConstraint("id", name="pk_matter"),
    )
    op.create_index("ix_matter_case_id", "matter", ["case_id"])
    op.create_index("ix_matter_visit_id", "matter", ["visit_id"])
    op.create_table(
        "township_answer",
        *_texts("visit_id", "answered_by"),
        sa.Column("answer_sealed", sa.Text(), nullable=False),
        sa.Column("is_satisfied", sa.Boolean(), nullable=False),
        sa.Column("doubt_sealed", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["answered_by"], ["person.id"], name="fk_township_answer_answered_by_person"),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_township_answer_visit_id_visit"),
        sa.PrimaryKeyConstraint("visit_id", name="pk_township_answer"),
    )
    op.create_table(
        "declaration",
        *_texts("visit_id", "present"),
        sa.Column("officer_left", sa.Boolean(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_declaration_visit_id_visit"),
        sa.PrimaryKeyConstraint("visit_id", name="pk_declaration"),
    )
    op.create_table(
        "identity",
        *_texts("id", "case_id", "visit_id", "role"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name_sealed", sa.Text(), nullable=False),
        sa.Column("id_number_sealed", sa.Text(), nullable=True),
        sa.Column("phone_sealed", sa.Text(), nullable=True),
        sa.Column("address_sealed", sa.Text(), nullable=True),
        sa.Column("id_number_index", sa.String(), nullable=True),
        sa.Column("phone_index", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_identity_case_id_case_file"),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_identity_visit_id_visit"),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
    )
    op.create_index("ix_identity_case_id", "identity", ["case_id"])
    op.create_index("ix_identity_id_number_index", "identity", ["id_number_index"])
    op.create_index("ix_identity_phone_index", "identity", ["phone_index"])
    op.create_index("ix_identity_visit_id", "identity", ["visit_id"])


def _create_calls() -> None:
    op.create_table(
        "ring",
        *_texts("id", "visit_id", "person_id"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why_stopped", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_ring_person_id_person"),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_ring_visit_id_visit"),
        sa.PrimaryKeyConstraint("id", name="pk_ring"),
    )
    op.create_index("ix_ring_person_id", "ring", ["person_id"])
    op.create_index("ix_ring_visit_id", "ring", ["visit_id"])
    op.create_table(
        "participant",
        *_texts("visit_id", "seat"),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("invited_by", sa.String(), nullable=True),
        sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["invited_by"], ["person.id"], name="fk_participant_invited_by_person"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_participant_person_id_person"),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_participant_visit_id_visit"),
        sa.PrimaryKeyConstraint("visit_id", "seat", name="pk_participant"),
    )
    op.create_table(
        "visit_event",
        sa.Column("visit_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_visit_event_person_id_person"),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_visit_event_visit_id_visit"),
        sa.PrimaryKeyConstraint("visit_id", "seq", name="pk_visit_event"),
    )
    op.create_table(
        "chat_line",
        *_texts("id", "visit_id", "seat", "role"),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("text_sealed", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_chat_line_person_id_person"),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_chat_line_visit_id_visit"),
        sa.PrimaryKeyConstraint("id", name="pk_chat_line"),
    )
    op.create_index("ix_chat_line_visit_id", "chat_line", ["visit_id"])


def _create_outcomes() -> None:
    op.create_table(
        "outcome_draft",
        sa.Column("visit_id", sa.String(), nullable=False),
        sa.Column("body_sealed", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["saved_by"], ["person.id"], name="fk_outcome_draft_saved_by_person"),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_outcome_draft_visit_id_visit"),
        sa.PrimaryKeyConstraint("visit_id", name="pk_outcome_draft"),
    )
    op.create_table(
        "outcome",
        *_texts("visit_id", "receipt", "code"),
        sa.Column("asked_sealed", sa.Text(), nullable=False),
        sa.Column("answer_sealed", sa.Text(), nullable=False),
        sa.Column("next_sealed", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        *_texts("owner_id", "logged_by"),
        sa.Column("logged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["logged_by"], ["person.id"], name="fk_outcome_logged_by_person"),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name="fk_outcome_owner_id_person"),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_outcome_visit_id_visit"),
        sa.PrimaryKeyConstraint("visit_id", name="pk_outcome"),
        sa.UniqueConstraint("receipt", name="uq_outcome_receipt"),
    )
    op.create_index("ix_outcome_code", "outcome", ["code"])
    op.create_table(
        "promise",
        *_texts("id", "visit_id", "kind", "owner_id"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name="fk_promise_owner_id_person"),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_promise_visit_id_visit"),
        sa.PrimaryKeyConstraint("id", name="pk_promise"),
    )
    op.create_index("ix_promise_visit_id", "promise", ["visit_id"])


def _create_trust() -> None:
    op.create_table(
        "data_key",
        *_texts("id", "case_id", "purpose", "wrapped"),
        sa.Column("wrapping_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_data_key_case_id_case_file"),
        sa.PrimaryKeyConstraint("id", name="pk_data_key"),
        sa.UniqueConstraint("case_id", "purpose", name="uq_data_key_case_id_purpose"),
    )
    op.create_table(
        "key_check",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("check_sealed", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name="pk_key_check"),
    )
    op.create_table(
        "unseal",
        *_texts("id", "case_id", "person_id", "reason"),
        sa.Column("note_sealed", sa.Text(), nullable=True),
        sa.Column("unsealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_unseal_case_id_case_file"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_unseal_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_unseal"),
    )
    op.create_index("ix_unseal_case_id", "unseal", ["case_id"])
    op.create_table(
        "audit_event",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_texts("actor", "action", "object_type", "object_id"),
        sa.Column("case_id", sa.String(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        *_texts("previous_hash", "hash"),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_event"),
    )
    op.create_index("ix_audit_event_action", "audit_event", ["action"])
    op.create_index("ix_audit_event_case_id", "audit_event", ["case_id"])
    op.create_index("ix_audit_event_object_id", "audit_event", ["object_id"])
    op.create_table(
        "number_series",
        *_texts("series", "period"),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", "period", name="pk_number_series"),
    )
    op.create_table(
        "command_result",
        *_texts("scope", "key", "request_hash"),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name="pk_command_result"),
    )
    op.create_index("ix_command_result_created_at", "command_result", ["created_at"])


def _create_line() -> None:
    op.create_table(
        "signal_session",
        *_texts("sid", "seat", "login", "token_hash"),
        sa.Column("previous_hash", sa.String(), nullable=True),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("sid", name="pk_signal_session"),
    )
    op.create_index("ix_signal_session_login", "signal_session", ["login"])
    op.create_index("ix_signal_session_seat", "signal_session", ["seat"])
    op.create_table(
        "seat_event",
        sa.Column("seat", sa.String(), nullable=False),
        sa.Column("pos", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_texts("kind", "visit_id"),
        sa.Column("ref", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_seat_event_visit_id_visit"),
        sa.PrimaryKeyConstraint("seat", "pos", name="pk_seat_event"),
    )
    op.create_index("ix_seat_event_at", "seat_event", ["at"])
    op.create_table(
        "quality_sample",
        *_texts("visit_id", "seat"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rung", sa.String(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_quality_sample_visit_id_visit"),
        sa.PrimaryKeyConstraint("visit_id", "seat", "at", name="pk_quality_sample"),
    )
    op.create_table(
        "device_profile",
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name="fk_device_profile_device_id_device"),
        sa.PrimaryKeyConstraint("device_id", name="pk_device_profile"),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _unique_while(name: str, table: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, [column], unique=True, sqlite_where=where, postgresql_where=where)
