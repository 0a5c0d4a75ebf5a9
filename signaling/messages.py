"""The signalling protocol, typed: what may travel on `/ws`, in which direction, within which limits.

`docs/protocol.md` is normative for the meaning, this module for the shape. No IO, no clock.
"""

import re
from datetime import datetime
from enum import IntEnum
from typing import Annotated, Final, Literal, TypeVar, dataclass_transform

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from signaling.errors import ProtocolCode, ProtocolError
from signaling.ids import RoomId, SeatId

_T = TypeVar("_T")

PROTOCOL_VERSION: Final = 1
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


# Client to server


class Hello(Message, kw_only=True, tag="hello"):
    """First frame of a page: who it is, by a single-use ticket."""

    ticket: Secret
    proto: Count


class Resume(Message, kw_only=True, tag="resume"):
    """First frame of a page that comes back: a new ticket, and what it has seen of its session.

    `last_seq` is the newest event in unbroken order, `last_pos` the newest journal position,
    `last_result_cseq` says that every answer up to this command has arrived.
    """

    ticket: Secret
    proto: Count
    sid: Sid
    token: Secret
    last_seq: Count
    last_pos: Count
    last_result_cseq: Count


class Ack(Message, kw_only=True, tag="ack"):
    """Every event up to `seq` has arrived; the server may forget them."""

    seq: Count


class Quality(Message, kw_only=True, tag="quality"):
    """How good the line was in the last five seconds; a report that may be lost, so it has no answer.

    Rates in kbit/s, times in ms, shares from 0 to 1 of the interval, counts of the interval.
    """

    room: Room
    rung: Rung
    route: Route
    rtt_ms: Amount
    jitter_ms: Amount
    up_kbps: Amount
    down_kbps: Amount
    available_kbps: Amount
    up_loss: Share
    down_loss: Share
    concealed: Share
    freezes: Count
    frozen_ms: Amount
    fps_in: Amount
    fps_out: Amount
    width_in: Count
    height_in: Count
    width_out: Count
    height_out: Count
    nacks: Count
    plis: Count
    discarded: Count
    encode_ms: Amount
    decode_ms: Amount
    buffer_ms: Amount
    mic_level: Share
    far_level: Share
    mic_on: bool
    camera_on: bool
    limited_by: Literal["none", "cpu", "bandwidth", "other"]
    page_lag_ms: Amount
    resumes: Count
    hints: Annotated[tuple[Hint, ...], Meta(max_length=5)]


class Pong(Message, kw_only=True, tag="pong"):
    """Answer to `ping` with the same number."""

    n: Count


class Command(Message, kw_only=True):
    """A frame that is answered by `result` or `refused`; `id` is unique per login.

    `cseq` counts a session's commands from 1; 0 from a peer that never resumes.
    """

    id: Uuid
    cseq: Count = 0


class Join(Command, kw_only=True, tag="join"):
    """Take the seat's place in a room that the server opened for it."""

    room: Room


class Leave(Command, kw_only=True, tag="leave"):
    """Give the place in the room back; the membership stays."""

    room: Room


class TransportOffer(Command, kw_only=True, tag="transport_offer"):
    """Build or replace the seat's one media transport; the result carries the answer."""

    sdp: Sdp


class TransportClose(Command, kw_only=True, tag="transport_close"):
    """Take the seat's media transport down."""


class Media(Command, kw_only=True, tag="media"):
    """Own microphone and camera on or off, as the others should see it."""

    room: Room
    audio: bool
    video: bool


class SetUp(Command, kw_only=True, tag="set_up"):
    """Report a set-up stage reached or the reason code of a failure."""

    room: Room
    code: SetUpCode


class Chat(Command, kw_only=True, tag="chat"):
    """Say something in writing to everyone in the room."""

    room: Room
    text: Text


# Server to client


class Welcome(Message, kw_only=True, tag="welcome"):
    """The ticket was good and a new session began: this is how to resume it.

    `pos` is the journal's newest position: what is older is told as a whole instead.
    """

    seat: Seat
    sid: Sid
    resume_token: Secret
    window_s: Count
    pos: Count
    epoch: Annotated[str, Meta(max_length=64)]
    proto: Count
    build: Annotated[str, Meta(max_length=64)]
    server_time: Moment


