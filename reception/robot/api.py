"""The HTTP side of a terminal, as a robot uses it: enrolment, session, visit."""

from dataclasses import dataclass, field
from typing import Self, TypeVar
from uuid import uuid4

import aiohttp
import msgspec

from reception.robot.key import DeviceKey
from reception.robot.memory import Enrolment, Memory
from reception.web.api import answers, bodies

T = TypeVar("T")

TIMEOUT_S = 15.0


class ApiRefused(Exception):
    """The service said no; `code` is its stable code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


class _Error(msgspec.Struct):
    code: str


class _Refusal(msgspec.Struct):
    error: _Error


@dataclass(slots=True)
class TerminalApi:
    """Requests of one terminal.

    Attributes:
        http: carries the origin of the service's pages.
        base_url: where the service listens, without a slash at the end.
        session: set by `open_session`; the token in it goes with every request from then on.
    """

    http: aiohttp.ClientSession
    base_url: str
    _session: answers.DeviceSession | None = field(default=None, init=False)

    @classmethod
    def client(cls, base_url: str, origin: str) -> Self:
        """Make a client with a connection pool of its own; the caller closes `http`."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        return cls(aiohttp.ClientSession(headers={"Origin": origin}, timeout=timeout), base_url)

    @property
    def session(self) -> answers.DeviceSession:
        """The open session."""
        if self._session is None:
            raise RuntimeError("open_session() comes first")
        return self._session

    async def enrol(self, code: str, name: str) -> Enrolment:
        """Make a key and turn it into a terminal with a one-time code."""
        key = DeviceKey.fresh()
        jwk = bodies.PublicKey(**key.public_jwk)
        body = bodies.Enrol(code=code, public_key=jwk, name=name)
        made = await self._post("/api/v1/devices/enrol", body, answers.Enrolled)
        return Enrolment(made.device, made.roll, key)

    async def open_session(self, enrolment: Enrolment, memory: Memory) -> None:
        """Prove the key; the roll that comes back is kept before anything else is done with the session."""
        path = f"/api/v1/devices/{enrolment.device}"
        nonce = (await self._post(f"{path}/challenge", bodies.Nothing(), answers.Challenge)).nonce
        message = f"reception-device\n{enrolment.device}\n{nonce}\n{enrolment.roll}"
        body = bodies.OpenDeviceSession(
            nonce=nonce, roll=enrolment.roll, signature=enrolment.key.sign(message)
        )
        opened = await self._post(f"{path}/session", body, answers.DeviceSession)
        memory.keep(Enrolment(enrolment.device, opened.roll, enrolment.key))
        self._session = opened

    async def ticket(self) -> str:
        """Return what opens one socket."""
        return (await self._post("/api/v1/ws-ticket", bodies.Nothing(), answers.Ticket)).ticket

    async def view(self) -> answers.TerminalView:
        """Return what the terminal's page would show."""
        async with self.http.get(f"{self.base_url}/api/v1/terminal", headers=self._headers()) as answer:
            return await _told(answer, answers.TerminalView)

    async def register(self, form: bodies.Register) -> answers.RegisteredVisit:
        """Register a visit."""
        return await self._post("/api/v1/visits", form, answers.RegisteredVisit)

    async def answer_at_township(self, visit: str, answer: bodies.TownshipAnswerBody) -> None:
        """Record the township's answer."""
        await self._post(f"/api/v1/visits/{visit}/township-answer", answer, answers.VisitMoved)

    async def raise_visit(self, visit: str, declaration: bodies.DeclarationBody) -> answers.Raised:
        """Call the county."""
        body = bodies.Raise(declaration=declaration)
        return await self._post(f"/api/v1/visits/{visit}/raise", body, answers.Raised)

    async def cancel(self, visit: str) -> None:
        """Take the visit back."""
        await self._post(f"/api/v1/visits/{visit}/cancel", bodies.Nothing(), answers.VisitMoved)

    async def _post(self, path: str, body: bodies.Body, kind: type[T]) -> T:
        request = self.http.post(
            self.base_url + path, data=msgspec.json.encode(body), headers=self._headers()
        )
        async with request as answer:
            return await _told(answer, kind)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": uuid4().hex}
        if self._session is not None:
            headers["Authorization"] = f"Terminal {self._session.token}"
        return headers


async def _told(answer: aiohttp.ClientResponse, kind: type[T]) -> T:
    raw = await answer.read()
    if answer.ok:
        return msgspec.json.decode(raw, type=kind)
    try:
        code = msgspec.json.decode(raw, type=_Refusal).error.code
    except msgspec.DecodeError:
        code = "unreadable"
    raise ApiRefused(answer.status, code)
