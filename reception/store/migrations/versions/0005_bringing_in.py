"""Bringing people into a call: attendance, guest links, conditions of a room."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
