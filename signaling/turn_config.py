"""Writes coturn's configuration for a site and checks one: `python -m signaling.turn_config render|check`."""

import argparse
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

from signaling.turn import MIN_SECRET_CHARACTERS, SecretUnfit, read_secret

TEMPLATE = Path(__file__).parents[1] / "deploy" / "coturn" / "turnserver.conf"
EXIT_OK, EXIT_UNSAFE, EXIT_USAGE = 0, 1, 64

# IANA's special-purpose registries, and the forms in which IPv6 carries an IPv4 address.
SPECIAL: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
        *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32"),
        *("::1/128", "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48"),
        *("100::/64", "100:0:0:1::/64", "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48"),
        *("3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
    )
)

_REQUIRED = (
    *("use-auth-secret", "fingerprint", "no-cli", "no-tcp-relay", "no-multicast-peers", "no-dtls"),
    *("no-tlsv1", "no-tlsv1_1", "no-software-attribute", "listening-ip", "relay-ip", "realm", "cert", "pkey"),
)
_POSITIVE = ("stale-nonce", "user-quota", "total-quota", "max-bps", "bps-capacity")
_FORBIDDEN = (
    *("allow-loopback-peers", "no-auth", "user", "userdb", "lt-cred-mech", "cli-password", "web-admin"),
    *("server-relay", "log-binding", "verbose", "Verbose", "no-tls", "no-tcp"),
)
_PLACEHOLDER = re.compile(r"@[A-Z]+@")
# What one value may hold: nothing that could begin another line or a comment.
_VALUE = re.compile(r"[^\s#@]+")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Site:
    """What differs from one installation to the next.

    Attributes:
        address: the TURN server's own; TLS listens on its port 443.
        peer: the media relay's address (`RECEPTION_RELAY_HOST`), the only one that may be reached.
    """

    address: str
    realm: str
    peer: str
    secret: str
    certificate: str
    key: str


def render(site: Site, template: str | None = None) -> str:
    """Fill a site's values in.

    Raises:
        ValueError: a value could not stand in the file.
    """
    values = {
        "ADDRESS": str(ip_address(site.address)),
        "REALM": site.realm,
        "PEER": str(ip_address(site.peer)),
        "SECRET": site.secret,
        "CERTIFICATE": site.certificate,
        "KEY": site.key,
    }
    text = template or TEMPLATE.read_text(encoding="utf-8")
    for name, value in values.items():
        if not _VALUE.fullmatch(value):
            raise ValueError(f"{name.lower()} is empty or holds a blank, # or @")
        text = text.replace(f"@{name}@", value)
    return text


def faults(text: str) -> list[str]:
    """Say in sentences what is unsafe or unfinished in a configuration; empty when nothing is."""
    options = _options(text)
    return [*_faulty_options(options), *_faulty_secret(options), *_faulty_peers(options)]


def _options(text: str) -> dict[str, list[str]]:
    options: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            name, _, value = line.strip().partition("=")
            options.setdefault(name.strip(), []).append(value.strip())
    return options


def _faulty_options(options: dict[str, list[str]]) -> Iterator[str]:
    for name in _REQUIRED:
        if name not in options:
            yield f"{name} is missing"
    for name in _POSITIVE:
        value = options.get(name, ["0"])[-1]
        if not (value.isdigit() and int(value) > 0):
            yield f"{name} must be above 0"
    for name in _FORBIDDEN:
        if name in options:
            yield f"{name} must not be set"
    for name, values in options.items():
        if any(_PLACEHOLDER.search(value) for value in values):
            yield f"{name} is not filled in"
    if options.get("log-file", [""])[-1] != "/dev/null" or "syslog" in options:
        yield "log-file must be /dev/null: coturn writes addresses of terminals"


def _faulty_secret(options: dict[str, list[str]]) -> Iterator[str]:
    secret = options.get("static-auth-secret", [""])[-1]
    if len(secret) < MIN_SECRET_CHARACTERS:
        yield f"static-auth-secret is shorter than {MIN_SECRET_CHARACTERS} characters"


