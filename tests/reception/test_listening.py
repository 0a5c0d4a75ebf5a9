"""The listening socket: taken, refused, or handed on by whoever started the process."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest

from reception.listening import bind, inherited
from reception.settings import Settings

# Does what systemd does with a socket unit, then says which address the process finds itself listening on.
ACTIVATED = """
import os, sys
from reception.listening import inherited
os.dup2(int(sys.argv[1]), 3)
for_this = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
for_another = {"LISTEN_PID": "1", "LISTEN_FDS": "1"}
none = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "0"}
print(inherited(None, for_another), inherited(None, none), inherited(None, for_this).getsockname()[1])
"""


def settings(tmp_path: Path, listen: str = "127.0.0.1:0") -> Settings:
    return Settings(listen=listen, data_dir=tmp_path)


async def test_the_socket_of_a_socket_unit_is_served(tmp_path: Path) -> None:
    with bind(settings(tmp_path)) as listening:
        started = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            ACTIVATED,
            str(listening.fileno()),
            pass_fds=[listening.fileno()],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await started.communicate()
        port = listening.getsockname()[1]

    assert said.decode().split() == ["None", "None", str(port)]


def test_a_socket_from_the_command_line_comes_before_any_other(tmp_path: Path) -> None:
    with bind(settings(tmp_path)) as listening:
        found = inherited(os.dup(listening.fileno()), {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"})

        assert found is not None
        with found:
            assert found.getsockname() == listening.getsockname()


def test_without_any_a_process_opens_its_own() -> None:
    assert inherited(None, {}) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_a_taken_address_is_refused(tmp_path: Path, host: str) -> None:
    with bind(settings(tmp_path, f"{host}:0")) as first:
        first.listen()
        port = first.getsockname()[1]

        with pytest.raises(OSError, match="in use"):
            bind(settings(tmp_path, f"{host}:{port}"))


def test_a_bound_address_takes_no_connection_before_it_listens(tmp_path: Path) -> None:
    with bind(settings(tmp_path)) as bound, socket.socket() as caller:
        assert caller.connect_ex(bound.getsockname()) != 0
