"""Signalling sessions as rows: what a page that comes back on a new socket proves itself by.

Implements `signaling.ports.SessionStore`.  Tokens are known by their hashes
alone.  A session hangs on a login and ends with it: `end_line_of` runs in the
transaction that ends the login, so no order of events leaves a way back in.
"""

import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from reception.failpoints import reach
from reception.store import journal
from reception.store.engine import take_turn
from reception.store.line_tables import SignalSessionRow
from reception.store.rows import takes
from reception.store.tables import LoginSessionRow
from signaling.ids import SeatId
from signaling.ports import StoredSession

WINDOW_S = 120.0
ENDED_KEPT = timedelta(hours=24)


class SignalSessions:
    """The sessions of one run of the server; each call is a transaction of its own.

    How long a session of this run has been without a socket is known to the
    hub alone, which ends it when its window is over.  A session of an earlier
    run has nobody who watched it: its window counts from the start of this one.

    Args:
        window_s: how long a session without a socket may be resumed.
        steady: seconds that no change of the machine's clock touches.
    """

    def __init__(
        self,
        write: async_sessionmaker[AsyncSession],
        read: async_sessionmaker[AsyncSession],
        clock: Callable[[], datetime],
        *,
        window_s: float = WINDOW_S,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write, self._read, self._clock = write, read, clock
        self._steady, self._opens_until = steady, steady() + window_s
        self._epochs: set[str] = set()  # the hub's; one, unless a test runs several
        self._began_behind: dict[SeatId, int] = {}

    async def open(self, session: StoredSession) -> None:
        """Keep a new session; older ones of the seat are over."""
        now = self._clock()
        self._epochs.add(session.epoch)
        self._began_behind.pop(session.seat, None)
        async with self._write.begin() as transaction:
            await take_turn(transaction)  # two pages of one seat that open at once must not both stay
            await transaction.execute(
                update(SignalSessionRow)
                .where(SignalSessionRow.seat == session.seat, SignalSessionRow.ended_at.is_(None))
                .values(ended_at=now)
            )
            transaction.add(
                SignalSessionRow(
                    sid=session.sid,
                    seat=session.seat,
                    login=session.login,
                    token_hash=session.token_hash,
                    previous_hash=session.previous_hash,
                    epoch=session.epoch,
                    opened_at=now,
                    seen_at=now,
                )
            )
            newest = await journal.head(transaction, session.seat)
        reach("session.after_open")
        self._began_behind[session.seat] = newest

    def began_behind(self, seat: SeatId) -> int | None:
        """Return the newest position of the seat's journal when its session began.

        Facts up to it are told to no page any more; None for a session of an earlier run, which was told.
        """
        return self._began_behind.get(seat)

    async def find(self, sid: str) -> StoredSession | None:
        """Return a session that may be resumed; None for one that is unknown, ended or too old."""
        async with self._read() as session:
            row = await session.get(SignalSessionRow, sid)
        if row is None or row.ended_at is not None:
            return None
        if row.epoch not in self._epochs and self._steady() > self._opens_until:
            return None
        return StoredSession(
            sid=row.sid,
            seat=SeatId(row.seat),
            login=row.login,
            token_hash=row.token_hash,
            previous_hash=row.previous_hash,
            epoch=row.epoch,
        )

    async def rotate(
        self, sid: str, *, expected_hash: str, token_hash: str, previous_hash: str, epoch: str
    ) -> bool:
        """Replace the newest token if it still is the expected one; of resumes that race one wins.

        Args:
            previous_hash: the token that was shown; good until the new one has been used.
            epoch: the run of the server that the session goes on in.
        """
        statement = (
            update(SignalSessionRow)
            .where(
                SignalSessionRow.sid == sid,
                SignalSessionRow.token_hash == expected_hash,
                SignalSessionRow.ended_at.is_(None),
            )
            .values(token_hash=token_hash, previous_hash=previous_hash, epoch=epoch, seen_at=self._clock())
        )
        reach("session.before_rotate")
        async with self._write.begin() as session:
            won = await takes(session, statement)
        reach("session.after_rotate")
        if won:
            self._epochs.add(epoch)
        return won

    async def confirm(self, sid: str) -> None:
        """Forget the previous token: the newest was used, so its answer has arrived."""
        async with self._write.begin() as session:
            await session.execute(
                update(SignalSessionRow)
                .where(SignalSessionRow.sid == sid, SignalSessionRow.ended_at.is_(None))
                .values(previous_hash=None, seen_at=self._clock())
            )

    async def end(self, sid: str) -> None:
        """End a session; ending one twice is no error."""
        async with self._write.begin() as session:
            await session.execute(
                update(SignalSessionRow)
                .where(SignalSessionRow.sid == sid, SignalSessionRow.ended_at.is_(None))
                .values(ended_at=self._clock())
            )


async def end_line_of(session: AsyncSession, logins: Collection[str], *, at: datetime) -> None:
    """End the signalling sessions of logins that are over, in the transaction that ends these."""
    await session.execute(
        update(SignalSessionRow)
        .where(SignalSessionRow.login.in_(logins), SignalSessionRow.ended_at.is_(None))
        .values(ended_at=at)
    )


async def prune_sessions(session: AsyncSession, *, at: datetime) -> None:
    """End what hangs on logins that ran out by themselves, delete what ended long ago."""
    is_over = or_(LoginSessionRow.revoked_at.is_not(None), LoginSessionRow.expires_at <= at)
    ran_out = select(LoginSessionRow.id).where(is_over)
    await session.execute(
        update(SignalSessionRow)
        .where(SignalSessionRow.login.in_(ran_out), SignalSessionRow.ended_at.is_(None))
        .values(ended_at=at)
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        delete(SignalSessionRow)
        .where(SignalSessionRow.ended_at < at - ENDED_KEPT)
        .execution_options(synchronize_session=False)
    )
