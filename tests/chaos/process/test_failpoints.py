"""The web server dies, fails or stalls at named places; what was acknowledged stands (G2, F02, F24)."""

import asyncio
import random
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import aiohttp
import pytest

from reception.failpoints import NAMES, VARIABLE
from tests.chaos.oracle import record
from tests.chaos.oracle.invariants import violations
from tests.chaos.oracle.journal import Journal
from tests.chaos.process.load import Client, load_on, raised
from tests.chaos.process.service import Service, service_on
from tests.chaos.process.staff import Staffed
from tests.chaos.proxy.line import Line
from tests.chaos.proxy.talks import talks_on
from tests.support.program import ROOT, Program, new_home

# Which pass of the place kills: the first requests of a life, and some in the middle of the work.
PASSES, LONG_PASSES = (1, 7, 19), tuple(range(1, 51))
UNDER_LOAD = (
    "edge.before_begin",
    "edge.after_begin",
    "edge.before_commit",
    "edge.after_commit",
    "edge.after_carry",
    "answer.after_remember",
    "answer.before_send",
    "answer.after_send",
    "outcome.after_insert",
    "draft.after_save",
    "room.before_open",
)
IN_TALKS = (
    "chat.after_insert",
    "journal.after_write",
    "hub.before_wake",
    "session.before_rotate",
    "session.after_rotate",
)

Death = tuple[str, int]


async def dies_at(staffed: Staffed, journal: Path, deaths: Iterable[Death]) -> list[str]:
    """Run one load over several lives, each of which ends at its failpoint; return the violations."""
    with Journal(journal) as lines:
        async with service_on(staffed.data) as service:
            await service.kill_web()
            async with load_on(service.origin, staffed, lines, seed=1) as load:
                for name, number in deaths:
                    service.spawn_web({VARIABLE: f"{name}:{number}"})
                    assert await service.web_ended() == -9, f"it did not die at {name}"
                await service.start_web()
                await load.drain()
            return [*load.broken, *await found_in(service, lines, staffed)]


async def found_in(service: Service, lines: Journal, staffed: Staffed) -> list[str]:
    """Stop the service and ask the oracle."""
    await service.stop()
    verified = await service.program.command("audit", "verify")
    return [
        *violations(lines.entries(), record.of_sqlite(service.database), rooms=staffed.rooms),
        *record.integrity_of(service.database),
        *([] if verified.returncode == 0 else [f"I9: {verified.stderr}"]),
    ]


@pytest.mark.timeout(300)
async def test_deaths_at_every_place_lose_and_double_nothing(staffed: Staffed, tmp_path: Path) -> None:
    deaths = [(name, number) for number in PASSES for name in UNDER_LOAD]

    assert await dies_at(staffed, tmp_path / "clients.journal", deaths) == []


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", UNDER_LOAD)
async def test_fifty_deaths_at_this_place_lose_and_double_nothing(
    staffed: Staffed, tmp_path: Path, name: str
) -> None:
    deaths = [(name, number) for number in LONG_PASSES]

    assert await dies_at(staffed, tmp_path / "clients.journal", deaths) == []


async def dies_in_talks(staffed: Staffed, journal: Path, deaths: Iterable[Death]) -> list[str]:
    """As above, with pages that talk; every line has to come back each time."""
    async with talks_on(staffed, journal, seed=1) as talks:
        await talks.service.kill_web()
        for name, number in deaths:
            talks.service.spawn_web({VARIABLE: f"{name}:{number}"})
            assert await talks.service.web_ended() == -9, f"it did not die at {name}"
        openings = [len(line.openings) for line in talks.lines]
        talks.service.spawn_web()
        await asyncio.gather(*(line.opened(known) for line, known in zip(talks.lines, openings, strict=True)))
        await talks.hush()
        return talks.verdict()


@pytest.mark.timeout(300)
async def test_deaths_in_the_middle_of_a_talk_lose_and_double_no_line(
    staffed: Staffed, tmp_path: Path
) -> None:
    deaths = [(name, number) for number in (1, 2, 5) for name in IN_TALKS]

    assert await dies_in_talks(staffed, tmp_path / "clients.journal", deaths) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", IN_TALKS)
async def test_fifty_deaths_in_the_middle_of_a_talk_lose_and_double_no_line(
    staffed: Staffed, tmp_path: Path, name: str
) -> None:
    # No life lasts for more than eight resumes, one for each line.
    deaths = [(name, 1 + number % 8) for number in range(50)]

    assert await dies_in_talks(staffed, tmp_path / "clients.journal", deaths) == []


