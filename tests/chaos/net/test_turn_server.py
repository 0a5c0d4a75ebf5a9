"""The shipped configuration in a real turnserver: whom it lets in, and what nobody reaches through it."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from signaling.turn import Credential
from tests.chaos.net.namespaces import RELAY, RELAY_V6, TURN, TURN_V6, Network, network
from tests.chaos.net.turn_client import FORBIDDEN, OK, QUOTA, TCP, UNAUTHORIZED, TurnClient
from tests.chaos.net.turn_server import TurnServer, turn_server

ROOT = Path(__file__).parents[3]

# An address of each range, its ends where those are likely targets, and public ones too.
PEERS_V4 = (
    "0.0.0.0",  # noqa: S104 - asked for, never bound
    *("0.1.2.3", "10.0.0.1", "10.77.1.2", "10.255.255.255", "100.64.0.1", "100.127.255.254"),
    *("127.0.0.1", "127.255.255.254", "169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255"),
    *("192.0.0.1", "192.0.0.170", "192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.1"),
    *("192.168.255.255", "192.175.48.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("239.255.255.255", "240.0.0.1", "255.255.255.255"),
)
PUBLIC_V4 = ("8.8.8.8", "114.114.114.114")
PEERS_V6 = (
    *("::", "::1", "::7f00:1", "::a00:1", "::ffff:0.0.0.0", "::ffff:10.0.0.1", "::ffff:127.0.0.1"),
    *("::ffff:169.254.169.254", "::ffff:10.77.0.1", "::ffff:0:a00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1"),
    *("100::1", "100:0:0:1::1", "2001::1", "2001:20::1", "2001:db8::1", "2002:a00:1::1", "2620:4f:8000::1"),
    *("3fff::1", "5f00::1", "fc00::1", "fd00::1", "fd00:ec2::254", "fd77:0:0:1::2", "fe80::1", "febf::1"),
    *("fec0::1", "ff02::1", "ff0e::1"),
)
PUBLIC_V6 = ("2400:3200::1",)


def with_v6(text: str) -> str:
    """Have the server relay IPv6 too, so that it can be asked for such peers."""
    return f"{text}relay-ip={TURN_V6}\nlistening-ip={TURN_V6}\nallowed-peer-ip={RELAY_V6}\n"


def without_last_rule(text: str) -> str:
    """As a site would have it that lets browsers meet each other: the list of special ranges stands alone."""
    return _without(
        with_v6(text),
        "denied-peer-ip=0.0.0.0-255.255.255.255",
        "denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    )


def without_deny_list(text: str) -> str:
    """The negative control: coturn's own defaults."""
    return _without(with_v6(text), "denied-peer-ip=")


def _without(text: str, *beginnings: str) -> str:
    return "".join(f"{line}\n" for line in text.splitlines() if not line.startswith(beginnings))


@pytest.fixture(scope="module")
def net() -> Iterator[Network]:
    """A server and one client, over IPv4 and IPv6."""
    with network("desk", v6=True) as built:
        yield built


