"""A TURN client of a few lines: asks what a browser would never ask, and says what the server answered."""

import hashlib
import hmac
import ipaddress
import os
import socket
import struct
import zlib
from dataclasses import dataclass, field
from typing import Self

from signaling.turn import Credential
from tests.chaos.net.namespaces import Namespace

ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND, CONNECT = 0x003, 0x004, 0x008, 0x009, 0x00A
UDP, TCP = 17, 6
V6 = 2
OK, FORBIDDEN, UNAUTHORIZED, QUOTA = 0, 403, 401, 486
_COOKIE = 0x2112A442
_SUCCESS, _CLASS = 0x0100, 0x0110
_CHANNEL, _USERNAME, _INTEGRITY, _CODE, _PEER = 0x000C, 0x0006, 0x0008, 0x0009, 0x0012
_REALM, _NONCE, _LIFETIME, _FAMILY, _TRANSPORT, _FINGERPRINT = 0x0014, 0x0015, 0x000D, 0x0017, 0x0019, 0x8028
ANSWER_S = 5.0

Attributes = list[tuple[int, bytes]]


@dataclass(slots=True)
class TurnClient:
    """One socket towards a TURN server, hence at most one allocation.

    Attributes:
        credential: shown with every request after the server's challenge.
    """

    server: str
    credential: Credential
    _socket: socket.socket
    _realm: bytes = b""
    _nonce: bytes = b""
    _channels: int = field(default=0, init=False)
    _holds: bool = field(default=False, init=False)

    @classmethod
    def inside(cls, namespace: Namespace, server: str, credential: Credential) -> Self:
        """Open one in a namespace."""
        with namespace.entered():
            opened = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM)
        opened.settimeout(ANSWER_S)
        return cls(server, credential, opened)

    def close(self) -> None:
        """Give the allocation up at once."""
        if self._holds:
            self.ask(REFRESH, [(_LIFETIME, struct.pack("!I", 0))])
        self._holds = False
        self._socket.close()

    def allocate(self, *, transport: int = UDP, v6: bool = False) -> int:
        """Ask for a relayed address; return 0 or the error code."""
        wanted = [(_TRANSPORT, struct.pack("!BBH", transport, 0, 0))]
        if v6:
            wanted.append((_FAMILY, struct.pack("!BBH", V6, 0, 0)))
        code = self.ask(ALLOCATE, wanted)
        self._holds |= code == OK
        return code

    def permit(self, peer: str) -> int:
        """Ask to be let through to a peer; return 0 or the error code."""
        return self.ask(CREATE_PERMISSION, [(_PEER, _address(peer))])

    def bind(self, peer: str) -> int:
        """Ask for a channel to a peer; return 0 or the error code."""
        self._channels += 1  # a channel serves one peer
        number = struct.pack("!HH", 0x4000 + self._channels, 0)
        return self.ask(CHANNEL_BIND, [(_CHANNEL, number), (_PEER, _address(peer))])

    def connect(self, peer: str) -> int:
        """Ask for a TCP connection to a peer (RFC 6062); return 0 or the error code."""
        return self.ask(CONNECT, [(_PEER, _address(peer))])

    def ask(self, method: int, attributes: Attributes) -> int:
        """Put a request, again with what the server's challenge names; return 0 or the error code."""
        code, answer = self._exchange(method, attributes)
        if code in (UNAUTHORIZED, 438) and (answer.get(_NONCE), answer.get(_REALM)) != (None, None):
            fresh = answer.get(_NONCE, b"") != self._nonce
            self._realm, self._nonce = answer.get(_REALM, self._realm), answer.get(_NONCE, self._nonce)
            if fresh:
                code, answer = self._exchange(method, attributes)
        return code

    def _exchange(self, method: int, attributes: Attributes) -> tuple[int, dict[int, bytes]]:
        transaction = os.urandom(12)
        self._socket.sendto(self._request(method, transaction, attributes), (self.server, 3478))
        while True:
            answer = self._socket.recv(2048)
            if answer[8:20] == transaction:
                return _read(answer)

    def _request(self, method: int, transaction: bytes, attributes: Attributes) -> bytes:
        head = struct.pack("!I", _COOKIE) + transaction
        own = [(kind, _masked(value, head) if kind == _PEER else value) for kind, value in attributes]
        if self._nonce:
            own += [(_USERNAME, self.credential.username.encode())]
            own += [(_REALM, self._realm), (_NONCE, self._nonce)]
        body = b"".join(_attribute(kind, value) for kind, value in own)
        if self._nonce:
            named = f"{self.credential.username}:{self._realm.decode()}:{self.credential.password}"
            key = hashlib.md5(named.encode(), usedforsecurity=False).digest()  # RFC 8489, 9.2.2
            signed = struct.pack("!HH", method, len(body) + 24) + head + body
            body += _attribute(_INTEGRITY, hmac.new(key, signed, hashlib.sha1).digest())
        whole = struct.pack("!HH", method, len(body) + 8) + head + body
        return whole + _attribute(_FINGERPRINT, struct.pack("!I", zlib.crc32(whole) ^ 0x5354554E))


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _address(peer: str) -> bytes:
    address = ipaddress.ip_address(peer)
    return struct.pack("!BBH", 0, 1 if address.version == 4 else V6, 4711) + address.packed


def _masked(plain: bytes, head: bytes) -> bytes:
    """Mask an address with cookie and transaction (RFC 8489, 14.2)."""
    port = struct.pack("!H", struct.unpack("!H", plain[2:4])[0] ^ (_COOKIE >> 16))
    return plain[:2] + port + bytes(a ^ b for a, b in zip(plain[4:], head, strict=False))


def _read(answer: bytes) -> tuple[int, dict[int, bytes]]:
    kind, size = struct.unpack("!HH", answer[:4])
    found: dict[int, bytes] = {}
    at = 20
    while at + 4 <= 20 + size:
        name, length = struct.unpack("!HH", answer[at : at + 4])
        found[name] = answer[at + 4 : at + 4 + length]
        at += 4 + length + -length % 4
    if kind & _CLASS == _SUCCESS:
        return OK, found
    high, low = found[_CODE][2] & 7, found[_CODE][3]
    return high * 100 + low, found
