"""A full disk, a failing disk, a slow one, and a database that somebody else holds (F04, F05, F07)."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from reception.store.faults import EXIT_BROKEN_DISK
from tests.chaos.disk.faulty_disk import Disk, mounted_disk
from tests.chaos.oracle import record
from tests.chaos.oracle.invariants import violations
from tests.chaos.oracle.journal import Journal
from tests.chaos.process.load import Load, Reply, load_on
from tests.chaos.process.service import Service, service_on
from tests.chaos.process.staff import Credentials, Staffed

BACK_S = 5.0


@dataclass(slots=True)
class Rig:
    """A service under load on a disk with faults."""

    service: Service
    disk: Disk
    load: Load
    lines: Journal
    staffed: Staffed

    async def get(self, path: str, credentials: Credentials) -> int:
        """Read something; return the status."""
        url = f"{self.service.origin}/api/v1{path}"
        async with self.load.http.get(url, headers=credentials.headers) as answer:
            return answer.status

    async def turned_away(self) -> None:
        """Wait until clients are answered 503."""
        before = self._turned_away
        async with asyncio.timeout(20):
            while self._turned_away < before + 3:  # noqa: ASYNC110 - many clients, no one event
                await asyncio.sleep(0.01)

    @property
    def _turned_away(self) -> int:
        return sum(client.turned_away for client in self.load.clients)

    async def goes_on(self) -> float:
        """Wait until another write is acknowledged; return the seconds that took."""
        began, before = time.monotonic(), self._acknowledged
        async with asyncio.timeout(30):
            while self._acknowledged == before:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
        return time.monotonic() - began

    @property
    def _acknowledged(self) -> int:
        return sum(entry.mark == "ok" for entry in self.lines.entries())

    async def verdict(self) -> list[str]:
        """Let the clients finish, stop, and ask the oracle."""
        await self.load.drain()
        await self.service.stop()
        found = record.of_sqlite(self.service.database)
        return [
            *self.load.broken,
            *record.integrity_of(self.service.database),
            *violations(self.lines.entries(), found, rooms=self.staffed.rooms),
        ]


@contextlib.asynccontextmanager
async def rig_on(staffed: Staffed, folder: Path) -> AsyncIterator[Rig]:
    with Journal(folder / "clients.journal") as lines, mounted_disk(folder) as disk:
        async with (
            service_on(staffed.data, disk=disk.root) as service,
            load_on(service.origin, staffed, lines, seed=5) as load,
        ):
            rig = Rig(service, disk, load, lines, staffed)
            await rig.goes_on()
            yield rig


async def one_write(rig: Rig) -> tuple[Reply, str]:
    """Send a draft-less, harmless write once; return its answer and when to come again."""
    officer = rig.staffed.officers[0]
    headers = {**officer.headers, "Origin": rig.service.origin, "Idempotency-Key": str(time.monotonic_ns())}
    check = {"camera": True, "microphone": True, "ring_heard": True}
    url = f"{rig.service.origin}/api/v1/duty/on"
    async with rig.load.http.post(url, json=check, headers=headers) as answer:
        return Reply(answer.status, await answer.json()), answer.headers.get("Retry-After", "")


@pytest.mark.timeout(120)
async def test_a_full_disk_is_said_and_reading_goes_on_and_writing_comes_back(
    staffed: Staffed, tmp_path: Path
) -> None:
    async with rig_on(staffed, tmp_path) as rig:
        process = rig.service.web_pid
        rig.disk.set_faults("full")
        await rig.turned_away()

        reply, again = await one_write(rig)
        reads = [await rig.get("/desk", officer) for officer in staffed.officers]
        reads += [await rig.get("/terminal", terminal) for terminal in staffed.terminals]
        rig.disk.set_faults("")
        back_s = await rig.goes_on()

        assert (reply.status, reply.code, again) == (503, "disk_full", "2")
        assert set(reads) == {200}
        assert back_s <= BACK_S
        assert (rig.service.web_runs, rig.service.web_pid) == (True, process)
        assert await rig.verdict() == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize("fault", ["broken:sync", "broken:write"])
async def test_a_failing_disk_stops_the_process_at_once_and_nothing_it_said_is_lost(
    staffed: Staffed, tmp_path: Path, fault: str
) -> None:
    async with rig_on(staffed, tmp_path) as rig:
        rig.disk.set_faults(fault)
        code = await rig.service.web_ended(within_s=20)
        # While the disk fails, a next start fails as loudly; on a good disk it finds everything.
        rig.service.spawn_web()
        still = await rig.service.web_ended(within_s=20)
        rig.disk.cut_power()
        rig.disk.mount()
        await rig.service.start_web()

        assert (code, still) == (EXIT_BROKEN_DISK, EXIT_BROKEN_DISK)
        assert "disk.broken" in rig.service.log
        assert await rig.verdict() == []


@pytest.mark.timeout(120)
async def test_a_crawling_disk_slows_everybody_down_and_breaks_nothing(
    staffed: Staffed, tmp_path: Path
) -> None:
    async with rig_on(staffed, tmp_path) as rig:
        rig.disk.set_faults("slow:0.2")
        await rig.load.until_finished(rig.load.finished + 2)
        rig.disk.set_faults("")

        assert await rig.verdict() == []


@contextlib.asynccontextmanager
async def held_by_another(database: Path) -> AsyncIterator[None]:
    """Hold the writer's lock as a backup or a careless console does."""
    other = sqlite3.connect(database, timeout=10, isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("COMMIT")
    finally:
        other.close()


@pytest.mark.timeout(120)
async def test_a_database_held_for_three_seconds_is_waited_for(staffed: Staffed, tmp_path: Path) -> None:
    with Journal(tmp_path / "clients.journal") as lines:
        async with (
            service_on(staffed.data) as service,
            load_on(service.origin, staffed, lines, seed=6) as load,
        ):
            await load.until_finished(1)
            async with held_by_another(service.database):
                await asyncio.sleep(3)
            await load.drain()
            await service.stop()
            found = record.of_sqlite(service.database)

            assert sum(client.turned_away + client.unanswered for client in load.clients) == 0
            assert load.broken + violations(lines.entries(), found, rooms=staffed.rooms) == []


@pytest.mark.timeout(120)
async def test_who_waits_for_a_held_database_is_told_within_five_seconds(
    staffed: Staffed, tmp_path: Path
) -> None:
    with Journal(tmp_path / "clients.journal") as lines:
        async with (
            service_on(staffed.data) as service,
            load_on(service.origin, staffed, lines, seed=7) as load,
        ):
            await load.until_finished(1)
            async with held_by_another(service.database):
                await asyncio.sleep(1)
                waits = await asyncio.gather(*(timed_write(service, load.http, staffed) for _ in range(8)))
                await asyncio.sleep(max(0.0, 8 - 1 - max(wait_s for _, wait_s in waits)))
            await load.drain()
            await service.stop()
            found = record.of_sqlite(service.database)

            assert {status for status, _ in waits} == {503}
            assert max(wait_s for _, wait_s in waits) < 6.5  # five seconds, and a loaded machine
            assert load.broken + violations(lines.entries(), found, rooms=staffed.rooms) == []


async def timed_write(service: Service, http: aiohttp.ClientSession, staffed: Staffed) -> tuple[int, float]:
    """Send one write; return its status and how long the answer took."""
    began = time.monotonic()
    officer = staffed.officers[0]
    headers = {**officer.headers, "Origin": service.origin, "Idempotency-Key": str(time.monotonic_ns())}
    check = {"camera": True, "microphone": True, "ring_heard": True}
    url = f"{service.origin}/api/v1/duty/on"
    async with http.post(url, json=check, headers=headers) as answer:
        await answer.read()
        return answer.status, time.monotonic() - began
