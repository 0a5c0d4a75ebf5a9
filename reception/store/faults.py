"""What a database that can not be used looks like, and what is done about it.

A database that is full, locked or away may be asked again: the request is
answered with 503 and nothing was saved.  A disk that fails is another matter.
After a failed fsync the system may have thrown away what it could not write
and report success the next time, so asking again could acknowledge what is
lost.  The process ends at once, and its next start reads what the disk holds.
"""

import logging
import os
import sqlite3

from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect, ExceptionContext
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

logger = logging.getLogger(__name__)

EXIT_BROKEN_DISK = 74  # EX_IOERR of sysexits.h

_BROKEN = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY = 0xFF  # SQLite's extended result codes keep the kind in the lowest byte
# Classes of SQLSTATE that say nothing about the request: connection, resources, the operator, the system;
# and single codes: a lock that was not given, a victim of serialization or of a deadlock.
_AWAY_CLASSES = ("08", "53", "57", "58")
_AWAY_CODES = frozenset({"55P03", "40001", "40P01"})


class DatabaseAway(SQLAlchemyError):
    """No connection to the database can be made now."""


def is_unavailable(error: Exception) -> bool:
    """Tell whether nothing was saved for a reason that passes, so that the same request may be sent again."""
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout | DatabaseAway):
        return True
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or code in _AWAY_CODES or code.startswith(_AWAY_CLASSES)


def is_full(error: Exception) -> bool:
    """Tell whether the disk has no room left."""
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", 0) & _PRIMARY
    return code == sqlite3.SQLITE_FULL or getattr(error.orig, "sqlstate", None) == "53100"


def stop_on_broken_disk(context: ExceptionContext) -> None:
    """End the process when SQLite reports that its file can not be read, written or synced."""
    code = getattr(context.original_exception, "sqlite_errorcode", 0)
    if code & _PRIMARY in _BROKEN:
        logger.critical("disk.broken code=%d exit=%d", code, EXIT_BROKEN_DISK)
        logging.shutdown()
        # Not `sys.exit`: nothing that this process still knows may reach the disk.
        os._exit(EXIT_BROKEN_DISK)


def connect_or_say(
    dialect: Dialect, _entry: ConnectionPoolEntry, arguments: list[object], options: dict[str, object]
) -> DBAPIConnection:
    """Connect to PostgreSQL; what the driver raises before there is a connection gets one name.

    Raises:
        DatabaseAway: the server is not there, is starting, is stopping, or takes no more connections.
    """
    # Only where PostgreSQL is used: a start on SQLite does not wait for its driver.
    import asyncpg  # type: ignore[import-untyped]  # noqa: PLC0415 - it ships no annotations

    away = (
        OSError,
        TimeoutError,
        asyncpg.PostgresConnectionError,
        asyncpg.OperatorInterventionError,
        asyncpg.InsufficientResourcesError,
    )
    try:
        return dialect.connect(*arguments, **options)
    except away as error:
        raise DatabaseAway(type(error).__name__) from error
