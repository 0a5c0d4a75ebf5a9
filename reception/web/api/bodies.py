"""Bodies of the JSON API: shapes and bounds; the rules live in the services."""

from datetime import date, datetime
from typing import Annotated, dataclass_transform

import msgspec
from msgspec import Meta, Struct

Short = Annotated[str, Meta(max_length=80)]
Text = Annotated[str, Meta(max_length=4000)]
Id = Annotated[str, Meta(max_length=64)]
Code = Annotated[str, Meta(max_length=40)]
# An aware point in time; one without a zone is refused.
Moment = Annotated[datetime, Meta(tz=True)]


# Subclasses inherit frozen and the rest; the decorator tells the type checker.
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Body(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A request's body; a field that is not named here refuses the request."""


class Nothing(Body, kw_only=True):
    """An empty object."""


class PublicKey(Struct, frozen=True, kw_only=True):
    """A P-256 public key as the browser exports it (RFC 7517, 6.2).

    Members that say nothing of the key itself, such as `key_ops`, are ignored.
    """

    kty: Code
    crv: Code
    x: Annotated[str, Meta(max_length=44)]
    y: Annotated[str, Meta(max_length=44)]


class Enrol(Body, kw_only=True):
    """Turn a browser into a room's terminal."""

    code: Short
    public_key: PublicKey
    name: Short = ""


class OpenDeviceSession(Body, kw_only=True):
    """A terminal proves that it holds its key."""

    nonce: Annotated[str, Meta(max_length=128)]
    roll: Annotated[str, Meta(max_length=128)]
    signature: Annotated[str, Meta(max_length=128)]


class PreferredDevice(Body, kw_only=True):
    """A camera, microphone or loudspeaker as the browser names it."""

    label: Annotated[str, Meta(min_length=1, max_length=200)]
    group: Annotated[str, Meta(max_length=128)] = ""


class DeviceProfileBody(Body, kw_only=True):
    """What this terminal uses from now on; null where nobody has chosen."""

    camera: PreferredDevice | None = None
    microphone: PreferredDevice | None = None
    speaker: PreferredDevice | None = None


class VisitorBody(Body, kw_only=True):
    """Who came."""

    name: Short
    id_number: Short = ""
    phone: Short = ""
    address: Annotated[str, Meta(max_length=400)] = ""


class RepresentativeBody(Body, kw_only=True):
    """A further named person of a group."""

    name: Short
    id_number: Short = ""
    phone: Short = ""


class GroupBody(Body, kw_only=True):
    """Several people in one matter."""

    head_count: int
    representatives: Annotated[list[RepresentativeBody], Meta(max_length=20)] = []


class MatterBody(Body, kw_only=True):
    """One issue."""

    kind: Code
    summary: Text


class Register(Body, kw_only=True):
    """A visit as the township officer registers it."""

    anonymous: bool
    visitor: VisitorBody | None = None
    group: GroupBody | None = None
    matters: Annotated[list[MatterBody], Meta(max_length=50)]
    direct: bool = False
    appointment: Id | None = None


class TownshipAnswerBody(Body, kw_only=True):
    """The township's own answer, and what the visitor says to it."""

    answer: Text
    satisfied: bool
    doubt: Text = ""
    officer: Id


class DeclarationBody(Body, kw_only=True):
    """Who is in the room."""

    present: Annotated[list[Code], Meta(max_length=10)]
    officer_left: bool = False
    confirmed: bool


class Raise(Body, kw_only=True):
    """Send the visit to the county."""

    declaration: DeclarationBody


class DutyOn(Body, kw_only=True):
    """The result of the device check and the test ring."""

    camera: bool
    microphone: bool
    ring_heard: bool


class Invite(Body, kw_only=True):
    """Whom to ask into the call."""

    person: Id


class DraftBody(Body, kw_only=True):
    """What the outcome form holds; `version` is the one that the page started from, 0 for none."""

    code: Code = ""
    asked: Annotated[str, Meta(max_length=8000)] = ""
    answer: Annotated[str, Meta(max_length=8000)] = ""
    next: Annotated[str, Meta(max_length=8000)] = ""
    due_on: date | None = None
    owner: Id = ""
    version: int = 0


class OutcomeBody(Body, kw_only=True):
    """The outcome that ends the visit."""

    code: Code
    asked: Annotated[str, Meta(max_length=8000)]
    answer: Annotated[str, Meta(max_length=8000)]
    next: Annotated[str, Meta(max_length=8000)]
    due_on: date | None = None
    owner: Id


class Unseal(Body, kw_only=True):
    """Why somebody wants to see who came."""

    reason: Code
    note: Annotated[str, Meta(max_length=2000)] = ""


class RobotBody(Body, kw_only=True):
    """In which room the rehearsal visitor appears."""

    room: Short