@pytest.mark.timeout(120)
async def test_a_page_whose_session_was_opened_by_a_dying_server_opens_another(
    staffed: Staffed, tmp_path: Path
) -> None:
    with Journal(tmp_path / "clients.journal") as lines:
        async with service_on(staffed.data) as service, aiohttp.ClientSession() as http:
            await service.kill_web()
            service.spawn_web({VARIABLE: "session.after_open:1"})
            port = int(service.origin.rpartition(":")[2])
            officer = staffed.officers[0]
            line = Line(http, port, service.origin, officer, lines, random.Random(1))
            opening = asyncio.create_task(line.run())
            try:
                died = await service.web_ended()
                await service.start_web()
                await line.opened(0)
            finally:
                opening.cancel()
                await asyncio.gather(opening, return_exceptions=True)

    assert died == -9
    assert [how for _, how in line.openings] == ["welcome"]
    assert line.faults == []


@pytest.mark.timeout(120)
async def test_a_promise_that_a_dying_server_owed_is_made_once_by_the_next(
    staffed: Staffed, tmp_path: Path
) -> None:
    with Journal(tmp_path / "clients.journal") as lines:
        async with service_on(staffed.data, {"ring_s": "0.2"}) as service, aiohttp.ClientSession() as http:
            await service.kill_web()
            service.spawn_web({VARIABLE: "sweep.before_deed:1"})
            room = Client(http, service.origin, staffed.terminals[0], lines, random.Random(1))
            raising = asyncio.create_task(raised(room))
            died = await service.web_ended()
            await service.start_web()
            visit = await raising
            async with asyncio.timeout(30):
                while not record.promises_of(service.database, visit):  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.05)
            found = await found_in(service, lines, staffed)

            assert died == -9
            assert found == []
            assert len(record.promises_of(service.database, visit)) == 1


@pytest.mark.parametrize("name", ["edge.before_commit", "outcome.after_insert", "answer.before_send"])
async def test_a_defect_at_this_place_is_an_answer_and_leaves_no_half_state(
    staffed: Staffed, tmp_path: Path, name: str
) -> None:
    with Journal(tmp_path / "clients.journal") as lines:
        async with service_on(staffed.data) as service:
            await service.kill_web()
            await service.start_web({VARIABLE: f"{name}:5:raise"})
            async with load_on(service.origin, staffed, lines, seed=3) as load:
                while not any(entry.mark == "defect" for entry in lines.entries()):
                    assert not load.broken or "500" in load.broken[0]
                    await asyncio.sleep(0.05)
            found = await found_in(service, lines, staffed)
    # The one answer that said so; a visit that its client gave up then is not the service's to end.
    told = [line for line in found if not line.startswith("I2")]
    assert [line for line in told if not line.startswith("defect")] == []
    assert len(told) == 1


@pytest.mark.parametrize("name", ["migration.after_step", "migration.before_commit"])
async def test_a_death_during_migration_leaves_the_old_schema_and_the_next_start_succeeds(name: str) -> None:
    program = Program(new_home())
    try:
        program.data_dir.mkdir(parents=True)
        killed = await command(program, "migrate", RECEPTION_FAILPOINTS=f"{name}:1")
        tables = record.tables_of(program.database)
        again = await command(program, "migrate")

        assert killed == -9
        assert tables == []
        assert again == 0
        assert record.integrity_of(program.database) == []
        assert "visit" in record.tables_of(program.database)
    finally:
        program.close()


async def command(program: Program, name: str, **environment: str) -> int:
    """Run a command of the service with variables of its own; return its exit code."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reception", name),
        cwd=ROOT,
        env={**program.environment, "RECEPTION_DEMO": "1", **environment},
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()


@pytest.mark.parametrize(
    ("demo", "value"),
    [("0", "edge.before_commit:1"), ("1", "edge.of_the_world:1"), ("1", "edge.before_commit:soon")],
    ids=["with real data", "an unknown place", "no number"],
)
async def test_a_service_refuses_to_start_with_a_failpoint_that_can_not_be(demo: str, value: str) -> None:
    program = Program(new_home())
    try:
        refused = await command(program, "check", RECEPTION_DEMO=demo, RECEPTION_FAILPOINTS=value)

        assert refused == 64
    finally:
        program.close()


def test_every_named_place_stands_in_the_sources_once_and_no_other() -> None:
    reached = [
        name
        for path in sorted((ROOT / "reception").rglob("*.py"))
        for name in re.findall(r'\breach\("([^"]+)"\)', path.read_text())
    ]

    assert sorted(reached) == sorted(NAMES)
