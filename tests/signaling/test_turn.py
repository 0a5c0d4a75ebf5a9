"""TURN credentials and the TURN server's configuration: what is minted, and what the check would miss."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from signaling.turn import SecretUnfit, is_turn_url, mint, read_secret
from signaling.turn_config import EXIT_OK, EXIT_UNSAFE, EXIT_USAGE, SPECIAL, Site, faults, main, render

SECRET = "a-secret-of-a-fictional-county-2026"
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SITE = Site("10.77.0.2", "county.example", "10.77.0.1", SECRET, "/etc/turn/chain.pem", "/etc/turn/key.pem")


def test_a_credential_is_what_coturn_computes_from_the_shared_secret() -> None:
    made = mint(SECRET, now=NOON, ttl=timedelta(hours=6), name="x")

    assert made.username == "1772445600:x"  # 10:00 UTC on that day
    expected = hmac.new(SECRET.encode(), b"1772445600:x", hashlib.sha1).digest()
    assert base64.b64decode(made.password) == expected


def test_two_credentials_of_one_moment_share_nothing() -> None:
    first, second = (mint(SECRET, now=NOON, ttl=timedelta(hours=6)) for _ in range(2))

    assert first.username != second.username
    assert first.password != second.password


def test_a_password_is_not_shown_by_accident() -> None:
    made = mint(SECRET, now=NOON, ttl=timedelta(hours=6))

    assert made.password not in repr(made)


def test_a_secret_is_read_without_its_line_end(tmp_path: Path) -> None:
    assert read_secret(a_secret_file(tmp_path, SECRET + "\n")) == SECRET


@pytest.mark.parametrize(
    ("content", "mode", "sentence"),
    [
        (SECRET, 0o640, "open to others"),
        (SECRET, 0o604, "open to others"),
        ("short", 0o600, "shorter than"),
        (SECRET + " # and more", 0o600, "letters, digits"),  # coturn would cut it at the blank
        ("\u00e9" * 40, 0o600, "can not be read"),
    ],
)
def test_a_secret_that_would_not_stay_one_is_refused_in_a_sentence(
    content: str, mode: int, sentence: str, tmp_path: Path
) -> None:
    path = a_secret_file(tmp_path, content, mode)

    with pytest.raises(SecretUnfit, match=sentence) as refused:
        read_secret(path)

    assert SECRET not in str(refused.value)


def test_a_secret_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SecretUnfit, match="nothing-here"):
        read_secret(tmp_path / "nothing-here")


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("turn:turn.county.example", True),
        ("turn:10.77.0.2:3478", True),
        ("turn:10.77.0.2:3478?transport=udp", True),
        ("turn:10.77.0.2:3478?transport=tcp", True),
        ("turns:10.77.0.2:443?transport=tcp", True),
        ("turn:[fd77::2]:3478", True),
        ("turns:10.77.0.2:443?transport=udp", False),  # DTLS is switched off
        ("stun:10.77.0.2:3478", False),  # a STUN server only tells an address
        ("turn:user@10.77.0.2", False),
        ("turn://10.77.0.2", False),
        ("https://10.77.0.2", False),
        ("turn:", False),
        ("turn:a b", False),
        ("turn:a?transport=sctp", False),
    ],
)
def test_a_browser_is_given_addresses_of_turn_servers_alone(url: str, is_one: bool) -> None:
    assert is_turn_url(url) is is_one


def test_the_shipped_configuration_passes_its_own_check_once_it_is_filled_in() -> None:
    assert faults(render(SITE)) == []


def test_the_template_itself_does_not_pass() -> None:
    found = faults(Path("deploy/coturn/turnserver.conf").read_text())

    assert "listening-ip is not filled in" in found


def test_without_the_deny_list_every_special_range_is_missed() -> None:
    bare = without(render(SITE), "denied-peer-ip=")

    assert faults(bare) == [f"denied-peer-ip does not cover {network}" for network in SPECIAL]


@pytest.mark.parametrize("network", SPECIAL, ids=str)
def test_a_hole_in_the_deny_list_is_seen_also_without_the_last_two_lines(network: object) -> None:
    """The list of special ranges is complete by itself: who lets browsers meet still reaches none of them."""
    text = without(render(SITE), "denied-peer-ip=0.0.0.0-255.255.255.255", "denied-peer-ip=::-ffff:ffff:")

    assert f"denied-peer-ip does not cover {network}" not in faults(text)


def test_a_range_that_is_a_little_too_short_is_seen() -> None:
    text = without(render(SITE), "denied-peer-ip=0.0.0.0-255.255.255.255")

    cut = text.replace("10.0.0.0-10.255.255.255", "10.0.0.0-10.255.255.254")

    assert faults(cut) == ["denied-peer-ip does not cover 10.0.0.0/8"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("\nuse-auth-secret\n", "\n", "use-auth-secret is missing"),
        ("\nno-cli\n", "\n", "no-cli is missing"),
        ("\nno-tcp-relay\n", "\n", "no-tcp-relay is missing"),
        ("\nno-multicast-peers\n", "\n", "no-multicast-peers is missing"),
        ("\nlistening-ip=10.77.0.2\n", "\n", "listening-ip is missing"),
        ("user-quota=12", "user-quota=0", "user-quota must be above 0"),
        ("\nmax-bps=1500000\n", "\n", "max-bps must be above 0"),
        ("\nno-cli\n", "\nno-cli\nallow-loopback-peers\n", "allow-loopback-peers must not be set"),
        ("\nno-cli\n", "\nno-cli\nuser=guest:guest\n", "user must not be set"),
        ("\nno-cli\n", "\nno-cli\nno-auth\n", "no-auth must not be set"),
        ("log-file=/dev/null", "log-file=/var/log/turn.log", "log-file must be /dev/null"),
        (SECRET, "short", "static-auth-secret is shorter"),
        ("allowed-peer-ip=10.77.0.1", "allowed-peer-ip=10.77.0.0-10.77.0.9", "must be one address"),
        ("allowed-peer-ip=10.77.0.1", "allowed-peer-ip=127.0.0.1", "can not be the media relay's"),
        ("\nallowed-peer-ip=10.77.0.1\n", "\n", "allowed-peer-ip is missing"),
        ("denied-peer-ip=10.0.0.0-", "denied-peer-ip=fe80::-", "is no range"),
    ],
)
def test_an_unsafe_line_is_named(old: str, new: str, fault: str) -> None:
    text = render(SITE)
    assert old in text

    found = faults(text.replace(old, new))

    assert len(found) == 1, found
    assert fault in found[0]


@pytest.mark.parametrize("realm", ["", "a b", "a#b", "a\nuser=x:y", "@PEER@"])
def test_a_value_can_not_write_a_line_of_its_own(realm: str) -> None:
    with pytest.raises(ValueError, match="realm"):
        render(Site(SITE.address, realm, SITE.peer, SECRET, SITE.certificate, SITE.key))


def test_the_command_writes_a_file_that_the_command_accepts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "turnserver.conf"

    written = main(rendering(tmp_path, output))
    checked = main(["check", str(output)])

    assert (written, checked) == (EXIT_OK, EXIT_OK)
    assert output.stat().st_mode & 0o777 == 0o640
    assert SECRET not in "".join(capsys.readouterr())


def test_the_command_refuses_what_everybody_could_read(tmp_path: Path) -> None:
    output = tmp_path / "turnserver.conf"
    main(rendering(tmp_path, output))
    output.chmod(0o644)

    assert main(["check", str(output)]) == EXIT_UNSAFE
    assert main(["check", str(tmp_path / "nothing-here")]) == EXIT_USAGE


def rendering(folder: Path, output: Path) -> list[str]:
    secret = a_secret_file(folder, SECRET)
    site = ["--address", SITE.address, "--realm", SITE.realm, "--peer", SITE.peer]
    files = ["--secret-file", str(secret), "--certificate", SITE.certificate, "--key", SITE.key]
    return ["render", *site, *files, "--output", str(output)]


def a_secret_file(folder: Path, content: str, mode: int = 0o600) -> Path:
    path = folder / "turn-secret"
    path.write_text(content)
    path.chmod(mode)
    return path


def without(text: str, *beginnings: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith(beginnings)) + "\n"
