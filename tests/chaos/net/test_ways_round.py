"""A firewall in between: the call goes over TURN, by the way that is left, with credentials of today."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Playwright, expect

from signaling.turn import Credential
from tests.chaos.net import meter
from tests.chaos.net.namespaces import TURN, Network, network
from tests.chaos.net.stage import NetStage, net_stage
from tests.chaos.net.turn_client import OK, UNAUTHORIZED, TurnClient
from tests.chaos.net.turn_server import TurnServer, turn_server
from tests.support.actors import seen_and_heard
from tests.support.chromium import REFUSED, SERVER_AWAY, Window

pytestmark = pytest.mark.asyncio(loop_scope="session")

UDP = f"turn:{TURN}:3478?transport=udp"
TCP = f"turn:{TURN}:3478?transport=tcp"
TLS = f"turns:{TURN}:443?transport=tcp"
DAY_S = 25 * 3600


@pytest.fixture
def net() -> Iterator[Network]:
    """A desk and a terminal."""
    with network("desk", "terminal") as built:
        yield built


def trust(folder: Path, authority: Path) -> None:
    """Have browsers whose home is `folder` trust an authority, as those of a county are set up to."""
    database = folder / ".pki" / "nssdb"
    database.mkdir(parents=True)
    certutil = ["certutil", "-d", f"sql:{database}"]
    subprocess.run([*certutil, "-N", "--empty-password"], check=True, capture_output=True)
    add = ["-A", "-t", "C,,", "-n", "county", "-i", str(authority)]
    subprocess.run([*certutil, *add], check=True, capture_output=True)


@asynccontextmanager
async def stage_with_turn(
    net: Network,
    server: TurnServer,
    playwright: Playwright,
    county: Path,
    folder: Path,
    **settings: object,
) -> AsyncIterator[NetStage]:
    """Run the program of a county that has this TURN server."""
    turn = {"turn_urls": f"{UDP},{TCP},{TLS}", "turn_secret_file": server.secret_file}
    async with net_stage(net, playwright, county, {**turn, **settings}, folder=folder) as stage:
        yield stage


async def takes(window: Window, *protocols: str, within_s: float = 20.0) -> str:
    """Wait until the window's media goes over TURN by one of these protocols; return which."""
    deadline = time.monotonic() + within_s
    while True:
        found = await meter.route(window)
        if found.get("type") == "relay" and found["relayProtocol"] in protocols:
            return str(found["relayProtocol"])
        assert time.monotonic() < deadline, f"{window.name} does not go over {protocols}: {found}"
        await asyncio.sleep(0.1)


async def test_a_call_goes_on_over_the_last_open_port(
    net: Network, playwright_driver: Playwright, county: Path, tmp_path: Path
) -> None:
    with turn_server(net.server, tmp_path) as server:
        trust(tmp_path, server.authority)
        async with stage_with_turn(net, server, playwright_driver, county, tmp_path) as stage:
            stage.lines["desk"].block("udp")

            terminal, desk = await stage.call()
            blocked = await takes(desk.window, "tcp", "tls")
            stage.lines["desk"].block("all_but_443")
            only_443 = await takes(desk.window, "tls", within_s=40.0)
            await asyncio.gather(*(seen_and_heard(one.window, within_s=20.0) for one in (desk, terminal)))

            assert (blocked in ("tcp", "tls"), only_443) == (True, "tls")
            # The other end of the same call has no firewall, and goes directly.
            assert (await meter.route(terminal.window))["type"] == "host"
            # What the TURN server is needed for, and no more: the direct way is back with the next restart.
            server.kill()
            stage.lines["desk"].clear()
            await asyncio.gather(*(seen_and_heard(one.window, within_s=40.0) for one in (desk, terminal)))
            assert (await meter.route(desk.window))["type"] == "host"


async def test_without_a_turn_server_the_same_firewall_stops_the_call(
    net: Network, playwright_driver: Playwright, county: Path
) -> None:
    """Negative control: what carries the call above is TURN."""
    async with net_stage(net, playwright_driver, county) as stage:
        stage.lines["desk"].block("udp")
        desk, terminal = await stage.stage.desk(), await stage.stage.terminal()
        await terminal.come_direct()
        await desk.accept()

        # A reason for whoever looks after the network, instead of a black picture.
        await expect(desk.by("reason-code").first).to_contain_text("E3", timeout=25_000)

        assert (await desk.window.media()).slots == {}


@pytest.mark.timeout(180)
async def test_a_terminal_that_was_open_for_25_hours_calls_with_a_credential_of_today(
    net: Network, playwright_driver: Playwright, county: Path, tmp_path: Path
) -> None:
    shift = tmp_path / "shift"
    shift.write_text("+0")
    clock = {
        "FAKETIME_TIMESTAMP_FILE": str(shift),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "LD_PRELOAD": _faketime(),
    }
    prefix = ["env", *(f"{name}={value}" for name, value in clock.items())]
    with turn_server(net.server, tmp_path, environment=clock) as server:
        turn = {"turn_urls": f"{UDP},{TCP}", "turn_secret_file": server.secret_file, "turn_only": True}
        async with net_stage(net, playwright_driver, county, turn, prefix=prefix) as stage:
            terminal = await stage.stage.terminal()
            terminal.window.tolerate(f"{REFUSED}|{SERVER_AWAY}")
            await takes(terminal.window, "udp")
            yesterday = server.credential(ends_in_s=6 * 3600)

            shift.write_text(f"+{DAY_S}s")
            old = stage.program.kill("relay")  # at night: what was warm is gone
            await stage.program.restarted("relay", old)
            desk = await stage.stage.desk()
            await terminal.is_idle()
            await terminal.come_direct()
            await desk.accept()
            await desk.is_connected()
            await terminal.is_connected()

            assert {(await meter.route(one.window))["type"] for one in (desk, terminal)} == {"relay"}
            # The clock of the TURN server did move: what was good yesterday is not any more.
            assert _allocates(net, yesterday) == UNAUTHORIZED
            assert _allocates(net, server.credential(ends_in_s=DAY_S + 3600)) == OK


def _faketime() -> str:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert found, "faketime is not installed: run scripts/install-test-tools"
    return str(found[0])


def _allocates(net: Network, credential: Credential) -> int:
    client = TurnClient.inside(net.clients["desk"].namespace, TURN, credential)
    try:
        return client.allocate()
    finally:
        client.close()
