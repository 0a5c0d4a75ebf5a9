"""The supervisor: a child that dies is started again, and none outlives it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reception import supervisor
from reception.listening import BACKLOG, bind
from reception.settings import Settings
from reception.supervisor import Child, children

PATIENCE_S = 20.0

# A child that says that it is there, and ends when its standard input does.
REPORTING = """
import os, signal, socket, sys
if "--deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])
line.sendall(f"{os.getpid()}\\n".encode())
sys.stdin.buffer.read()
"""

# A child that tells its pid to everybody who connects to the socket that it was lent.
ANSWERING = """
import os, socket, sys
listening = socket.socket(fileno=int(sys.argv[1]))
while True:
    line, _ = listening.accept()
    line.sendall(f"{os.getpid()}\\n".encode())
    line.close()
"""

# A supervisor with nothing else to do.
KEEPING = """
import asyncio, os, sys
from reception.supervisor import Child
command = [sys.executable, "-c", sys.argv[1], sys.argv[2]]
asyncio.run(Child("child", command, dict(os.environ)).keep())
"""


@dataclass(slots=True)
class Switchboard:
    """Where children report to: each connection is one life of a child."""

    path: Path
    lives: asyncio.Queue[tuple[int, asyncio.Event]] = field(default_factory=asyncio.Queue)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note a child that reports, and the moment in which the kernel closes what it held open."""
        pid, over = int(await reader.readline()), asyncio.Event()
        await self.lives.put((pid, over))
        await reader.read()
        writer.close()
        await writer.wait_closed()
        over.set()

    async def next_life(self) -> tuple[int, asyncio.Event]:
        """Wait until a child is there; return its pid, and what is set when it has ended."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.lives.get()


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Switchboard]:
    """A place where children report to."""
    opened = Switchboard(tmp_path / "board.sock")
    server = await asyncio.start_unix_server(opened.take, opened.path)
    yield opened
    server.close()
    await server.wait_closed()


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less than a service would."""
    monkeypatch.setattr(supervisor, "SECOND_RETRY_S", 0.01)
    monkeypatch.setattr(supervisor, "STOP_S", 0.5)


def a_child(board: Switchboard, *arguments: str) -> Child:
    command = [sys.executable, "-c", REPORTING, str(board.path), *arguments]
    return Child("child", command, dict(os.environ))


async def ended(life: asyncio.Event) -> None:
    """Wait until a child is gone."""
    async with asyncio.timeout(PATIENCE_S):
        await life.wait()


async def test_a_child_that_dies_is_started_again(board: Switchboard) -> None:
    child = a_child(board)
    keeping = asyncio.create_task(child.keep())

    lives = []
    for _ in range(3):
        pid, life = await board.next_life()
        assert child.pid == pid
        os.kill(pid, signal.SIGKILL)
        await ended(life)
        lives.append(pid)
    _, last = await board.next_life()
    await child.stop()
    await keeping
    await ended(last)

    assert len(set(lives)) == 3


async def test_a_child_is_asked_to_end_and_then_not_started_again(board: Switchboard) -> None:
    child = a_child(board)
    keeping = asyncio.create_task(child.keep())
    _, life = await board.next_life()

    await child.stop()
    await keeping

    await ended(life)
    assert child.pid is None


async def test_a_child_that_does_not_listen_is_made_to_end(board: Switchboard) -> None:
    child = a_child(board, "--deaf")
    keeping = asyncio.create_task(child.keep())
    _, life = await board.next_life()

    await child.stop()

    await ended(life)
    await keeping


async def test_no_child_outlives_a_killed_supervisor(board: Switchboard) -> None:
    killed = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        KEEPING,
        REPORTING,
        str(board.path),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    _, life = await board.next_life()

    killed.kill()

    await ended(life)
    assert await killed.wait() == -signal.SIGKILL


async def test_who_connects_while_the_web_server_is_away_is_answered_by_the_next(tmp_path: Path) -> None:
    with bind(Settings(listen="127.0.0.1:0", data_dir=tmp_path)) as listening:
        listening.listen(BACKLOG)
        lent = listening.fileno()
        child = Child("child", [sys.executable, "-c", ANSWERING, str(lent)], dict(os.environ), lent=(lent,))
        keeping = asyncio.create_task(child.keep())
        pids = [await answered_by(listening)]

        for _ in range(5):
            os.kill(pids[-1], signal.SIGKILL)
            pids.append(await answered_by(listening))
        await child.stop()
        await keeping

    assert len(set(pids)) == 6


async def answered_by(listening: socket.socket) -> int:
    """Connect at once and wait for the pid of whoever answers; a killed child's connection says nothing."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            told = await reader.read(20)
            writer.close()
            await writer.wait_closed()
            if told:
                return int(told)


async def test_the_first_retry_comes_at_once_and_later_ones_wait_longer(
    board: Switchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0)

    monkeypatch.setattr("reception.supervisor.asyncio.sleep", note)
    child = a_child(board)
    keeping = asyncio.create_task(child.keep())

    for _ in range(4):
        pid, life = await board.next_life()
        os.kill(pid, signal.SIGKILL)
        await ended(life)
    await board.next_life()
    await child.stop()
    await keeping

    assert waits == [0.0, 0.01, 0.02, 0.04]


def test_both_children_get_the_settings_and_end_with_their_pipe(tmp_path: Path) -> None:
    settings = Settings(listen="127.0.0.1:18080", data_dir=tmp_path, relay_udp_ports="41000-41010")

    with socket.socket() as listening:
        relay, web = children(settings, listening)
        lent = listening.fileno()

    assert relay.command[1:3] == ["-m", "signaling.media.relay"]
    assert "41000-41010" in relay.command
    assert web.command[1:] == ["-m", "reception", "serve", "--fd", str(lent), "--exit-on-stdin-close"]
    assert (relay.lent, web.lent) == ((), (lent,))
    assert relay.command[-1] == "--exit-on-stdin-close"
    assert web.environment["RECEPTION_LISTEN"] == "127.0.0.1:18080"
    assert web.environment["RECEPTION_DATA_DIR"] == str(tmp_path)


def test_the_password_of_the_demo_accounts_is_not_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECEPTION_DEMO_PASSWORD", "a long enough phrase")
    settings = Settings(data_dir=tmp_path, demo=True)
    assert settings.demo_password is not None

    with socket.socket() as listening:
        both = children(settings, listening)

    for child in both:
        assert "a long enough phrase" not in " ".join([*child.command, *child.environment.values()])
