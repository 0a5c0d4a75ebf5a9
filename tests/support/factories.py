"""Builders that go through the real services; a caller names only what matters to the test."""

import base64
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Self, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import func, select

from reception.domain.actors import Officer, Terminal
from reception.domain.identity import check_digit
from reception.domain.ids import PersonId, PlaceId, VisitId, new_id
from reception.domain.registration import Matter, Registration, Visitor
from reception.domain.roles import Role
from reception.domain.visits import PendingReason, SuspendReason, VisitState
from reception.edge import Edge
from reception.keyring import Keyring
from reception.services import accounts, desk, intake, outcome, suspension, visit
from reception.services.denials import Denied, settled
from reception.services.devices import Devices, DeviceSession
from reception.services.notes import Note, Notes, Rung
from reception.services.people import Candidate, People, Proof, SignedIn
from reception.services.work import Work
from reception.store.audit import AuditLog
from reception.store.engine import Sessions
from reception.store.schema import METADATA
from reception.store.tables import PlaceRow, UnitRow, VisitRow
from reception.store.vault import Vault
from reception.store.visits import Visits

T = TypeVar("T")
NoteKind = TypeVar("NoteKind", bound=Note)

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in the office
RING_FOR = timedelta(seconds=90)
CALL_BACK_WITHIN = timedelta(minutes=30)


class FrozenClock:
    """A clock that moves when the test says so."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **length: float) -> None:
        """Move on, e.g. `advance(minutes=5)`."""
        self.now += timedelta(**length)


@dataclass(slots=True)
class Hall:
    """Takes the notes of committed use cases; who is at a desk is up to the test."""

    present: set[PersonId] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)

    def people_present(self) -> frozenset[PersonId]:
        return frozenset(self.present)

    async def carry(self, notes: Notes) -> None:
        self.notes.extend(notes)

    def of(self, kind: type[NoteKind]) -> list[NoteKind]:
        """Return the notes of one kind, in order."""
        return [note for note in self.notes if isinstance(note, kind)]

    def rung(self, visit: VisitId) -> set[PersonId]:
        """Return whose bell was started for a visit."""
        return {person for note in self.of(Rung) if note.visit == visit for person in note.people}


@dataclass(frozen=True, slots=True)
class TerminalKey:
    """The key that a terminal's browser would hold."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def public_jwk(self) -> dict[str, object]:
        """The public key as WebCrypto exports it."""
        numbers = self.private.public_key().public_numbers()
        x, y = (_base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    def sign(self, device: str, nonce: str, roll: str) -> str:
        """Sign a challenge as WebCrypto would: r and s, each 32 bytes."""
        message = f"reception-device\n{device}\n{nonce}\n{roll}".encode()
        r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(SHA256())))
        return _base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


@dataclass(slots=True)
class EnrolledTerminal:
    """A terminal with an open session."""

    actor: Terminal
    key: TerminalKey
    token: str
    roll: str


@dataclass(frozen=True, slots=True)
class MadeVisit:
    """A visit and who is involved in it."""

    id: VisitId
    case_number: str
    ticket: str
    terminal: EnrolledTerminal
    officer: Officer | None


