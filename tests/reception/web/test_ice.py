"""`POST /api/v1/ice-servers`: who gets a credential, how often, and what is written about it."""

import logging
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from reception.domain.roles import Role
from reception.settings import Settings
from signaling.turn import mint
from tests.support.clients import House, a_house
from tests.support.factories import FrozenClock

SECRET = "a-secret-of-a-fictional-county-2026"
URLS = ("turn:10.77.0.2:3478?transport=udp", "turns:10.77.0.2:443?transport=tcp")


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    """The shared secret, as an administrator leaves it."""
    path = tmp_path / "turn-secret"
    path.touch(mode=0o600)
    path.write_text(SECRET)
    return path


@pytest.fixture
async def house_with_turn(
    tmp_path: Path, migrated_sqlite: Path, clock: FrozenClock, secret_file: Path
) -> AsyncIterator[House]:
    """The application of a county that has a TURN server."""
    shutil.copy(migrated_sqlite, tmp_path / "reception.db")
    async with a_house(
        tmp_path, clock, turn_urls=",".join(URLS), turn_secret_file=secret_file, turn_only=True
    ) as running:
        yield running


async def test_a_desk_and_a_terminal_get_a_credential_that_ends_in_six_hours(
    house_with_turn: House, clock: FrozenClock
) -> None:
    for client in (await house_with_turn.officer(), await house_with_turn.terminal()):
        reply = await client.post("/api/v1/ice-servers", {})

        (server,) = reply.json["ice_servers"]
        name = server["username"].partition(":")[2]
        expected = mint(SECRET, now=clock(), ttl=timedelta(hours=6), name=name)
        assert (server["username"], server["credential"]) == (expected.username, expected.password)
        assert server["urls"] == list(URLS)
        assert (reply.json["relay_only"], reply.json["ttl_s"]) == (True, 6 * 3600)
        assert reply.headers["Cache-Control"] == "no-store"


async def test_a_page_that_was_open_for_a_day_gets_a_fresh_one(
    house_with_turn: House, clock: FrozenClock
) -> None:
    terminal = await house_with_turn.terminal()
    yesterday = await terminal.post("/api/v1/ice-servers", {})

    clock.advance(minutes=25 * 60)
    officer = await house_with_turn.officer()
    today = await officer.post("/api/v1/ice-servers", {})

    ends = [int(reply.json["ice_servers"][0]["username"].split(":")[0]) for reply in (yesterday, today)]
    assert ends[1] - ends[0] == 25 * 3600
    assert ends[0] < clock().timestamp() < ends[1]


async def test_nobody_gets_one_who_has_no_transport(house_with_turn: House) -> None:
    stranger, auditor = house_with_turn.stranger(), await house_with_turn.officer(Role.AUDIT_ADMIN)

    assert (await stranger.post("/api/v1/ice-servers", {})).status == 401
    assert (await auditor.post("/api/v1/ice-servers", {})).status == 403


async def test_a_login_that_collects_credentials_is_stopped(house_with_turn: House) -> None:
    greedy, other = await house_with_turn.officer(), await house_with_turn.officer()

    replies = [await greedy.post("/api/v1/ice-servers", {}) for _ in range(31)]

    assert [reply.status for reply in replies] == [200] * 30 + [429]
    assert (await other.post("/api/v1/ice-servers", {})).status == 200


async def test_no_credential_is_written_anywhere(
    house_with_turn: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    officer = await house_with_turn.officer()

    server = (await officer.post("/api/v1/ice-servers", {})).json["ice_servers"][0]

    assert "list_ice_servers" in caplog.text or "ice-servers" in caplog.text
    assert server["credential"] not in caplog.text
    assert server["username"] not in caplog.text
    assert SECRET not in caplog.text


async def test_a_county_without_a_turn_server_says_so(house: House) -> None:
    officer = await house.officer()

    reply = await officer.post("/api/v1/ice-servers", {})

    assert reply.json == {"ice_servers": [], "relay_only": False, "ttl_s": 6 * 3600}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"turn_urls": "stun:10.77.0.2"}, "is no turn:HOST"),
        ({"turn_secret_file": None}, "turn_urls needs turn_secret_file"),
        ({"turn_secret_file": Path("/nothing-here")}, "can not be read"),
        ({"turn_urls": "", "turn_only": True}, "turn_only needs turn_urls"),
        ({"turn_ttl_h": 0}, "greater than or equal to 1"),
        ({"turn_ttl_h": 25}, "less than or equal to 24"),
    ],
)
def test_settings_that_would_leave_pages_without_a_way_are_refused(
    changes: dict[str, object], sentence: str, secret_file: Path
) -> None:
    wanted = {"turn_urls": ",".join(URLS), "turn_secret_file": secret_file, **changes}

    with pytest.raises(ValidationError, match=sentence):
        Settings(**wanted)  # type: ignore[arg-type]  # that is the point


def test_a_secret_that_others_can_read_keeps_the_service_from_starting(secret_file: Path) -> None:
    secret_file.chmod(0o644)

    with pytest.raises(ValidationError, match=r"is open to others \(mode 0644\): chmod 600 it"):
        Settings(turn_urls=URLS, turn_secret_file=secret_file)


def test_addresses_come_from_the_environment_separated_by_commas(
    secret_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECEPTION_TURN_URLS", ", ".join(URLS))
    monkeypatch.setenv("RECEPTION_TURN_SECRET_FILE", str(secret_file))

    assert Settings().turn_urls == URLS
