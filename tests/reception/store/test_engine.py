"""How the database is opened, held against a second writer."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from reception.store.engine import Sessions, is_worth_repeating, make_engine
from reception.store.tables import NumberSeriesRow
from tests.support.rows import add_case


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A SQLite file with one table."""
    path = tmp_path / "one.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, line TEXT)")
    connection.close()
    return path


async def test_sqlite_is_opened_to_keep_what_it_was_given(file: Path) -> None:
    sessions = Sessions.open(f"sqlite+aiosqlite:///{file}")
    async with sessions.write() as session:
        names = (
            "journal_mode",
            "synchronous",
            "foreign_keys",
            "trusted_schema",
            "secure_delete",
            "temp_store",
        )
        found = {name: await session.scalar(text(f"PRAGMA {name}")) for name in names}
    await sessions.aclose()

    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "trusted_schema": 0,
        "secure_delete": 1,
        "temp_store": 2,  # MEMORY
    }


async def test_a_use_case_that_reads_first_holds_the_writer_s_lock_from_its_start(file: Path) -> None:
    sessions = Sessions.open(f"sqlite+aiosqlite:///{file}")
    other = sqlite3.connect(file, timeout=0)
    async with sessions.write.begin() as session:
        await session.execute(text("SELECT * FROM note"))

        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO note (line) VALUES ('other')")

        await session.execute(text("INSERT INTO note (line) VALUES ('own')"))
    other.execute("INSERT INTO note (line) VALUES ('other')")
    other.commit()
    other.close()
    async with sessions.read() as session:
        assert (await session.scalars(text("SELECT line FROM note"))).all() == ["own", "other"]
    await sessions.aclose()


async def test_a_use_case_waits_for_another_process_that_writes(file: Path) -> None:
    sessions = Sessions.open(f"sqlite+aiosqlite:///{file}")
    other = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    asyncio.get_running_loop().call_later(0.05, other.execute, "COMMIT")

    async with sessions.write.begin() as session:
        await session.execute(text("INSERT INTO note (line) VALUES ('own')"))

    other.close()
    async with sessions.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM note")) == 1
    await sessions.aclose()


async def test_a_reader_waits_for_nobody_and_sees_the_last_commit(sessions: Sessions) -> None:
    async with sessions.write.begin() as writing:
        await add_case(writing)

        async with sessions.read() as reading:
            assert await reading.scalar(text("SELECT count(*) FROM case_file")) == 0

    async with sessions.read() as reading:
        assert await reading.scalar(text("SELECT count(*) FROM case_file")) == 1


async def test_a_reader_can_not_write(sessions: Sessions) -> None:
    async with sessions.read() as session:
        session.add(NumberSeriesRow(series="case", period="2026", last=1))

        with pytest.raises(DBAPIError, match=r"readonly|read-only"):
            await session.flush()


async def test_use_cases_at_once_write_one_after_the_other(sessions: Sessions) -> None:
    async def use_case() -> None:
        async with sessions.write.begin() as session:
            await add_case(session)

    await asyncio.gather(*(use_case() for _ in range(30)))

    async with sessions.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM case_file")) == 30


async def test_a_cancelled_use_case_leaves_nothing_and_blocks_nobody(sessions: Sessions) -> None:
    began = asyncio.Event()

    async def use_case() -> None:
        async with sessions.write.begin() as session:
            await add_case(session)
            began.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(use_case())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with sessions.write.begin() as session:
        await add_case(session)
    async with sessions.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM case_file")) == 1


async def test_an_error_does_not_carry_the_values(sessions: Sessions) -> None:
    async with sessions.write() as session:
        with pytest.raises(DBAPIError) as raised:
            await session.execute(text("INSERT INTO nowhere VALUES (:name)"), {"name": "张三"})

    assert "张三" not in str(raised.value)


async def test_only_a_victim_of_concurrency_is_worth_repeating(sessions: Sessions) -> None:
    async with sessions.write() as session:
        with pytest.raises(DBAPIError) as raised:
            await session.execute(text("SELECT * FROM nowhere"))

    assert not is_worth_repeating(raised.value)


async def test_a_deadlock_has_one_victim_and_it_is_worth_repeating(
    sessions: Sessions, any_database: str
) -> None:
    if any_database == "sqlite":  # one writer: the same crossing can not come about
        async with sessions.write.begin() as session:
            await add_case(session)
        return
    async with sessions.write.begin() as session:
        first, second = await add_case(session), await add_case(session)
    both_hold = asyncio.Barrier(2)

    async def cross(mine: str, yours: str) -> bool:
        change = text("UPDATE case_file SET opened_at = opened_at WHERE id = :id")
        try:
            async with sessions.write.begin() as session:
                await session.execute(change, {"id": mine})
                await both_hold.wait()
                await session.execute(change, {"id": yours})
        except DBAPIError as error:
            return is_worth_repeating(error)
        return False

    victims = await asyncio.gather(cross(first.id, second.id), cross(second.id, first.id))

    assert sorted(victims) == [False, True]


@pytest.mark.parametrize("url", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:", "mysql://x/y"])
def test_a_database_that_can_not_serve_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"file|kind"):
        make_engine(url)
