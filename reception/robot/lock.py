"""One robot per room: a lock file that the system itself releases when the process ends."""

import fcntl
import os
from pathlib import Path

from reception.domain.errors import Refusal

STDIN = 0


class RobotRuns(Refusal):
    """A robot is calling from this room already."""

    code = "robot_runs"


def take(path: Path) -> int:
    """Take a room's lock and return the file it hangs on; closing the last copy gives it back.

    A child gets the lock as its standard input, so from the check in the
    parent to the work in the child nobody else can take it.

    Raises:
        RobotRuns: another process holds it.
    """
    handle = STDIN if _is_inherited(path) else os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # The lock belongs to the open file, which parent and child share: taking it twice is taking it once.
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise RobotRuns from None
    return handle


def _is_inherited(path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(STDIN), path.stat())
    except OSError:  # no lock file yet, or no standard input
        return False
