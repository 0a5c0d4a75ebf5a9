"""What a page says. No IO, no clock."""

from typing import Annotated, Final, Literal

from msgspec import Meta

from signaling.fields import (
    Amount,
    Count,
    Hint,
    Message,
    Room,
    Route,
    Rung,
    Sdp,
    Secret,
    SetUpCode,
    Share,
    Sid,
    Text,
    Uuid,
)


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


class Hand(Command, kw_only=True, tag="hand"):
    """Raise the own hand, or take it down."""

    room: Room
    up: bool


class SetUp(Command, kw_only=True, tag="set_up"):
    """Report a set-up stage reached or the reason code of a failure."""

    room: Room
    code: SetUpCode


class Chat(Command, kw_only=True, tag="chat"):
    """Say something in writing to everyone in the room."""

    room: Room
    text: Text


ClientCommand = Join | Leave | TransportOffer | TransportClose | Media | Hand | SetUp | Chat
ClientMessage = Hello | Resume | Pong | Ack | Quality | ClientCommand

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
    Hand,
    SetUp,
    Chat,
)
