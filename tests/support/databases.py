"""Fixtures that give a test its own database, on SQLite and on a real PostgreSQL.

A conftest imports what its folder needs:

    from tests.support.databases import *  # noqa: F403
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no annotations
import pytest
from sqlalchemy import make_url

from reception.store.engine import Sessions
from reception.store.migrations import upgrade

__all__ = [
    "any_database",
    "database_url",
    "empty_database_url",
    "migrated_postgres",
    "migrated_sqlite",
    "postgres",
    "sessions",
]

KINDS = ("sqlite", "postgresql")


@dataclass(slots=True)
class Postgres:
    """A running server; makes databases that cost a copy, not a migration."""

    url: str  # postgresql://…, of its maintenance database
    made: int = 0

    def database(self, template: str = "template0") -> str:
        """Make a database and return its SQLAlchemy URL."""
        self.made += 1
        name = f"test_{os.getpid()}_{self.made}"
        asyncio.run(self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        return self._sqlalchemy(name)

    def drop(self, url: str) -> None:
        """Remove a database and whoever is still connected to it."""
        name = make_url(url).database
        asyncio.run(self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))

    def hurry(self) -> None:
        """Give up durability, which no test of this server asks for, for databases that are made quickly."""
        for setting in ("fsync", "full_page_writes"):
            asyncio.run(self._execute(f"ALTER SYSTEM SET {setting} = off"))
        asyncio.run(self._execute("SELECT pg_reload_conf()"))

    def _sqlalchemy(self, name: str) -> str:
        url = make_url(self.url).set(drivername="postgresql+asyncpg", database=name)
        return url.render_as_string(hide_password=False)

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for the run: the one in RECEPTION_TEST_POSTGRES, else one that is started here."""
    given = os.environ.get("RECEPTION_TEST_POSTGRES")
    if given:
        yield Postgres(given)
        return
    folder = Path(tempfile.mkdtemp(prefix="reception-postgres-"))
    # The library picks the folder of its lock from here, and warns where there is none.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pgserver.postgres_server import get_server

    server = get_server(folder / "data", cleanup_mode="stop")
    started = Postgres(server.get_uri())
    started.hurry()
    yield started
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at head, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "reception.db"
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> str:
    """Name of a PostgreSQL database at head, to be copied."""
    url = postgres.database()
    asyncio.run(upgrade(url))
    return str(make_url(url).database)


@pytest.fixture(params=KINDS)
def any_database(request: pytest.FixtureRequest) -> str:
    """The kind of database that the test runs on; each test runs on both."""
    return str(request.param)


@pytest.fixture
def database_url(any_database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database at head that belongs to the test alone."""
    if any_database == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "reception.db")
        yield f"sqlite+aiosqlite:///{tmp_path / 'reception.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.database(template=request.getfixturevalue("migrated_postgres"))
    yield url
    server.drop(url)


@pytest.fixture
def empty_database_url(any_database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database without any table."""
    if any_database == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.database()
    yield url
    server.drop(url)


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """Sessions on the test's own database."""
    opened = Sessions.open(database_url)
    yield opened
    await opened.aclose()
