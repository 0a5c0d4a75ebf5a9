"""What the database holds, read with plain SQL: the oracle shares no code with the program it judges."""

import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no annotations

Rows = list[Mapping[str, object]]

_QUERIES = {
    "visits": (
        "SELECT id, place_id, ticket, state, officer_id, outcome_owner_id, pending_reason,"
        " registered_at, answered_at, ended_at, closed_at FROM visit"
    ),
    "events": "SELECT visit_id, seq, kind, person_id FROM visit_event",
    "outcomes": "SELECT visit_id, receipt, code FROM outcome",
    "audits": "SELECT seq, action, object_id FROM audit_event",
    "drafts": "SELECT visit_id, version FROM outcome_draft",
    "lines": "SELECT visit_id, seat FROM chat_line",
    "places": "SELECT visit_id, seat FROM participant WHERE admitted_at IS NOT NULL",
    "answers": "SELECT scope, key FROM command_result",
    "facts": "SELECT seat, pos, kind FROM seat_event",
}


@dataclass(frozen=True, slots=True)
class Record:
    """The rows that the invariants speak of."""

    visits: Rows
    events: Rows
    outcomes: Rows
    audits: Rows
    drafts: Rows
    lines: Rows
    places: Rows
    answers: Rows
    facts: Rows


def of_sqlite(database: Path) -> Record:
    """Read an SQLite file, beside a running program too."""
    # Not read-only: after a crash the log of the last commits has to be taken in first.
    with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection:
        connection.row_factory = sqlite3.Row

        def ask(sql: str) -> Rows:
            return [dict(row) for row in connection.execute(sql)]

        connection.execute("BEGIN")
        return _read(ask)


async def of_postgresql(url: str) -> Record:
    """Read a PostgreSQL database, named by its `postgresql://` URL."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            found: dict[str, Rows] = {
                name: [dict(row) for row in await connection.fetch(sql)] for name, sql in _QUERIES.items()
            }
    finally:
        await connection.close()
    return Record(**found)


def _read(ask: Callable[[str], Rows]) -> Record:
    return Record(**{name: ask(sql) for name, sql in _QUERIES.items()})


def integrity_of(database: Path) -> list[str]:
    """Return what SQLite itself finds wrong with the file; an empty list is good."""
    with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
        found += [f"foreign key of {row[0]}" for row in connection.execute("PRAGMA foreign_key_check")]
    return [line for line in found if line != "ok"]


def tables_of(database: Path) -> list[str]:
    """Return the names of the tables in a file."""
    with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        return [str(row[0]) for row in found]


def promises_of(database: Path, visit: str) -> list[str]:
    """Return the ids of the promises made for a visit."""
    with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection:
        found = connection.execute("SELECT id FROM promise WHERE visit_id = ?", (visit,))
        return [str(row[0]) for row in found]
