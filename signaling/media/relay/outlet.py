"""Encrypts and sends on one seat's socket; drops what the socket cannot take at once."""

import socket

import pylibsrtp

from signaling.media.relay.ports import Address

# libsrtp's Python buffer holds 1500 bytes with room for the longest trailer; browsers send 1200.
MAX_PACKET_BYTES = 1340


class Outlet:
    """Silent until `open` has given it keys, and without an address."""

    def __init__(self, sock: socket.socket) -> None:
        self.address: Address | None = None
        self.dropped = 0
        self._sendto = sock.sendto
        self._session: pylibsrtp.Session | None = None

    def open(self, session: pylibsrtp.Session) -> None:
        self._session = session

    def close(self) -> None:
        self._session = None
        self.address = None

    def rtp(self, packet: bytes) -> bool:
        """False when the packet was dropped: nothing is ever queued for a slow receiver."""
        address = self.address
        if self._session is None or address is None or len(packet) > MAX_PACKET_BYTES:
            return False
        try:
            self._sendto(self._session.protect(packet), address)
        except (OSError, pylibsrtp.Error):
            self.dropped += 1
            return False
        return True

    def rtcp(self, packet: bytes) -> None:
        address = self.address
        if self._session is None or address is None:
            return
        try:
            self._sendto(self._session.protect_rtcp(packet), address)
        except (OSError, pylibsrtp.Error):
            self.dropped += 1

    def plain(self, datagram: bytes, address: Address | None = None) -> None:
        """Send STUN to `address`, or DTLS to the proven one."""
        target = address or self.address
        if target is None:
            return
        try:
            self._sendto(datagram, target)
        except OSError:
            self.dropped += 1
