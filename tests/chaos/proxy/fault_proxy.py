"""A TCP relay that tears, freezes, delays and trickles what runs through it; loopback only."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

_CHUNK = 64 * 1024
_TICK_S = 0.02
# RST instead of FIN: what a dead machine or a firewall answers.
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class _Pipe:
    """One connection: the client's side and the server's."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    is_gone: bool = False


@dataclass(slots=True)
class FaultProxy:
    """Forwards to one port until it is told not to.

    Attributes:
        delay_s: how much later everything arrives, in each direction.
    """

    target: int
    delay_s: float = 0.0
    port: int = 0
    _bytes_per_s: float | None = None
    _at_full_speed: asyncio.Event = field(default_factory=asyncio.Event)
    _flows: asyncio.Event = field(default_factory=asyncio.Event)
    _pipes: list[_Pipe] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server | None = None
    _left: int | None = None  # bytes towards the client until it is torn
    _torn: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Listen on a free port."""
        self._flows.set()
        self._at_full_speed.set()
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    def reset(self) -> None:
        """Tear every connection with RST, on both sides."""
        for pipe in self._gone():
            _abort(pipe.client)
            _abort(pipe.server)

    def finish(self) -> None:
        """End every connection with FIN, on both sides."""
        for pipe in self._gone():
            pipe.client.close()
            pipe.server.close()

    def half_open(self) -> None:
        """Tear the clients' sides; the server is told nothing and goes on talking to nobody."""
        for pipe in self._gone():
            _abort(pipe.client)

    def forget_clients(self) -> None:
        """Tear the server's sides; the clients are told nothing and go on waiting."""
        for pipe in self._gone():
            _abort(pipe.server)

    def freeze(self) -> None:
        """Let nothing through in either direction; what is sent meanwhile waits, as TCP would repeat it."""
        self._flows.clear()

    def thaw(self) -> None:
        """Let everything through again."""
        self._flows.set()

    def trickle(self, bytes_per_s: float) -> None:
        """Let everything through, at most so fast in each direction."""
        self._bytes_per_s = bytes_per_s
        self._at_full_speed.clear()

    def speed_up(self) -> None:
        """Let everything through as fast as it comes."""
        self._bytes_per_s = None
        self._at_full_speed.set()

    async def torn_after(self, size_bytes: int) -> None:
        """Tear every connection in the middle of what it says, so many bytes towards the client from now."""
        self._torn.clear()
        self._left = size_bytes
        await self._torn.wait()

    async def aclose(self) -> None:
        """End everything."""
        if self._server is not None:
            self._server.close()
        self.thaw()
        self.speed_up()
        for pipe in self._pipes:
            pipe.is_gone = True
            _abort(pipe.server)
            _abort(pipe.client)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _gone(self) -> list[_Pipe]:
        living = [pipe for pipe in self._pipes if not pipe.is_gone]
        for pipe in living:
            pipe.is_gone = True
        return living

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            upstream, server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            _abort(writer)
            return
        pipe = _Pipe(writer, server)
        self._pipes.append(pipe)
        await asyncio.gather(
            self._carry(reader, server, pipe, to_client=False),
            self._carry(upstream, writer, pipe, to_client=True),
        )
        # A side that was left open on purpose stays until the proxy goes.
        if not pipe.is_gone:
            self._pipes.remove(pipe)
            writer.close()
            server.close()

    async def _carry(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, pipe: _Pipe, *, to_client: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                await self._flows.wait()
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if pipe.is_gone:
                    return
                if to_client and self._left is not None:
                    data, is_end = data[: self._left], len(data) >= self._left
                    self._left -= len(data)
                    sink.write(data)
                    if is_end:
                        self._left = None
                        await sink.drain()
                        self.reset()
                        self._torn.set()
                        return
                    continue
                await self._send(sink, data)
            if not pipe.is_gone and sink.can_write_eof():
                sink.write_eof()

    async def _send(self, sink: asyncio.StreamWriter, data: bytes) -> None:
        while data:
            # Asked again for every step: a line that trickled may run again.
            rate = self._bytes_per_s
            step = len(data) if rate is None else max(1, int(rate * _TICK_S))
            sink.write(data[:step])
            await sink.drain()
            data = data[step:]
            if rate is not None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(step / rate):
                        await self._at_full_speed.wait()


def _abort(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() != -1:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    writer.transport.abort()


@contextlib.asynccontextmanager
async def fault_proxy(target: int) -> AsyncIterator[FaultProxy]:
    """Run a proxy before a port of this machine."""
    proxy = FaultProxy(target)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.aclose()
