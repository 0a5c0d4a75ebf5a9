"""Who answers an offer full of internal addresses, and what arrives there. Run in a network of its own:

`unshare --net python -m tests.signaling.media.canaries relay|naive` gives the addresses above loopback
to this machine, listens on all of them, has the offer answered, waits, and prints what came as JSON.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from signaling.ids import SeatId
from signaling.media.robot import Robot
from tests.signaling.media.rig import relay_plane, relay_process

ADDRESSES = ("127.0.0.1", "10.11.12.13", "169.254.169.254", "192.168.7.7", "::1", "fd00::53")
NAMES = ("canary.local", "canary.internal")
_DNS_PORT = 53
_LISTEN_S = 3.0


class Canary(asyncio.DatagramProtocol):
    """Counts what arrives at one address."""

    def __init__(self, name: str, heard: dict[str, int]) -> None:
        self._name = name
        self._heard = heard

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._heard[self._name] = self._heard.get(self._name, 0) + 1


def hostile(offer: str, port: int) -> str:
    """The offer with a candidate at every canary, in every section."""
    lines = [
        f"a=candidate:{n} 1 udp {2130706431 - n} {host} {port} typ host\r\n"
        for n, host in enumerate((*ADDRESSES, *NAMES), 1)
    ]
    own = (line for line in offer.splitlines(keepends=True) if not line.startswith("a=candidate"))
    return "".join(line + "".join(lines) * line.startswith("a=mid:") for line in own)


async def answered_by_relay(offer: str) -> None:
    """The relay answers, keeps the transport and is left alone with it."""
    with tempfile.TemporaryDirectory() as folder:
        async with relay_process(Path(folder)) as relay, relay_plane(relay) as plane:
            await plane.open(SeatId("a"), offer)
            await asyncio.sleep(_LISTEN_S)


async def answered_naively(offer: str) -> None:
    """A peer that believes what it is told, as any stock one does."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    await peer.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
    await peer.setLocalDescription(await peer.createAnswer())
    await asyncio.sleep(_LISTEN_S)
    await peer.close()


async def listen(answerer: str) -> dict[str, int]:
    """Have the offer answered and say how many datagrams each canary has heard."""
    loop, heard = asyncio.get_running_loop(), dict[str, int]()
    robot = Robot(2)
    offer = await robot.offer()
    await robot.close()
    held: list[asyncio.DatagramTransport] = []
    port = 40_404
    for address in ADDRESSES:
        for at in (port, _DNS_PORT):
            canary = Canary(f"{address}:{at}", heard)
            transport, _ = await loop.create_datagram_endpoint(lambda one=canary: one, (address, at))  # type: ignore[misc]
            held.append(transport)
    await (answered_by_relay if answerer == "relay" else answered_naively)(hostile(offer, port))
    for transport in held:
        transport.close()
    return heard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("answerer", choices=["relay", "naive"])
    answerer = parser.parse_args().answerer
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in ADDRESSES:
        length = 128 if ":" in address else 32
        subprocess.run(["ip", "addr", "replace", f"{address}/{length}", "dev", "lo"], check=True)
    sys.stdout.write(json.dumps(asyncio.run(listen(answerer))) + "\n")


if __name__ == "__main__":
    main()
