"""Bringing a database to the present form, in one transaction, before anything else opens it."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from reception.failpoints import reach
from reception.store.engine import make_engine

HEAD = "0007"
FOLDER = Path(__file__).parent


async def upgrade(url: str, revision: str = "head") -> bool:
    """Bring the database to `revision`; return False when it was there already.

    A database at head costs one look at its version: alembic is not even loaded.
    """
    engine = make_engine(url)
    try:
        async with engine.begin() as connection:
            if await connection.run_sync(version) == (HEAD if revision == "head" else revision):
                return False
            await connection.run_sync(_run, revision, down=False)
            reach("migration.before_commit")
            return True
    finally:
        await engine.dispose()


async def downgrade(url: str, revision: str) -> None:
    """Take the database back to `revision`; `base` removes every table."""
    engine = make_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_run, revision, down=True)
    finally:
        await engine.dispose()


def version(connection: Connection) -> str | None:
    """Return the database's revision, or None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _run(connection: Connection, revision: str, *, down: bool) -> None:
    # Loading alembic takes longer than the rest of an idle start.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    (command.downgrade if down else command.upgrade)(config, revision)
