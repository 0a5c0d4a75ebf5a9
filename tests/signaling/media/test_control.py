"""The control socket: whatever a line says is answered, and when nobody is left to say anything, all ends."""

import asyncio
import json
import random
from pathlib import Path

import msgspec
import pytest

from signaling.ids import RoomId, SeatId
from signaling.media.control import MAX_LINE_BYTES, Answer
from signaling.media.forwarding import Row
from signaling.media.plane import RelayPlane
from signaling.media.relay.ports import UdpPorts
from signaling.media.relay.server import ControlServer
from signaling.media.robot import Robot
from tests.signaling.media.fuzz_sdp import SEEDS
from tests.signaling.media.rig import TIMEOUT_S, RelayProcess, free_udp_ports, until

A, B = SeatId("p-1"), SeatId("p-2")
_ROW = {"receiver": "a", "slot": 0, "sender": "b", "kind": "audio"}
REQUESTS: list[dict[str, object]] = [
    {"op": "open", "id": 1, "peer": "a", "offer": SEEDS[1]},
    {"op": "close", "id": 2, "peer": "a"},
    {"op": "forward", "id": 3, "room": "r", "rows": [_ROW, {**_ROW, "kind": "video"}]},
    {"op": "list", "id": 4},
    {"op": "stats", "id": 5},
]
_VALUES: list[object] = [
    None,
    True,
    -1,
    2**63,
    2**64,
    1e308,
    "",
    "a" * 200,
    "\0",
    "\u2028",
    [],
    {},
    [[]],
    [_ROW] * 600,
]


def mutated(chance: random.Random) -> bytes:
    """A request with a few of its values, keys or bytes changed."""
    request = dict(chance.choice(REQUESTS))
    for _ in range(chance.randrange(3)):
        key = chance.choice([*request, "op", "id", "peer", "room", "rows", "more"])
        if chance.random() < 0.2:
            request.pop(key, None)
        else:
            request[key] = chance.choice([*_VALUES, *(each[key] for each in REQUESTS if key in each)])
    line = bytearray(json.dumps(request).encode())
    for _ in range(chance.choice([0, 0, 0, 1, 5])):
        at = chance.randrange(len(line))
        line[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
    return bytes(line).replace(b"\n", b" ") + b"\n"


async def test_five_thousand_mutated_requests_are_each_answered(
    relay: RelayProcess, plane: RelayPlane
) -> None:
    chance, decoder = random.Random(11), msgspec.json.Decoder(Answer)
    reader, writer = await asyncio.open_unix_connection(relay.path, limit=MAX_LINE_BYTES * 4)
    carried_out = 0
    for _ in range(5000):
        writer.write(mutated(chance))
        async with asyncio.timeout(TIMEOUT_S):
            answer = decoder.decode(await reader.readline())
        carried_out += answer.ok
        assert answer.ok == (answer.code == "")
    writer.close()

    assert 500 < carried_out < 4500
    assert plane.ready()
    await plane.stats()


async def test_a_line_beyond_the_limit_costs_its_own_connection_only(
    relay: RelayProcess, plane: RelayPlane
) -> None:
    reader, writer = await asyncio.open_unix_connection(relay.path)
    writer.write(b"x" * (MAX_LINE_BYTES + 10) + b"\n")

    async with asyncio.timeout(TIMEOUT_S):
        assert await reader.read() == b""
    writer.close()
    assert await plane.stats() == ([], [])


@pytest.fixture
async def offer() -> str:
    robot = Robot(1)
    text = await robot.offer()
    await robot.close()
    return text


async def test_rooms_without_a_web_server_end_after_a_while(tmp_path: Path, offer: str) -> None:
    path = tmp_path / "relay.sock"
    control = ControlServer(UdpPorts("127.0.0.1", *free_udp_ports(2)), orphaned_ends_s=0.05)
    listening = await control.start(path)
    plane = RelayPlane(path)
    await plane.start()
    await plane.wait_ready(TIMEOUT_S)
    await plane.open(A, offer)
    await plane.forward(RoomId("r"), frozenset({Row(A, 0, B, "audio")}))
    board = control.switchboard
    assert (list(board.peers), list(board.rooms)) == ([A], ["r"])

    await plane.aclose()

    await until(lambda: not board.peers and not board.rooms)
    listening.close()
    await control.aclose()


async def test_a_web_server_that_comes_back_in_time_finds_everything(tmp_path: Path, offer: str) -> None:
    path = tmp_path / "relay.sock"
    control = ControlServer(UdpPorts("127.0.0.1", *free_udp_ports(2)), orphaned_ends_s=0.2)
    listening = await control.start(path)
    plane = RelayPlane(path)
    await plane.start()
    await plane.wait_ready(TIMEOUT_S)
    await plane.open(A, offer)
    await plane.aclose()

    await plane.start()
    await plane.wait_ready(TIMEOUT_S)
    await asyncio.sleep(0.3)  # longer than rooms without a web server last

    assert plane.attached() == {A}
    await plane.aclose()
    listening.close()
    await control.aclose()
