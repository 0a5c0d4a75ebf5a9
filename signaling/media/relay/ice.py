"""The answering half of ICE for one socket: proves addresses, never looks for any.

The relay has one host candidate and knows no remote one. It learns where a browser is from the
browser's own authenticated check (a peer-reflexive candidate, RFC 8445, 7.3.1.3), checks that
address back (7.3.1.4) and only then sends media there, so a browser cannot point the relay's
traffic at somebody else by a forged source address. What does not prove the password gets no
reply at all. aioice's `Connection` does more (gathering, mDNS, TURN, pacing) and finds a finished
pair by polling; from aioice we take the STUN messages.
"""

import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from aioice import stun
from aioice.candidate import candidate_priority
from aioice.utils import random_string

from signaling.media.relay.bounds import (
    CONSENT_EXPIRES_S,
    CONSENT_INTERVAL_S,
    IDLE_ENDS_S,
    MAX_ADDRESSES,
    MAX_PENDING_CHECKS,
    RECHECK_S,
)
from signaling.media.relay.ports import Address

_PACING_S = 0.05
_REQUEST_HEAD = b"\x00\x01"
_RESPONSE_HEAD = b"\x01\x01"
_COOKIE = stun.COOKIE.to_bytes(4, "big")
_RESPONSE = stun.Class.RESPONSE


class Consent(Enum):
    """What the browser's answers, or their absence, allow."""

    GIVEN = auto()
    EXPIRED = auto()
    """Send nothing but checks; the browser may come back."""
    GONE = auto()
    """It will not come back."""


@dataclass(slots=True)
class _Path:
    """One address that the browser has checked from."""

    proven: bool = False
    checked_at: float = float("-inf")


class _Session:
    """One pair of credentials of each side, and the addresses checked under them (RFC 8445, 2.5)."""

    def __init__(self, ufrag: str, password: str) -> None:
        self.ufrag = random_string(8)
        self.password = random_string(24)
        self.username = f"{self.ufrag}:{ufrag}"
        self.remote_username = f"{ufrag}:{self.ufrag}"
        self.name = self.username.encode()
        self.key = self.password.encode()
        self.remote_key = password.encode()
        self.paths: dict[Address, _Path] = {}
        self.pending: dict[bytes, Address] = {}
        self.nominated: Address | None = None  # named by the browser, not yet proven

    def path(self, address: Address, keep: Address | None) -> _Path:
        """The path of an address; beyond the limit another one than `keep` is forgotten."""
        path = self.paths.get(address)
        if path is None:
            if len(self.paths) >= MAX_ADDRESSES:
                del self.paths[next(known for known in self.paths if known != keep)]
            path = self.paths[address] = _Path()
        return path


