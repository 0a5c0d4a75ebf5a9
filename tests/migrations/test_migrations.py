"""The migrations: up, down, with data, and equal to the models."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from reception.domain.visits import VisitState
from reception.store.engine import Sessions, make_engine
from reception.store.guards import guard_statements
from reception.store.migrations import FOLDER, HEAD, downgrade, upgrade, version
from reception.store.repeat_guards import repeat_guard_statements
from reception.store.schema import METADATA
from tests.support.rows import add_visit

T = TypeVar("T")


async def _look(url: str, look: Callable[[Connection], T]) -> T:
    engine = make_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(look)
    finally:
        await engine.dispose()


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def test_the_newest_revision_is_the_one_that_a_start_looks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))

    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


async def test_an_empty_database_goes_up_and_down_and_up(empty_database_url: str) -> None:
    url = empty_database_url

    assert await upgrade(url)
    assert await _look(url, _tables) == {*METADATA.tables, "alembic_version"}
    await downgrade(url, "base")
    assert await _look(url, _tables) == {"alembic_version"}
    assert await upgrade(url)
    assert await _look(url, version) == HEAD


async def test_nothing_is_left_of_the_guards_after_going_down(empty_database_url: str) -> None:
    await upgrade(empty_database_url)
    await downgrade(empty_database_url, "base")

    assert await _look(empty_database_url, _programs) == set()


def _programs(connection: Connection) -> set[str]:
    """Name every trigger, and on PostgreSQL every function of the service."""
    if connection.dialect.name == "sqlite":
        names = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    else:
        names = connection.scalars(
            text(
                "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal UNION"
                " SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            )
        )
    return set(names)


async def test_every_guard_is_in_force_at_head(database_url: str) -> None:
    def look(connection: Connection) -> tuple[set[str], list[str]]:
        name = connection.dialect.name
        return _programs(connection), [*guard_statements(name), *repeat_guard_statements(name)]

    found, statements = await _look(database_url, look)

    assert found == {statement.split()[2].removesuffix("()") for statement in statements}


async def test_the_models_are_the_database_at_head(database_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, METADATA))

    assert await _look(database_url, differences) == []


async def test_the_migration_writes_the_tables_as_the_models_do(
    migrated_sqlite: Path,
) -> None:
    """Comparing SQL text also sees check constraints, which a comparison of metadata does not."""

    def ddl(connection: Connection) -> dict[str, str]:
        return {
            name: _plain(sql)
            for name, sql in connection.execute(
                text("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
            )
            if name != "alembic_version"
        }

    def expected(connection: Connection) -> dict[str, str]:
        return {
            name: _plain(str(CreateTable(table).compile(connection)))
            for name, table in METADATA.tables.items()
        }

    url = f"sqlite+aiosqlite:///{migrated_sqlite}"
    assert await _look(url, ddl) == await _look(url, expected)


def _plain(sql: str) -> str:
    """Bring DDL into one order: constraints of a table have none of their own."""
    head, _, body = sql.partition("(")
    # SQLite writes a column that was added later behind the last constraint, on its line.
    body = re.sub(r", (?=\w+ [A-Z]+)", ",\n", body)
    lines = sorted(line.strip().rstrip(",") for line in body.rstrip().removesuffix(")").splitlines())
    return " ".join([*head.split(), *(line for line in lines if line)])


async def test_going_up_leaves_rows_as_they_are(database_url: str) -> None:
    sessions = Sessions.open(database_url)
    async with sessions.write.begin() as session:
        visit = await add_visit(session, VisitState.OUTCOME_LOGGED)
    await sessions.aclose()

    assert not await upgrade(database_url)

    state = await _look(
        database_url, lambda c: c.scalar(text("SELECT state FROM visit WHERE id = :id"), {"id": visit.id})
    )
    assert state == VisitState.OUTCOME_LOGGED


async def test_a_migration_that_fails_leaves_the_database_as_it_was(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE promise (id TEXT)"))  # in the way of the fifth group
    await engine.dispose()

    with pytest.raises(DBAPIError):
        await upgrade(empty_database_url)

    assert await _look(empty_database_url, _tables) == {"promise"}


async def test_a_database_at_head_is_recognised_at_once(database_url: str) -> None:
    started = time.perf_counter()

    assert not await upgrade(database_url)

    assert time.perf_counter() - started < 0.3


def test_a_start_at_head_does_not_load_alembic(migrated_sqlite: Path) -> None:
    program = (
        "import asyncio, sys; from reception.store.migrations import upgrade;"
        f"asyncio.run(upgrade('sqlite+aiosqlite:///{migrated_sqlite}'));"
        "sys.exit('alembic' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
