"""The invariants of the record, asked of the database itself after a story or a fault.

Plain SQL on a file, on purpose: the oracle shares no code with the program it judges.
"""

import contextlib
import shutil
import sqlite3
from collections.abc import Collection
from pathlib import Path

from tests.support.program import query

# An answered visit is logged, or runs with its officer there, or is suspended for a reason in somebody's
# name for the day, or waits for its outcome in somebody's name.
_UNACCOUNTED = """
    SELECT visit.id, visit.state FROM visit
    LEFT JOIN outcome ON outcome.visit_id = visit.id
    WHERE (visit.answered_at IS NOT NULL
           OR visit.state IN ('in_call', 'suspended', 'wrap_up', 'outcome_pending', 'outcome_logged'))
      AND NOT (visit.state = 'outcome_logged' AND outcome.visit_id IS NOT NULL)
      AND NOT (visit.state IN ('in_call', 'wrap_up') AND visit.officer_id IN ({connected}))
      AND NOT (visit.state = 'suspended'
               AND visit.officer_id IS NOT NULL AND visit.outcome_owner_id = visit.officer_id
               AND visit.suspended_at IS NOT NULL AND coalesce(visit.suspended_reason, '') <> ''
               AND visit.ended_at IS NULL)
      AND NOT (visit.state = 'outcome_pending'
               AND visit.outcome_owner_id IS NOT NULL AND coalesce(visit.pending_reason, '') <> '')
"""
_LOGGED_TOO_EARLY = """
    SELECT visit.id, visit.state FROM outcome JOIN visit ON visit.id = outcome.visit_id
    WHERE visit.state <> 'outcome_logged'
"""
_ANSWERED_TWICE = """
    SELECT visit_id, count(*) FROM visit_event WHERE kind = 'answered' GROUP BY visit_id HAVING count(*) > 1
"""
_WENT_ON_UNSUSPENDED = """
    SELECT visit_id, seq FROM visit_event AS returned
    WHERE kind = 'returned' AND coalesce(
        (SELECT kind FROM visit_event AS before
         WHERE before.visit_id = returned.visit_id AND before.seq < returned.seq
           AND before.kind IN ('suspended', 'returned') ORDER BY before.seq DESC LIMIT 1), '') <> 'suspended'
"""
_NOT_AUDITED = """
    SELECT outcome.visit_id, outcome.code FROM outcome
    WHERE NOT EXISTS (SELECT 1 FROM audit_event
                      WHERE action = 'outcome_logged' AND object_id = outcome.visit_id)
"""
_ORPHANS = """
    SELECT participant.visit_id, participant.seat FROM participant
    LEFT JOIN visit ON visit.id = participant.visit_id WHERE visit.id IS NULL
"""


def violations(database: Path, *, connected: Collection[str] = ()) -> list[str]:
    """Return one line per broken invariant; an empty list is the proof.

    Args:
        connected: person ids of officers whose desk is connected right now.
    """
    marks = ", ".join("?" for _ in connected)
    checks = (
        ("answered without an outcome, an officer or an owner", _UNACCOUNTED.format(connected=marks)),
        ("an outcome of a visit that is not logged", _LOGGED_TOO_EARLY),
        ("answered twice", _ANSWERED_TWICE),
        ("gone on with twice", _WENT_ON_UNSUSPENDED),
        ("an outcome that the audit chain does not know", _NOT_AUDITED),
        ("a participant of no visit", _ORPHANS),
    )
    found = []
    for words, sql in checks:
        values = tuple(connected) if "?" in sql else ()
        found += [f"{words}: {' '.join(map(str, row))}" for row in query(database, sql, *values)]
    return found


def doctored(database: Path, copy: Path, *statements: str) -> Path:
    """Copy a database, remove its guards, and do to the copy what the guards would have refused."""
    shutil.copyfile(database, copy)
    for suffix in ("-wal", "-shm"):
        side = database.with_name(database.name + suffix)
        if side.exists():
            shutil.copyfile(side, copy.with_name(copy.name + suffix))
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            connection.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return copy
