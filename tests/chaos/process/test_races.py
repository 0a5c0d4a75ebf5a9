"""Many at once over HTTP: officers who answer one visit, pages that repeat one request (G5, G6, F18, F19)."""

import asyncio
import random
import uuid
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.oracle import record
from tests.chaos.oracle.invariants import violations
from tests.chaos.oracle.journal import Journal, definite
from tests.chaos.process.load import Client, Reply, load_on
from tests.chaos.process.service import service_on
from tests.chaos.process.staff import Staffed

WAYS = 50


async def raced(staffed: Staffed, journal: Path, races: int) -> Counter[int]:
    """Let every officer answer every visit; return how many visits had how many winners."""
    with Journal(journal) as lines:
        async with service_on(staffed.data) as service:
            async with load_on(service.origin, staffed, lines, seed=1, offers=len(staffed.officers)) as load:
                await load.until_finished(races, within_s=1200)
                await load.drain()
            await service.stop()
            found = record.of_sqlite(service.database)
            assert load.broken + violations(lines.entries(), found, rooms=staffed.rooms) == []
        entries = lines.entries()
    asked = {entry.visit for entry in entries if entry.op == "answer"}
    won = Counter(entry.visit for entry in definite(entries, "ok", "answer"))
    refused = definite(entries, "fail", "answer")
    assert len(refused) >= races, "hardly anybody raced"
    return Counter(won[visit] for visit in asked)


@pytest.mark.timeout(300)
async def test_of_officers_who_answer_at_once_one_wins(staffed: Staffed, tmp_path: Path) -> None:
    assert set(await raced(staffed, tmp_path / "clients.journal", 150)) == {1}


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_of_officers_who_answer_at_once_one_wins_two_thousand_times(
    staffed: Staffed, tmp_path: Path
) -> None:
    assert set(await raced(staffed, tmp_path / "clients.journal", 2000)) == {1}


async def repeated(staffed: Staffed, journal: Path, keys: int) -> tuple[int, int]:
    """Register and cancel visits, each request fifty times at once; return new visits and stored answers."""
    with Journal(journal) as lines:
        async with service_on(staffed.data) as service:
            before = record.of_sqlite(service.database)
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar()
            ) as http:
                rooms = [
                    Client(http, service.origin, terminal, lines, random.Random(number))
                    for number, terminal in enumerate(staffed.terminals)
                ]
                each = keys // (2 * len(rooms))
                await asyncio.gather(*(_come_and_go(room, each) for room in rooms))
            await service.stop()
            after = record.of_sqlite(service.database)
            assert violations(lines.entries(), after, rooms=staffed.rooms) == []
    return len(after.visits) - len(before.visits), len(after.answers) - len(before.answers)


async def _come_and_go(room: Client, times: int) -> None:
    matters = [{"kind": "grievance", "summary": "村口的路灯坏了半年。"}]
    form = {"anonymous": True, "matters": matters, "direct": True}
    for _ in range(times):
        registered = await _at_once(room, "register", "/visits", form, value="ticket")
        (visit,) = {reply.body["visit"] for reply in registered}
        cancelled = await _at_once(room, "cancel", f"/visits/{visit}/cancel", {}, visit=visit)
        assert {reply.status for reply in cancelled} == {200}


async def _at_once(
    room: Client, op: str, path: str, body: object, *, visit: str = "", value: str = ""
) -> list[Reply]:
    key = str(uuid.uuid4())
    return await asyncio.gather(
        *(room.do(op, path, body, visit=visit, value=value, key=key) for _ in range(WAYS))
    )


@pytest.mark.timeout(300)
async def test_a_request_that_is_sent_fifty_times_at_once_is_done_once(
    staffed: Staffed, tmp_path: Path
) -> None:
    assert await repeated(staffed, tmp_path / "clients.journal", 40) == (20, 40)


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_four_thousand_requests_that_are_sent_fifty_times_at_once_are_done_once(
    staffed: Staffed, tmp_path: Path
) -> None:
    assert await repeated(staffed, tmp_path / "clients.journal", 4000) == (2000, 4000)
