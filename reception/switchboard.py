"""Carries the notes of the use cases to the sockets: who hears which message.

Reads what it says from the database after the commit, so a message never
promises what was not kept.  Knows the hub, decides no rule.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import assert_never

from reception.domain.actors import seat_of_device, seat_of_person
from reception.domain.ids import DeviceId, PersonId, VisitId
from reception.domain.visits import VisitState
from reception.edge import Edge
from reception.refresher import Refresher
from reception.services import views
from reception.services.notes import (
    Admitted,
    Deed,
    DutyChanged,
    Invited,
    Notes,
    QueueChanged,
    RingStopped,
    RingWhy,
    RoomClosed,
    RoomOpened,
    Rung,
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
from signaling.room import Member

logger = logging.getLogger(__name__)

_PERSON_PREFIX = "p-"


class Switchboard:
    """`Carrier` of the edge; bound to edge and hub once both exist."""

    def __init__(self, *, countdown_ms: int, ring_s: float) -> None:
        self._countdown_ms = countdown_ms
        self._ring_s = ring_s
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
        return frozenset(
            PersonId(seat.removeprefix(_PERSON_PREFIX))
            for seat in self.hub.present()
            if seat.startswith(_PERSON_PREFIX)
        )

    async def carry(self, notes: Notes) -> None:
        """Carry deeds at once, in their order; views that are out of date follow by themselves."""
        for note in dict.fromkeys(notes):
            if isinstance(note, QueueChanged | VisitChanged | DutyChanged):
                self.refresher.mark(note)
                continue
            try:
                await self._carry_deed(note)
            except SignalingError as error:
                # The commit stands; a room or socket that is gone does not undo it.
                logger.warning("note.not_carried note=%s code=%s", type(note).__name__, error.code)

    async def _carry_deed(self, deed: Deed) -> None:
        match deed:
            case Rung(visit, people):
                await self.ring(visit, people)
            case RingStopped(visit, people, why):
                self._stop_ring(visit, people, why)
            case RoomOpened(visit):
                await self.open_room(visit, self._countdown_ms)
            case Invited(visit, person, by):
                await self._invite(visit, person, by)
            case Admitted(visit, seat):
                await self._admit(visit, seat)
            case RoomClosed(visit, why):
                await self.hub.close_room(RoomId(visit), why)
            case _:
                assert_never(deed)

    async def ring(self, visit: VisitId, people: Iterable[PersonId]) -> None:
        """Start these people's bells."""
        lines = {line.visit: line for line in await self.edge.read(views.queue_lines)}
        line = lines.get(visit)
        if line is None:
            return
        self.hub.send(
            [seat_of_person(person) for person in people],
            messages.Ring(
                visit=visit,
                ticket=line.ticket,
                place=line.place,
                matter_kinds=line.matter_kinds,
                direct=line.direct,
                raised_at=line.raised_at,
                answer_by_s=round(self._ring_s),
            ),
        )

    def _stop_ring(self, visit: VisitId, people: Iterable[PersonId], why: RingWhy) -> None:
        self.hub.send(
            [seat_of_person(person) for person in people],
            messages.RingStopped(visit=visit, why=why),
        )

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
        await self.hub.open_room(RoomId(visit), members, countdown_ms)

    async def _invite(self, visit: VisitId, person: PersonId, by: PersonId) -> None:
        async def read(work: Work) -> messages.Invite:
            row = await Visits(work.session).get(visit)
            place = await work.session.get_one(PlaceRow, row.place_id)
            host = await work.session.get_one(PersonRow, by)
            return messages.Invite(
                visit=visit,
                room=RoomId(visit),
                ticket=row.ticket,
                place=place.name,
                from_name=host.name,
                from_post=host.post,
            )

        self.hub.send([seat_of_person(person)], await self.edge.read(read))

    async def _admit(self, visit: VisitId, seat: SeatId) -> None:
        async def read(work: Work) -> Member | None:
            place = await Visits(work.session).participant(visit, seat)
            return await _member(work, place) if place and place.admitted_at else None

        member = await self.edge.read(read)
        if member is not None:
            await self.hub.admit(RoomId(visit), member)

    async def greet(self, seat: SeatId) -> None:
        """Tell a page that has just connected everything it may have missed."""
        if not seat.startswith(_PERSON_PREFIX):
            await self._greet_terminal(seat)
            return
        person = PersonId(seat.removeprefix(_PERSON_PREFIX))
        await self.show_duty(person)
        self.hub.send([seat], await self._queue_message())
        for visit in await self.edge.read(lambda work: views.running_rings(work, person)):
            await self.ring(visit, [person])

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
