"""Repeat visits: tokens of names, links between visits, the ladder, hearings, questions about handling."""

import sqlalchemy as sa
from alembic import op

from reception.store.repeat_guards import drop_repeat_guard_statements, repeat_guard_statements

revision = "0006"
down_revision = "0005"

# In the order of creation: what is referred to comes first.
TABLES = (
    "identity_token",
    "case_assignment",
    "repeat_link",
    "ladder_rule",
    "ladder_exception",
    "hearing",
    "handling_answer",
)


def upgrade() -> None:
    _create_tokens_and_assignments()
    _create_links()
    _create_ladder()
    _create_hearings()
    _create_answers()
    for statement in repeat_guard_statements(op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    for statement in drop_repeat_guard_statements(op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_tokens_and_assignments() -> None:
    op.create_table(
        "identity_token",
        *_texts("identity_id", "token"),
        _refers("identity_token", "identity_id", "identity"),
        sa.PrimaryKeyConstraint("identity_id", "token", name="pk_identity_token"),
    )
    op.create_index("ix_identity_token_token", "identity_token", ["token"])
    op.create_table(
        "case_assignment",
        *_texts("case_id", "section_id", "owner_id", "assigned_by"),
        _moment("assigned_at"),
        sa.Column("version", sa.Integer(), nullable=False),
        _refers("case_assignment", "case_id", "case_file"),
        _refers("case_assignment", "section_id", "unit"),
        _refers("case_assignment", "owner_id", "person"),
        _refers("case_assignment", "assigned_by", "person"),
        sa.PrimaryKeyConstraint("case_id", name="pk_case_assignment"),
    )
    op.create_index("ix_case_assignment_section_id", "case_assignment", ["section_id"])


def _create_links() -> None:
    op.create_table(
        "repeat_link",
        *_texts("id", "visit_id", "matter_id", "case_id", "state", "evidence"),
        _moment("proposed_at"),
        sa.Column("decided_by", sa.String(), nullable=True),
        _moment("decided_at", nullable=True),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("ladder_version", sa.Integer(), nullable=True),
        sa.Column("rung", sa.String(), nullable=True),
        sa.Column("met", sa.String(), nullable=True),
        sa.UniqueConstraint("matter_id", "case_id", name="uq_repeat_link_matter_id_case_id"),
        sa.CheckConstraint(
            "state IN ('proposed','confirmed','rejected','unlinked')", name=op.f("ck_repeat_link_state")
        ),
        sa.CheckConstraint(
            "state = 'proposed' OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name=op.f("ck_repeat_link_decided"),
        ),
        sa.CheckConstraint("state <> 'confirmed' OR count IS NOT NULL", name=op.f("ck_repeat_link_counted")),
        sa.CheckConstraint(
            "rung IS NULL OR ladder_version IS NOT NULL", name=op.f("ck_repeat_link_rung_of_a_ladder")
        ),
        _refers("repeat_link", "visit_id", "visit"),
        _refers("repeat_link", "matter_id", "matter"),
        _refers("repeat_link", "case_id", "case_file"),
        _refers("repeat_link", "decided_by", "person"),
        sa.PrimaryKeyConstraint("id", name="pk_repeat_link"),
    )
    op.create_index("ix_repeat_link_visit_id", "repeat_link", ["visit_id"])
    op.create_index("ix_repeat_link_case_id", "repeat_link", ["case_id"])
    _create_one_of("uq_repeat_link_confirmed", "repeat_link", "matter_id", "state = 'confirmed'")


def _create_ladder() -> None:
    op.create_table(
        "ladder_rule",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        *_texts("rung"),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        *_texts("roles"),
        sa.Column("hearing_days", sa.Integer(), nullable=True),
        sa.Column("order_days", sa.Integer(), nullable=True),
        sa.CheckConstraint("threshold >= 2", name=op.f("ck_ladder_rule_threshold")),
        sa.PrimaryKeyConstraint("version", "rung", name="pk_ladder_rule"),
    )
    op.create_table(
        "ladder_exception",
        *_texts("link_id", "kind"),
        sa.Column("resumes_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("note_sealed", sa.Text(), nullable=True),
        *_texts("recorded_by"),
        _moment("recorded_at"),
        sa.CheckConstraint(
            "kind = 'rescheduled' AND resumes_on IS NOT NULL OR kind = 'excused' AND reason IS NOT NULL",
            name=op.f("ck_ladder_exception_says_why"),
        ),
        _refers("ladder_exception", "link_id", "repeat_link"),
        _refers("ladder_exception", "recorded_by", "person"),
        sa.PrimaryKeyConstraint("link_id", name="pk_ladder_exception"),
    )


def _create_hearings() -> None:
    op.create_table(
        "hearing",
        *_texts("id", "case_id", "link_id", "state"),
        _moment("created_at"),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("heard_by", sa.String(), nullable=True),
        _moment("heard_at", nullable=True),
        sa.Column("minutes_sealed", sa.Text(), nullable=True),
        sa.Column("order_sealed", sa.Text(), nullable=True),
        sa.Column("order_due_on", sa.Date(), nullable=True),
        sa.Column("order_owner_id", sa.String(), nullable=True),
        sa.CheckConstraint("state IN ('open','heard','withdrawn')", name=op.f("ck_hearing_state")),
        sa.CheckConstraint(
            "state <> 'heard' OR (heard_by IS NOT NULL AND heard_at IS NOT NULL"
            " AND minutes_sealed IS NOT NULL AND order_sealed IS NOT NULL"
            " AND order_due_on IS NOT NULL AND order_owner_id IS NOT NULL)",
            name=op.f("ck_hearing_heard"),
        ),
        _refers("hearing", "case_id", "case_file"),
        _refers("hearing", "link_id", "repeat_link"),
        _refers("hearing", "heard_by", "person"),
        _refers("hearing", "order_owner_id", "person"),
        sa.PrimaryKeyConstraint("id", name="pk_hearing"),
    )
    op.create_index("ix_hearing_case_id", "hearing", ["case_id"])
    _create_one_of("uq_hearing_open", "hearing", "case_id", "state = 'open'")


def _create_answers() -> None:
    op.create_table(
        "handling_answer",
        *_texts("link_id", "visit_id", "section_id", "asked_by"),
        _moment("asked_at"),
        sa.Column("answers_sealed", sa.Text(), nullable=False),
        _refers("handling_answer", "link_id", "repeat_link"),
        _refers("handling_answer", "visit_id", "visit"),
        _refers("handling_answer", "section_id", "unit"),
        _refers("handling_answer", "asked_by", "person"),
        sa.PrimaryKeyConstraint("link_id", name="pk_handling_answer"),
    )
    op.create_index("ix_handling_answer_visit_id", "handling_answer", ["visit_id"])
    op.create_index("ix_handling_answer_section_id", "handling_answer", ["section_id"])


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}_{to}")


def _create_one_of(name: str, table: str, column: str, where: str) -> None:
    """Make an index that lets one row of those that match exist per value."""
    clause = sa.text(where)
    op.create_index(name, table, [column], unique=True, sqlite_where=clause, postgresql_where=clause)
