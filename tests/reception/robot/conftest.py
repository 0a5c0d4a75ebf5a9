"""One seeded county for all robots, one program per test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.program import Program, running_program, seeded_data


@pytest.fixture(scope="session")
def county() -> Iterator[Path]:
    """A data directory with the demo county."""
    with seeded_data() as data:
        yield data


@pytest.fixture
async def program(county: Path) -> AsyncIterator[Program]:
    """The real program on a copy of it."""
    async with running_program(county, {"countdown_s": "0.5"}) as running:
        yield running
