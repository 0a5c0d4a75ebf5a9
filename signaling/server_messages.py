"""What the server says. No IO, no clock."""

from enum import IntEnum
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from signaling.fields import (
    MAX_MEMBERS,
    Amount,
    Code,
    Count,
    Hint,
    Label,
    Message,
    Moment,
    Phase,
    ResumeFailure,
    Room,
    Route,
    Rung,
    Sdp,
    Seat,
    Secret,
    Share,
    Sid,
    Slot,
    Text,
    Uuid,
    VisitId,
)


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
    held: bool
    hand: Annotated[int, Meta(ge=0, le=MAX_MEMBERS)]  # its turn among the raised hands, 0: not raised
    lead: bool
    offered: bool
    private: bool


class RoomState(Event, kw_only=True, tag="room_state"):
    """The whole room as this seat sees it; replaces what was known before."""

    room: Room
    phase: Phase
    countdown_ms: Count
    why: Annotated[str, Meta(max_length=40)]
    private: bool
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
