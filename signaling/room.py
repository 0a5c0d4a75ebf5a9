"""A room: who belongs to it, who is there, what phase it is in, and who sees whom in which slot.

No IO, no clock: time comes in as steady seconds, what is to be sent goes out as envelopes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from signaling.errors import NotJoined, OnHold, RoomClosed, RoomFull, UnknownRoom
from signaling.ids import RoomId, SeatId
from signaling.media.forwarding import Conditions, Phase, Place
from signaling.messages import MAX_MEMBERS, Peer, RoomState, ServerEvent


class Action(StrEnum):
    """What moves a room on."""

    ZERO = "zero"  # the server's countdown ran out
    CLOSE = "close"


PHASES: Final[Mapping[Phase, Mapping[Action, Phase]]] = {
    Phase.COUNTDOWN: {Action.ZERO: Phase.LIVE, Action.CLOSE: Phase.CLOSED},
    Phase.LIVE: {Action.CLOSE: Phase.CLOSED},
    Phase.CLOSED: {},
}


@dataclass(frozen=True, slots=True)
class Member:
    """Who may join, and what the others read under the picture; never said by the client."""

    seat: SeatId
    role: str
    name: str
    post: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event for one seat."""

    to: SeatId
    event: ServerEvent


@dataclass(frozen=True, slots=True)
class RoomView:
    """A room at one moment."""

    room: RoomId
    phase: Phase
    members: tuple[Place, ...]
    conditions: Conditions

    @property
    def present(self) -> frozenset[SeatId]:
        """Seats that have joined and not left."""
        return frozenset(member.seat for member in self.members if member.present)


@dataclass(slots=True)
class _Chair:
    member: Member
    present: bool = False
    audio: bool = False
    video: bool = False
    slots: dict[SeatId, int] = field(default_factory=dict)  # whom this member sees where

    def free_slot(self) -> int:
        taken = set(self.slots.values())
        return next(slot for slot in range(MAX_MEMBERS - 1) if slot not in taken)

    def leave(self) -> None:
        self.present = self.audio = self.video = False


