"""Signing in and staying signed in: password, one-time code, sessions.

Hashing a password takes a tenth of a second of a core, so it happens between
two transactions, never inside one:

    candidate = await edge.read(lambda work: people.candidate(work, username, address))
    proof = await people.prove(candidate, password)
    signed_in = settled(await edge.run(lambda work: people.sign_in(work, proof, ...)))
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import ColumnElement, func, select, update

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.errors import NotFound, Refusal
from reception.domain.ids import PersonId, new_id
from reception.domain.policy import Action
from reception.domain.roles import Role
from reception.services.attempts import (
    OneTimeCodeMissing,
    OneTimeCodeNeeded,
    SignInDelayed,
    SignInFailed,
    UnknownNames,
    delay_after,
)
from reception.services.denials import Denied, TooManyAttempts
from reception.services.one_time import take_code
from reception.services.passwords import Passwords
from reception.services.shifts import leave_duty
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.signal_sessions import end_line_of
from reception.store.tables import LoginSessionRow, PersonRow, RoleGrantRow

PER_ADDRESS = RateLimitItemPerMinute(60, 5)  # an office shares one address
PER_ACCOUNT = RateLimitItemPerMinute(20, 5)
SEEN_EVERY = timedelta(minutes=1)  # a session's last use is written down this often, not per request
# What an unknown name is compared with: the same work as a known one, for a password that nobody has.
_DUMMY = "not a password of anybody"


@dataclass(frozen=True, slots=True)
class Candidate:
    """The account that a typed name points to, if any."""

    username: str
    person: PersonId | None
    password_hash: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """A candidate whose password was checked; `is_right` is False for an unknown name."""

    candidate: Candidate
    is_right: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session.  `secret` goes into the cookie and is kept nowhere."""

    secret: str = field(repr=False)
    csrf_token: str = field(repr=False)
    actor: Officer
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenLogin:
    """A session that a request came with.

    Attributes:
        is_due: it is time to write down that the session is in use (`People.seen`).
    """

    actor: Officer
    csrf_token: str = field(repr=False)
    is_due: bool


@dataclass(frozen=True, slots=True)
class LoginLine:
    """A session as its owner sees it in the list."""

    login: str
    browser: str
    created_at: datetime
    last_seen_at: datetime