class Resumed(Message, kw_only=True, tag="resumed"):
    """The session goes on: events follow from `replay_from`, the token is a new one.

    A new `epoch` says that the server was started anew: what was not in the journal is told as a whole.
    """

    sid: Sid
    resume_token: Secret
    epoch: Annotated[str, Meta(max_length=64)]
    replay_from: Count
    last_cseq: Count
    build: Annotated[str, Meta(max_length=64)]
    server_time: Moment


class ResumeFailed(Message, kw_only=True, tag="resume_failed"):
    """The session is over; `welcome` of a new one follows on the same socket, except after `conflict`."""

    reason: ResumeFailure
    last_cseq: Count


class Ping(Message, kw_only=True, tag="ping"):
    """The server asks for a sign of life."""

    n: Count


class Result(Message, kw_only=True, tag="result"):
    """The command `re` was carried out."""

    re: Uuid
    ok: Literal[True] = True
    sdp: Sdp | UnsetType = UNSET
    at: Moment | UnsetType = UNSET


class Refused(Message, kw_only=True, tag="refused"):
    """The frame was not carried out; `re` is absent when it had no readable id."""

    code: Code
    re: Uuid | UnsetType = UNSET


class Event(Message, kw_only=True):
    """Something that happened. The hub numbers the events of a session from 1, without gaps.

    `pos` is the event's place in the seat's journal; 0 for one that is not kept.
    """

    seq: Count = 0
    pos: Count = 0


class Peer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One member of a room as a receiver sees it; `slot` is null for the receiver itself."""

    seat: Seat
    role: Code
    name: Label
    post: Label
    present: bool
    audio: bool
    video: bool
    slot: Slot | None


class RoomState(Event, kw_only=True, tag="room_state"):
    """The whole room as this seat sees it; replaces what was known before."""

    room: Room
    phase: Phase
    countdown_ms: Count
    why: Annotated[str, Meta(max_length=40)]
    peers: Annotated[tuple[Peer, ...], Meta(max_length=MAX_MEMBERS)]


class ChatLine(Event, kw_only=True, tag="chat"):
    """A line of the room's conversation, kept by the server before anybody sees it."""

    room: Room
    from_seat: Seat
    text: Text
    at: Moment


class TransportLost(Event, kw_only=True, tag="transport_lost"):
    """The seat's media transport is gone on the server's side: offer again."""


class Ring(Event, kw_only=True, tag="ring"):
    """A visit asks for this officer."""

    visit: VisitId
    ticket: Label
    place: Label
    matter_kinds: Annotated[tuple[Code, ...], Meta(max_length=20)]
    direct: bool
    raised_at: Moment
    answer_by_s: Count


class RingStopped(Event, kw_only=True, tag="ring_stopped"):
    """The ring is over, whoever ended it."""

    visit: VisitId
    why: Literal["answered", "declined", "cancelled", "unanswered", "off_duty"]


