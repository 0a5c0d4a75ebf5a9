"""The running application: one per test where a test needs the queue to itself, one per module elsewhere."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.clients import House, a_house
from tests.support.factories import FrozenClock


@pytest.fixture
async def house(tmp_path: Path, migrated_sqlite: Path, clock: FrozenClock) -> AsyncIterator[House]:
    """The application with a database of its own."""
    shutil.copy(migrated_sqlite, tmp_path / "reception.db")
    async with a_house(tmp_path, clock) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_house(
    tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path
) -> AsyncIterator[House]:
    """The application that every test of a module uses; each brings its own people and visits."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(migrated_sqlite, folder / "reception.db")
    async with a_house(folder, FrozenClock()) as running:
        yield running