@dataclass(slots=True)
class County:
    """A county to act in: its units, and builders for everything that happens there.

    Attributes:
        edge: what runs use cases; a running application's, or one without sockets.
        hall: where the notes of an edge without sockets go.
    """

    edge: Edge
    clock: FrozenClock
    people: People
    devices: Devices
    organ: str  # the commission itself: unit of its officers
    township: str
    other_township: str
    hall: Hall = field(default_factory=Hall)
    _count: int = 0
    _staff: dict[str, Officer] = field(default_factory=dict)  # who answers at each township

    @classmethod
    async def found(cls, sessions: Sessions, clock: FrozenClock) -> Self:
        """Set a county up on a database of its own, without web server and sockets."""
        keyring, hall = Keyring.fresh(), Hall()
        edge = Edge(sessions.write, sessions.read, Vault(keyring), AuditLog(keyring.audit_key), clock, hall)
        people = People(idle=timedelta(hours=1), absolute=timedelta(hours=10), totp_required=False)
        return await cls.around(edge, clock, people, Devices(), hall)

    @classmethod
    async def around(
        cls, edge: Edge, clock: FrozenClock, people: People, devices: Devices, hall: Hall | None = None
    ) -> Self:
        """Set a county up around an edge that is there already."""
        units = [
            UnitRow(id=new_id(), kind=kind, name=name, position=position)
            for position, (kind, name) in enumerate(
                [("organ", "清河县纪委监委"), ("township", "东河镇"), ("township", "西山乡")]
            )
        ]

        async def add(work: Work) -> None:
            work.session.add_all(units)

        await edge.run(add)
        organ, township, other = (unit.id for unit in units)
        return cls(edge, clock, people, devices, organ, township, other, hall or Hall())

    # People and terminals

    async def officer(self, *roles: Role, unit: str | None = None) -> Officer:
        """Make an account with these roles, a duty officer without any, and sign it in."""
        return (await self.signed_in(*roles, unit=unit)).actor

    async def signed_in(self, *roles: Role, unit: str | None = None) -> SignedIn:
        """Make an account with these roles, sign it in, and return the session with its secrets."""
        roles = roles or (Role.COUNTY_DUTY_OFFICER,)
        at_home = self.township if Role.TOWNSHIP_OFFICER in roles else self.organ
        self._count += 1
        new = accounts.NewPerson(
            f"person{self._count}", f"赵{_numeral(self._count)}", "工作人员", unit or at_home, "-"
        )

        async def create(work: Work) -> SignedIn | Denied:
            person = await accounts.create_person(work, None, new)
            for role in roles:
                await accounts.grant_role(work, None, person, role)
            return await self._opened(work, person, new.username)

        return settled(await self.edge.run(create))

    async def sign_in(self, person: PersonId, username: str) -> SignedIn:
        """Open a session for an account of this county; its password was right."""
        return settled(await self.edge.run(lambda work: self._opened(work, person, username)))

    async def _opened(self, work: Work, person: PersonId, username: str) -> SignedIn | Denied:
        proof = Proof(Candidate(username, person, "-"), is_right=True)
        return await self.people.sign_in(work, proof, one_time_code="", browser="Chromium · Linux")

    async def on_duty(self, *roles: Role, present: bool = True) -> Officer:
        """Make an officer who is on duty, by default with the desk open."""
        officer = await self.officer(*roles)
        await self.goes_on_duty(officer, present=present)
        return officer

    async def goes_on_duty(self, officer: Officer, *, present: bool = True) -> None:
        """Put an officer on duty after test ring and device check."""
        if present:
            self.hall.present.add(officer.person)
        await self.edge.run(
            lambda work: desk.go_on_duty(work, officer, camera=True, microphone=True, ring_heard=True)
        )

    async def room(self, unit: str | None = None) -> PlaceId:
        """Add a reception room of a township."""
        place = PlaceRow(id=new_id(), code=new_id()[:8], name="视频接访室", unit_id=unit or self.township)

        async def add(work: Work) -> None:
            work.session.add(place)

        await self.edge.run(add)
        return PlaceId(place.id)

    async def terminal(self, unit: str | None = None, *, room: PlaceId | None = None) -> EnrolledTerminal:
        """Enrol a terminal in a room, a new one by default, and open its session."""
        place, key = room or await self.room(unit), TerminalKey()

        async def enrol(work: Work) -> DeviceSession:
            issued = await self.devices.issue_code(work, None, place)
            await work.session.flush()
            # Each from an address of its own: the tries of one address are counted.
            enrolled = settled(
                await self.devices.enrol(
                    work, code=issued.code, public_key=key.public_jwk, name="", address=place
                )
            )
            device = enrolled.identity.terminal.device
            nonce = self.devices.challenge(device, work.now)
            signature = key.sign(device, nonce, enrolled.roll)
            return settled(
                await self.devices.open_session(
                    work, device=device, nonce=nonce, roll=enrolled.roll, signature=signature
                )
            )

        opened = await self.edge.run(enrol)
        return EnrolledTerminal(opened.identity.terminal, key, opened.token, opened.roll)

    # Visits

    async def visit(
        self,
        state: VisitState = VisitState.REGISTERED,
        *,
        unit: str | None = None,
        terminal: EnrolledTerminal | None = None,
        officer: Officer | None = None,
        form: Registration | None = None,
        direct: bool = False,
    ) -> MadeVisit:
        """Bring a visit to a state by the steps that lead there.

        Args:
            officer: who answers; an officer on duty is made when a state needs one.
            form: what is registered; `a_form()` by default.
            direct: it goes to the county without the township.
        """
        terminal = terminal or await self.terminal(unit)
        actor, wanted = terminal.actor, form or a_form(direct=direct)
        made = await self.edge.run(lambda work: intake.register(work, actor, wanted))
        visit = MadeVisit(made.visit, made.case_number, made.ticket, terminal, officer)
        if state is VisitState.REGISTERED:
            return visit
        if state is VisitState.CANCELLED:
            await self.edge.run(lambda work: intake.cancel(work, actor, visit.id))
            return visit
        if not wanted.is_direct:
            await self.township_answers(visit, satisfied=state is VisitState.CLOSED_SATISFIED)
        if state in (VisitState.TOWNSHIP_ANSWERED, VisitState.CLOSED_SATISFIED):
            return visit
        await self.raises(visit, officer_left=wanted.is_direct)
        if state is VisitState.WAITING:
            return visit
        return await self._answered(visit, state)

    async def _answered(self, visit: MadeVisit, state: VisitState) -> MadeVisit:
        """Bring a waiting visit to a state after the answer."""
        officer = visit.officer or await self.on_duty()
        visit = MadeVisit(visit.id, visit.case_number, visit.ticket, visit.terminal, officer)
        await self.answers(officer, visit.id)
        if state in (VisitState.WRAP_UP, VisitState.OUTCOME_LOGGED):
            await self.ends(officer, visit.id)
        if state is VisitState.SUSPENDED:
            await self.suspends(visit.id)
        if state is VisitState.OUTCOME_PENDING:
            await self.loses(visit.id)
        if state is VisitState.OUTCOME_LOGGED:
            await self.logs(officer, visit.id)
        return visit

    async def township_answers(self, made: MadeVisit, *, satisfied: bool = False) -> None:
        """Let the township answer first; a doubt is what the county is called for."""
        actor = made.terminal.actor
        if actor.unit not in self._staff:
            self._staff[actor.unit] = await self.officer(Role.TOWNSHIP_OFFICER, unit=actor.unit)
        staff = self._staff[actor.unit]
        await self.edge.run(
            lambda work: intake.answer_at_township(
                work,
                actor,
                made.id,
                officer=staff.person,
                answer="宅基地指标已经公示。",
                satisfied=satisfied,
                doubt="" if satisfied else "公示时间不够。",
            )
        )

    async def raises(
        self, made: MadeVisit, *, officer_left: bool = False, appointed_first: timedelta = timedelta()
    ) -> None:
        """Send a visit to the county."""
        await self.edge.run(
            lambda work: desk.raise_to_county(
                work,
                made.terminal.actor,
                made.id,
                present=["visitor_only"],
                officer_left=officer_left,
                confirmed=True,
                ring_for=RING_FOR,
                appointed_first=appointed_first,
            )
        )

    async def answers(self, officer: Officer, chosen: VisitId) -> None:
        """Let an officer take a waiting visit."""
        await self.edge.run(lambda work: visit.answer(work, officer, chosen))

    async def ends(self, officer: Officer, chosen: VisitId) -> None:
        """Let the host end the call."""
        await self.edge.run(lambda work: visit.end(work, officer, chosen))

    async def suspends(self, chosen: VisitId, reason: SuspendReason = SuspendReason.TERMINAL_GONE) -> bool:
        """Let the service find that the line of a call is lost for too long."""
        return await self.edge.run(lambda work: suspension.suspend(work, chosen, reason))

    async def loses(self, chosen: VisitId, reason: PendingReason = PendingReason.STOPPED) -> bool:
        """Let the service give a visit up."""
        return await self.edge.run(lambda work: visit.lose(work, chosen, reason))

    async def logs(self, officer: Officer, chosen: VisitId, form: outcome.Draft | None = None) -> str:
        """Write a visit's outcome; return the receipt."""
        wanted = form or an_outcome(officer)
        return await self.edge.run(lambda work: outcome.log(work, officer, chosen, wanted))

    # What a test looks at

    async def row(self, chosen: VisitId) -> VisitRow:
        """Return a visit's row as it is now."""
        return await self.edge.read(lambda work: Visits(work.session).get(chosen))

    async def state(self, chosen: VisitId) -> VisitState:
        """Return a visit's state as it is now."""
        return VisitState((await self.row(chosen)).state)

    async def rows(self) -> dict[str, int]:
        """Count the rows of every table: what nothing-half-saved is measured by."""
        return await self.edge.read(count_rows)

    async def read(self, query: Callable[[Work], Awaitable[T]]) -> T:
        """Look at the database."""
        return await self.edge.read(query)


