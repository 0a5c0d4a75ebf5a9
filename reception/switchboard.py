"""Carries the notes of the use cases to the sockets: who hears which message.

Reads what it says from the database after the commit, so a message never
promises what was not kept.  What a seat is told for certain stands in its
journal; of that the hub only learns that there is something new.  Knows the
hub, decides no rule.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Sequence
from typing import assert_never
from weakref import WeakValueDictionary

from reception.domain.actors import guest_of_seat, person_of_seat, seat_of_device, seat_of_person
from reception.domain.ids import DeviceId, PersonId, VisitId
from reception.domain.visits import VisitState
from reception.edge import Edge
from reception.failpoints import reach
from reception.refresher import Refresher
from reception.services import views
from reception.services.call_control import conditions_of
from reception.services.facts import seats_of
from reception.services.notes import (
    Admitted,
    ConditionsChanged,
    DutyChanged,
    Invited,
    Notes,
    QueueChanged,
    Removed,
    RingStopped,
    RoomClosed,
    RoomOpened,
    Rung,
    Said,
    View,
    VisitChanged,
)
from reception.services.work import Work
from reception.store.bringing_tables import GuestRow
from reception.store.duty import Duty
from reception.store.tables import ParticipantRow, PersonRow, PlaceRow, UnitRow, VisitRow
from reception.store.visits import Visits
from signaling import messages
from signaling.errors import SignalingError
from signaling.hub import Hub
from signaling.ids import RoomId, SeatId
from signaling.media.forwarding import Conditions
from signaling.messages import ServerEvent
from signaling.room import Member

logger = logging.getLogger(__name__)


class Switchboard:
    """`Carrier` of the edge; bound to edge and hub once both exist."""

    def __init__(self, *, countdown_ms: int) -> None:
        self._countdown_ms = countdown_ms
        self.refresher = Refresher()
        self._told_queues: dict[PersonId, messages.Queue] = {}
        self._turns: WeakValueDictionary[VisitId, asyncio.Lock] = WeakValueDictionary()
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
                case RoomOpened() | Admitted() | ConditionsChanged() | Removed() | RoomClosed():
                    await self._carry(note)
                case _:
                    assert_never(note)

    async def _carry(self, deed: RoomOpened | Admitted | ConditionsChanged | Removed | RoomClosed) -> None:
        try:
            match deed:
                case RoomOpened(visit):
                    await self.open_room(visit, self._countdown_ms)
                case Admitted(visit, seat):
                    await self._admit(visit, seat)
                case ConditionsChanged(visit):
                    await self._set_conditions(visit)
                case Removed(visit, seat, why):
                    await self.hub.remove(RoomId(visit), seat, why)
                case RoomClosed(visit, why):
                    await self.hub.close_room(RoomId(visit), why)
        except SignalingError as error:
            # The commit stands; a room or socket that is gone does not undo it.
            logger.warning("note.not_carried note=%s code=%s", type(deed).__name__, error.code)

    async def show(self, changed: Sequence[View]) -> None:
        """Show views anew: the queue to every desk, visits to those they concern, duty to the officer."""
        visits = {view.visit: None for view in changed if isinstance(view, VisitChanged)}
        if QueueChanged() in changed:
            visits.update(await self._show_queue(await self._desks(self.people_present())))
        await self.show_visits(list(visits))
        for view in changed:
            if isinstance(view, DutyChanged):
                await self.show_duty(view.person)

    async def _show_queue(
        self, people: Collection[PersonId], *, is_anew: bool = False
    ) -> dict[VisitId, None]:
        """Show each desk the queue as it may know it; return all that waits.

        Args:
            is_anew: the page knows nothing yet.
        """

        async def read(work: Work) -> tuple[list[views.QueueLine], dict[PersonId, list[views.QueueLine]]]:
            lines = await views.queue_lines(work)
            return lines, await views.queues(work, lines, people)

        waiting, queues = await self.edge.read(read)
        for person, lines in queues.items():
            message = _queue_message(lines)
            # Not told twice: that something moved in a queue that looks the same tells of what is hidden.
            if is_anew or self._told_queues.get(person) != message:
                self._told_queues[person] = message
                self.hub.send([seat_of_person(person)], message)
        return {line.visit: None for line in waiting}

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

        async def read(work: Work) -> tuple[list[Member], Conditions]:
            places = await Visits(work.session).participants(visit)
            return [await _member(work, place) for place in places], await conditions_of(work, visit)

        async with self._turn(visit):
            members, conditions = await self.edge.read(read)
            reach("room.before_open")
            await self.hub.open_room(RoomId(visit), members, countdown_ms, conditions)

    def _turn(self, visit: VisitId) -> asyncio.Lock:
        """Read a room's rows and carry them out in one go: what was read first must not be carried last."""
        return self._turns.setdefault(visit, asyncio.Lock())

    async def _set_conditions(self, visit: VisitId) -> None:
        async with self._turn(visit):
            conditions = await self.edge.read(lambda work: conditions_of(work, visit))
            await self.hub.set_conditions(RoomId(visit), conditions)

    async def _admit(self, visit: VisitId, seat: SeatId) -> None:
        async def read(work: Work) -> tuple[Member | None, Conditions]:
            place = await Visits(work.session).participant(visit, seat)
            is_in = place is not None and place.admitted_at is not None and place.removed_at is None
            member = await _member(work, place) if place is not None and is_in else None
            return member, await conditions_of(work, visit)

        async with self._turn(visit):
            member, conditions = await self.edge.read(read)
            # First: somebody may be let in on hold.
            await self.hub.set_conditions(RoomId(visit), conditions)
            if member is not None:
                await self.hub.admit(RoomId(visit), member)

    async def greet(self, seat: SeatId) -> None:
        """Tell a page that has just connected, or come back, every view as it is now; facts are not views."""
        person = person_of_seat(seat)
        if guest_of_seat(seat) is not None:
            return  # a guest's page asks for what it shows
        if person is None:
            await self._greet_terminal(seat)
            return
        await self.show_duty(person)
        if await self._desks([person]):
            await self._show_queue([person], is_anew=True)

    async def _desks(self, people: Collection[PersonId]) -> frozenset[PersonId]:
        """Return who of these people works at a desk: a liaison is on the line, too, but sees no queue."""
        return await self.edge.read(lambda work: Duty(work.session).without_liaisons(people))

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
    guest = guest_of_seat(SeatId(place.seat))
    if guest is not None:
        link = await work.session.get_one(GuestRow, guest)
        return Member(SeatId(place.seat), place.role, link.title, "")
    visit = await work.session.get_one(VisitRow, place.visit_id)
    room = await work.session.get_one(PlaceRow, visit.place_id)
    return Member(SeatId(place.seat), place.role, visit.ticket, room.name)


def _queue_message(lines: Sequence[views.QueueLine]) -> messages.Queue:
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
