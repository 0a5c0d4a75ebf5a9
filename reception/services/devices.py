"""Terminals: enrolled by a one-time code, let in by a key, a nonce and a rolling secret.

The private key can not leave the browser, but a copy of the whole profile takes
it along.  So every session start also hands out a new roll: of two machines
that start from one profile, the second to come with an old roll is refused and
the refusal stands in the audit trail.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import select, update

from reception.domain.access import may
from reception.domain.actors import Officer, Terminal, seat_of_device
from reception.domain.errors import NotFound, Refusal
from reception.domain.ids import DeviceId, PlaceId, new_id
from reception.domain.policy import Action
from reception.services.denials import Denied, TooManyAttempts
from reception.services.device_keys import fingerprint_of, is_signed, normal_key
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.rows import takes
from reception.store.signal_sessions import end_line_of
from reception.store.tables import DeviceRow, EnrolmentCodeRow, PlaceRow, UnitRow

CODE_LIFE = timedelta(minutes=10)
CODE_TRIES = RateLimitItemPerMinute(5, 10)  # per address; the code has 50 bits
CHALLENGE_LIFE = timedelta(seconds=60)
SESSION_LIFE = timedelta(hours=24)  # the page opens a new one when it starts, usually every morning
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # RFC 4648: no 0, 1 and 8 to confuse with O, I and B
_CODE_LENGTH = 10
_MISREAD = str.maketrans("018", "OIB", " -")
_CHALLENGES_KEPT = 10_000


class EnrolmentCodeWrong(Refusal):
    """No such code, or it was used, or its ten minutes are over; it is not said which."""

    code = "enrolment_code_wrong"


class DeviceCloned(Refusal):
    """The roll is an old one: another machine has started from the same profile."""

    code = "device_cloned"


class DeviceInUse(Refusal):
    """The terminal's own page is open and answers; a second one would take its place."""

    code = "device_in_use"


class DeviceRevoked(Refusal):
    """The terminal was taken out of service; only a new enrolment brings it back."""

    code = "device_revoked"


class BadSignature(Refusal):
    """The signature does not belong to the terminal's key; also said of a terminal nobody knows."""

    code = "bad_signature"


class ChallengeExpired(Refusal):
    """The nonce is unknown, used, for another terminal, or older than a minute."""

    code = "challenge_expired"


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """An enrolment code, shown once."""

    code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """A terminal and where it stands."""

    terminal: Terminal
    room_name: str
    unit_name: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A new terminal; `roll` is kept by the browser and shown at its next start."""

    identity: DeviceIdentity
    roll: str = field(repr=False)
    fingerprint: str


@dataclass(frozen=True, slots=True)
class DeviceSession:
    """An open session: the token stays in the page's memory, the roll replaces the old one."""

    identity: DeviceIdentity
    token: str = field(repr=False)
    roll: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """A terminal as administrators see it."""

    device: DeviceId
    name: str
    room_name: str
    fingerprint: str
    enrolled_at: datetime
    session_started_at: datetime | None
    revoked_at: datetime | None


