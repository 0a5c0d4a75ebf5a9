"""What holds for every test: no network beyond this machine, another hour than the office's, no task left."""

import asyncio
import inspect
import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no annotations
import pytest
import pytest_socket
from sqlalchemy import make_url

from reception.store.engine import Sessions
from reception.store.schema import METADATA
from tests.support.databases import *  # noqa: F403
from tests.support.databases import Postgres
from tests.support.factories import County, FrozenClock

# The office keeps Shanghai time whatever the machine keeps; this zone is half an hour off on top.
os.environ["TZ"] = "America/St_Johns"
time.tzset()

_LOOPBACK = ["127.0.0.1", "::1"]
_WATCHED = Path(__file__).parent / "reception"
_SERVICES = _WATCHED / "services"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Refuse a connection to any other machine; pytest-socket lifts that again after each test."""
    pytest_socket.socket_allow_hosts(_LOOPBACK, allow_unix_socket=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the rules of the services be asked on PostgreSQL too (`make test-postgres`)."""
    parser.addoption("--every-database", action="store_true", help="rules of the services on PostgreSQL too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the quick run asks of SQLite alone; have the rest searched for forgotten tasks."""
    if not config.getoption("--every-database"):
        left = [item for item in items if _is_rule_on_postgresql(item)]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if not _is_rule_on_postgresql(item)]
    for item in items:
        if (
            isinstance(item, pytest.Function)
            and inspect.iscoroutinefunction(item.function)
            and item.path.is_relative_to(_WATCHED)
            and "shared_house" not in item.fixturenames  # it lives on from one test to the next
        ):
            item.fixturenames.insert(0, "no_task_left")


def _is_rule_on_postgresql(item: pytest.Item) -> bool:
    """Say whether a test asks PostgreSQL about a rule that stands in Python.

    Whatever the database decides itself, a race or a constraint, is asked of both in every run.
    """
    return (
        item.path.is_relative_to(_SERVICES)
        and "[postgresql" in item.name
        and item.get_closest_marker("both_databases") is None
    )


@pytest.fixture
async def no_task_left() -> AsyncIterator[None]:
    """Fail when a test, or what it opened, leaves a task behind; set up first, so torn down last."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"left over: {sorted(task.get_name() for task in left)}"


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that moves when the test says so."""
    return FrozenClock()


@pytest.fixture(scope="session")
def used_postgres(postgres: Postgres, migrated_postgres: str) -> str:
    """URL of a PostgreSQL database at head that tests use one after another, each after wiping it."""
    return postgres.database(template=migrated_postgres)


@pytest.fixture
def county_url(any_database: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of the database that `county` lives in; on PostgreSQL it is full of the test before."""
    if any_database == "postgresql":
        return str(request.getfixturevalue("used_postgres"))
    shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "reception.db")
    return f"sqlite+aiosqlite:///{tmp_path / 'reception.db'}"


@pytest.fixture
async def county_sessions(county_url: str) -> AsyncIterator[Sessions]:
    """Sessions on an empty database, on both kinds; cheaper than a database of one's own on PostgreSQL."""
    if county_url.startswith("postgresql"):
        await _wipe(county_url)
    sessions = Sessions.open(county_url)
    yield sessions
    await sessions.aclose()


async def _wipe(url: str) -> None:
    """Empty every table; as a replica the server asks none of the guards that would refuse it."""
    connection = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(False))
    try:
        deletes = [f"DELETE FROM {name}" for name in METADATA.tables]  # noqa: S608 - own table names
        await connection.execute(";".join(["SET session_replication_role = replica", *deletes]))
    finally:
        await connection.close()


@pytest.fixture
async def county(county_sessions: Sessions, clock: FrozenClock) -> County:
    """A county with its units, without web server and sockets, on both kinds of database."""
    return await County.found(county_sessions, clock)
