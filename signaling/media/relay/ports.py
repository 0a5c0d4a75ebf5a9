"""UDP sockets from one configured range of ports, so that a firewall can name it."""

import socket
from ipaddress import ip_address

from signaling.media.relay.bounds import RECEIVE_BUFFER_BYTES

Address = tuple[str, int]


class PortsExhausted(Exception):
    """Every port of the range is taken. Its code is `ports_exhausted`."""

    code = "ports_exhausted"


class UdpPorts:
    """Hands out bound, non-blocking sockets on one host address.

    Starts each search after the port given last, so a port that just fell free rests as long as
    the range allows and late datagrams of its former user meet nobody.
    """

    def __init__(self, host: str, first: int, last: int) -> None:
        if not 1 <= first <= last <= 65535:
            raise ValueError(f"not a range of ports: {first}-{last}")
        self.host = str(ip_address(host))
        self._family = socket.AF_INET if ip_address(host).version == 4 else socket.AF_INET6
        self._first = first
        self._count = last - first + 1
        self._next = 0

    def bind(self) -> socket.socket:
        """Bind the next free port.

        Raises:
            PortsExhausted: there is none.
        """
        for offset in range(self._count):
            index = (self._next + offset) % self._count
            bound = self._try(self._first + index)
            if bound is not None:
                self._next = (index + 1) % self._count
                return bound
        raise PortsExhausted

    def _try(self, port: int) -> socket.socket | None:
        candidate = socket.socket(self._family, socket.SOCK_DGRAM)
        try:
            candidate.setblocking(False)
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            candidate.bind((self.host, port))
        except OSError:
            candidate.close()
            return None
        return candidate
