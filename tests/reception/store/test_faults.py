"""Which errors of the database pass by themselves, and how long a use case waits for its turn."""

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from reception.store import engine
from reception.store.engine import Sessions
from reception.store.faults import DatabaseAway, is_full, is_unavailable


class Told(Exception):
    """What a driver raises, with its code."""

    def __init__(self, *, sqlstate: str | None = None, sqlite_errorcode: int = 0) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate
        self.sqlite_errorcode = sqlite_errorcode


def postgresql_says(sqlstate: str) -> DBAPIError:
    return DBAPIError("SELECT 1", None, Told(sqlstate=sqlstate))


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("BEGIN IMMEDIATE", None, Told(sqlite_errorcode=sqlite3.SQLITE_BUSY)),
        OperationalError("INSERT", None, Told(sqlite_errorcode=sqlite3.SQLITE_FULL)),
        PoolTimeout(),
        DatabaseAway("ConnectionRefusedError"),
        InterfaceError("SELECT 1", None, Told()),  # the connection is closed
        postgresql_says("08006"),  # connection_failure
        postgresql_says("53300"),  # too_many_connections
        postgresql_says("57P01"),  # admin_shutdown
        postgresql_says("57P03"),  # cannot_connect_now
        postgresql_says("58030"),  # io_error
        postgresql_says("55P03"),  # lock_not_available
        postgresql_says("40001"),  # serialization_failure
        DBAPIError("SELECT 1", None, Told(), connection_invalidated=True),
    ],
    ids=repr,
)
def test_what_passes_by_itself_is_unavailable(error: SQLAlchemyError) -> None:
    assert is_unavailable(error)


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError("INSERT", None, Told(sqlstate="23505")),
        ProgrammingError("SELEC 1", None, Told(sqlstate="42601")),
        postgresql_says("22001"),  # a value that is too long is a defect of ours
        ValueError("no error of the database"),
    ],
    ids=repr,
)
def test_what_will_be_no_better_next_time_is_a_defect(error: Exception) -> None:
    assert not is_unavailable(error)


def test_a_full_disk_is_told_apart() -> None:
    assert is_full(OperationalError("INSERT", None, Told(sqlite_errorcode=sqlite3.SQLITE_FULL)))
    assert is_full(postgresql_says("53100"))
    assert not is_full(OperationalError("BEGIN", None, Told(sqlite_errorcode=sqlite3.SQLITE_BUSY)))
    assert not is_full(PoolTimeout())


async def test_waiting_in_the_queue_counts_as_waiting_for_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 1000)
    monkeypatch.setattr(engine, "_PRAGMAS", ("PRAGMA busy_timeout=1000", "PRAGMA journal_mode=WAL"))
    file = tmp_path / "one.db"
    sessions = Sessions.open(f"sqlite+aiosqlite:///{file}")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("BEGIN IMMEDIATE")

    async def wait() -> float:
        began = time.monotonic()
        with pytest.raises(OperationalError, match="locked"):
            async with sessions.write.begin() as session:
                await session.execute(text("SELECT 1"))
        return time.monotonic() - began

    # Four in a row would take four seconds if each waited for the lock anew.
    waits = await asyncio.gather(*(wait() for _ in range(4)))

    other.close()
    await sessions.aclose()
    assert max(waits) < 2.5
