"""A county with its terminals enrolled and its officers signed in, prepared once and copied by each run."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg  # type: ignore[import-untyped]  # it ships no annotations

from tests.support.program import PASSWORD, Program, ProgramFailed, new_home, query
from tests.support.scripted import ScriptedTerminal

ROOMS = ("QH01", "QH02", "QH03", "QH04")
OFFICERS = ("duty1", "duty2", "office1", "director1", "leader1")
_TOKEN = re.compile(r'<meta name="csrf" content="([^"]+)">')
_COOKIE = "reception_session"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What one client proves itself by; the database knows it, so it outlives every restart.

    Attributes:
        who: id of the person, or of the room's place.
        seat: the client's seat on the wire.
        headers: sent with every request.
    """

    who: str
    seat: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Staffed:
    """A prepared data directory and the keys to it."""

    data: Path
    terminals: tuple[Credentials, ...]
    officers: tuple[Credentials, ...]

    @property
    def rooms(self) -> frozenset[str]:
        """Ids of the rooms whose terminals are enrolled."""
        return frozenset(terminal.who for terminal in self.terminals)


@contextlib.contextmanager
def staffed_county(postgresql: str = "") -> Iterator[Staffed]:
    """Seed the county, enrol and sign in, stop; yield what is left.

    Args:
        postgresql: URL of an empty database to do so in; SQLite in the data directory by default.
    """
    url = postgresql.replace("postgresql://", "postgresql+asyncpg://")
    program = Program(new_home(), {"database_url": url} if url else {})
    try:
        yield asyncio.run(_prepare(program))
    finally:
        program.close()


async def _prepare(program: Program) -> Staffed:
    try:
        await program.start()
        async with _clients(program) as http:
            terminals = [await _enrol(program, http, room) for room in ROOMS]
            officers = [await _sign_in(program, user) for user in OFFICERS]
    finally:
        await program.stop()
    return Staffed(program.data_dir, tuple(terminals), tuple(officers))


@contextlib.asynccontextmanager
async def _clients(program: Program) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Origin": program.origin}) as http:
        yield http


async def _enrol(program: Program, http: aiohttp.ClientSession, room: str) -> Credentials:
    terminal = ScriptedTerminal(http, program.origin)
    await terminal.enrol(await program.enrolment_code(room))
    place = await _place(program, room)
    headers = {"Authorization": f"Terminal {terminal.token}"}
    async with http.get(f"{program.origin}/api/v1/terminal", headers=headers) as answer:
        seat = (await answer.json())["seat"]
    return Credentials(place, str(seat), headers)


async def _place(program: Program, room: str) -> str:
    url = program.settings.get("database_url", "").replace("+asyncpg", "")
    if not url:
        (row,) = query(program.database, "SELECT id FROM place WHERE code = ?", room)
        return str(row["id"])
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval("SELECT id FROM place WHERE code = $1", room))
    finally:
        await connection.close()


async def _sign_in(program: Program, user: str) -> Credentials:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(headers={"Origin": program.origin}, cookie_jar=jar) as http:
        form = {"user": user, "password": PASSWORD, "next": "/desk"}
        async with http.post(f"{program.origin}/login", data=form) as page:
            token = _TOKEN.search(await page.text())
        secrets = [cookie.value for cookie in jar if cookie.key == _COOKIE]
        if token is None or not secrets:
            raise ProgramFailed(f"{user} can not sign in: {page.status}")
        async with http.get(f"{program.origin}/api/v1/desk") as answer:
            me = (await answer.json())["me"]
        headers = {"Cookie": f"{_COOKIE}={secrets[0]}", "X-CSRF-Token": token[1]}
        # On duty once and for all: the shift is a row, so it outlives every restart too.
        check = {"camera": True, "microphone": True, "ring_heard": True}
        sent = {**headers, "Idempotency-Key": f"duty-on-{user}"}
        async with http.post(f"{program.origin}/api/v1/duty/on", json=check, headers=sent) as answer:
            if answer.status != 200:
                raise ProgramFailed(f"{user} can not go on duty: {await answer.text()}")
    return Credentials(str(me["person"]), str(me["seat"]), headers)
