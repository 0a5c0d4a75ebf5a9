"""What a robot's terminal remembers from one run to the next: its id, key and newest roll."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from reception.robot.key import DeviceKey


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A terminal that the service knows.

    Attributes:
        roll: must be shown at the next start, and is replaced by it.
    """

    device: str
    roll: str = field(repr=False)
    key: DeviceKey


@dataclass(frozen=True, slots=True)
class Memory:
    """The file in which an enrolment is kept; nobody but its owner reads it."""

    path: Path

    def recall(self) -> Enrolment | None:
        """Return what was kept, or None; a damaged file counts as none, because a new code replaces it."""
        try:
            kept = json.loads(self.path.read_text())
            return Enrolment(str(kept["device"]), str(kept["roll"]), DeviceKey.from_text(kept["key"]))
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError):
            return None

    def keep(self, enrolment: Enrolment) -> None:
        """Replace the file as a whole; after a crash it holds the old or the new, never half of one."""
        text = json.dumps({"device": enrolment.device, "roll": enrolment.roll, "key": enrolment.key.text})
        draft = self.path.with_name(self.path.name + ".new")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)

    def forget(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)