async def count_rows(work: Work) -> dict[str, int]:
    """Count the rows of every table."""
    return {
        name: await work.session.scalar(select(func.count()).select_from(table)) or 0
        for name, table in METADATA.tables.items()
    }


def a_form(
    *,
    name: str = "王试用",
    id_number: str | None = None,
    phone: str = "13800000001",
    address: str = "",
    matters: Iterable[Matter] = (Matter("report", "宅基地审批没有公示。"),),
    direct: bool = False,
    anonymous: bool = False,
) -> Registration:
    """Fill a registration form in for one visitor."""
    visitor = Visitor(name, id_number or an_id_number(), phone, address)
    return Registration(None if anonymous else visitor, 1, (), tuple(matters), direct)


def an_id_number(serial: int = 1, born: date = date(1970, 1, 1)) -> str:
    """Return a number that holds in form; no region has the code 999999."""
    first_17 = f"999999{born:%Y%m%d}{serial:03d}"
    return first_17 + check_digit(first_17)


def an_outcome(writer: Officer, /, **changes: str | date | None) -> outcome.Draft:
    """Fill the outcome form in."""
    fields: dict[str, str | date | None] = {
        "code": "answered_on_spot",
        "asked": "反映宅基地审批没有公示。",
        "answer": "说明了公示的时间和地点。",
        "next": "无需后续办理。",
        "due_on": None,
        "owner": writer.person,
        **changes,
    }
    return outcome.Draft(**fields)  # type: ignore[arg-type]  # a test may name any field


def _numeral(number: int) -> str:
    """Write a number in Chinese digits: names hold no others."""
    return "".join("〇一二三四五六七八九"[int(digit)] for digit in str(number))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
