"""Kinds of fields: what a value on the wire may be, and how much of it. No IO, no clock."""

from datetime import datetime
from typing import Annotated, Final, Literal, dataclass_transform

import msgspec
from msgspec import Meta, Struct

from signaling.ids import RoomId, SeatId

MAX_FRAME_BYTES: Final = 64 * 1024
MAX_MEMBERS: Final = 6  # one sendrecv slot and four recvonly ones show the five others

# A pattern ends in \Z: in Python `$` would let a trailing line feed through.
Uuid = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", max_length=36)]
Seat = Annotated[SeatId, Meta(pattern=r"^[A-Za-z0-9_-]+\Z", max_length=64)]
Room = Annotated[RoomId, Meta(pattern=r"^[A-Za-z0-9_-]+\Z", max_length=64)]
VisitId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+\Z", max_length=64)]
Code = Annotated[str, Meta(pattern=r"^[a-z0-9_]+\Z", max_length=40)]
Label = Annotated[str, Meta(max_length=80)]
Sdp = Annotated[str, Meta(min_length=1, max_length=16 * 1024)]
# Something to read in it, and no control characters except tab and line feed.
Text = Annotated[
    str, Meta(pattern=r"^(?=[\s\S]*\S)[^\x00-\x08\x0b-\x1f\x7f]*\Z", min_length=1, max_length=2000)
]
Moment = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Slot = Annotated[int, Meta(ge=0, le=MAX_MEMBERS - 2)]
Sid = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+\Z", max_length=64)]
Secret = Annotated[str, Meta(min_length=1, max_length=128)]
Share = Annotated[float, Meta(ge=0, le=1)]
Amount = Annotated[float, Meta(ge=0, le=1e9)]

Phase = Literal["countdown", "live", "closed"]
# The ladder of a thin line, best first; what a sender still sends.
Rung = Literal["video_high", "video", "video_low", "stills", "audio", "text"]
# How the media path runs: directly to the relay, or through a TURN server over this transport.
Route = Literal["direct", "turn_udp", "turn_tcp", "turn_tls", "none"]
Hint = Literal["mic_silent", "camera_frozen", "camera_black", "page_hidden", "low_power"]
ResumeFailure = Literal["expired", "gap", "conflict"]
Device = Literal["E11", "E12", "E13", "E14", "E15"]
Reach = Literal["E21", "E22", "E23", "E24", "E25"]
Path = Literal["E31", "E32", "E33", "E34", "E35", "E41", "E42"]
Flow = Literal["E51", "E52", "E53", "E54", "E55"]
Policy = Literal["E61", "E62", "E63", "E64"]
Far = Literal["E71", "E72", "E73"]
Stage = Literal["devices_ready", "transport_up", "media_up", "media_down"]
SetUpCode = Device | Reach | Path | Flow | Policy | Far | Stage


# Subclasses inherit these options except kw_only; the decorator tells the type checker.
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Message(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """One JSON text frame."""
