"""The supervisor: a child that dies is started again, and none outlives it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reception import supervisor
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
    monkeypatch.setattr(supervisor, "FIRST_RETRY_S", 0.01)
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


def test_both_children_get_the_settings_and_end_with_their_pipe(tmp_path: Path) -> None:
    settings = Settings(listen="127.0.0.1:18080", data_dir=tmp_path, relay_udp_ports="41000-41010")

    relay, web = children(settings)

    assert relay.command[1:3] == ["-m", "signaling.media.relay"]
    assert "41000-41010" in relay.command
    assert web.command[1:] == ["-m", "reception", "serve", "--exit-on-stdin-close"]
    assert relay.command[-1] == "--exit-on-stdin-close"
    assert web.environment["RECEPTION_LISTEN"] == "127.0.0.1:18080"
    assert web.environment["RECEPTION_DATA_DIR"] == str(tmp_path)


def test_the_password_of_the_demo_accounts_is_not_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECEPTION_DEMO_PASSWORD", "a long enough phrase")
    settings = Settings(data_dir=tmp_path, demo=True)
    assert settings.demo_password is not None

    for child in children(settings):
        assert "a long enough phrase" not in " ".join([*child.command, *child.environment.values()])