class People:
    """Sign-in and sessions of staff; counts attempts in memory, failures of accounts in the database.

    Args:
        idle: a session that is not used for this long is over.
        absolute: a session is over after this long in any case.
        totp_required: staff without a one-time password are refused.
    """

    def __init__(
        self,
        *,
        idle: timedelta,
        absolute: timedelta,
        totp_required: bool,
        passwords: Passwords | None = None,
    ) -> None:
        self.passwords = passwords or Passwords()
        self._idle, self._absolute, self._totp_required = idle, absolute, totp_required
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        # An unknown name answers like a known one, delays included, or the delay would tell them apart.
        self._unknown = UnknownNames()
        self._dummy_hash: str | None = None

    async def candidate(self, work: Work, username: str, address: str) -> Candidate:
        """Find the account of a typed name.

        Args:
            address: network address that the attempt came from.

        Raises:
            TooManyAttempts: from this address or for this name, within five minutes.
        """
        name = _plain(username)
        self._count(PER_ADDRESS, f"address:{address}")
        self._count(PER_ACCOUNT, f"account:{_digest(name)}")
        row = (
            await work.session.execute(
                select(PersonRow.id, PersonRow.password_hash).where(PersonRow.username == name)
            )
        ).one_or_none()
        return Candidate(name, PersonId(row.id), row.password_hash) if row else Candidate(name, None, None)

    async def prove(self, candidate: Candidate, password: str) -> Proof:
        """Check the password, outside of any transaction; an unknown name costs the same time."""
        if self._dummy_hash is None:
            self._dummy_hash = await self.passwords.hash(_DUMMY)
        if candidate.password_hash is None:
            await self.passwords.is_right(self._dummy_hash, password)
            return Proof(candidate, is_right=False)
        return Proof(candidate, await self.passwords.is_right(candidate.password_hash, password))

    async def sign_in(
        self, work: Work, proof: Proof, *, one_time_code: str, browser: str
    ) -> SignedIn | Denied:
        """Open a session, or count the failure.

        Args:
            one_time_code: empty when none was typed.
            browser: coarse family, for the person's own list of sessions.

        Returns:
            Denied with SignInFailed, SignInDelayed, OneTimeCodeNeeded or OneTimeCodeMissing.
        """
        person = await self._locked_row(work, proof.candidate)
        if person is None:
            return await self._refuse_unknown(work, proof.candidate.username)
        if person.locked_until is not None and work.now < person.locked_until:
            return await self._denied(work, person.id, SignInDelayed.until(person.locked_until, work.now))
        if (
            not proof.is_right
            or not person.is_active
            or person.password_hash != proof.candidate.password_hash
        ):
            return await self._count_failure(work, person)
        denied = await self._second_factor(work, person, one_time_code)
        if denied is not None:
            return denied
        person.failures, person.locked_until = 0, None
        return await self._open(work, person, browser)

    async def authenticate(self, work: Work, secret: str) -> OpenLogin | None:
        """Return the session of a cookie, or None if it is over.  Roles are read anew each time."""
        row = (
            await work.session.execute(
                select(LoginSessionRow, PersonRow)
                .join(PersonRow, PersonRow.id == LoginSessionRow.person_id)
                .where(LoginSessionRow.secret_hash == _digest(secret), *self._open_at(work.now))
            )
        ).one_or_none()
        if row is None:
            return None
        login, person = row
        actor = await _officer(work, person, login.id)
        return OpenLogin(actor, login.csrf_token, work.now - login.last_seen_at >= SEEN_EVERY)

    async def seen(self, work: Work, login: str) -> None:
        """Write down that a session is in use, so that it does not run out."""
        await work.session.execute(
            update(LoginSessionRow).where(LoginSessionRow.id == login).values(last_seen_at=work.now)
        )

    async def sessions_of(self, work: Work, person: PersonId) -> list[LoginLine]:
        """Return a person's open sessions, newest first."""
        rows = await work.session.scalars(
            select(LoginSessionRow)
            .where(LoginSessionRow.person_id == person, *self._open_at(work.now))
            .order_by(LoginSessionRow.created_at.desc())
        )
        return [LoginLine(row.id, row.browser, row.created_at, row.last_seen_at) for row in rows]

    async def session_counts(self, work: Work) -> dict[str, int]:
        """Return how many open sessions each person has; people without one are left out."""
        rows = await work.session.execute(
            select(LoginSessionRow.person_id, func.count())
            .where(*self._open_at(work.now))
            .group_by(LoginSessionRow.person_id)
        )
        return dict(rows.all())

    async def sign_out(self, work: Work, actor: Officer) -> tuple[str, ...]:
        """End the session that the request came with; return its id, for the sockets to be closed."""
        closed = await end_sessions(work, actor.person, only=actor.login)
        if closed:
            await _note(work, actor.seat, AuditAction.SIGN_OUT, actor.person)
            await self._leave_duty_with_last(work, actor.person, by=actor.seat)
        return closed

    async def revoke(self, work: Work, actor: Officer, login: str) -> tuple[str, ...]:
        """End one session: one's own, or as security administrator anybody's.

        Raises:
            NotFound: no such open session, or none that this actor may end.
        """
        owner = await work.session.scalar(
            select(LoginSessionRow.person_id).where(LoginSessionRow.id == login, *self._open_at(work.now))
        )
        if owner is None:
            raise NotFound
        if owner != actor.person:
            may(actor, Action.REVOKE_SESSION)
        await _note(work, actor.seat, AuditAction.SESSION_REVOKED, owner)
        closed = await end_sessions(work, PersonId(owner), only=login)
        await self._leave_duty_with_last(work, PersonId(owner), by=actor.seat)
        return closed

    async def _leave_duty_with_last(self, work: Work, person: PersonId, *, by: str) -> None:
        """Close the shift of somebody who has no session left: nobody could answer the bell."""
        if not await self.sessions_of(work, person):
            await leave_duty(work, person, by=by)

    def _open_at(self, now: datetime) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions under which a session, and the account behind it, still counts."""
        return (
            LoginSessionRow.revoked_at.is_(None),
            LoginSessionRow.expires_at > now,
            LoginSessionRow.last_seen_at > now - self._idle,
            LoginSessionRow.person_id.in_(select(PersonRow.id).where(PersonRow.is_active)),
        )

    def _count(self, limit: RateLimitItem, name: str) -> None:
        if not self._limiter.hit(limit, name):
            raise TooManyAttempts

    async def _locked_row(self, work: Work, candidate: Candidate) -> PersonRow | None:
        if candidate.person is None:
            return None
        # Two attempts at once must count twice; SQLite has one writer anyway.
        query = select(PersonRow).where(PersonRow.id == candidate.person).with_for_update()
        return await work.session.scalar(query)

    async def _second_factor(self, work: Work, person: PersonRow, code: str) -> Denied | None:
        if person.totp_sealed is None:
            if not self._totp_required:
                return None
            return await self._denied(work, person.id, OneTimeCodeMissing())
        if not code.strip():
            return Denied(OneTimeCodeNeeded())
        return None if await take_code(work, person, code) else await self._count_failure(work, person)

    async def _open(self, work: Work, person: PersonRow, browser: str) -> SignedIn:
        secret, csrf_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        login = LoginSessionRow(
            id=new_id(),
            secret_hash=_digest(secret),
            person_id=person.id,
            csrf_token=csrf_token,
            browser=browser[:80],
            created_at=work.now,
            last_seen_at=work.now,
            expires_at=work.now + self._absolute,
        )
        work.session.add(login)
        actor = await _officer(work, person, login.id)
        await _note(work, actor.seat, AuditAction.SIGN_IN, person.id)
        return SignedIn(secret, csrf_token, actor, login.expires_at)

    async def _count_failure(self, work: Work, person: PersonRow) -> Denied:
        person.failures += 1
        wait = delay_after(person.failures)
        person.locked_until = work.now + wait if wait else None
        return await self._denied(work, person.id, SignInFailed())

    async def _refuse_unknown(self, work: Work, username: str) -> Denied:
        refusal = self._unknown.count(_digest(username), work.now)
        return await self._denied(work, "unknown", refusal)

    async def _denied(self, work: Work, person: str, refusal: Refusal) -> Denied:
        # Never the typed name: people type their password into the wrong field.
        await _note(work, "unknown", AuditAction.SIGN_IN_FAILED, person, refusal)
        return Denied(refusal)


async def end_sessions(work: Work, person: PersonId, *, only: str | None = None) -> tuple[str, ...]:
    """End a person's sessions, or only one of them, and what hangs on them on the wire.

    Returns:
        Their ids, for the sockets to be closed after the commit.
    """
    statement = (
        update(LoginSessionRow)
        .where(LoginSessionRow.person_id == person, LoginSessionRow.revoked_at.is_(None))
        .values(revoked_at=work.now)
        .returning(LoginSessionRow.id)
    )
    if only is not None:
        statement = statement.where(LoginSessionRow.id == only)
    ended = tuple((await work.session.scalars(statement)).all())
    await end_line_of(work.session, ended, at=work.now)
    return ended


async def _officer(work: Work, person: PersonRow, login: str) -> Officer:
    roles = await work.session.scalars(select(RoleGrantRow.role).where(RoleGrantRow.person_id == person.id))
    return Officer(
        person=PersonId(person.id),
        username=person.username,
        name=person.name,
        post=person.post,
        unit=person.unit_id,
        roles=frozenset(Role(role) for role in roles),
        login=login,
    )


async def _note(
    work: Work, actor: str, action: AuditAction, person: str, refusal: Refusal | None = None
) -> None:
    await work.record_about(
        actor,
        action,
        "person",
        person,
        result="deny" if refusal else "allow",
        reason=refusal.code if refusal else None,
    )


def _plain(username: str) -> str:
    return username.strip().casefold()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
