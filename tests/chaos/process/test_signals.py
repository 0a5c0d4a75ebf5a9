"""Frozen, crowded, politely ended: a server that does not crash and is not well either (F16, F25, F27)."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.oracle import record
from tests.chaos.oracle.invariants import violations
from tests.chaos.oracle.journal import Journal
from tests.chaos.process.load import Load, load_on
from tests.chaos.process.service import Service, service_on
from tests.chaos.process.staff import Staffed
from tests.chaos.proxy.talks import talks_on
from tests.support.program import Program, new_home


@contextlib.asynccontextmanager
async def beside(first: Service) -> AsyncIterator[Service]:
    """A second web server on the same database, with a port and a relay of its own."""
    program = Program(new_home())
    relay = program.data_dir / "relay.sock"
    program.settings = {
        **first.program.settings,
        "data_dir": str(first.program.data_dir),
        "relay_socket": str(relay),
    }
    second = Service(program)
    try:
        program.data_dir.mkdir()
        second.start_relay()
        await second.start_web()
        yield second
    finally:
        await second.stop()
        program.close()


async def frozen_while_another_works(
    staffed: Staffed, journal: Path, freezes: int, for_s: float
) -> list[str]:
    """Freeze one of two servers again and again, at whatever it does; return the violations."""
    half = Staffed(staffed.data, staffed.terminals[:2], staffed.officers[:2])
    other = replace(half, terminals=staffed.terminals[2:], officers=staffed.officers[2:])
    with Journal(journal) as lines:
        async with service_on(staffed.data) as first, beside(first) as second:
            async with (
                load_on(first.origin, half, lines, seed=1) as here,
                load_on(second.origin, other, lines, seed=2) as there,
            ):
                for _ in range(freezes):
                    await asyncio.sleep(there.clients[0].chance.uniform(0.05, 0.4))
                    first.signal_web(signal.SIGSTOP)
                    await asyncio.sleep(for_s)
                    first.signal_web(signal.SIGCONT)
                    await progress(here)
                await asyncio.gather(here.drain(), there.drain())
                broken = [*here.broken, *there.broken]
            await first.stop()
            verified = await first.program.command("audit", "verify")
            assert verified.returncode == 0, verified.stderr
            found = record.of_sqlite(first.database)
            return [*broken, *violations(lines.entries(), found, rooms=staffed.rooms)]


async def progress(load: Load) -> None:
    """Wait until one more visit has its outcome."""
    await load.until_finished(load.finished + 1)


@pytest.mark.timeout(240)
async def test_a_server_that_was_frozen_writes_nothing_stale(staffed: Staffed, tmp_path: Path) -> None:
    found = await frozen_while_another_works(staffed, tmp_path / "clients.journal", freezes=5, for_s=1.5)

    assert found == []


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_a_server_that_was_frozen_for_half_a_minute_writes_nothing_stale(
    staffed: Staffed, tmp_path: Path
) -> None:
    found = await frozen_while_another_works(staffed, tmp_path / "clients.journal", freezes=20, for_s=30)

    assert found == []


@pytest.mark.timeout(120)
async def test_a_frozen_server_ends_no_call_and_forgets_no_page(staffed: Staffed, tmp_path: Path) -> None:
    async with talks_on(staffed, tmp_path / "clients.journal", seed=1) as talks:
        talks.service.signal_web(signal.SIGSTOP)
        await asyncio.sleep(5)
        talks.service.signal_web(signal.SIGCONT)
        await talks.hush()

        states = {
            row["state"]
            for row in record.of_sqlite(talks.service.database).visits
            if row["id"] in talks.rooms
        }
        assert talks.verdict() == []
        assert states == {"in_call"}


@pytest.mark.timeout(180)
async def test_orderly_restarts_fail_no_request_and_lose_no_page(staffed: Staffed, tmp_path: Path) -> None:
    codes = []
    async with talks_on(staffed, tmp_path / "clients.journal", seed=1) as talks:
        for _ in range(3):
            openings = [len(line.openings) for line in talks.lines]
            talks.service.signal_web(signal.SIGTERM)
            codes.append(await talks.service.web_ended(within_s=20))
            talks.service.spawn_web()
            await asyncio.gather(
                *(line.opened(known) for line, known in zip(talks.lines, openings, strict=True))
            )
        await talks.hush()

        assert codes == [0, 0, 0]
        assert talks.verdict() == []


OPEN_FILES = 96  # what an idle server needs, its eight pages, and a little


@pytest.mark.timeout(120)
async def test_without_descriptors_newcomers_wait_and_calls_go_on(staffed: Staffed, tmp_path: Path) -> None:
    async with talks_on(staffed, tmp_path / "clients.journal", seed=1) as talks:
        openings = [len(line.openings) for line in talks.lines]
        await talks.service.kill_web()
        await talks.service.start_web(open_files=OPEN_FILES)
        await asyncio.gather(*(line.opened(known) for line, known in zip(talks.lines, openings, strict=True)))
        held = [len(line.openings) for line in talks.lines]

        async with crowd(int(talks.service.origin.rpartition(":")[2]), 2 * OPEN_FILES):
            turned_away = not await talks.service.program.is_ready()
            await talks.hush()
        await talks.service.ready()

        assert turned_away
        assert [len(line.openings) for line in talks.lines] == held
        assert talks.verdict() == []


@contextlib.asynccontextmanager
async def crowd(port: int, size: int) -> AsyncIterator[None]:
    """Hold so many connections open without a word."""
    writers: list[asyncio.StreamWriter] = []
    try:
        for _ in range(size):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writers.append(writer)
        yield
    finally:
        for writer in writers:
            writer.transport.abort()