class QueueRow(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One waiting visit."""

    visit: VisitId
    ticket: Label
    place: Label
    matter_kinds: Annotated[tuple[Code, ...], Meta(max_length=20)]
    raised_at: Moment
    state: Code
    direct: bool


class Queue(Event, kw_only=True, tag="queue"):
    """The whole waiting queue in calling order; replaces what was known before."""

    rows: Annotated[tuple[QueueRow, ...], Meta(max_length=200)]


class Visit(Event, kw_only=True, tag="visit"):
    """Where the visit stands, for its terminal and its participants."""

    visit: VisitId
    state: Code
    position: Count | None = None
    expected_minutes: Count | None = None
    officer_name: Label | None = None
    officer_post: Label | None = None
    callback_owner: Label | None = None
    callback_by: Moment | None = None


class Duty(Event, kw_only=True, tag="duty"):
    """The officer's own duty state."""

    state: Literal["off", "ready", "busy", "blocked"]
    reason: Code | None = None
    pending: Count = 0


class Invite(Event, kw_only=True, tag="invite"):
    """An officer in a call asks this one to join it."""

    visit: VisitId
    room: Room
    ticket: Label
    place: Label
    from_name: Label
    from_post: Label


class LineQuality(Event, kw_only=True, tag="line_quality"):
    """How a participant's line is, for the officials in the room; `score` from 0 (none) to 100 (good)."""

    room: Room
    of_seat: Seat
    score: Annotated[int, Meta(ge=0, le=100)]
    rung: Rung
    route: Route
    rtt_ms: Amount
    loss: Share
    hints: Annotated[tuple[Hint, ...], Meta(max_length=5)]
    at: Moment


class Gone(Event, kw_only=True, tag="gone"):
    """The server closes the socket next, for this reason."""

    code: Code


ClientCommand = Join | Leave | TransportOffer | TransportClose | Media | SetUp | Chat
ClientMessage = Hello | Resume | Pong | Ack | Quality | ClientCommand
ServerEvent = (
    RoomState
    | ChatLine
    | TransportLost
    | Ring
    | RingStopped
    | Queue
    | Visit
    | Duty
    | Invite
    | LineQuality
    | Gone
)
ServerMessage = Welcome | Resumed | ResumeFailed | Ping | Result | Refused | ServerEvent

CLIENT_MESSAGES: Final = (
    Hello,
    Resume,
    Pong,
    Ack,
    Quality,
    Join,
    Leave,
    TransportOffer,
    TransportClose,
    Media,
    SetUp,
    Chat,
)
SERVER_MESSAGES: Final = (
    Welcome,
    Resumed,
    ResumeFailed,
    Ping,
    Result,
    Refused,
    RoomState,
    ChatLine,
    TransportLost,
    Ring,
    RingStopped,
    Queue,
    Visit,
    Duty,
    Invite,
    LineQuality,
    Gone,
)


class CloseCode(IntEnum):
    """Why the server closed a socket; docs/protocol.md says what the page does then."""

    PROTOCOL = 4400
    TICKET = 4401
    SILENT = 4408
    TAKEN_OVER = 4409
    REVOKED = 4410
    TOO_LARGE = 4413
    FLOOD = 4429
    RESTART = 1012


class _Head(Struct):
    """What can be read of a frame that is otherwise wrong."""

    id: object = None


_client: Final[msgspec.json.Decoder[ClientMessage]] = msgspec.json.Decoder(ClientMessage)
_server: Final[msgspec.json.Decoder[ServerMessage]] = msgspec.json.Decoder(ServerMessage)
_head: Final = msgspec.json.Decoder(_Head)
_encoder: Final = msgspec.json.Encoder()
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def decode_client(frame: bytes) -> ClientMessage:
    """Read one frame of a page.

    Raises:
        ProtocolError: `too_large`, `malformed`, `unknown_type`, `unknown_field` or `bad_value`,
            with the command's id where the frame has a readable one.
    """
    return _decode(_client, frame)


def decode_server(frame: bytes) -> ServerMessage:
    """Read one frame of the server, for peers written in Python; raises like `decode_client`."""
    return _decode(_server, frame)


def encode(message: ClientMessage | ServerMessage) -> bytes:
    """Write one frame."""
    return _encoder.encode(message)


def _decode(decoder: msgspec.json.Decoder[_T], frame: bytes) -> _T:
    if len(frame) > MAX_FRAME_BYTES:
        raise ProtocolError("too_large")
    try:
        message: _T = decoder.decode(frame)
    except msgspec.ValidationError as error:
        raise ProtocolError(_code_of(str(error)), re=_readable_id(frame)) from None
    # UnicodeDecodeError is a ValueError; RecursionError comes from deep nesting.
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise ProtocolError("malformed") from None
    return message


def _code_of(complaint: str) -> ProtocolCode:
    """Sort msgspec's sentence; the version is pinned and the samples hold every kind."""
    if complaint.endswith(("`$.type`", "required field `type`")):
        return "unknown_type"
    if complaint.startswith("Object contains unknown field"):
        return "unknown_field"
    if complaint.startswith("Expected `object`") and " - at " not in complaint:
        return "malformed"
    return "bad_value"


def _readable_id(frame: bytes) -> str | None:
    try:
        found = _head.decode(frame).id
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return found if isinstance(found, str) and _UUID.fullmatch(found) else None