class IceResponder:
    """ICE of one transport. Call `received` for STUN datagrams and `tick` now and then.

    After a `restart` two sessions stand side by side: the older one serves until the browser has
    nominated an address under the new credentials, then it is forgotten.
    """

    def __init__(
        self,
        ufrag: str,
        password: str,
        send: Callable[[bytes, Address], None],
        selected: Callable[[Address], None],
    ) -> None:
        """Args: the browser's credentials; how to send; who learns of a selected address, also of
        the same one again when its consent had expired."""
        self.address: Address | None = None
        self._serving = _Session(ufrag, password)
        self._coming: _Session | None = None
        self._send = send
        self._selected = selected
        self._tie_breaker = secrets.randbits(64)
        self._consent_at = 0.0
        self._asked_at = 0.0
        self._expired = False

    @property
    def ufrag(self) -> str:
        """The newest own one, for the next answer."""
        return (self._coming or self._serving).ufrag

    @property
    def password(self) -> str:
        return (self._coming or self._serving).password

    def restart(self, ufrag: str, password: str) -> None:
        """Take new credentials of the browser and make new own ones (RFC 8445, 9)."""
        self._coming = _Session(ufrag, password)

    def proven(self, address: Address) -> bool:
        """Whether the browser has proven to be there: what comes from there may be its media."""
        sessions = (self._serving, self._coming)
        return any(s is not None and (p := s.paths.get(address)) is not None and p.proven for s in sessions)

    def concerns(self, datagram: bytes) -> bool:
        """Whether a STUN datagram names a session or answers a check: nobody else's is worth reading."""
        return self._session_of(datagram) is not None

    def received(self, datagram: bytes, address: Address, now: float) -> bool:
        """Take one STUN datagram; False when it proved nothing and was dropped."""
        session = self._session_of(datagram)
        message = _parse(datagram) if session is not None else None
        if session is None or message is None or message.message_method != stun.Method.BINDING:
            return False
        if message.message_class == stun.Class.REQUEST:
            return self._request(session, message, address, now)
        return message.message_class == _RESPONSE and self._response(session, message, address, now)

    def tick(self, now: float) -> Consent:
        """Ask for consent when due."""
        if self.address is None:
            return Consent.GIVEN
        silent = now - self._consent_at
        if silent > IDLE_ENDS_S:
            return Consent.GONE
        # One answer overdue: from now on ask often, so that a path that is back is found back at once.
        interval = CONSENT_INTERVAL_S if silent <= CONSENT_INTERVAL_S + RECHECK_S else RECHECK_S
        if now - self._asked_at >= interval:
            self._asked_at = now
            self._check(self._serving, self.address)
        if silent <= CONSENT_EXPIRES_S:
            return Consent.GIVEN
        if not self._expired:
            self._expired = True
            for path in self._serving.paths.values():
                path.proven = False  # who comes back proves it anew
        return Consent.EXPIRED

    def _session_of(self, datagram: bytes) -> _Session | None:
        """The session that a datagram may belong to, found without parsing or computing anything."""
        kind = datagram[:2]
        for session in (self._serving, self._coming):
            if session is None:
                continue
            if kind == _REQUEST_HEAD and session.name in datagram:
                return session
            if kind == _RESPONSE_HEAD and datagram[8:20] in session.pending:
                return session
        return None

    def _request(self, session: _Session, message: stun.Message, address: Address, now: float) -> bool:
        named = message.attributes.get("USERNAME")
        if named != session.username or not message.check_message_integrity(session.key):
            return False
        path = session.path(address, keep=self.address)
        self._respond(session, message, address)
        if "ICE-CONTROLLED" in message.attributes:
            return True  # answered with 487: the browser offers, so it controls
        # Only the check that nominates moves the media (RFC 8445, 7.3.1.5): a browser goes on
        # checking the addresses that it does not use.
        if "USE-CANDIDATE" in message.attributes:
            session.nominated = address
        if not path.proven and now - path.checked_at >= _PACING_S:
            path.checked_at = now
            self._check(session, address)
        self._select(session, now)
        return True

    def _respond(self, session: _Session, message: stun.Message, address: Address) -> None:
        conflict = "ICE-CONTROLLED" in message.attributes
        response = stun.Message(
            stun.Method.BINDING,
            stun.Class.ERROR if conflict else _RESPONSE,
            transaction_id=message.transaction_id,
        )
        if conflict:
            response.attributes["ERROR-CODE"] = (487, "Role Conflict")
        else:
            response.attributes["XOR-MAPPED-ADDRESS"] = address
        response.add_message_integrity(session.key)
        self._send(bytes(response), address)

    def _check(self, session: _Session, address: Address) -> None:
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = session.remote_username
        request.attributes["PRIORITY"] = candidate_priority(1, "prflx")
        request.attributes["ICE-CONTROLLED"] = self._tie_breaker
        request.add_message_integrity(session.remote_key)
        while len(session.pending) >= MAX_PENDING_CHECKS:
            del session.pending[next(iter(session.pending))]
        session.pending[request.transaction_id] = address
        self._send(bytes(request), address)

    def _response(self, session: _Session, message: stun.Message, address: Address, now: float) -> bool:
        if session.pending.get(message.transaction_id) != address:
            return False
        if not message.check_message_integrity(session.remote_key):
            return False
        del session.pending[message.transaction_id]
        session.path(address, keep=self.address).proven = True
        if session is self._serving and address == self.address:
            expired, self._expired = self._expired, False
            self._consent_at = now
            if expired:
                self._selected(address)
        self._select(session, now)
        return True

    def _select(self, session: _Session, now: float) -> None:
        """Move to the nominated address once it is proven."""
        address = session.nominated
        path = session.paths.get(address) if address is not None else None
        if address is None or path is None or not path.proven:
            return
        session.nominated = None
        if session is self._serving and address == self.address:
            return
        if session is self._coming:
            self._serving, self._coming = session, None
        self.address = address
        self._consent_at = now
        self._asked_at = float("-inf")  # it may have been proven long ago: ask again at the next tick
        self._expired = False
        self._selected(address)


def is_stun(datagram: bytes) -> bool:
    """RFC 7983: the first byte of STUN is 0-3; the cookie excludes nearly all random data."""
    return len(datagram) >= stun.HEADER_LENGTH and datagram[0] < 4 and datagram[4:8] == _COOKIE


def _parse(datagram: bytes) -> stun.Message | None:
    """Parse, or None. aioice raises struct.error and IndexError too on attributes of odd length."""
    try:
        return stun.parse_message(datagram)
    except (ValueError, IndexError, struct.error):
        return None
