"""Lets sockets in: a new session for `hello`, an old one for `resume`, and the store told of both."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakValueDictionary

from signaling.clock import Clock
from signaling.connection import Connection
from signaling.greeting import OpeningRefused
from signaling.ids import SeatId
from signaling.limits import Limits
from signaling.live import LiveSession
from signaling.messages import (
    PROTOCOL_VERSION,
    CloseCode,
    Hello,
    Resume,
    Resumed,
    ResumeFailed,
    ResumeFailure,
    Welcome,
)
from signaling.ports import Journal, SessionStore, StoredSession
from signaling.session import Bearer, Session, Verdict, judge
from signaling.sessions import Sessions
from signaling.tasks import Tasks
from signaling.tokens import Redeemed, digest, new_secret

logger = logging.getLogger(__name__)

T = TypeVar("T")

_LONGEST_RETRY_S = 60.0


class _StoreFailed(Exception):
    """The store or the journal has no answer now."""


@dataclass(slots=True, eq=False)
class _Entry:
    """A socket on its way in, which a revocation must not miss."""

    connection: Connection
    number: int
    revoked: tuple[int, str] | None = None


class Door:
    """Opens and resumes sessions, one at a time for each seat.

    The store and the journal are asked before anything here changes; once they have answered, the
    change is made in one step of the event loop.

    Args:
        alarm: told seat and login of a session of which somebody has a copy.
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        store: SessionStore,
        journal: Journal,
        alarm: Callable[[SeatId, str], None],
        epoch: str,
        build: str,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._sessions = sessions
        self._store = store
        self._journal = journal
        self._alarm = alarm
        self._epoch = epoch
        self._build = build
        self._clock = clock
        self._limits = limits
        self._background = Tasks()
        self._turns: WeakValueDictionary[SeatId, asyncio.Lock] = WeakValueDictionary()
        self._entries: set[_Entry] = set()
        self._is_closing = False

    async def enter(self, first: Hello | Resume, ticket: Redeemed, connection: Connection) -> LiveSession:
        """Give the socket its session.

        Raises:
            OpeningRefused
        """
        entry = _Entry(connection, ticket.number)
        self._entries.add(entry)
        try:
            async with asyncio.timeout(self._limits.store_s), self._turn(connection.seat):
                if isinstance(first, Resume):
                    return await self._resume(first, entry)
                self._refuse_late(entry)
                return await self._begin(entry)
        except (TimeoutError, _StoreFailed):
            raise OpeningRefused(CloseCode.RESTART, "unavailable") from None
        finally:
            self._entries.discard(entry)

    def heard(self, live: LiveSession) -> None:
        """A frame came from the session's page, so its newest token has arrived there."""
        if live.owes_confirmation:
            live.owes_confirmation = False
            self._background.spawn(self._confirm(live), f"confirm {live.seat}")

    async def revoke(self, login: str, code: int, reason: str) -> list[SeatId]:
        """End every session of a login, and those that are being opened right now.

        Returns:
            The seats that had one.
        """
        for entry in self._entries:
            if entry.connection.claims.login == login:
                entry.revoked = (code, reason)
        ended = self._sessions.of_login(login)
        for live in ended:
            self._sessions.drop(live, code, reason)
        await asyncio.gather(*(self.forget(live.session.sid) for live in ended))
        return [live.seat for live in ended]

    async def forget(self, sid: str) -> None:
        """End a session in the store; what the store does not take now is repeated until it does."""
        try:
            async with asyncio.timeout(self._limits.store_s):
                await self._ask(self._store.end(sid))
        except (TimeoutError, _StoreFailed):
            self._background.spawn(self._keep_ending(sid), "end session")

    def close(self) -> None:
        """Let nobody in any more."""
        self._is_closing = True

    async def aclose(self) -> None:
        """Stop telling the store what it did not take; its windows end by themselves."""
        await self._background.aclose()

    def _refuse_late(self, entry: _Entry) -> None:
        """Refuse a `hello` that its page gave up: the seat is held with a newer ticket already."""
        held = self._sessions.of(entry.connection.seat)
        if held is not None and entry.number < held.session.number:
            raise _refused(CloseCode.TICKET, "conflict")

    async def _begin(self, entry: _Entry, instead_of: str | None = None) -> LiveSession:
        claims, sid, token = entry.connection.claims, secrets.token_urlsafe(16), new_secret()
        head = await self._ask(self._journal.head(claims.seat))
        await self._ask(
            self._store.open(StoredSession(sid, claims.seat, claims.login, digest(token), None, self._epoch))
        )
        await self._check(entry, sid)
        session = Session(sid, claims, self._limits, number=entry.number, pos=head, instead_of=instead_of)
        welcome = Welcome(
            seat=claims.seat,
            sid=sid,
            resume_token=token,
            window_s=round(self._limits.window_s),
            pos=head,
            epoch=self._epoch,
            proto=PROTOCOL_VERSION,
            build=self._build,
            server_time=self._clock.now(),
        )
        return self._sessions.begin(session, entry.connection, welcome)

    async def _begin_instead(
        self, wish: Resume, entry: _Entry, reason: ResumeFailure, *, last_cseq: int = 0
    ) -> LiveSession:
        entry.connection.push(ResumeFailed(reason=reason, last_cseq=last_cseq))
        return await self._begin(entry, instead_of=wish.sid)

    async def _resume(self, wish: Resume, entry: _Entry) -> LiveSession:
        bearer = Bearer(entry.connection.claims, entry.number, wish.sid, digest(wish.token))
        stored = await self._ask(self._store.find(wish.sid))
        held = self._sessions.of(bearer.claims.seat)
        verdict = judge(
            bearer,
            stored,
            held.session if held is not None else None,
            is_connected=held is not None and held.connection is not None,
            epoch=self._epoch,
            now=self._clock.steady(),
        )
        if verdict is Verdict.TAKEN_OVER:
            raise _refused(CloseCode.TAKEN_OVER, "taken_over")
        if stored is None or verdict is Verdict.EXPIRED:
            return await self._begin_instead(wish, entry, "expired")
        if verdict is Verdict.REUSED:
            await self._revoke_copied(stored)
        if verdict not in {Verdict.GO_ON, Verdict.ADOPT}:
            logger.warning("resume_refused seat=%s verdict=%s", bearer.claims.seat, verdict)
            raise _refused(CloseCode.TICKET, "conflict")
        if verdict is Verdict.ADOPT and wish.last_pos > await self._ask(self._journal.head(stored.seat)):
            return await self._begin_instead(wish, entry, "gap")  # a journal that was set back
        token = new_secret()
        if not await self._rotate(stored, bearer, token):
            return await self._begin_instead(wish, entry, "expired")
        await self._check(entry, wish.sid)
        if verdict is Verdict.ADOPT:
            return self._adopt(wish, entry, token)
        return await self._go_on(wish, entry, token)

    def _adopt(self, wish: Resume, entry: _Entry, token: str) -> LiveSession:
        """Go on with a session of an earlier run, from what its page says that it has."""
        session = Session(
            wish.sid,
            entry.connection.claims,
            self._limits,
            number=entry.number,
            seq=wish.last_seq,
            pos=wish.last_pos,
            cseq=wish.last_result_cseq,
        )
        resumed = self._resumed(wish, token, last_cseq=0)  # what was carried out is not known any more
        live = self._sessions.begin(session, entry.connection, resumed)
        live.owes_confirmation = True
        return live

    async def _go_on(self, wish: Resume, entry: _Entry, token: str) -> LiveSession:
        """Go on with a session of this run, if what its page lacks can still be told."""
        live = self._sessions.of(entry.connection.seat)
        if live is None or live.session.sid != wish.sid:  # its window ended just now
            return await self._begin_instead(wish, entry, "expired")
        last_cseq = live.session.commands.upto
        replay = live.session.replay(wish.last_seq, self._clock.steady())
        if replay is None:
            return await self._begin_instead(wish, entry, "gap", last_cseq=last_cseq)
        live.answers.forget(wish.last_result_cseq)
        live.owes_confirmation = True
        resumed = self._resumed(wish, token, last_cseq=last_cseq)
        self._sessions.go_on(live, entry.connection, entry.number, resumed, replay)
        return live

    def _resumed(self, wish: Resume, token: str, *, last_cseq: int) -> Resumed:
        return Resumed(
            sid=wish.sid,
            resume_token=token,
            epoch=self._epoch,
            replay_from=wish.last_seq + 1,
            last_cseq=last_cseq,
            build=self._build,
            server_time=self._clock.now(),
        )

    async def _rotate(self, stored: StoredSession, bearer: Bearer, token: str) -> bool:
        """Make the token that was shown the previous one; it stays good until the new one has been used."""
        return await self._ask(
            self._store.rotate(
                stored.sid,
                expected_hash=stored.token_hash,
                token_hash=digest(token),
                previous_hash=bearer.token_hash,
                epoch=self._epoch,
            )
        )

    async def _revoke_copied(self, stored: StoredSession) -> None:
        """End a session of which two parties hold a token: nobody can tell which of them is the page."""
        live = self._sessions.of(stored.seat)
        if live is not None and live.session.sid == stored.sid:
            self._sessions.drop(live, CloseCode.REVOKED, "revoked")
        await self.forget(stored.sid)
        self._alarm(stored.seat, stored.login)

    async def _check(self, entry: _Entry, sid: str) -> None:
        """Look again, after waiting, whether the socket may still come in."""
        if self._is_closing:
            raise OpeningRefused(CloseCode.RESTART, "restart")
        if entry.revoked is not None:
            await self.forget(sid)
            raise OpeningRefused(*entry.revoked)

    async def _confirm(self, live: LiveSession) -> None:
        connection = live.connection
        try:
            async with asyncio.timeout(self._limits.store_s), self._turn(live.seat):
                if live.connection is connection:  # else a newer token was given out meanwhile
                    await self._ask(self._store.confirm(live.session.sid))
        except (TimeoutError, _StoreFailed):
            if live.connection is connection:
                live.owes_confirmation = True  # the next frame tries again

    async def _keep_ending(self, sid: str) -> None:
        retry_s = 1.0
        while True:
            await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 2, _LONGEST_RETRY_S)
            try:
                async with asyncio.timeout(self._limits.store_s):
                    await self._ask(self._store.end(sid))
            except (TimeoutError, _StoreFailed):
                continue
            return

    async def _ask(self, call: Awaitable[T]) -> T:
        try:
            return await call
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the store, pages come back later
            logger.warning("session_store_failed error=%s", type(error).__name__)
            raise _StoreFailed from None

    def _turn(self, seat: SeatId) -> asyncio.Lock:
        """Hold this from the question to the store until its answer is acted upon."""
        lock = self._turns.get(seat)
        if lock is None:
            lock = self._turns[seat] = asyncio.Lock()
        return lock


def _refused(close_code: CloseCode, code: str) -> OpeningRefused:
    return OpeningRefused(close_code, code, saying=ResumeFailed(reason="conflict", last_cseq=0))