class Devices:
    """Enrolment and sessions of terminals; challenges and tries are kept in memory."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._challenges: OrderedDict[str, tuple[str, datetime]] = OrderedDict()

    async def issue_code(self, work: Work, actor: Officer | None, place: PlaceId) -> IssuedCode:
        """Make a code that enrols one terminal in a room; without an actor the command line does it."""
        if actor is not None:
            may(actor, Action.ISSUE_ENROLMENT_CODE)
        if await work.session.get(PlaceRow, place) is None:
            raise NotFound
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
        row = EnrolmentCodeRow(
            id=new_id(),
            place_id=place,
            code_hash=work.vault.keyed_hash("enrolment_code", code),
            created_at=work.now,
            expires_at=work.now + CODE_LIFE,
        )
        work.session.add(row)
        by = actor.seat if actor else "service"
        await _note(work, by, AuditAction.ENROLMENT_CODE_ISSUED, place, object_type="place")
        return IssuedCode(f"{code[:5]}-{code[5:]}", row.expires_at)

    async def enrol(
        self, work: Work, *, code: str, public_key: Mapping[str, object], name: str, address: str
    ) -> Enrolled | Denied:
        """Take a code and keep the terminal's key.

        Args:
            code: as typed; case, hyphen and look-alike signs do not matter.
            name: what the terminal is called in the administrators' list; may be empty.
            address: network address of the attempt; five tries in ten minutes.

        Raises:
            TooManyAttempts: from this address.
            BadInput: the key is not a public P-256 key; the code stays unused.

        Returns:
            Denied with EnrolmentCodeWrong.
        """
        if not self._limiter.hit(CODE_TRIES, address):
            raise TooManyAttempts
        key = normal_key(public_key)
        place = await self._take_code(work, code)
        if place is None:
            refusal = EnrolmentCodeWrong()
            await _note(work, "unknown", AuditAction.DEVICE_REFUSED, "unknown", refusal=refusal)
            return Denied(refusal)
        roll = secrets.token_urlsafe(32)
        row = DeviceRow(
            id=new_id(),
            place_id=place,
            name=name.strip()[:50],
            public_key=key,
            fingerprint=fingerprint_of(key),
            roll_hash=_digest(roll),
            enrolled_at=work.now,
        )
        work.session.add(row)
        await work.session.flush()
        await _note(work, seat_of_device(DeviceId(row.id)), AuditAction.DEVICE_ENROLLED, row.id)
        return Enrolled(await _identity(work, row), roll, row.fingerprint)

    def challenge(self, device: str, now: datetime) -> str:
        """Return a nonce for the terminal to sign, also for one that does not exist."""
        nonce = secrets.token_urlsafe(24)
        self._challenges[nonce] = (device, now + CHALLENGE_LIFE)
        while len(self._challenges) > _CHALLENGES_KEPT or self._oldest_is_over(now):
            self._challenges.popitem(last=False)
        return nonce

    async def open_session(
        self, work: Work, *, device: str, nonce: str, roll: str, signature: str, is_in_use: bool = False
    ) -> DeviceSession | Denied:
        """Open the terminal's session, replacing an older one, and hand out a new roll.

        The roll before the newest is accepted as long as the newest was not
        used: the answer that carried it may have been lost.

        Args:
            is_in_use: the terminal's open page has just answered a probe, asked before this transaction.

        Returns:
            Denied with ChallengeExpired, BadSignature, DeviceRevoked, DeviceCloned or DeviceInUse;
            the roll then stays as it was.
        """
        if not self._redeem(nonce, device, work.now):
            return Denied(ChallengeExpired())
        row = await work.session.get(DeviceRow, device, with_for_update=True)
        message = f"reception-device\n{device}\n{nonce}\n{roll}"
        if row is None:
            return Denied(BadSignature())  # no link in the trail: anybody could write as many as they like
        if not is_signed(row.public_key, message, signature):
            return await _denied(work, row.id, BadSignature())
        if row.revoked_at is not None:
            return await _denied(work, row.id, DeviceRevoked())
        shown = _digest(roll)
        if shown not in (row.roll_hash, row.previous_roll_hash):
            return await _denied(work, row.id, DeviceCloned())
        if is_in_use:
            return await _denied(work, row.id, DeviceInUse())
        token, next_roll = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        is_repeat = shown == row.previous_roll_hash
        row.roll_hash, row.previous_roll_hash = _digest(next_roll), shown
        row.session_hash, row.session_started_at = _digest(token), work.now
        seat = seat_of_device(DeviceId(row.id))
        reason = "previous_roll" if is_repeat else None
        await _note(work, seat, AuditAction.DEVICE_SESSION, row.id, reason=reason)
        return DeviceSession(await _identity(work, row), token, next_roll)

    async def authenticate(self, work: Work, token: str) -> DeviceIdentity | None:
        """Return the terminal of a session token, or None if the session is over."""
        row = await work.session.scalar(
            select(DeviceRow).where(
                DeviceRow.session_hash == _digest(token),
                DeviceRow.revoked_at.is_(None),
                DeviceRow.session_started_at > work.now - SESSION_LIFE,
            )
        )
        return None if row is None else await _identity(work, row)

    async def revoke(self, work: Work, actor: Officer | None, device: DeviceId) -> tuple[str, ...]:
        """Take a terminal out of service; return its login, for its sockets to be closed."""
        if actor is not None:
            may(actor, Action.REVOKE_DEVICE)
        row = await work.session.get(DeviceRow, device, with_for_update=True)
        if row is None:
            raise NotFound
        if row.revoked_at is None:
            row.revoked_at, row.session_hash = work.now, None
            by = actor.seat if actor else "service"
            await _note(work, by, AuditAction.DEVICE_REVOKED, device)
            await end_line_of(work.session, [login_of(device)], at=work.now)
        return (login_of(device),)

    async def listed(self, work: Work, actor: Officer) -> list[DeviceLine]:
        """Return every terminal, newest first."""
        may(actor, Action.REVOKE_DEVICE)
        query = (
            select(DeviceRow, PlaceRow.name)
            .join(PlaceRow, PlaceRow.id == DeviceRow.place_id)
            .order_by(DeviceRow.enrolled_at.desc())
        )
        return [
            DeviceLine(
                device=DeviceId(row.id),
                name=row.name,
                room_name=room,
                fingerprint=row.fingerprint,
                enrolled_at=row.enrolled_at,
                session_started_at=row.session_started_at,
                revoked_at=row.revoked_at,
            )
            for row, room in await work.session.execute(query)
        ]

    def _redeem(self, nonce: str, device: str, now: datetime) -> bool:
        """Use a challenge up, whatever comes of it; say whether it was this terminal's and fresh."""
        known = self._challenges.pop(nonce, None)
        return known is not None and known[0] == device and now < known[1]

    def _oldest_is_over(self, now: datetime) -> bool:
        return next(iter(self._challenges.values()))[1] <= now

    async def _take_code(self, work: Work, typed: str) -> str | None:
        """Use a code up by one conditional statement; return its room, or None."""
        code = typed.upper().translate(_MISREAD)
        is_this = EnrolmentCodeRow.code_hash == work.vault.keyed_hash("enrolment_code", code)
        statement = (
            update(EnrolmentCodeRow)
            .where(is_this, EnrolmentCodeRow.used_at.is_(None), EnrolmentCodeRow.expires_at > work.now)
            .values(used_at=work.now)
        )
        if not await takes(work.session, statement):
            return None
        return await work.session.scalar(select(EnrolmentCodeRow.place_id).where(is_this))


