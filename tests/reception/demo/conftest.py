"""The demo county, seeded once; each test looks at a copy of its own."""

import asyncio
import shutil
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from reception.demo.seed import seed
from reception.keyring import Keyring
from reception.services.passwords import Passwords
from reception.store.audit import AuditLog
from reception.store.engine import Sessions
from reception.store.vault import Vault
from tests.support.databases import *  # noqa: F403

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in the office
PASSWORD = SecretStr("a fictional county 2026")


@dataclass(frozen=True, slots=True)
class Seeded:
    """A database with the county in it."""

    sessions: Sessions
    keyring: Keyring

    @property
    def audit(self) -> AuditLog:
        return AuditLog(self.keyring.audit_key)

    @property
    def vault(self) -> Vault:
        return Vault(self.keyring)

    async def seed(
        self, *, password: SecretStr = PASSWORD, now: datetime = NOW, seed_number: int = 1
    ) -> bool:
        """Seed with quick password hashes."""
        return await seed(
            self.sessions,
            self.vault,
            self.audit,
            password=password,
            now=now,
            seed_number=seed_number,
            passwords=Passwords.insecure_fast(),
        )


@pytest.fixture(scope="session")
def seeded_file(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Keyring]:
    """A seeded SQLite file with its keys, and on the console how long that took."""
    path = tmp_path_factory.mktemp("county") / "reception.db"
    shutil.copy(migrated_sqlite, path)
    keyring = Keyring.fresh()

    async def fill() -> None:
        sessions = Sessions.open(f"sqlite+aiosqlite:///{path}")
        started = time.perf_counter()
        await Seeded(sessions, keyring).seed()
        sys.stdout.write(f"\nseeded in {time.perf_counter() - started:.1f} s\n")
        await sessions.aclose()

    asyncio.run(fill())
    return path, keyring


@pytest.fixture
async def county(seeded_file: tuple[Path, Keyring], tmp_path: Path) -> AsyncIterator[Seeded]:
    """The demo county in a file of the test's own."""
    path, keyring = seeded_file
    shutil.copy(path, tmp_path / "county.db")
    sessions = Sessions.open(f"sqlite+aiosqlite:///{tmp_path / 'county.db'}")
    yield Seeded(sessions, keyring)
    await sessions.aclose()
