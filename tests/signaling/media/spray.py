"""Sprays garbage at UDP ports of this machine as fast as it can: `python -m tests.signaling.media.spray`.

Prints how many datagrams it has sent and how many came back.
"""

import argparse
import random
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress

_SOURCES = 8


def garbage(chance: random.Random) -> bytes:
    """A datagram that looks like one of the protocols on the port, or like nothing."""
    body = chance.randbytes(chance.choice([0, 1, 7, 11, 12, 20, 100, chance.randrange(1460)]))
    return chance.choice(
        [
            body,
            b"\x00\x01" + struct.pack("!H", len(body)) + b"\x21\x12\xa4\x42" + body,  # STUN request
            b"\x01\x01" + struct.pack("!H", len(body)) + b"\x21\x12\xa4\x42" + body,  # STUN response
            b"\x16\xfe\xfd" + body,  # DTLS handshake
            client_hello(chance),
            b"\x80\x60" + body,  # RTP
            b"\x80\x6f" + body,  # RTP, as sound
            b"\x9f\xe0" + body,  # RTP with everything set
            b"\x81\xc8" + body,  # RTCP sender report
            b"\x81\xcd\xff\xff" + body,  # RTCP feedback of a wrong length
            b"\x40\x00" + body,  # TURN channel data
        ]
    )


def client_hello(chance: random.Random) -> bytes:
    """The first flight of a DTLS client, well-formed as far as its headers go."""
    body = b"\xfe\xfd" + chance.randbytes(32) + b"\x00\x00\x00\x02\xc0\x2b\x01\x00"
    handshake = (
        b"\x01" + len(body).to_bytes(3, "big") + b"\x00\x00\x00\x00\x00" + len(body).to_bytes(3, "big")
    )
    record = handshake + body
    return b"\x16\xfe\xfd" + bytes(8) + struct.pack("!H", len(record)) + record


def named(chance: random.Random, username: str) -> bytes:
    """A STUN request with a transport's right name and a wrong signature, as one who listens can make it."""
    name = username.encode()
    attributes = struct.pack("!HH", 0x0006, len(name)) + name + bytes(-len(name) % 4)
    attributes += struct.pack("!HH", 0x0008, 20) + chance.randbytes(20)
    head = struct.pack("!HH", 0x0001, len(attributes)) + b"\x21\x12\xa4\x42" + chance.randbytes(12)
    return head + attributes


def spray(ports: Sequence[int], count: int, seed: int, usernames: Sequence[str] = ()) -> tuple[int, int]:
    """Send that many datagrams from a few sources; gives (sent, answered)."""
    chance = random.Random(seed)
    drawn = [garbage(chance) for _ in range(500)] + [
        named(chance, chance.choice(usernames or ["a:b"])) for _ in range(50)
    ]
    sent = answered = 0
    with ExitStack() as held:
        sources = [
            held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(_SOURCES)
        ]
        for n in range(count):
            with suppress(BlockingIOError):
                sources[n % _SOURCES].sendto(chance.choice(drawn), ("127.0.0.1", ports[n % len(ports)]))
                sent += 1
        for source in sources:
            source.settimeout(0.05)
            with suppress(TimeoutError):
                while source.recv(2048):
                    answered += 1
    return sent, answered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ports", type=int, nargs="+", required=True)
    parser.add_argument("--usernames", nargs="*", default=[])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sent, answered = spray(arguments.ports, arguments.count, arguments.seed, arguments.usernames)
    sys.stdout.write(f"{sent} {answered}\n")


if __name__ == "__main__":
    main()
