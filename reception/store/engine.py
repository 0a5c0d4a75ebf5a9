"""How the database is opened: two engines, one that may write and one that can not.

SQLite has one writer.  The write engine therefore keeps a single connection,
so use cases queue in the process, in order, instead of polling for a lock, and
opens every transaction with BEGIN IMMEDIATE: a transaction that reads first
and asks for the lock later fails at once, whatever `busy_timeout` says.  The
read engine opens plain transactions on connections that refuse to write; they
see the last commit and never wait.

PostgreSQL has no such limit; there both engines pool, and the read engine's
transactions are READ ONLY.

A disk that fails is `store/faults.py`.
"""

import logging
import time
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from reception.store.faults import connect_or_say, stop_on_broken_disk

# Another process (a backup, the command line) may hold the writer's lock this long, the queue before it
# included: whoever asks is told within this time that nothing was saved.
BUSY_TIMEOUT_MS = 5000
WRITER_WAIT_S = BUSY_TIMEOUT_MS / 1000

_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",  # first: switching to WAL takes a lock itself
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a commit that was answered survives a power cut
    "PRAGMA foreign_keys=ON",
    "PRAGMA recursive_triggers=ON",  # otherwise INSERT OR REPLACE deletes rows past the delete guards
    "PRAGMA trusted_schema=OFF",
    "PRAGMA secure_delete=ON",
    "PRAGMA temp_store=MEMORY",
)

_SERIALIZATION_FAILURE, _DEADLOCK = "40001", "40P01"
_WRITERS_TURN = 0x7475726E  # "turn": PostgreSQL's number for "I write now"


@dataclass(frozen=True, slots=True)
class Sessions:
    """Where sessions come from.

    Attributes:
        write: for every use case that may change something; `async with sessions.write.begin() as session`.
        read: for looking only; a write in it fails.
    """

    write: async_sessionmaker[AsyncSession]
    read: async_sessionmaker[AsyncSession]
    engines: tuple[AsyncEngine, AsyncEngine]

    @classmethod
    def open(cls, url: str) -> Self:
        """Make both engines; no connection is opened yet."""
        writer, reader = make_engine(url), make_engine(url, read_only=True)
        return cls(
            async_sessionmaker(writer, expire_on_commit=False),
            async_sessionmaker(reader, expire_on_commit=False),
            (writer, reader),
        )

    def stop_on_broken_disk(self) -> None:
        """From now on a disk that fails ends the process: for one that acknowledges what it saves."""
        for engine in self.engines:
            event.listen(engine.sync_engine, "handle_error", stop_on_broken_disk)

    async def settle(self) -> None:
        """Put on the disk whatever a start finds in SQLite's log, before anybody is told of it.

        A commit whose sync failed was answered with an error and may yet stand complete in the log: the
        first process that opens the file afterwards takes it for saved, and syncing the log again proves
        nothing (the system may have dropped what it could not write).  A checkpoint writes it anew, into
        the database file.  It finds the log in use only where another process has kept it open all the
        time, and there the failed commit was never taken up.
        """
        writer, _ = self.engines
        if writer.dialect.name == "sqlite":
            async with writer.connect() as connection:
                await connection.execution_options(**{_OUTSIDE_TRANSACTIONS: True})
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    async def aclose(self) -> None:
        """Close every connection."""
        for engine in self.engines:
            await engine.dispose()


def make_engine(url: str, *, read_only: bool = False) -> AsyncEngine:
    """Make an engine for `sqlite+aiosqlite:///file` or `postgresql+asyncpg://…`.

    Bound values never reach an exception text or a log (`hide_parameters`).
    """
    backend = make_url(url).get_backend_name()
    if backend == "sqlite":
        return _sqlite_engine(url, read_only=read_only)
    if backend == "postgresql":
        return _postgresql_engine(url, read_only=read_only)
    raise ValueError(f"no such database kind: {backend}")


async def take_turn(session: AsyncSession) -> None:
    """Wait until no other use case writes, and keep the others waiting to the end of the transaction.

    SQLite has one writer anyway.  PostgreSQL gets one here: two use cases that do not see each other's
    rows could each leave a bell unrung, and every one of them ends in the audit chain, one at a time.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _WRITERS_TURN})


def is_worth_repeating(error: DBAPIError) -> bool:
    """Tell whether the same use case may succeed in a new transaction: PostgreSQL chose it as a victim."""
    return getattr(error.orig, "sqlstate", None) in {_SERIALIZATION_FAILURE, _DEADLOCK}


def _sqlite_engine(url: str, *, read_only: bool) -> AsyncEngine:
    if make_url(url).database in (None, "", ":memory:"):
        raise ValueError("a SQLite database needs a file: a second connection would see another memory")
    engine = create_async_engine(
        url,
        hide_parameters=True,
        poolclass=_TimedQueue,
        pool_size=4 if read_only else 1,
        max_overflow=0,
        pool_timeout=WRITER_WAIT_S,
        # Take the driver's own BEGIN away: it opens transactions late and deferred.
        connect_args={"isolation_level": None},
    )

    def set_pragmas(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get(_OUTSIDE_TRANSACTIONS):
            return
        if read_only:
            connection.exec_driver_sql("BEGIN")
            return
        left_ms = max(0, BUSY_TIMEOUT_MS - connection.info[_WAITED_MS])
        if left_ms != connection.info.get(_PATIENCE_MS, BUSY_TIMEOUT_MS):
            connection.exec_driver_sql(f"PRAGMA busy_timeout={left_ms}")
            connection.info[_PATIENCE_MS] = left_ms
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine.sync_engine, "connect", set_pragmas)
    event.listen(engine.sync_engine, "begin", begin)
    return engine


_OUTSIDE_TRANSACTIONS = "outside_transactions"
_WAITED_MS, _PATIENCE_MS = "waited_ms", "patience_ms"
_STEP_MS = 250  # a shorter wait in the queue is not worth a statement


class _TimedQueue(AsyncAdaptedQueuePool):
    """Notes on each connection how long its user has waited for it."""

    def _do_get(self) -> ConnectionPoolEntry:
        asked = time.monotonic()
        entry = super()._do_get()
        waited_ms = round((time.monotonic() - asked) * 1000)
        entry.info[_WAITED_MS] = waited_ms - waited_ms % _STEP_MS
        return entry


# SQLAlchemy names a pool's log after its class, so this one would speak among the service's own lines.
logging.getLogger(f"{__name__}.{_TimedQueue.__name__}").setLevel(logging.WARNING)


def _postgresql_engine(url: str, *, read_only: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=8,
        max_overflow=0,
        pool_timeout=WRITER_WAIT_S,
        # A fresh snapshot per statement: the audit chain reads its last link after it waited for the lock.
        isolation_level="READ COMMITTED",
        connect_args={
            "server_settings": {
                "application_name": "reception",
                "synchronous_commit": "on",
                "lock_timeout": str(BUSY_TIMEOUT_MS),
                "idle_in_transaction_session_timeout": "60000",
            }
        },
    )
    event.listen(engine.sync_engine, "do_connect", connect_or_say)
    return engine.execution_options(postgresql_readonly=True) if read_only else engine
