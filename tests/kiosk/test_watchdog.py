"""When the watchdog starts the browser anew, from what it sees; no browser needed."""

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[2] / "deploy" / "kiosk" / "watchdog.py"


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("watchdog", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["watchdog"] = module
    spec.loader.exec_module(module)
    return module


watchdog = _loaded()
WELL = {
    "now": 1000.0,
    "started_at": 0.0,
    "is_running": True,
    "sign_at": 998.0,
    "renderers": frozenset({7}),
    "renderers_then": frozenset({7}),
    "server_since": 0.0,
}


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ({}, ""),
        ({"is_running": False}, "browser_gone"),
        # A process that drew pages is gone: a crash, once the page itself is silent too.
        ({"renderers": frozenset(), "sign_at": 993.0}, "renderer_gone"),
        ({"renderers": frozenset({8}), "sign_at": 993.0}, "renderer_gone"),
        # The browser may end a spare process as it likes: the page still gives signs.
        ({"renderers_then": frozenset({7, 8})}, ""),
        ({"renderers": frozenset({7, 8}), "sign_at": 993.0}, ""),
        # A page that hangs, with all its processes there; a busy machine is no hanging page.
        ({"sign_at": 970.0}, ""),
        ({"sign_at": 954.0}, "page_silent"),
        # A page that can not write on a full disk says nothing, and may be in the middle of a call.
        ({"sign_at": 100.0, "is_disk_full": True}, ""),
        # No sign since the start: patience at first, and as long as there is no server to load it from.
        ({"sign_at": None, "started_at": 950.0}, ""),
        ({"sign_at": None}, "never_alive"),
        ({"sign_at": None, "server_since": None}, ""),
        ({"sign_at": None, "server_since": 995.0}, ""),
        ({"sign_at": None, "server_since": 985.0}, "never_alive"),
        ({"sign_at": None, "is_disk_full": True}, ""),
    ],
)
def test_the_browser_is_started_anew_for_a_reason(seen: dict[str, Any], why: str) -> None:
    assert watchdog.why_restart(watchdog.Look(**{**WELL, **seen})) == why


def test_the_pause_grows_only_while_the_page_never_lives() -> None:
    assert watchdog.pause_before(0) == 0
    assert [watchdog.pause_before(failures) for failures in (1, 2, 3, 20)] == [1, 2, 4, 30]


def test_the_configuration_is_read_as_it_is_shipped(tmp_path: Path) -> None:
    config = watchdog.read_config(PROGRAM.with_name("reception-terminal.conf"))

    assert config.origin == "https://reception.county.example"
    assert config.browser == "chromium"
    assert config.flags == ()


@pytest.mark.parametrize("origin", ["", "reception.county.example", "https://", "https://a.example/terminal"])
def test_an_origin_that_is_none_is_said_at_once(tmp_path: Path, origin: str) -> None:
    path = tmp_path / "terminal.conf"
    path.write_text(f"# a comment\nORIGIN={origin}\n")

    done = subprocess.run([sys.executable, PROGRAM, path], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "ORIGIN must be like" in done.stderr


def test_a_sign_of_life_is_the_newest_write_below_a_folder(tmp_path: Path) -> None:
    assert watchdog.newest_write(tmp_path / "not there yet") == 0
    for name, at in (("a/old.log", 1000), ("b/new.log", 2000)):
        path = tmp_path / name
        path.parent.mkdir()
        path.touch()
        os.utime(path, (at, at))
        os.utime(path.parent, (at, at))

    assert watchdog.newest_write(tmp_path) == 2000


def test_the_service_manager_is_told(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)

        watchdog.tell_systemd("WATCHDOG=1", {"NOTIFY_SOCKET": path})
        watchdog.tell_systemd("WATCHDOG=1", {})  # without a manager there is nobody to tell

        assert listener.recv(64) == b"WATCHDOG=1"


def test_the_tree_of_processes_is_seen() -> None:
    child = "print('here', flush=True); input()"
    command = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}, '--type=renderer'])"
    with subprocess.Popen(
        [sys.executable, "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"here\n"

        (renderer,) = watchdog.renderers_below(parent.pid)

        assert {parent.pid, renderer} <= watchdog.descendants(os.getpid())
        parent.communicate(b"\n")