@pytest.fixture(scope="module")
def server(net: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    """The configuration as it is shipped, with IPv6 added."""
    with turn_server(net.server, tmp_path_factory.mktemp("turn"), edit=with_v6) as running:
        yield running


@dataclass(slots=True)
class Callers:
    """Clients behind the desk's line; all of them hang up at the end of a test."""

    net: Network
    _made: list[TurnClient] = field(default_factory=list)

    def with_credential(self, credential: Credential) -> TurnClient:
        """One more socket that shows this credential."""
        client = TurnClient.inside(self.net.clients["desk"].namespace, TURN, credential)
        self._made.append(client)
        return client

    def close(self) -> None:
        """Give every allocation up."""
        while self._made:
            self._made.pop().close()

    def answers(self, server: TurnServer, peers: tuple[str, ...]) -> dict[str, int]:
        """Ask for permission and for a channel to each peer; 403 only if both are refused."""
        found = {}
        for v6 in (False, True):
            client = self.with_credential(server.credential())
            assert client.allocate(v6=v6) == OK
            for peer in peers:
                if (":" in peer) == v6:
                    found[peer] = min(client.permit(peer), client.bind(peer))
        self.close()
        return found


@contextlib.contextmanager
def another_server(folder: Path, edit: Callable[[str], str]) -> Iterator[tuple[Callers, TurnServer]]:
    """Run a server with another configuration, in a network of its own."""
    with network("desk", v6=True) as net, turn_server(net.server, folder, edit=edit) as server:
        callers = Callers(net)
        yield callers, server
        callers.close()


@pytest.fixture
def callers(net: Network) -> Iterator[Callers]:
    """Whoever calls the server in a test."""
    made = Callers(net)
    yield made
    made.close()


def test_the_media_relay_and_nothing_else_is_reached_through_it(callers: Callers, server: TurnServer) -> None:
    refused = PEERS_V4 + PUBLIC_V4 + PEERS_V6 + PUBLIC_V6

    found = callers.answers(server, (RELAY, RELAY_V6, *refused))

    assert (found.pop(RELAY), found.pop(RELAY_V6)) == (OK, OK)
    assert found == dict.fromkeys(refused, FORBIDDEN)
    assert len(PEERS_V4 + PEERS_V6) >= 40


def test_the_list_of_special_ranges_holds_also_where_browsers_may_meet(tmp_path: Path) -> None:
    with another_server(tmp_path, without_last_rule) as (callers, server):
        found = callers.answers(server, PEERS_V4 + PEERS_V6 + PUBLIC_V4 + PUBLIC_V6)

    assert {peer for peer, code in found.items() if code == OK} == {*PUBLIC_V4, *PUBLIC_V6}


def test_without_the_deny_list_private_and_mapped_peers_are_reached(tmp_path: Path) -> None:
    """Negative control: the probe sees a hole where there is one."""
    with another_server(tmp_path, without_deny_list) as (callers, server):
        found = callers.answers(server, PEERS_V4 + PEERS_V6)

    open_ = {peer for peer, code in found.items() if code == OK}
    assert {"10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "fd00:ec2::254"} <= open_


def test_a_credential_that_is_over_opens_nothing(callers: Callers, server: TurnServer) -> None:
    over, last_second = (
        callers.with_credential(server.credential(ends_in_s=-2)),
        callers.with_credential(server.credential(ends_in_s=60)),
    )

    assert over.allocate() == UNAUTHORIZED
    assert last_second.allocate() == OK


def test_a_credential_of_yesterday_opens_nothing(callers: Callers, server: TurnServer) -> None:
    yesterday = callers.with_credential(server.credential(ends_in_s=(6 - 25) * 3600))

    assert yesterday.allocate() == UNAUTHORIZED


def test_a_credential_made_with_another_secret_opens_nothing(callers: Callers, server: TurnServer) -> None:
    assert (
        callers.with_credential(server.credential(secret="another-secret-of-a-fictional-county")).allocate()
        == UNAUTHORIZED
    )


def test_one_credential_holds_twelve_allocations_and_gets_back_what_it_gives_up(
    callers: Callers, server: TurnServer
) -> None:
    credential = server.credential()
    clients = [callers.with_credential(credential) for _ in range(100)]

    codes = [client.allocate() for client in clients]

    assert codes == [OK] * 12 + [QUOTA] * 88
    clients[0].close()
    # It counts what is given up when the session ends, about a second later.
    deadline = time.monotonic() + 10
    while (code := clients[-1].allocate()) != OK and time.monotonic() < deadline:
        assert code == QUOTA
        time.sleep(0.1)
    assert code == OK


def test_no_tcp_connection_is_made_for_anybody(callers: Callers, server: TurnServer) -> None:
    client = callers.with_credential(server.credential())

    assert client.allocate(transport=TCP) != OK
    assert client.allocate() == OK
    assert client.connect(RELAY) != OK


def test_its_log_holds_no_address_and_no_name(tmp_path: Path) -> None:
    with another_server(tmp_path, str) as (callers, server):
        client = callers.with_credential(server.credential())
        assert client.allocate() == OK
        assert client.permit("10.0.0.1") == FORBIDDEN
        address = callers.net.clients["desk"].address

    log = (tmp_path / "turnserver.log").read_text(errors="replace")
    assert address not in log
    assert client.credential.username not in log
    assert "10.0.0.1" not in log
    assert server.secret not in log


def test_the_shipped_rules_let_coturn_send_to_the_relays_ports_alone(net: Network) -> None:
    rules = (ROOT / "deploy" / "coturn" / "turn-peers.nft").read_text()
    ports = (40000, 40199, 53, 40200)
    with contextlib.ExitStack() as open_:
        receivers = {port: open_.enter_context(_listening(net, port)) for port in ports}
        before = _heard_from_coturn(net, receivers)
        net.server.nft(rules)
        open_.callback(net.server.nft, "delete table inet turn_peers\n")

        after = _heard_from_coturn(net, receivers)

    assert before == set(ports), "negative control: without the rules every port is reached"
    assert after == {40000, 40199}


@contextlib.contextmanager
def _listening(net: Network, port: int) -> Iterator[socket.socket]:
    with net.server.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind((RELAY, port))
        opened.settimeout(0.3)
        yield opened


def _heard_from_coturn(net: Network, receivers: Mapping[int, socket.socket]) -> set[int]:
    """Send to each port as coturn does, by its user and from its ports; return the ports that heard it."""
    script = (
        "import os, pwd, socket\n"
        "os.setuid(pwd.getpwnam('turnserver').pw_uid)\n"
        "with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:\n"
        f"    sender.bind(('{TURN}', 49200))\n"
        f"    for port in {list(receivers)}:\n"
        "        try: sender.sendto(b'x', ('" + RELAY + "', port))\n"
        "        except PermissionError: pass\n"
    )
    net.server.run("python3", "-c", script)
    heard = set()
    for port, receiver in receivers.items():
        with contextlib.suppress(TimeoutError):
            receiver.recv(16)
            heard.add(port)
    return heard
