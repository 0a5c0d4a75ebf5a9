"""A UDP path that loses datagrams both ways, put between a seat and the relay."""

import asyncio
import random
import re
from collections.abc import Callable
from contextlib import ExitStack

Address = tuple[str, int]


class LossyPath:
    """Stands in for the relay's port of one seat; loses the given share of datagrams each way."""

    def __init__(self, share: float, seed: int = 1) -> None:
        self.share = share
        self.dropped = 0
        self._chance = random.Random(seed)
        self._seat: Address | None = None
        self._closing = ExitStack()

    async def into(self, answer: str) -> str:
        """Give the relay's answer with this path in place of the relay's candidate."""
        match = re.search(r"a=candidate:1 1 udp \d+ (\S+) (\d+) typ host", answer)
        assert match is not None
        relay = (match[1], int(match[2]))
        inside = await self._endpoint(lambda data, _: self._to_seat(data))
        outside = await self._endpoint(lambda data, seat: self._to_relay(data, seat, relay))
        self._inside, self._outside = inside, outside
        port = outside.get_extra_info("sockname")[1]
        return answer.replace(f" {relay[0]} {relay[1]} typ host", f" 127.0.0.1 {port} typ host")

    def close(self) -> None:
        self._closing.close()

    def _to_relay(self, datagram: bytes, seat: Address, relay: Address) -> None:
        self._seat = seat
        if not self._lost():
            self._inside.sendto(datagram, relay)

    def _to_seat(self, datagram: bytes) -> None:
        if self._seat is not None and not self._lost():
            self._outside.sendto(datagram, self._seat)

    def _lost(self) -> bool:
        lost = self._chance.random() < self.share
        self.dropped += lost
        return lost

    async def _endpoint(self, received: Callable[[bytes, Address], None]) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Endpoint(received), ("127.0.0.1", 0))
        self._closing.callback(transport.close)
        return transport


class _Endpoint(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, Address], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._received(data, addr)
