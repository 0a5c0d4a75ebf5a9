"""What can be wrong with one client's line: loss, bursts, a cap, silence. Done by the kernel, both ways."""

import asyncio
import contextlib
import random
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from tests.chaos.net.namespaces import UPLINK, Client, Namespace, Network, NetworkFailed

What = Literal["udp", "all", "all_but_443"]
# The last one as a firewall has it that knows web pages only; our page's own port stands for 443 too.
_MATCHES: Mapping[What, tuple[str, ...]] = {
    "udp": ("meta l4proto udp ",),
    "all": ("",),
    "all_but_443": ("meta l4proto udp ", "tcp dport 3478 ", "tcp sport 3478 "),
}


@dataclass(frozen=True, slots=True)
class _End:
    """Where one direction arrives: a drop there looks like the network's, not like the sender's own."""

    namespace: Namespace
    device: str

    @property
    def table(self) -> str:
        return f"chaos_{self.device}"

    def rules(self, actions: Iterable[str]) -> None:
        """Put rules in the place of whatever was there."""
        rules = "".join(f'  iifname "{self.device}" {action}\n' for action in actions)
        self.namespace.nft(
            f"table inet {self.table}\ndelete table inet {self.table}\n"
            f"table inet {self.table} {{\n"
            " set bursting { typeof meta l4proto; flags timeout; }\n"
            # Before connection tracking (-200): what the network drops, this machine has never seen.
            " chain arrive { type filter hook prerouting priority -310;\n"
            f"{rules} }}\n}}\n"
        )

    def dropped(self) -> int:
        """How many packets the rule has dropped."""
        shown = self.namespace.run("nft", "list", "table", "inet", self.table)
        return sum(int(number) for number in re.findall(r"counter packets (\d+)", shown))

    def clear(self) -> None:
        with contextlib.suppress(NetworkFailed):
            self.namespace.run("nft", "delete", "table", "inet", self.table)
        with contextlib.suppress(NetworkFailed):
            self.namespace.run("tc", "qdisc", "del", "dev", self.device, "root")


class Line:
    """The line of one client. A new fault takes the place of the one before; a cap stands beside them."""

    def __init__(self, network: Network, name: str) -> None:
        self.client: Client = network.clients[name]
        self._ends = (_End(network.server, name), _End(self.client.namespace, UPLINK))

    def lose(self, share: float, what: What = "udp") -> None:
        """Drop a random share each way; the kernel's own chance, which takes no seed."""
        self._rules(
            f"{match}numgen random mod 1000 < {round(share * 1000)} counter drop" for match in _MATCHES[what]
        )

    def block(self, what: What = "all") -> None:
        """Let nothing through, either way."""
        self._rules(f"{match}counter drop" for match in _MATCHES[what])

    def cap(self, kbit: int) -> None:
        """Let no more through than this many kbit/s each way; what waits longer than 400 ms is dropped."""
        for end in self._ends:
            end.namespace.run(
                *("tc", "qdisc", "replace", "dev", end.device, "root"),
                *("tbf", "rate", f"{kbit}kbit", "burst", "4kb", "latency", "400ms"),
            )

    def clear(self) -> None:
        """Make the line perfect again."""
        for end in self._ends:
            end.clear()

    def dropped(self) -> int:
        """How many packets the present fault has dropped, both ways."""
        return sum(end.dropped() for end in self._ends)

    @contextlib.asynccontextmanager
    async def bursts(self, share: float, *, seed: int, length_s: tuple[float, float]) -> AsyncIterator[None]:
        """Let nothing of UDP through for moments of random length, so that `share` of the time is lost."""
        self._rules(["meta l4proto @bursting counter drop"])
        bursting = asyncio.create_task(self._burst(share, random.Random(seed), length_s))
        try:
            yield
        finally:
            bursting.cancel()
            await asyncio.gather(bursting, return_exceptions=True)
            self.clear()

    async def _burst(self, share: float, chance: random.Random, length_s: tuple[float, float]) -> None:
        while True:
            lost_s = chance.uniform(*length_s)
            await asyncio.sleep(lost_s / share * (1 - share) * chance.uniform(0.5, 1.5))
            # The kernel takes the element out by itself: the burst is as long as drawn, however busy we are.
            for end in self._ends:
                element = f"add element inet {end.table} bursting {{ udp timeout {round(lost_s * 1000)}ms }}"
                await asyncio.to_thread(end.namespace.nft, element)
            await asyncio.sleep(lost_s)

    def _rules(self, actions: Iterable[str]) -> None:
        listed = list(actions)
        for end in self._ends:
            end.rules(listed)
