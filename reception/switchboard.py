"""Carries the notes of the use cases to the sockets: who hears which message.

Reads what it says from the database after the commit, so a message never
promises what was not kept.  What a seat is told for certain stands in its
journal; of that the hub only learns that there is something new.  Knows the
hub, decides no rule.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import assert_never

from reception.domain.actors import person_of_seat, seat_of_device, seat_of_person
from reception.domain.ids import DeviceId, PersonId, VisitId
from reception.domain.visits import VisitState
from reception.edge import Edge
from reception.failpoints import reach
from reception.refresher import Refresher
from reception.services import views
from reception.services.facts import seats_of
from reception.services.notes import (
    Admitted,
    DutyChanged,
    Invited,
    Notes,
    QueueChanged,
    RingStopped,
    RoomClosed,
    RoomOpened,
    Rung,
    Said,
    View,
    VisitChanged,
)
from reception.services.work import Work
from reception.store.duty import Duty
from reception.store.tables import ParticipantRow, PersonRow, PlaceRow, UnitRow, VisitRow
from reception.store.visits import Visits
from signaling import messages
from signaling.errors import SignalingError
from signaling.hub import Hub
from signaling.ids import RoomId, SeatId
from signaling.messages import ServerEvent
from signaling.room import Member

logger = logging.getLogger(__name__)


class Switchboard:
    """`Carrier` of the edge; bound to edge and hub once both exist."""

    def __init__(self, *, countdown_ms: int) -> None:
        self._countdown_ms = countdown_ms
        self.refresher = Refresher()
        self._edge: Edge | None = None
        self._hub: Hub | None = None

    def bind(self, edge: Edge, hub: Hub) -> None:
        """Connect the two sides; both hold the switchboard, so neither can be given to its constructor."""
        self._edge, self._hub = edge, hub

    @property
    def edge(self) -> Edge:
        """The bound edge."""
        if self._edge is None:
            raise RuntimeError("bind() comes first")
        return self._edge

    @property
    def hub(self) -> Hub:
        """The bound hub."""
        if self._hub is None:
            raise RuntimeError("bind() comes first")
        return self._hub

    def people_present(self) -> frozenset[PersonId]:
        """Return the people whose desk is connected right now."""
        people = (person_of_seat(seat) for seat in self.hub.present())
        return frozenset(person for person in people if person is not None)

    def send(self, seats: Iterable[SeatId], event: ServerEvent) -> None:
        """Tell seats something that is of this moment only."""
        self.hub.send(seats, event)

    async def carry(self, notes: Notes) -> None:
        """Carry deeds at once, in their order; views that are out of date follow by themselves."""
        seats = seats_of(notes)
        if seats:
            reach("hub.before_wake")
            self.hub.wake(seats)
        for note in dict.fromkeys(notes):
            match note:
                case QueueChanged() | VisitChanged() | DutyChanged():
                    self.refresher.mark(note)
                case Rung() | RingStopped() | Invited() | Said():
                    continue  # in the journals
                case RoomOpened() | Admitted() | RoomClosed():
                    await self._carry(note)
                case _:
                    assert_never(note)

    async def _carry(self, deed: RoomOpened | Admitted | RoomClosed) -> None:
        try:
            match deed:
                case RoomOpened(visit):
                    await self.open_room(visit, self._countdown_ms)
                case Admitted(visit, seat):
                    await self._admit(visit, seat)
                case RoomClosed(visit, why):
                    await self.hub.close_room(RoomId(visit), why)
        except SignalingError as error:
            # The commit stands; a room or socket that is gone does not undo it.
            logger.warning("note.not_carried note=%s code=%s", type(deed).__name__, error.code)

    async def show(self, changed: Sequence[View]) -> None:
        """Show views anew: the queue to every desk, visits to those they concern, duty to the officer."""
        visits = {view.visit: None for view in changed if isinstance(view, VisitChanged)}
        if QueueChanged() in changed:
            queue = await self._queue_message()
            self.hub.send([seat_of_person(person) for person in self.people_present()], queue)
            visits.update({VisitId(row.visit): None for row in queue.rows})
        await self.show_visits(list(visits))
        for view in changed:
            if isinstance(view, DutyChanged):
                await self.show_duty(view.person)

    async def _queue_message(self) -> messages.Queue:
        lines = await self.edge.read(views.queue_lines)
        return messages.Queue(
            rows=tuple(
                messages.QueueRow(
                    visit=line.visit,
                    ticket=line.ticket,
                    place=line.place,
                    matter_kinds=line.matter_kinds,
                    raised_at=line.raised_at,
                    state=line.state,
                    direct=line.direct,
                )
                for line in lines[:200]
            )
        )

    async def show_visits(self, visits: list[VisitId]) -> None:
        """Tell terminals and participants where their visits stand."""
        if not visits:
            return

        async def read(work: Work) -> list[tuple[views.VisitStanding, list[SeatId]]]:
            found = []
            for standing in await views.standings(work, visits):
                row = await Visits(work.session).get(standing.visit)
                seats = {
                    SeatId(place.seat) for place in await Visits(work.session).participants(standing.visit)
                }
                if row.device_id is not None:
                    seats.add(seat_of_device(DeviceId(row.device_id)))
                found.append((standing, sorted(seats)))
            return found

        for standing, seats in await self.edge.read(read):
            self.hub.send(seats, _visit_message(standing))

    async def show_duty(self, person: PersonId) -> None:
        """Tell an officer the own duty state."""

        async def read(work: Work) -> messages.Duty:
            state, pending = await Duty(work.session).state_of(person)
            return messages.Duty(state=state.value, pending=pending)

        self.hub.send([seat_of_person(person)], await self.edge.read(read))

    async def open_room(self, visit: VisitId, countdown_ms: int) -> None:
        """Open the visit's room for everybody admitted to it; an open one stays as it is."""

        async def read(work: Work) -> list[Member]:
            return [await _member(work, place) for place in await Visits(work.session).participants(visit)]

        members = await self.edge.read(read)
        reach("room.before_open")
        await self.hub.open_room(RoomId(visit), members, countdown_ms)

    async def _admit(self, visit: VisitId, seat: SeatId) -> None:
        async def read(work: Work) -> Member | None:
            place = await Visits(work.session).participant(visit, seat)
            return await _member(work, place) if place and place.admitted_at else None

        member = await self.edge.read(read)
        if member is not None:
            await self.hub.admit(RoomId(visit), member)

    async def greet(self, seat: SeatId) -> None:
        """Tell a page that has just connected, or come back, every view as it is now; facts are not views."""
        person = person_of_seat(seat)
        if person is None:
            await self._greet_terminal(seat)
            return
        await self.show_duty(person)
        self.hub.send([seat], await self._queue_message())

    async def _greet_terminal(self, seat: SeatId) -> None:
        async def read(work: Work) -> list[VisitId]:
            device = DeviceId(seat.removeprefix("t-"))
            row = await Visits(work.session).latest_at_device(device, work.today)
            return [VisitId(row.id)] if row is not None else []

        await self.show_visits(await self.edge.read(read))

    async def reopen_rooms(self) -> None:
        """After a restart: every visit in a call gets its room back, without a new countdown."""

        async def read(work: Work) -> list[VisitId]:
            return [VisitId(row.id) for row in await Visits(work.session).in_states([VisitState.IN_CALL])]

        for visit in await self.edge.read(read):
            await self.open_room(visit, 0)


async def _member(work: Work, place: ParticipantRow) -> Member:
    """Name a participant as the others read it; a visitor is only ever a ticket number and a place."""
    if place.person_id is not None:
        person = await work.session.get_one(PersonRow, place.person_id)
        unit = await work.session.get_one(UnitRow, person.unit_id)
        return Member(SeatId(place.seat), place.role, person.name, f"{unit.name} {person.post}")
    visit = await work.session.get_one(VisitRow, place.visit_id)
    room = await work.session.get_one(PlaceRow, visit.place_id)
    return Member(SeatId(place.seat), place.role, visit.ticket, room.name)


def _visit_message(standing: views.VisitStanding) -> messages.Visit:
    return messages.Visit(
        visit=standing.visit,
        state=standing.state,
        position=standing.position,
        expected_minutes=standing.expected_minutes,
        officer_name=standing.officer_name,
        officer_post=standing.officer_post,
        callback_owner=standing.callback_owner,
        callback_by=standing.callback_by,
    )
