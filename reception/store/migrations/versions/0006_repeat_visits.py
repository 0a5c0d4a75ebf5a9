"""Repeat visits: links between visits, the ladder, hearings, questions about handling."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
