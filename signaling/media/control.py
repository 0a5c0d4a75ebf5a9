"""Messages of the relay's control socket: newline-delimited JSON, one struct each."""

from typing import Annotated, Literal

import msgspec

from signaling.media.forwarding import Kind, Row

MAX_LINE_BYTES = 256 * 1024
PeerState = Literal["connecting", "connected", "failed", "closed"]

_Seat = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Id = Annotated[int, msgspec.Meta(ge=0)]


class Request(msgspec.Struct, frozen=True, tag_field="op", forbid_unknown_fields=True):
    """A question of the web server; `id` comes back in the answer."""

    id: _Id


class Open(Request, frozen=True, tag="open"):
    """Build a transport for a seat, in place of the one it may have."""

    peer: _Seat
    offer: Annotated[str, msgspec.Meta(max_length=16 * 1024)]


class Close(Request, frozen=True, tag="close"):
    """End a seat's transport; an unknown seat is no error."""

    peer: _Seat


class WireRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A `forwarding.Row` on the wire."""

    receiver: _Seat
    slot: Annotated[int, msgspec.Meta(ge=0, le=5)]
    sender: _Seat
    kind: Kind


class Forward(Request, frozen=True, tag="forward"):
    """Replace all rows of a room. Rows of seats without a transport wait for one."""

    room: _Seat
    rows: Annotated[list[WireRow], msgspec.Meta(max_length=512)]


class List(Request, frozen=True, tag="list"):
    """Ask for the transports and the rooms that the relay has."""


class Stats(Request, frozen=True, tag="stats"):
    """Ask for the counters of every transport and row."""


AnyRequest = Open | Close | Forward | List | Stats


class RowStats(msgspec.Struct, frozen=True):
    """What one row has carried since it was switched on. `thinned` were left out for a narrow line."""

    receiver: str
    slot: int
    sender: str
    kind: Kind
    packets: int
    bytes: int
    dropped: int
    nacks: int
    resent: int
    plis: int
    thinned: int = 0


class TrackStats(msgspec.Struct, frozen=True):
    """What a seat's own track has brought. `lost` is net of late and repeated packets, `recovered`
    were made again from a later one's redundancy."""

    kind: Kind
    packets: int
    bytes: int
    lost: int
    nacks: int
    plis: int
    keyframes: int
    recovered: int = 0


class PeerStats(msgspec.Struct, frozen=True):
    """One seat's transport. `remb_kbps` is what the seat says it can take; 0 = it said nothing."""

    peer: str
    state: PeerState
    port: int
    tracks: list[TrackStats]
    remb_kbps: int
    refused: int


class Answer(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="event", tag="answer"):
    """The reply to one request; which fields are set depends on its `op`."""

    id: int
    ok: bool
    code: str = ""
    answer: str = ""
    peers: dict[str, PeerState] = {}
    rooms: list[str] = []
    peer_stats: list[PeerStats] = []
    row_stats: list[RowStats] = []


class PeerStateEvent(msgspec.Struct, frozen=True, tag_field="event", tag="peer_state"):
    """A transport came up or ended."""

    peer: str
    state: PeerState


class Lost(msgspec.Struct, frozen=True, tag_field="event", tag="lost"):
    """A transport ended although nobody asked for it: the seat must offer again."""

    peer: str


AnyEvent = PeerStateEvent | Lost
AnyReply = Answer | PeerStateEvent | Lost


def to_wire(row: Row) -> WireRow:
    return WireRow(row.receiver, row.slot, row.sender, row.kind)
