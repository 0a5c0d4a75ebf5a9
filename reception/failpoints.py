"""Places where a test may have the process die, fail or stall: `RECEPTION_FAILPOINTS=name:n[:action]`.

Without that variable a failpoint is one look at an empty table.  It is honoured with the fictional
county alone: a service with real data refuses to start while it is set.
"""

import logging
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass

logger = logging.getLogger(__name__)

VARIABLE = "RECEPTION_FAILPOINTS"

# Every name that some module reaches; a name that is not here could never act, so it is refused.
NAMES = frozenset(
    {
        "edge.before_begin",  # a use case is about to ask for its transaction
        "edge.after_begin",
        "edge.before_commit",  # everything is written, nothing is kept
        "edge.after_commit",  # kept, and nobody was told
        "edge.after_carry",  # the sockets were told, the one who asked was not
        "answer.after_remember",  # the answer to a repetition is written
        "answer.before_send",
        "answer.after_send",
        "outcome.after_insert",  # the outcome stands, its visit does not say so yet
        "draft.after_save",
        "chat.after_insert",
        "journal.after_write",  # facts for seats are written
        "hub.before_wake",  # facts are kept, the hub has not read them
        "room.before_open",  # the call is kept, the relay's table is not sent
        "session.after_open",
        "session.before_rotate",
        "session.after_rotate",  # the new token is kept, the page has not heard it
        "sweep.before_deed",  # the sweeper has seen what is due
        "migration.after_step",  # one revision has run
        "migration.before_commit",
    }
)


class FailpointReached(Exception):
    """Raised where a test asked for it."""


class FailpointsRefused(Exception):
    """The variable is set where it must not be, or says what can not be done."""


@dataclass(slots=True)
class _Armed:
    left: int  # times to pass before it acts
    action: str  # kill | raise | sleep
    for_s: float = 0.0


_armed: dict[str, _Armed] = {}


def arm(environment: Mapping[str, str], *, demo: bool) -> None:
    """Read the variable: a comma-separated list of `name:n`, `name:n:raise` or `name:n:sleep=SECONDS`.

    `n` counts from 1: the n-th time that the name is reached in this process.  Without an action the
    process is killed, as `kill -9` does it.

    Raises:
        FailpointsRefused: it is set outside demo mode, or an entry can not be read.
    """
    wanted = environment.get(VARIABLE, "")
    if not wanted:
        return
    if not demo:
        raise FailpointsRefused(f"{VARIABLE} is for the demo county alone")
    for entry in wanted.split(","):
        name, armed = _read(entry)
        _armed[name] = armed
    logger.warning("failpoints.armed names=%s", ",".join(sorted(_armed)))


def _read(entry: str) -> tuple[str, _Armed]:
    name, _, rest = entry.partition(":")
    times, _, action = rest.partition(":")
    action, _, length = action.partition("=")
    if name not in NAMES or not times.isdigit() or action not in ("", "kill", "raise", "sleep"):
        raise FailpointsRefused(f"{VARIABLE} can not be read: {entry}")
    try:
        for_s = float(length or 0)
    except ValueError:
        raise FailpointsRefused(f"{VARIABLE} can not be read: {entry}") from None
    return name, _Armed(int(times), action or "kill", for_s)


def reach(name: str) -> None:
    """Do what was asked for here, if this is the time; usually nothing.

    Raises:
        FailpointReached: the action is `raise`.
    """
    if _armed and name in _armed:
        _act(name, _armed[name])


def _act(name: str, armed: _Armed) -> None:
    armed.left -= 1
    if armed.left != 0:
        return
    logger.warning("failpoint.reached name=%s action=%s", name, armed.action)
    if armed.action == "raise":
        raise FailpointReached(name)
    if armed.action == "sleep":
        time.sleep(armed.for_s)  # the whole process stands still, as it does when its disk hangs
        return
    os.kill(os.getpid(), signal.SIGKILL)
