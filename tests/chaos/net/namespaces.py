"""A small network of our own: a server and its clients, each in a network namespace of this machine."""

import contextlib
import ctypes
import itertools
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

RELAY, TURN = "10.77.0.1", "10.77.0.2"  # the server's two addresses, as the relay and a TURN server have them
RELAY_V6, TURN_V6 = "fd77::1", "fd77::2"
UPLINK = "up0"  # a client's only device
_PREFIX = "rx"
_FOLDER = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count(1)


class NetworkFailed(Exception):
    """This machine can not do what the tests of the network stand on; the message is the tool's own."""


def run(*command: str, text: str | None = None) -> str:
    """Run a tool of this machine and return what it printed.

    Raises:
        NetworkFailed: it is missing or ended badly.
    """
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=20, check=False)
    except FileNotFoundError as error:
        raise NetworkFailed(f"{command[0]} is not installed: run scripts/install-test-tools") from error
    if done.returncode != 0:
        raise NetworkFailed(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Namespace:
    """One machine of the network."""

    name: str

    @classmethod
    def make(cls, role: str) -> Self:
        """Make an empty one; its name holds our pid, so that a later run can clear it away."""
        made = cls(f"{_PREFIX}{os.getpid()}-{next(_numbers)}-{role}")
        run("ip", "netns", "add", made.name)
        made.ip("link", "set", "lo", "up")
        return made

    def remove(self) -> None:
        """Remove it with its devices; a process that still runs in it keeps nothing but itself."""
        with contextlib.suppress(NetworkFailed):
            run("ip", "netns", "del", self.name)

    def command(self, *command: str) -> list[str]:
        """Return the command line that runs a command here."""
        return ["ip", "netns", "exec", self.name, *command]

    def run(self, *command: str, text: str | None = None) -> str:
        """Run a tool here."""
        return run(*self.command(*command), text=text)

    def ip(self, *arguments: str) -> str:
        """Run `ip` on the devices here."""
        return run("ip", "-n", self.name, *arguments)

    def nft(self, rules: str) -> str:
        """Load rules of nftables, all or none."""
        return self.run("nft", "-f", "-", text=rules)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Let this thread be here: a socket or a process that it makes stays here for good."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(_FOLDER / self.name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _set_namespace(there)
            try:
                yield
            finally:
                _set_namespace(home)
        finally:
            os.close(there)
            os.close(home)


def _set_namespace(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise NetworkFailed(f"setns: {os.strerror(ctypes.get_errno())}")


def remove_leftovers() -> None:
    """Remove the namespaces of runs that were killed."""
    for path in _FOLDER.glob(f"{_PREFIX}*-*"):
        pid = path.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            Namespace(path.name).remove()


@dataclass(slots=True)
class Client:
    """A machine behind a line of its own.

    Attributes:
        address: its present address.
        gateway: the server's end of the line.
        port: name of that end's device.
    """

    namespace: Namespace
    address: str
    gateway: str
    port: str

    def move(self, address: str) -> None:
        """Change the address, as a machine does that goes from one network to another."""
        self.namespace.ip("addr", "del", f"{self.address}/24", "dev", UPLINK)
        self.namespace.ip("addr", "add", f"{address}/24", "dev", UPLINK)
        self.namespace.ip("route", "replace", "default", "via", self.gateway, "dev", UPLINK)
        self.address = address


@dataclass(slots=True)
class Network:
    """The server's machine and its clients; the server forwards between them."""

    server: Namespace
    clients: dict[str, Client] = field(default_factory=dict)

    def attach(self, name: str, namespace: Namespace, *, v6: bool = False) -> Client:
        """Take a client whose device `UPLINK` and port `name` exist into the network."""
        number = len(self.clients) + 1
        client = Client(namespace, f"10.77.{number}.2", f"10.77.{number}.1", name)
        self.server.ip("addr", "add", f"{client.gateway}/24", "dev", name)
        self.server.ip("link", "set", name, "up")
        namespace.ip("addr", "add", f"{client.address}/24", "dev", UPLINK)
        namespace.ip("link", "set", UPLINK, "up")
        namespace.ip("route", "add", "default", "via", client.gateway)
        if v6:
            self.server.ip("addr", "add", f"fd77:0:0:{number}::1/64", "dev", name, "nodad")
            namespace.ip("addr", "add", f"fd77:0:0:{number}::2/64", "dev", UPLINK, "nodad")
            namespace.ip("-6", "route", "add", "default", "via", f"fd77:0:0:{number}::1")
        # Lets the web server stay on loopback, see `publish`.
        namespace.run("sysctl", "-qw", f"net.ipv4.conf.{UPLINK}.route_localnet=1")
        self.server.run("sysctl", "-qw", f"net.ipv4.conf.{name}.route_localnet=1")
        self.clients[name] = client
        return client

    def publish(self, port: int) -> None:
        """Let 127.0.0.1:port of every client be 127.0.0.1:port of the server.

        A page may open the camera on this origin without TLS, and demo mode listens nowhere else.
        """
        self.server.nft(
            f"table ip front {{\n chain arrive {{ type nat hook prerouting priority -100;\n"
            f"  ip daddr {RELAY} tcp dport {port} dnat to 127.0.0.1:{port};\n }}\n}}\n"
        )
        for client in self.clients.values():
            client.namespace.nft(
                "table ip front {\n chain leave { type nat hook output priority -100;\n"
                f"  ip daddr 127.0.0.1 tcp dport {port} dnat to {RELAY}:{port};\n }}\n"
                " chain left { type nat hook postrouting priority 100;\n"
                f'  oifname "{UPLINK}" ip saddr 127.0.0.1 masquerade;\n }}\n}}\n'
            )


class Joins(Protocol):
    """Joins a client to the server by a line whose ends are `UPLINK` and the device named after it."""

    def __call__(
        self, client: Namespace, server: Namespace, port: str
    ) -> contextlib.AbstractContextManager[object]: ...


@contextlib.contextmanager
def _veth(client: Namespace, server: Namespace, port: str) -> Iterator[None]:
    client.ip("link", "add", UPLINK, "type", "veth", "peer", "name", port, "netns", server.name)
    yield


@contextlib.contextmanager
def network(*names: str, v6: bool = False, joins: Mapping[str, Joins] | None = None) -> Iterator[Network]:
    """Join clients and a server by a pair of virtual devices each; remove it all at the end, come what may.

    Args:
        joins: clients whose line is made in another way than by the kernel.

    Raises:
        NetworkFailed: this machine has no namespaces or no nftables. A test fails then, it is never skipped.
    """
    remove_leftovers()
    with contextlib.ExitStack() as made:
        server = _made(made, "server")
        for address in (f"{RELAY}/32", f"{TURN}/32", *((f"{RELAY_V6}/128", f"{TURN_V6}/128") if v6 else ())):
            server.ip("addr", "add", address, "dev", "lo", *(("nodad",) if ":" in address else ()))
        server.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        built = Network(server)
        for name in names:
            client = _made(made, name)
            join = (joins or {}).get(name, _veth)
            made.enter_context(join(client, server, name))
            built.attach(name, client, v6=v6)
        yield built


def _made(stack: contextlib.ExitStack, role: str) -> Namespace:
    namespace = Namespace.make(role)
    stack.callback(namespace.remove)
    # An address that becomes valid a second later is another network to a browser: it drops what it loads.
    namespace.run("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0")
    return namespace
