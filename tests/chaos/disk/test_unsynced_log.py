"""A commit whose sync failed may stand in the log for all to read and on no disk (F04)."""

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.disk.faulty_disk import Disk, mounted_disk
from tests.support.program import ROOT

# Saves one row; saves another while the disk refuses to sync, and is gone like a process that was killed.
WRITER = """
import os, pathlib, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
for line in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE saved (name TEXT)"):
    database.execute(line)
database.execute("INSERT INTO saved VALUES ('synced')")
pathlib.Path(sys.argv[2]).write_text("broken:sync")
try:
    database.execute("INSERT INTO saved VALUES ('unsynced')")
except sqlite3.OperationalError:
    os._exit(74)
"""

# Opens the database as a start of the service does, says what it reads, and is gone without closing it.
READER = """
import asyncio, os, sys
from sqlalchemy import text
from reception.store.engine import Sessions

async def main():
    sessions = Sessions.open(f"sqlite+aiosqlite:///{sys.argv[1]}")
    if sys.argv[2] == "settled":
        await sessions.settle()
    async with sessions.read() as session:
        print(*await session.scalars(text("SELECT name FROM saved")), flush=True)
    os._exit(0)

asyncio.run(main())
"""


def run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True)


def leave_unsynced(disk: Disk) -> Path:
    """Leave a database whose log ends with a commit that failed."""
    database = disk.root / "reception.sqlite"
    assert run(WRITER, database, disk.root / ".faults").returncode == 74
    disk.set_faults("")
    return database


def kept_over_power_cut(disk: Disk, database: Path) -> list[str]:
    disk.cut_power()
    disk.mount()
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM saved")]


@pytest.mark.parametrize("start", ["settled", "as before"])
def test_what_a_start_reads_in_the_log_is_on_the_disk_before_anybody_is_told(
    tmp_path: Path, start: str
) -> None:
    with mounted_disk(tmp_path) as disk:
        database = leave_unsynced(disk)
        told = run(READER, database, start).stdout.split()
        kept = kept_over_power_cut(disk, database)

        assert told == ["synced", "unsynced"]
        # The control: where a start does not settle, what somebody was just told is gone with the power.
        assert kept == (told if start == "settled" else ["synced"])
