"""Who came and what was said is found nowhere but with those who may know: a visit, then a search."""

import asyncio
import gzip
import os
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from reception.domain.roles import Role
from reception.edge import Edge
from reception.keyring import Keyring
from reception.services.devices import Devices
from reception.services.people import People
from reception.store.audit import AuditLog
from reception.store.engine import Sessions
from reception.store.vault import Vault
from reception.web.routes import ROUTE_TABLE
from reception.web.security import SESSION_COOKIE
from signaling.ids import RoomId
from signaling.messages import Chat, Join, Result, Ring
from tests.signaling.peers import ScriptedPeer, a_uuid
from tests.support.canaries import SPELLINGS, Canary, Hit, Sweep
from tests.support.clients import Client, TerminalClient, a_declaration
from tests.support.factories import County, FrozenClock, Hall, an_id_number

ROOT = Path(__file__).parents[2]
START_S = 30.0

ID_NUMBER = an_id_number(847, date(1963, 7, 19))
NAME = Canary("name", "龘靐")
IDENTITY = (
    NAME,
    Canary("id number", ID_NUMBER, is_number=True),
    Canary("phone", "13800007391", is_number=True),
    Canary("address", "灥灥坡九十七号"),
)
CONTENT = (
    Canary("matter", "骉骉滩宅基地"),
    Canary("township answer", "猋猋已经答复"),
    Canary("doubt", "麤麤不能认可"),
    Canary("chat", "飝飝请写下来"),
    Canary("draft", "犇犇草稿一句"),
    Canary("asked", "鱻鱻反映事项"),
    Canary("answer", "羴羴当场说明"),
    Canary("next", "毳毳三十日内"),
    Canary("unseal note", "焱焱回访核实"),
)
EVERYTHING = Sweep(IDENTITY + CONTENT)
TEXT = {canary.name: canary.text for canary in IDENTITY + CONTENT}


