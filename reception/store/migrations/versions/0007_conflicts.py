"""Conflicts of interest: who is accused, postings, relatives, recusals."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

# In the order of creation.
TABLES = ("accused", "posting", "relative", "recusal")

_BINDS = sa.text("decision IS NULL OR decision = 'granted'")
_STANDS = sa.text("removed_at IS NULL")


def upgrade() -> None:
    _create_accused()
    _create_declarations()
    _create_recusals()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_accused() -> None:
    op.create_table(
        "accused",
        *_texts("id", "case_id", "kind", "token"),
        sa.Column("label_sealed", sa.Text(), nullable=False),
        *_texts("entered_by"),
        _moment("entered_at"),
        sa.Column("removed_by", sa.String(), nullable=True),
        _moment("removed_at", nullable=True),
        sa.CheckConstraint("kind IN ('unit', 'person')", name=op.f("ck_accused_kind")),
        _refers("accused", "case_id", "case_file"),
        _refers("accused", "entered_by", "person"),
        _refers("accused", "removed_by", "person"),
        sa.PrimaryKeyConstraint("id", name="pk_accused"),
    )
    op.create_index("ix_accused_case_id", "accused", ["case_id"])
    op.create_index(
        "uq_accused_once",
        "accused",
        ["case_id", "token"],
        unique=True,
        sqlite_where=_STANDS,
        postgresql_where=_STANDS,
    )


def _create_declarations() -> None:
    op.create_table(
        "posting",
        *_texts("id", "person_id", "unit_id"),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=True),
        _moment("declared_at"),
        sa.CheckConstraint("to_on IS NULL OR to_on >= since_on", name=op.f("ck_posting_in_order")),
        _refers("posting", "person_id", "person"),
        _refers("posting", "unit_id", "unit"),
        sa.PrimaryKeyConstraint("id", name="pk_posting"),
    )
    op.create_index("ix_posting_person_id", "posting", ["person_id"])
    op.create_table(
        "relative",
        *_texts("id", "person_id", "unit_id", "relation"),
        sa.Column("name_sealed", sa.Text(), nullable=True),
        _moment("declared_at"),
        _refers("relative", "person_id", "person"),
        _refers("relative", "unit_id", "unit"),
        sa.PrimaryKeyConstraint("id", name="pk_relative"),
    )
    op.create_index("ix_relative_person_id", "relative", ["person_id"])


def _create_recusals() -> None:
    op.create_table(
        "recusal",
        *_texts("id", "case_id", "person_id", "origin", "reason", "asked_by"),
        _moment("asked_at"),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        _moment("decided_at", nullable=True),
        sa.CheckConstraint("origin IN ('own', 'visitor', 'above')", name=op.f("ck_recusal_origin")),
        sa.CheckConstraint("(decision IS NULL) = (decided_by IS NULL)", name=op.f("ck_recusal_decided")),
        _refers("recusal", "case_id", "case_file"),
        _refers("recusal", "person_id", "person"),
        _refers("recusal", "asked_by", "person"),
        _refers("recusal", "decided_by", "person"),
        sa.PrimaryKeyConstraint("id", name="pk_recusal"),
    )
    op.create_index("ix_recusal_case_id", "recusal", ["case_id"])
    op.create_index("ix_recusal_person_id", "recusal", ["person_id"])
    op.create_index(
        "uq_recusal_once",
        "recusal",
        ["case_id", "person_id"],
        unique=True,
        sqlite_where=_BINDS,
        postgresql_where=_BINDS,
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}")
