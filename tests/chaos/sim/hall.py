"""The server's rooms around the pure core: open while a visit is in call, closed when it is not."""

from collections.abc import Callable

from reception.domain.visits import VisitState
from signaling.client_messages import Join, Leave, Media
from signaling.errors import SignalingError
from signaling.ids import RoomId, SeatId
from signaling.media.forwarding import Phase
from signaling.room import Envelope, Member, Room
from signaling.server_messages import ServerEvent
from tests.chaos.sim.clockwork import Clockwork, Life
from tests.chaos.sim.disk import Tables

_COUNTDOWN_MS = 3_000


class Hall:
    """The rooms of one run of the server.

    Attributes:
        version: grows with every change of any room.
    """

    def __init__(
        self, life: Life, clockwork: Clockwork, deliver: Callable[[SeatId, ServerEvent], None]
    ) -> None:
        self.rooms: dict[str, Room] = {}
        self.version = 0
        self._life = life
        self._clockwork = clockwork
        self._deliver = deliver

    def reconcile(self, visit: str, tables: Tables) -> None:
        """Make the visit's room what the record says."""
        row, room = tables.visits[visit], self.rooms.get(visit)
        seats = tables.participants.get(visit, ())
        if row.state is VisitState.IN_CALL:
            if room is None:
                self._open(visit, seats)
                return
            for seat in seats:
                if not room.is_member(seat):
                    self._send(room.admit(_member(seat), self._clockwork.now))
        elif room is not None:
            del self.rooms[visit]
            self._send(room.close(row.state.value, self._clockwork.now))

    def act(self, seat: SeatId, command: Join | Leave | Media) -> str:
        """Carry out what a page wants; `ok` or the code of a refusal."""
        room = self.rooms.get(command.room)
        now = self._clockwork.now
        if room is None:
            return "unknown_room"
        try:
            match command:
                case Join():
                    self._send(room.join(seat, now))
                case Leave():
                    self._send(room.leave(seat, now))
                case Media():
                    self._send(room.media(seat, audio=command.audio, video=command.video, now=now))
        except SignalingError as refusal:
            return refusal.code
        return "ok"

    def is_participant(self, room: str, seat: SeatId) -> bool:
        found = self.rooms.get(room)
        return found is not None and found.is_present(seat)

    def vanished(self, seat: SeatId) -> None:
        for room in list(self.rooms.values()):
            self._send(room.leave(seat, self._clockwork.now))

    def _open(self, visit: str, seats: tuple[SeatId, ...]) -> None:
        room = Room(RoomId(visit), map(_member, seats), countdown_ms=_COUNTDOWN_MS, now=self._clockwork.now)
        self.rooms[visit] = room
        self.version += 1
        self._clockwork.later(_COUNTDOWN_MS, lambda: self._tick(room), "zero", visit, life=self._life)

    def _tick(self, room: Room) -> None:
        if room.phase is Phase.COUNTDOWN:
            self._send(room.tick(self._clockwork.now))

    def _send(self, envelopes: list[Envelope]) -> None:
        self.version += 1
        for envelope in envelopes:
            self._deliver(envelope.to, envelope.event)


def _member(seat: SeatId) -> Member:
    return Member(seat, "county", seat, "")
