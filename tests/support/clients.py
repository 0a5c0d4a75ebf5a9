"""The running service and its clients: officers with cookie and CSRF token, terminals with their bearer."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer, unused_port

from reception.app import create_app
from reception.domain.actors import Officer, Terminal
from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.keys import DEVICES, EDGE, PEOPLE
from reception.services.people import SignedIn
from reception.settings import Settings
from reception.web.security import SESSION_COOKIE
from signaling.messages import Event, Hello, Ping, Resume, Resumed, ServerMessage, Welcome, decode_server
from tests.signaling.peers import MemoryPlane, ScriptedPeer
from tests.support.factories import County, EnrolledTerminal, FrozenClock, MadeVisit, an_id_number

PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Code of the refusal, of an API route."""
        return str(self.json["error"]["code"])


@dataclass(slots=True)
class Client:
    """Somebody who sends requests; signed out unless the headers say otherwise.

    Attributes:
        heard: every byte that came back, over HTTP and over sockets.
    """

    session: aiohttp.ClientSession
    origin: str
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[bytes] = field(default_factory=list)

    async def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a GET; redirects are not followed."""
        return await self.send("GET", path, headers=headers)

    async def post(
        self,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send JSON, an empty object by default, with an idempotency key of its own unless one is given."""
        return await self.send("POST", path, json_body={} if body is None else body, key=key, headers=headers)

    async def put(self, path: str, body: object) -> Reply:
        """Send JSON with an idempotency key of its own."""
        return await self.send("PUT", path, json_body=body)

    async def submit(self, path: str, **fields: str) -> Reply:
        """Send a form, as a page without scripts does."""
        return await self.send("POST", path, form=fields)

    async def send(
        self,
        method: str,
        path: str,
        *,
        json_body: object = None,
        form: Mapping[str, str] | None = None,
        raw: bytes | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request with this client's headers; a header given as an empty string is left out."""
        sent = {**self.headers, "Origin": self.origin}
        payload: bytes | aiohttp.FormData | None = raw
        if json_body is not None:
            payload, sent["Content-Type"] = json.dumps(json_body).encode(), "application/json"
        if form is not None:
            payload = aiohttp.FormData({**form, "csrf_token": self.headers.get("X-CSRF-Token", "")})
        if method != "GET":
            sent["Idempotency-Key"] = key or str(uuid4())
        sent.update(headers or {})
        async with self.session.request(
            method,
            path,
            data=payload,
            headers={name: value for name, value in sent.items() if value},
            allow_redirects=False,
        ) as answer:
            reply = Reply(answer.status, answer.headers.copy(), await answer.read())
        self.heard.append(repr(list(reply.headers.items())).encode() + reply.body)
        return reply

    async def dial(self, *, headers: Mapping[str, str] | None = None) -> ScriptedPeer:
        """Open a socket and say nothing yet."""
        socket = await self.session.ws_connect("/ws", headers={"Origin": self.origin, **(headers or {})})
        return ListeningPeer(socket, heard=self.heard)

    async def ticket(self) -> str:
        """Ask for what opens one socket."""
        return str((await self.post("/api/v1/ws-ticket")).json["ticket"])

    async def connect(self) -> ScriptedPeer:
        """Return a welcomed socket."""
        ticket = await self.ticket()  # a socket that waits for it might have to say hello too late
        peer = await self.dial()
        await peer.say(Hello(ticket=ticket, proto=1))
        await peer.expect(Welcome)
        return peer

    async def resume(self, earlier: ScriptedPeer, *, token: str | None = None) -> ScriptedPeer:
        """Return a socket that has asked for the session of an earlier one, and remembers what that one saw.

        Args:
            token: what is shown instead of the newest resume token that came.
        """
        ticket, peer = await self.ticket(), await self.dial()
        opening = next(one for one in reversed(earlier.seen) if isinstance(one, Welcome | Resumed))
        began = next(place for place, one in enumerate(earlier.seen) if isinstance(one, Welcome))
        events = [one for one in earlier.seen[began:] if isinstance(one, Event)]
        welcome = earlier.seen[began]
        assert isinstance(welcome, Welcome)
        peer.seen.extend(earlier.seen)
        await peer.say(
            Resume(
                ticket=ticket,
                proto=1,
                sid=opening.sid,
                token=token or opening.resume_token,
                last_seq=max((event.seq for event in events), default=0),
                last_pos=max((event.pos for event in events), default=0) or welcome.pos,
                last_result_cseq=0,
            )
        )
        return peer


@dataclass
class ListeningPeer(ScriptedPeer):
    """A scripted peer that keeps the bytes that it was sent."""

    heard: list[bytes] = field(default_factory=list)

    async def read(self) -> ServerMessage:
        while True:
            frame = await self.socket.receive(timeout=PATIENCE_S)
            assert frame.type is WSMsgType.TEXT, f"{frame.type} {frame.data} instead of a message"
            self.heard.append(frame.data.encode())
            message = decode_server(frame.data.encode())
            self.seen.append(message)
            if not isinstance(message, Ping):
                return message


@dataclass(slots=True)
class OfficerClient(Client):
    """A signed-in browser of a member of staff."""

    actor: Officer = field(kw_only=True)


@dataclass(slots=True)
class TerminalClient(Client):
    """An enrolled terminal's page."""

    enrolled: EnrolledTerminal = field(kw_only=True)

    @property
    def actor(self) -> Terminal:
        """Who the service takes this client for."""
        return self.enrolled.actor


@dataclass(slots=True)
class GuestClient(Client):
    """The browser that a one-time link is bound to."""

    host: OfficerClient = field(kw_only=True)
    visit: MadeVisit = field(kw_only=True)
    made: dict[str, str] = field(default_factory=dict, kw_only=True)

    @property
    def id(self) -> str:
        """Id of the link."""
        return self.made["guest"]

    async def is_asked(self, **whom: str) -> str:
        """Let the host make a link; return its token."""
        body = {"role": "interpreter", "title": "手语翻译", **whom}
        reply = await self.host.post(f"/api/v1/visits/{self.visit.id}/guests", body)
        assert reply.status == 201, reply.text
        self.made = reply.json
        return self.made["link"].partition("#")[2]

    async def opens(self, token: str, *, browser: str = "a" * 64) -> Reply:
        """Open a link; a browser that gets a cookie keeps it."""
        reply = await self.post("/api/v1/guest/redeem", {"token": token, "browser": browser})
        cookie = reply.headers.get("Set-Cookie", "").partition(";")[0]
        if cookie:
            self.headers["Cookie"] = cookie
        return reply

    async def comes(self, **whom: str) -> None:
        """Open the link that the host makes, show the code, say a name, wait in the lobby."""
        await self.opens(await self.is_asked(**whom))
        await self.post("/api/v1/guest/code", {"code": self.made["code"]})
        reply = await self.post("/api/v1/guest/wait", {"name": "陈晓语"})
        assert reply.json["state"] == "lobby", reply.text

    async def ticket(self) -> str:
        """Ask for what opens one socket, where a guest may."""
        return str((await self.post("/api/v1/guest/ws-ticket")).json["ticket"])


@dataclass(slots=True)
class House:
    """The running application with everything around it in memory but the database."""

    app: web.Application
    county: County
    plane: MemoryPlane
    settings: Settings
    session: aiohttp.ClientSession
    origin: str
    _lobby: GuestClient | None = None

    def stranger(self) -> Client:
        """Return a client that is not signed in."""
        return Client(self.session, self.origin)

    async def officer(self, *roles: Role, unit: str | None = None) -> OfficerClient:
        """Return the browser of a new member of staff."""
        return self.browser_of(await self.county.signed_in(*roles, unit=unit))

    def browser_of(self, signed_in: SignedIn) -> OfficerClient:
        """Return a browser that holds this session."""
        headers = {
            "Cookie": f"{SESSION_COOKIE}={signed_in.secret}",
            "X-CSRF-Token": signed_in.csrf_token,
        }
        return OfficerClient(self.session, self.origin, headers, actor=signed_in.actor)

    async def on_duty(self, *roles: Role) -> tuple[OfficerClient, ScriptedPeer]:
        """Return an officer with the desk open who is on duty."""
        officer = await self.officer(*roles)
        peer = await officer.connect()
        await officer.post("/api/v1/duty/on", {"camera": True, "microphone": True, "ring_heard": True})
        return officer, peer

    async def terminal(self, unit: str | None = None) -> TerminalClient:
        """Return the page of a new terminal."""
        return self.page_of(await self.county.terminal(unit))

    def page_of(self, enrolled: EnrolledTerminal) -> TerminalClient:
        """Return the page of a terminal that has an open session."""
        headers = {"Authorization": f"Terminal {enrolled.token}"}
        return TerminalClient(self.session, self.origin, headers, enrolled=enrolled)

    async def lobby(self) -> GuestClient:
        """Return the browser of somebody who waits in the lobby of a call; the same whenever asked."""
        if self._lobby is None:
            self._lobby = await self.asked_in()
            await self._lobby.comes()
        return self._lobby

    async def asked_in(self) -> GuestClient:
        """Return the browser of somebody whom the host of a call may give a one-time link."""
        host, visit = await self._call()
        return GuestClient(self.session, self.origin, host=host, visit=visit)

    async def _call(self) -> tuple[OfficerClient, MadeVisit]:
        made = await self.county.visit(VisitState.IN_CALL)
        assert made.officer is not None
        username = made.officer.username
        return self.browser_of(await self.county.sign_in(made.officer.person, username)), made

    async def waiting(
        self, *, direct: bool = False, unit: str | None = None
    ) -> tuple[TerminalClient, MadeVisit]:
        """Return a terminal's page and its visit, raised over HTTP so that the desks hear of it."""
        terminal = await self.terminal(unit)
        made = await self.county.visit(terminal=terminal.enrolled, direct=direct)
        if not direct:
            await self.county.township_answers(made)
        reply = await terminal.post(f"/api/v1/visits/{made.id}/raise", a_declaration(officer_left=direct))
        assert reply.status == 200, reply.text
        return terminal, made


def a_declaration(*, officer_left: bool = False) -> dict[str, object]:
    """Return the body that raises a visit."""
    return {"declaration": {"present": ["visitor_only"], "officer_left": officer_left, "confirmed": True}}


def a_registration(**changes: object) -> dict[str, object]:
    """Return the body that registers a visit."""
    return {
        "anonymous": False,
        "visitor": {"name": "王试用", "id_number": an_id_number(), "phone": "13800000001"},
        "matters": [{"kind": "report", "summary": "宅基地审批没有公示。"}],
        **changes,
    }


@asynccontextmanager
async def a_house(
    data_dir: Path, clock: FrozenClock, *, database: str = "", county: County | None = None, **changes: object
) -> AsyncIterator[House]:
    """Run the application on a free port of this machine.

    Args:
        database: URL of a database at head; the SQLite file of the data directory by default.
        county: the county that lived in this database before; a new one by default.
        changes: settings that matter to the test.
    """
    port = unused_port()
    wanted = {
        "listen": f"127.0.0.1:{port}",
        "data_dir": data_dir,
        "database_url": database,
        "countdown_s": 0,
        "sweep_s": 3600,  # a test looks when it wants to
        "dispatch_s": 3600,
        **changes,
    }
    settings = Settings(**wanted)  # type: ignore[arg-type]  # a test may name any setting
    plane, origin = MemoryPlane(), f"http://127.0.0.1:{port}"
    app = create_app(settings, clock=clock, plane=plane)
    server = TestServer(app, host="127.0.0.1", port=port)
    await server.start_server()
    session = aiohttp.ClientSession(
        origin, cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(limit=0)
    )
    try:
        if county is None:
            county = await County.around(app[EDGE], clock, app[PEOPLE], app[DEVICES])
        else:
            county.edge, county.people, county.devices = app[EDGE], app[PEOPLE], app[DEVICES]
        yield House(app, county, plane, settings, session, origin)
    finally:
        await session.close()
        async with asyncio.timeout(PATIENCE_S * 2):
            await server.close()