def login_of(device: DeviceId) -> str:
    """Name a terminal's login: the scope of its command ids, and what a revocation closes.

    It stays the same over sessions, so a request repeated after a reload still gets its first answer.
    """
    return seat_of_device(device)


async def _identity(work: Work, row: DeviceRow) -> DeviceIdentity:
    found = await work.session.execute(
        select(PlaceRow.name, UnitRow.id, UnitRow.name)
        .join(UnitRow, UnitRow.id == PlaceRow.unit_id)
        .where(PlaceRow.id == row.place_id)
    )
    room_name, unit, unit_name = found.one()
    device = DeviceId(row.id)
    terminal = Terminal(device=device, place=PlaceId(row.place_id), unit=unit, login=login_of(device))
    return DeviceIdentity(terminal, room_name, unit_name)


async def _denied(work: Work, device: str, refusal: Refusal) -> Denied:
    await _note(work, "unknown", AuditAction.DEVICE_REFUSED, device, refusal=refusal)
    return Denied(refusal)


async def _note(
    work: Work,
    actor: str,
    action: AuditAction,
    object_id: str,
    *,
    object_type: str = "device",
    refusal: Refusal | None = None,
    reason: str | None = None,
) -> None:
    await work.record_about(
        actor,
        action,
        object_type,
        object_id,
        result="deny" if refusal else "allow",
        reason=refusal.code if refusal else reason,
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
