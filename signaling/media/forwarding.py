"""Who receives what in a room. No IO, no clock: a pure function of the room."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from signaling.ids import SeatId

Kind = Literal["audio", "video"]
KINDS: tuple[Kind, Kind] = ("audio", "video")


class Phase(StrEnum):
    """Where a room stands; nothing is forwarded unless it is live."""

    COUNTDOWN = "countdown"
    LIVE = "live"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Place:
    """One member as the media plane sees it.

    Attributes:
        slots: which of this member's receiving slots shows which other seat. A seat that has no
            slot here is not shown to this member.
    """

    seat: SeatId
    present: bool
    slots: Mapping[SeatId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the service above has decided about a room's members.

    Attributes:
        held: put on hold one by one; they exchange nothing with anybody.
        private: while a private part lasts, the only ones who exchange; None while there is none.
        lead: who leads the talk; nothing is forwarded for that.
        offered: who is asked to lead it.
    """

    held: frozenset[SeatId] = frozenset()
    private: frozenset[SeatId] | None = None
    lead: SeatId | None = None
    offered: SeatId | None = None

    def admits(self, seat: SeatId) -> bool:
        """Say whether the seat sends and receives at all; whoever a private part does not name, does not."""
        return seat not in self.held and (self.private is None or seat in self.private)


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One line of the forwarding table: `receiver` gets `sender`'s track of `kind` in `slot`."""

    receiver: SeatId
    slot: int
    sender: SeatId
    kind: Kind


def rows(phase: str, members: Sequence[Place], conditions: Conditions) -> frozenset[Row]:
    """Say which tracks go where.

    Only a live room forwards: during the countdown nothing captured may reach anyone. Only
    present members whom the conditions admit send and receive, nobody receives itself, and a
    receiver's slot carries one sender. Where a room names two senders for one slot, the first
    member in order has it; the table stays sound even if its caller is not.
    """
    if phase != Phase.LIVE:
        return frozenset()
    present = [member for member in members if member.present and conditions.admits(member.seat)]
    return frozenset(row for receiver in present for row in _received_by(receiver, present))


def _received_by(receiver: Place, present: Sequence[Place]) -> Iterator[Row]:
    taken: set[int] = set()
    for sender in present:
        slot = receiver.slots.get(sender.seat)
        if slot is None or slot in taken or sender.seat == receiver.seat:
            continue
        taken.add(slot)
        for kind in KINDS:
            yield Row(receiver.seat, slot, sender.seat, kind)
