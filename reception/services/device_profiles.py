"""Which camera, microphone and loudspeaker a terminal uses, kept for whatever browser it gets next.

Labels as the browser names them, nothing else: ids change with every profile.
A terminal reads and writes its own profile only; one that was enrolled anew in
the same room begins with what its predecessor there used last.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import select

from reception.domain.access import may
from reception.domain.actors import Terminal
from reception.domain.policy import Action
from reception.services.work import Work
from reception.store.line_tables import DeviceProfileRow
from reception.store.tables import DeviceRow


@dataclass(frozen=True, slots=True)
class Preference:
    """One chosen device.

    Attributes:
        label: as the browser names it.
        group: which housing it belongs to; tells two of one label apart within one browser profile.
    """

    label: str
    group: str


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """What a terminal uses; None where nobody has chosen."""

    camera: Preference | None = None
    microphone: Preference | None = None
    speaker: Preference | None = None


async def read_profile(work: Work, actor: Terminal) -> DeviceProfile:
    """Return the terminal's profile, else the newest one of its room, else an empty one."""
    may(actor, Action.KEEP_DEVICES)
    own = await work.session.get(DeviceProfileRow, actor.device)
    row = own or await _newest_of_room(work, actor)
    return _profile(json.loads(row.body)) if row else DeviceProfile()


async def keep_profile(work: Work, actor: Terminal, profile: DeviceProfile) -> None:
    """Replace the terminal's profile."""
    may(actor, Action.KEEP_DEVICES)
    body = json.dumps(asdict(profile), ensure_ascii=False)
    row = await work.session.get(DeviceProfileRow, actor.device)
    if row is None:
        work.session.add(DeviceProfileRow(device_id=actor.device, body=body, saved_at=work.now))
    else:
        row.body, row.saved_at = body, work.now


async def _newest_of_room(work: Work, actor: Terminal) -> DeviceProfileRow | None:
    query = (
        select(DeviceProfileRow)
        .join(DeviceRow, DeviceRow.id == DeviceProfileRow.device_id)
        .where(DeviceRow.place_id == actor.place)
        .order_by(DeviceProfileRow.saved_at.desc())
        .limit(1)
    )
    return (await work.session.execute(query)).scalar_one_or_none()


def _profile(kept: Mapping[str, Mapping[str, str] | None]) -> DeviceProfile:
    def one(kind: str) -> Preference | None:
        found = kept.get(kind)
        return Preference(found["label"], found["group"]) if found else None

    return DeviceProfile(camera=one("camera"), microphone=one("microphone"), speaker=one("speaker"))
