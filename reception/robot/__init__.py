"""The rehearsal robot: a fictional visitor who calls the county from one room.

What the command line and the web server need of it is here and loads nothing of media.
"""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from reception.domain.errors import NotFound
from reception.robot import lock
from reception.settings import Settings


def main(settings: Settings, room: str) -> int:
    """Run one rehearsal from a room and return the exit code."""
    # Loads the media libraries, which take longer than any other command of the program.
    from reception.robot.run import run_once  # noqa: PLC0415

    return run_once(settings, room)


def start_robot_process(settings: Settings, room: str) -> int:
    """Start a robot as a process of its own, which outlives the caller, and return its process id.

    Raises:
        RobotRuns: the room has one already.
    """
    held = lock.take(lock_path(settings, room))
    try:
        with _open_log(settings, room) as log:
            process = subprocess.Popen(  # noqa: S603 - this program itself, with a room code as its argument
                [sys.executable, "-m", "reception", "robot", room],
                stdin=held,
                stdout=log,
                stderr=log,
                env=_environment(settings),
                start_new_session=True,
            )
    finally:
        os.close(held)
    # Somebody has to take note of its end, or it stays in the process table as long as this one runs.
    threading.Thread(target=process.wait, name=f"robot {room}", daemon=True).start()
    return process.pid


def lock_path(settings: Settings, room: str) -> Path:
    """Name the lock file of a room's robot."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return settings.data_dir / f"robot-{_plain(room)}.lock"


def memory_path(settings: Settings, room: str) -> Path:
    """Name the file in which a room's robot remembers its terminal."""
    return settings.data_dir / f"robot-{_plain(room)}.json"


def _plain(room: str) -> str:
    """Return a room's code, or raise NotFound for anything that would name a file elsewhere."""
    if not room.isalnum():
        raise NotFound
    return room


def _open_log(settings: Settings, room: str) -> BinaryIO:
    folder = settings.data_dir / "logs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / f"robot-{room}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(handle, "ab")


def _environment(settings: Settings) -> dict[str, str]:
    """Hand the settings on; the password of the demo accounts is none of a visitor's business."""
    values = {
        "LISTEN": settings.listen,
        "DATA_DIR": str(settings.data_dir.absolute()),
        "DATABASE_URL": settings.url,
        "ALLOWED_ORIGINS": json.dumps(sorted(settings.origins)),
    }
    inherited = {name: value for name, value in os.environ.items() if name != "RECEPTION_DEMO_PASSWORD"}
    return {**inherited, **{f"RECEPTION_{name}": value for name, value in values.items()}}
