"""What alembic runs: the revisions, on the connection that the caller opened.

`python -m reception migrate` is the way in; the caller owns the transaction, so
a revision that fails leaves the database as it was.
"""

from typing import Literal

from alembic import context

from reception.failpoints import reach
from reception.store.schema import METADATA
from scheduling.store.base import UtcDateTime


def render_item(kind: str, item: object, _autogen: object) -> str | Literal[False]:
    """Write the service's own type for points in time as what it is in the database."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    compare_type=True,
    render_item=render_item,
    on_version_apply=lambda **_: reach("migration.after_step"),
)
context.run_migrations()