class Room:
    """One room from the countdown to its close.

    Args:
        countdown_ms: from `now` until the room goes live by itself at the next `tick`.
        now: steady seconds; the same clock for every later call.
    """

    def __init__(
        self,
        room: RoomId,
        members: Iterable[Member],
        *,
        countdown_ms: int,
        now: float,
        conditions: Conditions | None = None,
    ) -> None:
        self.id = room
        self.phase = Phase.COUNTDOWN
        self.conditions = conditions or Conditions()
        self.zero_at = now + countdown_ms / 1000
        self._why = ""
        self._places: dict[SeatId, _Chair] = {}
        self._hands: list[SeatId] = []  # in the order of raising
        for member in members:
            self._add(member)

    def admit(self, member: Member, now: float) -> list[Envelope]:
        """Make someone a member, or change how a member is named.

        Raises:
            RoomFull: there are six members already.
            RoomClosed: the room is over.
        """
        self._refuse_closed()
        self._add(member)
        return self._tell(now)

    def remove(self, seat: SeatId, why: str, now: float) -> list[Envelope]:
        """End a membership; the removed seat sees its room closed, the others see it gone."""
        place = self._places.pop(seat, None)
        if place is None:
            return []
        for other in self._places.values():
            other.slots.pop(seat, None)
        self._lower(seat)
        farewell = RoomState(room=self.id, phase="closed", countdown_ms=0, why=why, private=False, peers=())
        return ([Envelope(seat, farewell)] if place.present else []) + self._tell(now)

    def join(self, seat: SeatId, now: float) -> list[Envelope]:
        """A member arrives, or says again that it is there.

        Raises:
            UnknownRoom: the seat is no member.
            RoomClosed: the room is over.
        """
        place = self._place(seat)
        self._refuse_closed()
        if place.present:
            return [Envelope(seat, self._snapshot(place, now))]
        place.present = True
        return self._tell(now)

    def leave(self, seat: SeatId, now: float) -> list[Envelope]:
        """A member goes; it may come back. Nothing happens when it was not there."""
        place = self._places.get(seat)
        if place is None or not place.present:
            return []
        place.leave()
        return self._tell(now)

    def media(self, seat: SeatId, *, audio: bool, video: bool, now: float) -> list[Envelope]:
        """A participant's microphone and camera, as the others should see them.

        Raises:
            UnknownRoom, NotJoined, RoomClosed
        """
        place = self._participant(seat)
        if (place.audio, place.video) == (audio, video):
            return []
        place.audio, place.video = audio, video
        return self._tell(now)

    def hand(self, seat: SeatId, *, up: bool, now: float) -> list[Envelope]:
        """A participant raises its hand, or takes it down; who raised it first stays first.

        A hand outlives a lost socket: whoever comes back has not lost the turn.

        Raises:
            UnknownRoom, NotJoined, RoomClosed
        """
        self._participant(seat)
        if up == (seat in self._hands):
            return []
        if up:
            self._hands.append(seat)
        else:
            self._lower(seat)
        return self._tell(now)

    def set_conditions(self, conditions: Conditions, now: float) -> list[Envelope]:
        """Make these the room's conditions, whole; the same ones again change nothing."""
        if conditions == self.conditions:
            return []
        self.conditions = conditions
        return self._tell(now)

    def check_may_speak(self, seat: SeatId) -> None:
        """Refuse whoever may not speak here now.

        Raises:
            UnknownRoom, NotJoined, RoomClosed
            OnHold: held, or left out of a private part.
        """
        self._participant(seat)
        if not self.conditions.admits(seat):
            raise OnHold

    def tick(self, now: float) -> list[Envelope]:
        """Go live when the countdown has run out; otherwise nothing."""
        if now < self.zero_at or not self._move(Action.ZERO):
            return []
        return self._tell(now)

    def close(self, why: str, now: float) -> list[Envelope]:
        """End the room for everyone; a second close changes nothing."""
        if not self._move(Action.CLOSE):
            return []
        self._why = why
        envelopes = self._tell(now)
        for place in self._places.values():
            place.leave()
        return envelopes

    def is_member(self, seat: SeatId) -> bool:
        return seat in self._places

    def is_present(self, seat: SeatId) -> bool:
        place = self._places.get(seat)
        return place is not None and place.present

    def view(self) -> RoomView:
        """The room as the forwarding rules and other readers see it."""
        return RoomView(
            room=self.id,
            phase=self.phase,
            members=tuple(
                Place(seat, place.present, MappingProxyType(dict(place.slots)))
                for seat, place in self._places.items()
            ),
            conditions=self.conditions,
        )

    def _lower(self, seat: SeatId) -> None:
        if seat in self._hands:
            self._hands.remove(seat)

    def _add(self, member: Member) -> None:
        known = self._places.get(member.seat)
        if known is not None:
            known.member = member
            return
        if len(self._places) >= MAX_MEMBERS:
            raise RoomFull
        newcomer = _Chair(member)
        for seat, place in self._places.items():
            place.slots[member.seat] = place.free_slot()
            newcomer.slots[seat] = newcomer.free_slot()
        self._places[member.seat] = newcomer

    def _move(self, action: Action) -> bool:
        after = PHASES[self.phase].get(action)
        if after is None:
            return False
        self.phase = after
        return True

    def _refuse_closed(self) -> None:
        if self.phase is Phase.CLOSED:
            raise RoomClosed

    def _place(self, seat: SeatId) -> _Chair:
        try:
            return self._places[seat]
        except KeyError:
            raise UnknownRoom from None

    def _participant(self, seat: SeatId) -> _Chair:
        place = self._place(seat)
        self._refuse_closed()
        if not place.present:
            raise NotJoined
        return place

    def _present(self) -> list[_Chair]:
        return [place for place in self._places.values() if place.present]

    def _tell(self, now: float) -> list[Envelope]:
        return [Envelope(place.member.seat, self._snapshot(place, now)) for place in self._present()]

    def _snapshot(self, receiver: _Chair, now: float) -> RoomState:
        remaining_ms = max(0, round((self.zero_at - now) * 1000)) if self.phase is Phase.COUNTDOWN else 0
        return RoomState(
            room=self.id,
            phase=self.phase.value,
            countdown_ms=remaining_ms,
            why=self._why,
            private=self.conditions.private is not None,
            peers=tuple(
                Peer(
                    seat=seat,
                    role=place.member.role,
                    name=place.member.name,
                    post=place.member.post,
                    present=place.present,
                    audio=place.audio,
                    video=place.video,
                    slot=receiver.slots.get(seat),
                    held=seat in self.conditions.held,
                    hand=self._hands.index(seat) + 1 if seat in self._hands else 0,
                    lead=seat == self.conditions.lead,
                    offered=seat == self.conditions.offered,
                    private=seat in (self.conditions.private or ()),
                )
                for seat, place in self._places.items()
            ),
        )