def _faulty_peers(options: dict[str, list[str]]) -> Iterator[str]:
    allowed = options.get("allowed-peer-ip", [])
    if not allowed:
        yield "allowed-peer-ip is missing: the media relay could not be reached"
    for value in allowed:
        try:
            peer = ip_address(value)
        except ValueError:
            yield f"allowed-peer-ip={value} must be one address, the media relay's"
            continue
        if peer.is_loopback or peer.is_multicast or peer.is_unspecified or peer.is_link_local:
            yield f"allowed-peer-ip={value} can not be the media relay's"
    try:
        denied = [_span(value) for value in options.get("denied-peer-ip", [])]
    except ValueError as error:
        yield f"denied-peer-ip: {error}"
        return
    for network in SPECIAL:
        if not _is_covered(network, denied):
            yield f"denied-peer-ip does not cover {network}"


def _span(value: str) -> tuple[int, Span]:
    """Read `ADDRESS` or `FIRST-LAST` as version and numbers."""
    first, _, last = value.partition("-")
    begin, end = ip_address(first), ip_address(last or first)
    if begin.version != end.version or int(begin) > int(end):
        raise ValueError(f"{value} is no range")
    return begin.version, (int(begin), int(end))


def _is_covered(network: IPv4Network | IPv6Network, denied: Iterable[tuple[int, Span]]) -> bool:
    # coturn refuses :: without a rule, and takes a range that begins there for "every address".
    reached = max(int(network.network_address), 1) if network.version == 6 else int(network.network_address)
    for begin, end in sorted(span for version, span in denied if version == network.version):
        if begin <= reached <= end:
            reached = end + 1
    return reached > int(network.broadcast_address)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    run = _render if options.command == "render" else _check
    return run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="signaling.turn_config", description="coturn's configuration.")
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("render", help="Write the configuration of a site.")
    writing.add_argument("--address", required=True, help="the TURN server's own address")
    writing.add_argument("--realm", required=True, help="e.g. reception.county.example")
    writing.add_argument("--peer", required=True, help="the media relay's address (RECEPTION_RELAY_HOST)")
    writing.add_argument("--secret-file", required=True, type=Path, help="RECEPTION_TURN_SECRET_FILE")
    writing.add_argument("--certificate", required=True, help="PEM with the whole chain")
    writing.add_argument("--key", required=True, help="PEM")
    writing.add_argument("--output", required=True, type=Path, help="e.g. /etc/turnserver.conf; made 0640")
    checking = commands.add_parser("check", help="Say what is unsafe in a configuration.")
    checking.add_argument("file", type=Path)
    return parser


def _render(options: argparse.Namespace) -> int:
    try:
        secret = read_secret(options.secret_file)
        text = render(
            Site(options.address, options.realm, options.peer, secret, options.certificate, options.key)
        )
    except (SecretUnfit, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_USAGE
    if left := faults(text):
        sys.stderr.writelines(f"{fault}\n" for fault in left)
        return EXIT_UNSAFE
    output: Path = options.output
    # Before the secret is in it: nobody reads it in between.
    output.touch(mode=0o640)
    output.chmod(0o640)
    output.write_text(text, encoding="utf-8")
    sys.stdout.write(f"wrote {output}; give it to coturn's group: chgrp turnserver {output}\n")
    return EXIT_OK


def _check(options: argparse.Namespace) -> int:
    path: Path = options.file
    try:
        found = faults(path.read_text(encoding="utf-8"))
        mode = stat.S_IMODE(path.stat().st_mode)
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{path} can not be read: {error}\n")
        return EXIT_USAGE
    if mode & 0o007:
        found.append(f"{path} holds the secret and is open to everybody: chmod 640 it")
    sys.stderr.writelines(f"{fault}\n" for fault in found)
    if not found:
        sys.stdout.write(f"{path}: nothing unsafe found\n")
    return EXIT_UNSAFE if found else EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
