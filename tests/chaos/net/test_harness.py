"""The instruments themselves: each does what it says, and nothing once it is put away."""

import asyncio
import random
from collections.abc import Iterator
from statistics import median

import pytest

from tests.chaos.net.datagrams import Arrivals, Way, send
from tests.chaos.net.impairments import Line
from tests.chaos.net.namespaces import Namespace, Network, NetworkFailed, network, remove_leftovers, run
from tests.chaos.net.wire import Fates, Weather, Wire

WAYS: tuple[Way, ...] = ("up", "down")


@pytest.fixture(scope="module")
def wire() -> Wire:
    """A line made by a process."""
    return Wire(seed=7)


@pytest.fixture(scope="module")
def net(wire: Wire) -> Iterator[Network]:
    """A desk behind a line of the kernel, a terminal behind a wire."""
    with network("desk", "terminal", joins={"terminal": wire}) as built:
        yield built


@pytest.fixture
def line(net: Network) -> Iterator[Line]:
    """The desk's line; perfect again after each test."""
    line = Line(net, "desk")
    yield line
    line.clear()


@pytest.mark.parametrize("way", WAYS)
def test_without_a_fault_nothing_is_lost(net: Network, way: Way) -> None:
    """Negative control of every loss below."""
    assert send(net, "desk", way, count=3000).lost == 0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("share", [0.05, 0.3])
def test_loss_is_what_was_asked_for_each_way(net: Network, line: Line, share: float, way: Way) -> None:
    line.lose(share)

    lost = send(net, "desk", way, count=4000).lost

    assert lost == pytest.approx(share, abs=0.03)  # four standard deviations
    assert line.dropped() == pytest.approx(4000 * share, rel=0.6)


def test_loss_ends_when_the_line_is_cleared(net: Network, line: Line) -> None:
    line.lose(0.3)
    line.clear()

    assert send(net, "desk", "up", count=1000).lost == 0


def test_a_fault_of_one_line_leaves_the_other_alone(net: Network, line: Line) -> None:
    line.block()

    assert send(net, "terminal", "up", count=200).lost == 0
    assert send(net, "desk", "up", count=200).lost == 1


def test_a_block_of_udp_lets_tcp_through_and_a_blackout_does_not(net: Network, line: Line) -> None:
    line.block("udp")
    assert reaches(net), "TCP must pass"
    assert send(net, "desk", "up", count=100).lost == 1

    line.block("all")
    assert not reaches(net)


def test_a_cap_holds_the_rate_and_without_it_the_line_is_fast(net: Network, line: Line) -> None:
    free = send(net, "desk", "up", count=60, size=1000)
    line.cap(300)

    held = send(net, "desk", "up", count=60, size=1000)

    assert rate_kbit(free, 1000) > 3000
    assert rate_kbit(held, 1000) == pytest.approx(300, rel=0.25)


async def test_bursts_lose_their_share_in_lumps(net: Network, line: Line) -> None:
    async with line.bursts(0.3, seed=3, length_s=(0.1, 0.3)):
        arrived = await asyncio.to_thread(send, net, "desk", "up", count=1500, pause_s=0.002)

    assert 0.1 < arrived.lost < 0.55
    assert longest_gap(arrived) > 25, "at 2 ms a packet, a burst of 100 ms swallows fifty"


def test_the_wire_delays_and_keeps_the_order(net: Network, wire: Wire) -> None:
    wire.change(Weather(delay_ms=100, jitter_ms=25))

    arrived = send(net, "terminal", "up", count=300, pause_s=0.003)

    assert arrived.lost == 0
    assert arrived.overtaken == 0
    assert 95 <= median(arrived.delays_ms) <= 150
    assert max(arrived.delays_ms) - min(arrived.delays_ms) > 10


def test_the_wire_doubles_reorders_and_loses_what_it_is_told_to(net: Network, wire: Wire) -> None:
    wire.change(Weather(delay_ms=20, duplicate=0.1, reorder=0.1, loss=0.1))

    arrived = send(net, "terminal", "down", count=1000, pause_s=0.001)

    assert arrived.lost == pytest.approx(0.1, abs=0.04)
    assert arrived.overtaken > 20
    assert len(arrived.order) - len(set(arrived.order)) > 40


def test_the_wire_is_a_plain_line_in_fair_weather(net: Network, wire: Wire) -> None:
    """Negative control of the two above."""
    wire.change(Weather())

    arrived = send(net, "terminal", "down", count=1000, pause_s=0.001)

    assert (arrived.lost, arrived.overtaken, len(arrived.order)) == (0, 0, 1000)
    assert median(arrived.delays_ms) < 20


def test_the_same_seed_tells_the_same_story() -> None:
    weather = Weather(delay_ms=50, jitter_ms=20, loss=0.2, duplicate=0.1, reorder=0.1)

    first, again, other = (story(seed, weather) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_the_fate_of_a_packet_does_not_depend_on_what_others_suffered() -> None:
    calm, rough = Weather(loss=0.2), Weather(loss=0.2, delay_ms=50, jitter_ms=20, duplicate=0.3)

    lost = [[not arrivals for arrivals in story(5, weather)] for weather in (calm, rough)]

    assert lost[0] == lost[1]


def test_a_machine_without_the_tools_fails_with_their_own_words() -> None:
    with pytest.raises(NetworkFailed, match="no-such-tool is not installed"):
        run("no-such-tool")
    with pytest.raises(NetworkFailed, match="Cannot open network namespace"):
        Namespace("rx-never-made").ip("link")


def test_what_a_killed_run_left_is_removed() -> None:
    left = "rx4194999-1-server"  # above the kernel's highest pid
    run("ip", "netns", "add", left)

    remove_leftovers()

    assert left not in run("ip", "netns", "list")


def test_nothing_is_left_when_a_test_fails_in_the_middle() -> None:
    names: set[str] = set()

    def fail() -> None:
        with network("desk") as net:
            names.update((net.server.name, net.clients["desk"].namespace.name))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert names
    assert not names & set(run("ip", "netns", "list").split())


def reaches(net: Network) -> bool:
    """Whether TCP from the desk reaches the server; nobody listens there, which it says at once."""
    script = (
        "import socket,sys\n"
        "try: socket.create_connection(('10.77.0.1', 9), timeout=1)\n"
        "except ConnectionRefusedError: print('reached')\n"
        "except OSError: print('silence')\n"
    )
    return net.clients["desk"].namespace.run("python3", "-c", script).strip() == "reached"


def rate_kbit(arrived: Arrivals, size: int) -> float:
    return len(arrived.order) * size * 8 / 1000 / max(arrived.took_s, 1e-6)


def longest_gap(arrived: Arrivals) -> int:
    return max(b - a for a, b in zip(arrived.order, arrived.order[1:], strict=False))


def story(seed: int, weather: Weather) -> list[list[float]]:
    fates = Fates(random.Random(seed))
    return [fates.arrivals(number * 0.01, weather) for number in range(300)]
