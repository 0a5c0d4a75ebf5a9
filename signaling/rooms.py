"""The open rooms: carries what a room decides to sockets, media plane and observer."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from signaling.clock import Clock
from signaling.errors import UnknownRoom
from signaling.forwarder import Forwarder
from signaling.ids import RoomId, SeatId
from signaling.limits import Limits
from signaling.media.forwarding import Conditions, Phase, rows
from signaling.messages import ServerEvent
from signaling.ports import RoomObserver
from signaling.room import Envelope, Member, Room, RoomView
from signaling.tasks import Notices, Tasks


class Rooms:
    """Owner of every room of this node; all changes happen on the event loop, without locks."""

    def __init__(
        self,
        *,
        observer: RoomObserver,
        notices: Notices,
        forwarder: Forwarder,
        deliver: Callable[[SeatId, ServerEvent], None],
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._observer = observer
        self._notices = notices
        self._forwarder = forwarder
        self._deliver = deliver
        self._clock = clock
        self._limits = limits
        self._rooms: dict[RoomId, Room] = {}
        self._timers = Tasks()

    async def open(
        self, room: RoomId, members: Sequence[Member], countdown_ms: int, conditions: Conditions
    ) -> None:
        """Open a room under these conditions, or make sure that an open one has them and these members."""
        known = self._rooms.get(room)
        if known is not None:
            self._apply(known, known.set_conditions(conditions, self._now()))
            for member in members:
                self._apply(known, known.admit(member, self._now()))
            return
        opened = Room(room, members, countdown_ms=countdown_ms, now=self._now(), conditions=conditions)
        self._rooms[room] = opened
        self._tick(opened)
        if opened.phase is Phase.COUNTDOWN:
            self._timers.spawn(self._count_down(opened), f"countdown {room}")
        else:
            self._timers.spawn(self._restore(opened), f"restore {room}")

    async def admit(self, room: RoomId, member: Member) -> None:
        """Add a member to an open room.

        Raises:
            UnknownRoom, RoomFull
        """
        found = self._find(room)
        self._apply(found, found.admit(member, self._now()))

    async def remove(self, room: RoomId, seat: SeatId, why: str) -> None:
        """End a membership; on return the seat receives nothing any more, if the plane answers."""
        found = self._rooms.get(room)
        if found is None:
            return
        was_present = found.is_present(seat)
        self._apply(found, found.remove(seat, why, self._now()))
        if was_present:
            self._notice_left(room, seat, "removed")
        await self._forwarder.settled(room)

    async def set_conditions(self, room: RoomId, conditions: Conditions) -> None:
        """Change what is exchanged; on return it is so, if the plane answers. No error without a room."""
        found = self._rooms.get(room)
        if found is None:
            return
        self._apply(found, found.set_conditions(conditions, self._now()))
        await self._forwarder.settled(room)

    async def close(self, room: RoomId, why: str) -> None:
        """End a room; on return nothing is forwarded any more, if the plane answers."""
        closed = self._rooms.pop(room, None)
        if closed is None:
            return
        present = closed.view().present
        self._send(closed.close(why, self._now()))
        self._forwarder.forget(room)
        for seat in present:
            self._notice_left(room, seat, "closed")
        await self._forwarder.settled(room)

    def join(self, room: RoomId, seat: SeatId) -> None:
        """A member arrives.

        Raises:
            UnknownRoom
        """
        found = self._find(room)
        was_present = found.is_present(seat)
        self._apply(found, found.join(seat, self._now()))
        if not was_present:
            self._notices.post(seat, "joined", lambda: self._observer.joined(room, seat))

    def leave(self, room: RoomId, seat: SeatId, why: str) -> None:
        """A member goes and may come back.

        Raises:
            UnknownRoom: the seat is no member.
        """
        found = self.of_member(room, seat)
        if found.is_present(seat):
            self._apply(found, found.leave(seat, self._now()))
            self._notice_left(room, seat, why)

    def leave_all(self, seat: SeatId, why: str) -> None:
        """The seat's socket is gone, and with it its presence in every room."""
        for room in [room.id for room in self._rooms.values() if room.is_present(seat)]:
            self.leave(room, seat, why)

    def media(self, room: RoomId, seat: SeatId, *, audio: bool, video: bool) -> None:
        """A participant's microphone and camera went on or off.

        Raises:
            UnknownRoom, NotJoined
        """
        found = self._find(room)
        self._apply(found, found.media(seat, audio=audio, video=video, now=self._now()))

    def hand(self, room: RoomId, seat: SeatId, *, up: bool) -> None:
        """A participant raises its hand or takes it down.

        Raises:
            UnknownRoom, NotJoined
        """
        found = self._find(room)
        self._apply(found, found.hand(seat, up=up, now=self._now()))

    async def chat(self, room: RoomId, seat: SeatId, text: str, *, login: str, command: str) -> datetime:
        """Have the line kept; the journals of those admitted show it.

        Returns:
            The moment that is shown beside the line.

        Raises:
            UnknownRoom, NotJoined, OnHold: the seat may not speak here.
            SignalingError: the observer refused the line.
        """
        self._find(room).check_may_speak(seat)
        return await self._observer.chat(room, seat, text, login=login, command=command)

    def set_up(self, room: RoomId, seat: SeatId, code: str) -> None:
        """A member reports how its set-up goes; it need not have got as far as joining.

        Raises:
            UnknownRoom
        """
        self.of_member(room, seat)
        self._notices.post(seat, "set_up", lambda: self._observer.set_up(room, seat, code))

    def is_participant(self, room: RoomId, seat: SeatId) -> bool:
        found = self._rooms.get(room)
        return found is not None and found.is_present(seat)

    def forward_again(self, seat: SeatId) -> None:
        """Repeat the tables of the seat's rooms: its transport is new to the media plane."""
        for room in self._rooms.values():
            if room.is_present(seat):
                self._forward(room, again=True)

    def of_member(self, room: RoomId, seat: SeatId) -> Room:
        """The room as its member may know it.

        Raises:
            UnknownRoom: there is none, or none for this seat.
        """
        found = self._find(room)
        if not found.is_member(seat):
            raise UnknownRoom
        return found

    def view(self, room: RoomId) -> RoomView | None:
        found = self._rooms.get(room)
        return found.view() if found else None

    async def aclose(self) -> None:
        """Stop the timers; rooms end by `close` only, so a restart can reopen them."""
        await self._timers.aclose()

    def _find(self, room: RoomId) -> Room:
        try:
            return self._rooms[room]
        except KeyError:
            raise UnknownRoom from None

    def _now(self) -> float:
        return self._clock.steady()

    def _apply(self, room: Room, envelopes: list[Envelope]) -> None:
        self._send(envelopes)
        self._forward(room)

    def _send(self, envelopes: list[Envelope]) -> None:
        for envelope in envelopes:
            self._deliver(envelope.to, envelope.event)

    def _forward(self, room: Room, *, again: bool = False) -> None:
        view = room.view()
        self._forwarder.put(room.id, rows(view.phase, view.members, view.conditions), again=again)

    def _notice_left(self, room: RoomId, seat: SeatId, why: str) -> None:
        self._notices.post(seat, "left", lambda: self._observer.left(room, seat, why))

    def _tick(self, room: Room) -> None:
        was = room.phase
        envelopes = room.tick(self._now())
        if room.phase is was:
            return
        self._apply(room, envelopes)
        self._notices.post(room.id, "went_live", lambda: self._observer.went_live(room.id))

    async def _count_down(self, room: Room) -> None:
        while room.phase is Phase.COUNTDOWN:
            await asyncio.sleep(max(0.0, room.zero_at - self._now()))
            self._tick(room)

    async def _restore(self, room: Room) -> None:
        """Correct the plane's table of a reopened room once its members have had time to come back."""
        await asyncio.sleep(self._limits.restore_s)
        if self._rooms.get(room.id) is room:
            self._forward(room, again=True)
