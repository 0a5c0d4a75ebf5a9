"""PostgreSQL stops, recovers and loses its connections under load (F15)."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.chaos.disk.postgres import Postgres, postgres_for_faults
from tests.chaos.oracle import record
from tests.chaos.oracle.invariants import violations
from tests.chaos.oracle.journal import Journal
from tests.chaos.process.load import Load, load_on
from tests.chaos.process.service import Service, service_on
from tests.chaos.process.staff import Staffed, staffed_county

BACK_S = 5.0


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with postgres_for_faults() as server:
        yield server


@pytest.fixture(scope="module")
def staffed_postgres(postgres: Postgres) -> Iterator[Staffed]:
    """A county with terminals enrolled and officers on duty, in this server."""
    with staffed_county(postgres.url) as prepared:
        yield prepared


async def goes_on(load: Load, lines: Journal) -> float:
    """Wait until the next acknowledgement of a write; return the seconds that took."""

    def told() -> int:
        return sum(entry.mark == "ok" for entry in lines.entries())

    began, before = time.monotonic(), told()
    async with asyncio.timeout(30):
        while told() == before and not load.broken:  # noqa: ASYNC110 - many clients, no one event
            await asyncio.sleep(0.02)
    return time.monotonic() - began


async def under_load(
    postgres: Postgres, staffed: Staffed, journal: Path, faults: AsyncIterator[None]
) -> tuple[list[str], list[float]]:
    """Let the faults happen under load; return the violations and the seconds after each."""
    settings = {"database_url": postgres.url.replace("postgresql://", "postgresql+asyncpg://")}
    with Journal(journal) as lines:
        async with service_on(staffed.data, settings) as service:
            process = service.web_pid
            async with load_on(service.origin, staffed, lines, seed=8) as load:
                await load.until_finished(1)
                back_s = [await goes_on(load, lines) async for _ in faults]
                await load.drain()
            found = [*load.broken, *([] if _is_alive(service, process) else ["the web server died"])]
            await service.stop()
        rooms = staffed.rooms
        found += violations(lines.entries(), await record.of_postgresql(postgres.url), rooms=rooms)
    return found, back_s


def _is_alive(service: Service, process: int) -> bool:
    return service.web_runs and service.web_pid == process


@pytest.mark.timeout(240)
async def test_a_database_that_crashes_and_recovers_loses_nothing(
    postgres: Postgres, staffed_postgres: Staffed, tmp_path: Path
) -> None:
    async def crashes() -> AsyncIterator[None]:
        for _ in range(3):
            await postgres.crash_and_recover()
            yield

    found, back_s = await under_load(postgres, staffed_postgres, tmp_path / "clients.journal", crashes())

    assert found == []
    assert max(back_s) <= BACK_S


@pytest.mark.timeout(240)
async def test_a_killed_connection_loses_nothing(
    postgres: Postgres, staffed_postgres: Staffed, tmp_path: Path
) -> None:
    async def kills() -> AsyncIterator[None]:
        for number in range(3):
            postgres.kill_backend(number)
            yield

    found, back_s = await under_load(postgres, staffed_postgres, tmp_path / "clients.journal", kills())

    assert found == []
    assert max(back_s) <= BACK_S