@dataclass(slots=True)
class Server:
    """The real web server in a process of its own."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    log: Path
    origin: str


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """The directory that the program keeps everything in."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def program(data_dir: Path, tmp_path: Path) -> Iterator[Server]:
    """`python -m reception serve` on a database that `migrate` has made."""
    port = unused_port()
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {
        **kept,
        "PYTHONPATH": str(ROOT),
        "RECEPTION_LISTEN": f"127.0.0.1:{port}",
        "RECEPTION_DATA_DIR": str(data_dir),
        "RECEPTION_COUNTDOWN_S": "0",
    }
    command = [sys.executable, "-m", "reception"]
    subprocess.run([*command, "migrate"], env=environment, cwd=tmp_path, check=True, timeout=START_S)
    log = tmp_path / "server.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [*command, "serve", "--exit-on-stdin-close"],
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Server(process, data_dir, log, f"http://127.0.0.1:{port}")
    finally:
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@asynccontextmanager
async def reached(server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a client of the server, once it answers."""
    session = aiohttp.ClientSession(
        server.origin, cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(limit=0)
    )
    try:
        async with asyncio.timeout(START_S):
            while True:
                assert server.process.poll() is None, server.log.read_text()
                try:
                    async with session.get("/healthz") as answer:
                        if answer.status == 200:
                            break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.05)  # nothing tells when a foreign process listens
        yield session
    finally:
        await session.close()


@dataclass(slots=True)
class Cast:
    """Everybody who has to do with the visit, and everybody who has not."""

    terminal: TerminalClient
    host: Client
    office: Client
    colleague: Client
    township: Client
    township_lists: Client
    outsiders: dict[str, Client]
    host_id: str
    township_id: str


async def cast_of(county: County, session: aiohttp.ClientSession, origin: str) -> Cast:
    async def browser(*roles: Role, unit: str | None = None) -> tuple[Client, str]:
        signed_in = await county.signed_in(*roles, unit=unit)
        headers = {
            "Cookie": f"{SESSION_COOKIE}={signed_in.secret}",
            "X-CSRF-Token": signed_in.csrf_token,
        }
        return Client(session, origin, headers), signed_in.actor.person

    async def page(unit: str) -> TerminalClient:
        enrolled = await county.terminal(unit)
        headers = {"Authorization": f"Terminal {enrolled.token}"}
        return TerminalClient(session, origin, headers, enrolled=enrolled)

    host, host_id = await browser()
    township, township_id = await browser(Role.TOWNSHIP_OFFICER)
    roles = (Role.DEPARTMENT_LIAISON, Role.SYS_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN)
    outsiders = {role.value: (await browser(role))[0] for role in roles}
    outsiders["other township"] = (await browser(Role.TOWNSHIP_OFFICER, unit=county.other_township))[0]
    outsiders["other terminal"] = await page(county.other_township)
    outsiders["signed out"] = Client(session, origin)
    return Cast(
        terminal=await page(county.township),
        host=host,
        office=(await browser(Role.PETITION_OFFICE))[0],
        colleague=(await browser())[0],
        township=township,
        township_lists=Client(session, origin, township.headers),
        outsiders=outsiders,
        host_id=host_id,
        township_id=township_id,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What a visit is called."""

    visit: str
    case_no: str


async def done(client: Client, path: str, body: object = None, *, method: str = "POST") -> dict[str, object]:
    """Carry out a step of the visit, which has to succeed."""
    reply = await client.send(method, path, json_body={} if body is None else body)
    assert reply.status < 300, (path, reply.text)
    return dict(reply.json)


async def on_duty(client: Client) -> ScriptedPeer:
    peer = await client.connect()
    await done(client, "/api/v1/duty/on", {"camera": True, "microphone": True, "ring_heard": True})
    return peer


async def register(cast: Cast, *, direct: bool) -> Told:
    """Register a visit that holds every canary of a form."""
    form = {
        "anonymous": False,
        "visitor": {
            "name": f"欧阳{NAME.text}",
            "id_number": f"{ID_NUMBER[:6]} {ID_NUMBER[6:14]} {ID_NUMBER[14:]}",
            "phone": TEXT["phone"],
            "address": TEXT["address"],
        },
        "matters": [{"kind": "grievance", "summary": TEXT["matter"]}],
        "direct": direct,
    }
    made = await done(cast.terminal, "/api/v1/visits", form)
    return Told(str(made["visit"]), str(made["case_no"]))


async def whole_visit(cast: Cast, desk: ScriptedPeer, *, direct: bool) -> Told:
    """Play a visit from registration to receipt, with every canary in its place."""
    told = await register(cast, direct=direct)
    visit = f"/api/v1/visits/{told.visit}"
    if not direct:
        answer = {"answer": TEXT["township answer"], "satisfied": False, "doubt": TEXT["doubt"]}
        await done(cast.terminal, f"{visit}/township-answer", {**answer, "officer": cast.township_id})
    await done(cast.terminal, f"{visit}/raise", a_declaration(officer_left=direct))
    await desk.expect(Ring, visit=told.visit)
    await cast.colleague.get(f"/api/v1/visits/{told.visit}")  # masked, for whoever may answer
    await done(cast.host, f"{visit}/answer")
    page = await cast.terminal.connect()
    for peer in (desk, page):
        assert isinstance(await peer.command(Join(id=a_uuid(), room=RoomId(told.visit))), Result)
    said = Chat(id=a_uuid(), room=RoomId(told.visit), text=TEXT["chat"])
    assert isinstance(await page.command(said), Result)
    await look_around(cast, told)
    await done(cast.host, f"{visit}/end")
    await done(cast.host, f"{visit}/draft", {"asked": TEXT["draft"], "version": 0}, method="PUT")
    outcome = {
        "code": "accepted_in_scope",
        "asked": TEXT["asked"],
        "answer": TEXT["answer"],
        "next": TEXT["next"],
        "due_on": str((datetime.now(UTC) + timedelta(days=30)).date()),
        "owner": cast.host_id,
    }
    await done(cast.host, f"{visit}/outcome", outcome)
    shown = await cast.office.post(
        f"/api/v1/cases/{told.case_no}/unseal", {"reason": "call_back", "note": TEXT["unseal note"]}
    )
    assert NAME.text in shown.text, "who may know is told"
    assert TEXT["matter"] in (await cast.host.get(f"/api/v1/cases/{told.case_no}")).text
    await look_around(cast, told)
    return told


async def look_around(cast: Cast, told: Told) -> None:
    """Let everybody who may not know ask for everything that there is to ask."""
    ids = defaultdict(lambda: "x", visit=told.visit, number=told.case_no)
    for client in (cast.colleague, cast.township, *cast.outsiders.values()):
        for route in ROUTE_TABLE:
            if route.method == "GET" and not route.audience.is_public:
                await client.get(route.path.format_map(ids))
        await client.get(f"/cases?q={told.case_no}")
        await client.get(f"/api/v1/cases?q={told.case_no}&state=outcome_logged")
        await client.post(f"/api/v1/cases/{told.case_no}/unseal", {"reason": "supervision", "note": ""})
        await client.post(f"/api/v1/visits/{told.visit}/cancel")
        await client.post(f"/api/v1/visits/{told.visit}/outcome", {"code": "withdrawn"})

    for path in ("/", "/cases", "/cases?state=outcome_logged", "/api/v1/cases", "/account"):
        await cast.township_lists.get(path)  # names no visit, so none is merely an echo


async def drained(peer: ScriptedPeer) -> None:
    """Read everything that was sent to a socket so far."""
    await peer.command(Join(id=a_uuid(), room=RoomId("unknown")))


def stored_values(data_dir: Path, *tables: str) -> bytes:
    """Return every value of these tables as the database hands it out."""
    with sqlite3.connect(data_dir / "reception.db") as connection:
        rows = [
            repr(row)
            for table in tables
            for row in connection.execute(f"SELECT * FROM {table}")  # noqa: S608
        ]
    connection.close()
    assert rows
    return "\n".join(rows).encode()


def exported_head(program: Server) -> bytes:
    """Return what the command that exports the head of the audit chain says."""
    result = subprocess.run(
        [sys.executable, "-m", "reception", "audit", "export-head"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "RECEPTION_DATA_DIR": str(program.data_dir)},
        cwd=program.data_dir,
        capture_output=True,
        check=True,
        timeout=START_S,
    )
    return result.stdout + result.stderr


async def test_a_whole_visit_leaves_its_canaries_with_those_who_may_know(program: Server) -> None:
    async with reached(program) as session:
        sessions = Sessions.open(f"sqlite+aiosqlite:///{program.data_dir / 'reception.db'}")
        keyring = Keyring.load_or_create(program.data_dir)
        clock = FrozenClock(datetime.now(UTC))
        edge = Edge(sessions.write, sessions.read, Vault(keyring), AuditLog(keyring.audit_key), clock, Hall())
        people = People(idle=timedelta(hours=1), absolute=timedelta(hours=10), totp_required=False)
        county = await County.around(edge, clock, people, Devices())
        cast = await cast_of(county, session, program.origin)
        desk, bystander = await on_duty(cast.host), await on_duty(cast.colleague)
        other = await cast.outsiders["other terminal"].connect()

        open_case = await whole_visit(cast, desk, direct=False)
        direct_case = await whole_visit(cast, desk, direct=True)

        for peer in (bystander, other):
            await drained(peer)
        await sessions.aclose()

    hits = EVERYTHING.search_process(program.process.pid) + EVERYTHING.search_files(program.data_dir)
    hits += EVERYTHING.search(program.log.read_bytes(), "log")
    hits += EVERYTHING.search(stored_values(program.data_dir, "command_result", "audit_event"), "rows")
    hits += EVERYTHING.search(exported_head(program), "audit export")
    hits += EVERYTHING.search((program.data_dir / "audit-head.json").read_bytes(), "audit head")
    for name, client in {**cast.outsiders, "township": cast.township}.items():
        hits += EVERYTHING.search(b"\n".join(client.heard), name)
    hits += Sweep(IDENTITY).search(b"\n".join(cast.colleague.heard), "colleague")
    assert hits == []

    listed = b"\n".join(cast.township_lists.heard)
    traces = Sweep([Canary("case number", direct_case.case_no), Canary("visit id", direct_case.visit)])
    assert traces.search(listed, "township") == [], "a direct visit leaves its township no trace"
    assert open_case.case_no.encode() in listed, "the own unit's case is there to be seen"


# The sweep itself


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("canary", IDENTITY + CONTENT, ids=lambda canary: str(canary.name))
def test_the_sweep_finds_a_canary_in_every_spelling(canary: Canary, spelling: str) -> None:
    for needle in SPELLINGS[spelling](canary.text):
        hits = EVERYTHING.search(b"\0noise " + needle + b" noise\xff", "somewhere")

        assert (canary.name, spelling) in {(hit.canary, hit.spelling) for hit in hits}


@pytest.mark.parametrize("before", ["", "x", "xx", "一"])
def test_the_sweep_finds_base64_at_every_position(before: str) -> None:
    import base64

    for whole in (base64.b64encode, base64.urlsafe_b64encode):
        text = whole(f"{before}{NAME.text}{before}".encode())

        assert EVERYTHING.search(text, "somewhere")


@pytest.mark.parametrize(
    "written", ["999999 19630719 847", "999999-19630719-847", "9.9.9.9.9.9.1.9.6.3.0.7.1.9.8.4.7."]
)
def test_the_sweep_finds_numbers_with_separators(written: str) -> None:
    hits = EVERYTHING.search((written + ID_NUMBER[-1]).encode(), "somewhere")

    assert ("id number", "separated") in {(hit.canary, hit.spelling) for hit in hits}


def test_the_sweep_opens_what_is_compressed() -> None:
    packed = gzip.compress(b"before " + NAME.text.encode("utf-16-le"))

    assert EVERYTHING.search(b"header" + packed + packed[:-8], "somewhere")


def test_the_sweep_finds_nothing_in_noise_and_in_masked_values() -> None:
    masked = f"欧* {ID_NUMBER[:6]}********{ID_NUMBER[-4:]} 138****7391"

    assert EVERYTHING.search(masked.encode() + os.urandom(100_000), "somewhere") == []


@pytest.mark.parametrize("kind", ["database", "wal", "deleted", "log", "name", "idempotency"])
def test_the_sweep_finds_a_canary_in_every_kind_of_file(tmp_path: Path, kind: str) -> None:
    planted = f"欧阳{NAME.text}"
    if kind == "log":
        (tmp_path / "server.log").write_text(f"ERROR visitor={planted}", encoding="utf-8")
    elif kind == "name":
        (tmp_path / f"{planted}.pdf").touch()
    else:
        connection = sqlite3.connect(tmp_path / "reception.db")
        connection.executescript("CREATE TABLE t (v TEXT); PRAGMA secure_delete=OFF;")
        if kind == "wal":
            connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("INSERT INTO t VALUES (?)", [planted])
        connection.commit()
        if kind == "deleted":
            connection.execute("DELETE FROM t")
            connection.commit()
        found = EVERYTHING.search_files(tmp_path)
        connection.close()
        if kind == "wal":
            assert {hit.sink for hit in found} == {"reception.db-wal"}

    assert {hit.canary for hit in EVERYTHING.search_files(tmp_path)} == {"name"}


@pytest.mark.parametrize("where", ["arguments", "environment"])
def test_the_sweep_finds_a_canary_that_a_process_shows_to_everybody(where: str) -> None:
    planted = f"visitor={NAME.text}"
    process = subprocess.Popen(
        ["sh", "-c", "echo ready; cat", *([planted] if where == "arguments" else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], **({"LEAK": planted} if where == "environment" else {})},
    )
    try:
        # Right after its start a process still shows an empty command line.
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        assert {hit.canary for hit in EVERYTHING.search_process(process.pid)} == {"name"}
    finally:
        process.communicate()


def test_the_sweep_finds_a_canary_in_what_a_client_heard() -> None:
    heard = [b"HTTP headers", f'{{"name": "{NAME.text}"}}'.encode()]

    assert EVERYTHING.search(b"\n".join(heard), "colleague") == [Hit("name", "utf-8", "colleague")]
