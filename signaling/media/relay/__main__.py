"""Run the relay: `python -m signaling.media.relay --socket PATH --udp-ports 40000-40199`."""

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from pathlib import Path

import uvloop

from signaling.media.relay.ports import UdpPorts
from signaling.media.relay.server import ControlServer


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("aiortc").setLevel(logging.WARNING)
    arguments = _arguments()
    uvloop.run(serve(arguments.socket, arguments.udp_ports, arguments.host, arguments.exit_on_stdin_close))


async def serve(path: Path, ports: tuple[int, int], host: str, exit_on_stdin_close: bool) -> None:
    """Serve until SIGTERM, SIGINT or, where asked for, the end of standard input."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if exit_on_stdin_close:
        loop.add_reader(sys.stdin.fileno(), _read_stdin, stop)
    control = ControlServer(UdpPorts(host, *ports))
    listening = await control.start(path)
    ticking = loop.create_task(control.switchboard.run())
    # What the imports made stays for good: a collection need not look at it while packets wait.
    gc.collect()
    gc.freeze()
    logging.getLogger(__name__).info("relay_ready ports=%d-%d", *ports)
    waiting = loop.create_task(stop.wait())
    # A tick that raises is a bug: end loudly, the supervisor starts a fresh relay.
    await asyncio.wait([waiting, ticking], return_when=asyncio.FIRST_COMPLETED)
    listening.close()
    await control.aclose()
    waiting.cancel()
    if ticking.done():
        ticking.result()
    ticking.cancel()


def _read_stdin(stop: asyncio.Event) -> None:
    try:
        ended = not os.read(sys.stdin.fileno(), 4096)
    except OSError:
        ended = True
    if ended:
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m signaling.media.relay")
    parser.add_argument("--socket", type=Path, required=True, help="path of the control socket")
    parser.add_argument("--host", default="127.0.0.1", help="address that browsers reach")
    parser.add_argument("--udp-ports", type=_port_range, required=True, metavar="FIRST-LAST")
    parser.add_argument("--exit-on-stdin-close", action="store_true")
    return parser.parse_args()


def _port_range(text: str) -> tuple[int, int]:
    first, separator, last = text.partition("-")
    if not separator or not first.isdigit() or not last.isdigit():
        raise argparse.ArgumentTypeError("expected FIRST-LAST")
    return int(first), int(last)


if __name__ == "__main__":
    main()
