"""A page's session, whatever sockets carry it: numbers, what can be told again, who may go on with it.

No IO, no clock: time comes in as steady seconds, events go out as frames.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from msgspec.structs import replace

from signaling.codec import encode
from signaling.ids import SeatId
from signaling.limits import Limits
from signaling.ports import StoredSession
from signaling.server_messages import ServerEvent
from signaling.tokens import Claims

_MOST_OUT_OF_ORDER = 256  # commands counted ahead of a missing one; a page has at most 64 under way


@dataclass(frozen=True, slots=True)
class Bearer:
    """Somebody who wants to go on with a session.

    Attributes:
        number: of the ticket, in order of issue.
        token_hash: digest of the resume token that was shown.
    """

    claims: Claims
    number: int
    sid: str
    token_hash: str


@dataclass(frozen=True, slots=True)
class _Told:
    seq: int
    frame: bytes
    at: float


class Backlog:
    """The newest events of a session as they were told, for as long as the bounds allow.

    Args:
        newest: number of the event that came last, 0 before the first.
    """

    def __init__(self, limits: Limits, newest: int) -> None:
        self._limits = limits
        self._told: deque[_Told] = deque()
        self._bytes = 0
        self._newest = self._let_go = newest

    def keep(self, seq: int, frame: bytes, now: float) -> None:
        """Keep the next event; older ones make room for it."""
        self._newest = seq
        self._told.append(_Told(seq, frame, now))
        self._bytes += len(frame)
        self._trim(now)

    def acknowledge(self, seq: int) -> None:
        """Let go of what has arrived; a number that was never told says nothing."""
        if seq > self._newest:
            return
        while self._told and self._told[0].seq <= seq:
            self._drop()

    def after(self, seq: int, now: float) -> tuple[bytes, ...] | None:
        """Every event behind `seq`, oldest first; None when one is no longer kept or `seq` never was."""
        self._trim(now)
        if not self._let_go <= seq <= self._newest:
            return None
        return tuple(told.frame for told in self._told if told.seq > seq)

    def _trim(self, now: float) -> None:
        limits = self._limits
        while self._told and (
            len(self._told) > limits.backlog_events
            or self._bytes > limits.backlog_bytes
            or now - self._told[0].at > limits.window_s
        ):
            self._drop()

    def _drop(self) -> None:
        told = self._told.popleft()
        self._bytes -= len(told.frame)
        self._let_go = told.seq


class Tally:
    """Up to which number every command was carried out."""

    def __init__(self, upto: int = 0) -> None:
        self.upto = upto
        self._ahead: set[int] = set()

    def done(self, cseq: int) -> None:
        """Count one command; 0 is not counted."""
        if cseq <= self.upto or len(self._ahead) >= _MOST_OUT_OF_ORDER:
            return
        self._ahead.add(cseq)
        while self.upto + 1 in self._ahead:
            self.upto += 1
            self._ahead.remove(self.upto)


class Session:
    """What one page was told and has said, from `welcome` until its window is over.

    Args:
        seq: number of the newest event that the page has, 0 for a new session.
        pos: the newest position of the seat's journal that it needs no more.
        number: of the ticket that it was opened or resumed with last.
        instead_of: the session that its page had asked for and could not have.
    """

    def __init__(
        self,
        sid: str,
        claims: Claims,
        limits: Limits,
        *,
        number: int,
        seq: int = 0,
        pos: int = 0,
        cseq: int = 0,
        instead_of: str | None = None,
    ) -> None:
        self.sid = sid
        self.claims = claims
        self.seq = seq
        self.pos = pos
        self.number = number
        self.instead_of = instead_of
        self.commands = Tally(cseq)
        self._window_s = limits.window_s
        self._backlog = Backlog(limits, seq)
        self._lonely_since: float | None = None

    @property
    def seat(self) -> SeatId:
        return self.claims.seat

    def record(self, event: ServerEvent, now: float) -> bytes | None:
        """Number an event and keep it; None for a fact that this session has had already."""
        if event.pos:
            if event.pos <= self.pos:
                return None
            self.pos = event.pos
        self.seq += 1
        frame = encode(replace(event, seq=self.seq))
        self._backlog.keep(self.seq, frame, self._age(now))
        return frame

    def acknowledge(self, seq: int) -> None:
        """Every event up to `seq` has arrived."""
        self._backlog.acknowledge(seq)

    def replay(self, last_seq: int, now: float) -> tuple[bytes, ...] | None:
        """What a page that has everything up to `last_seq` lacks; None when that cannot be told any more."""
        frames = self._backlog.after(last_seq, self._age(now))
        if frames is not None:
            self._backlog.acknowledge(last_seq)
        return frames

    def attached(self, number: int) -> None:
        """A socket carries the session, opened with the ticket of this number."""
        self.number = number
        self._lonely_since = None

    def detached(self, now: float) -> None:
        """No socket carries the session any more; its window begins."""
        self._lonely_since = now

    def is_over(self, now: float) -> bool:
        """No socket has carried it for longer than its window."""
        return self._lonely_since is not None and now - self._lonely_since > self._window_s

    def _age(self, now: float) -> float:
        """The time by which events grow old: it stands still without a socket, the window ends that."""
        return now if self._lonely_since is None else self._lonely_since


class Verdict(StrEnum):
    """What becomes of a wish to go on with a session."""

    GO_ON = "go_on"  # here is what you missed
    ADOPT = "adopt"  # of an earlier run: the numbers go on, facts are read again, views told anew
    EXPIRED = "expired"  # unknown, ended or too late: begin a new one
    TAKEN_OVER = "taken_over"  # ended by another page that has the seat now
    CONFLICT = "conflict"  # somebody else's
    LATE = "late"  # overtaken by a newer wish of the same page
    REUSED = "reused"  # a token that its page has replaced: somebody has a copy


def judge(
    bearer: Bearer,
    stored: StoredSession | None,
    held: Session | None,
    *,
    is_connected: bool,
    epoch: str,
    now: float,
) -> Verdict:
    """Decide whether the bearer may go on with the session that it names.

    Args:
        stored: what the store has under that name.
        held: the session that the bearer's seat has in this run.
        is_connected: `held` has a socket.
    """
    mine = held if held is not None and held.sid == bearer.sid else None
    # A frame of a socket that its page gave up long ago may arrive behind the one that replaced it.
    is_late = held is not None and bearer.number < held.number
    if stored is None:
        is_anothers = held is not None and bearer.sid not in {held.sid, held.instead_of}
        if is_anothers and is_connected:
            return Verdict.TAKEN_OVER
        return Verdict.LATE if is_late else Verdict.EXPIRED
    if (stored.seat, stored.login) != (bearer.claims.seat, bearer.claims.login):
        return Verdict.CONFLICT
    if mine.is_over(now) if mine is not None else stored.epoch == epoch:
        return Verdict.EXPIRED
    if mine is not None and is_late:
        return Verdict.LATE
    if bearer.token_hash not in {stored.token_hash, stored.previous_hash}:
        return Verdict.REUSED
    return Verdict.ADOPT if mine is None else Verdict.GO_ON
