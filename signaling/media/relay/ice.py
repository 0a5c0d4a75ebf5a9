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

from aioice import stun
from aioice.candidate import candidate_priority
from aioice.utils import random_string

from signaling.media.relay.ports import Address

CONSENT_INTERVAL_S = 5.0
CONSENT_EXPIRES_S = 30.0  # RFC 7675, 5.1
_RECHECK_S = 0.05
_MAX_ADDRESSES = 16
_MAX_PENDING = 32
_COOKIE = stun.COOKIE.to_bytes(4, "big")
_RESPONSE = stun.Class.RESPONSE


@dataclass(slots=True)
class _Path:
    """One address that the browser has checked from."""

    proven: bool = False
    nominated: bool = False
    checked_at: float = float("-inf")


class IceResponder:
    """ICE of one transport. Call `received` for STUN datagrams and `tick` now and then."""

    def __init__(
        self,
        ufrag: str,
        password: str,
        send: Callable[[bytes, Address], None],
        selected: Callable[[Address], None],
    ) -> None:
        """Args: the browser's credentials; how to send; who learns of a (new) selected address."""
        self.ufrag = random_string(8)
        self.password = random_string(24)
        self.address: Address | None = None
        self._username = f"{self.ufrag}:{ufrag}"
        self._remote_username = f"{ufrag}:{self.ufrag}"
        self._key = self.password.encode()
        self._remote_key = password.encode()
        self._send = send
        self._selected = selected
        self._paths: dict[Address, _Path] = {}
        self._pending: dict[bytes, Address] = {}
        self._tie_breaker = secrets.randbits(64)
        self._consent_at = 0.0
        self._asked_at = 0.0

    def received(self, datagram: bytes, address: Address, now: float) -> bool:
        """Take one STUN datagram; False when it proved nothing and was dropped."""
        message = _parse(datagram)
        if message is None or message.message_method != stun.Method.BINDING:
            return False
        if message.message_class == stun.Class.REQUEST:
            return self._request(message, address, now)
        return message.message_class == _RESPONSE and self._response(message, address, now)

    def tick(self, now: float) -> bool:
        """Ask for consent when due; False once it has expired."""
        if self.address is None:
            return True
        if now - self._consent_at > CONSENT_EXPIRES_S:
            return False
        if now - self._asked_at > CONSENT_INTERVAL_S:
            self._asked_at = now
            self._check(self.address)
        return True

    def _request(self, message: stun.Message, address: Address, now: float) -> bool:
        if message.attributes.get("USERNAME") != self._username or not message.check_message_integrity(
            self._key
        ):
            return False
        path = self._paths.get(address)
        if path is None:
            if len(self._paths) >= _MAX_ADDRESSES:
                self._forget_one()
            path = self._paths[address] = _Path()
        self._respond(message, address)
        if "ICE-CONTROLLED" in message.attributes:
            return True  # answered with 487: the browser offers, so it controls
        if "USE-CANDIDATE" in message.attributes:
            path.nominated = True
        if path.proven:
            self._select(path, address)
        elif now - path.checked_at >= _RECHECK_S:
            path.checked_at = now
            self._check(address)
        return True

    def _respond(self, message: stun.Message, address: Address) -> None:
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
        response.add_message_integrity(self._key)
        self._send(bytes(response), address)

    def _check(self, address: Address) -> None:
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = self._remote_username
        request.attributes["PRIORITY"] = candidate_priority(1, "prflx")
        request.attributes["ICE-CONTROLLED"] = self._tie_breaker
        request.add_message_integrity(self._remote_key)
        while len(self._pending) >= _MAX_PENDING:
            del self._pending[next(iter(self._pending))]
        self._pending[request.transaction_id] = address
        self._send(bytes(request), address)

    def _response(self, message: stun.Message, address: Address, now: float) -> bool:
        if self._pending.get(message.transaction_id) != address:
            return False
        if not message.check_message_integrity(self._remote_key):
            return False
        del self._pending[message.transaction_id]
        path = self._paths.setdefault(address, _Path())
        path.proven = True
        self._consent_at = now
        self._select(path, address)
        return True

    def _select(self, path: _Path, address: Address) -> None:
        if path.nominated and address != self.address:
            self.address = address
            self._asked_at = self._consent_at
            self._selected(address)

    def _forget_one(self) -> None:
        del self._paths[next(known for known in self._paths if known != self.address)]


def is_stun(datagram: bytes) -> bool:
    """RFC 7983: the first byte of STUN is 0-3; the cookie excludes nearly all random data."""
    return len(datagram) >= stun.HEADER_LENGTH and datagram[0] < 4 and datagram[4:8] == _COOKIE


def _parse(datagram: bytes) -> stun.Message | None:
    """Parse, or None. aioice raises struct.error and IndexError too on attributes of odd length."""
    try:
        return stun.parse_message(datagram)
    except (ValueError, IndexError, struct.error):
        return None
