"""The listening socket: opened once and handed on, so that it outlives the process that serves it.

While the web server is started anew, connections wait in the socket's backlog:
a page that comes back is answered late instead of being refused.
"""

import os
import socket
from collections.abc import Mapping

from reception.settings import Settings

BACKLOG = 1024  # every page of a county comes back within the same second
_FIRST_HANDED = 3  # SD_LISTEN_FDS_START of sd_listen_fds(3)


def bind(settings: Settings) -> socket.socket:
    """Take the address; nobody can connect before `listen`.

    Raises:
        OSError: the address is taken, or not of this machine.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    taken = socket.socket(family)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((settings.host, settings.port))
    except OSError:
        taken.close()
        raise
    return taken


def inherited(descriptor: int | None, environment: Mapping[str, str]) -> socket.socket | None:
    """Return the socket that this process was started with, if any.

    Args:
        descriptor: from the command line, as the supervisor hands it on; else systemd's is looked for.
    """
    if descriptor is None and environment.get("LISTEN_PID") == str(os.getpid()):
        descriptor = _FIRST_HANDED if int(environment.get("LISTEN_FDS", "0")) > 0 else None
    return None if descriptor is None else socket.socket(fileno=descriptor)
