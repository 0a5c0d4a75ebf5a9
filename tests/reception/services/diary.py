"""A township room, an official and who books them: appointments for tests."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import func, select

from reception.domain.actors import Actor, Officer
from reception.domain.ids import PersonId, PlaceId, new_id
from reception.domain.roles import Role
from reception.services import appointments, reallocation, room_blocks
from reception.services.appointments import Rules, Shift, Wish
from reception.services.reallocation import Reallocated
from reception.services.room_blocks import Blocked
from reception.services.work import Work
from scheduling.domain.slots import Edges, Span
from scheduling.store.appointment_tables import AppointmentRow, ClaimRow
from scheduling.store.appointments import Appointments
from scheduling.store.roster_tables import LeaveRow
from tests.support.factories import NOW, County

TEN = NOW + timedelta(hours=1)  # the county's clock stands at 09:00 of a Monday
QUARTER = timedelta(minutes=15)
RULES = Rules(timedelta(minutes=5), Edges(QUARTER, QUARTER))


@dataclass(slots=True)
class Diary:
    """A township room, an official, and those who arrange that they meet."""

    county: County
    room: PlaceId
    township: Officer
    office: Officer
    official: Officer

    @classmethod
    async def open(cls, county: County) -> Self:
        return cls(
            county,
            await county.room(),
            await county.officer(Role.TOWNSHIP_OFFICER),
            await county.officer(Role.PETITION_OFFICE),
            await county.officer(),
        )

    def wish(
        self,
        starts_at: datetime = TEN,
        *,
        room: PlaceId | None = None,
        official: Officer | None = None,
        liaison: PersonId | None = None,
        minutes: int = 30,
        case: str | None = None,
    ) -> Wish:
        person = (official or self.official).person
        return Wish(room or self.room, person, starts_at, minutes, liaison=liaison, case=case)

    async def hold(self, wish: Wish | None = None, *, by: Actor | None = None) -> AppointmentRow:
        wanted, actor = wish or self.wish(), by or self.township
        return await self.county.edge.run(lambda work: appointments.hold(work, actor, wanted, RULES))

    async def request(self, wish: Wish | None = None) -> AppointmentRow:
        row = await self.hold(wish)
        return await self.county.edge.run(lambda work: appointments.request(work, self.township, row.id))

    async def approved(self, wish: Wish | None = None) -> AppointmentRow:
        row = await self.request(wish)
        return await self.approve(row)

    async def approve(self, row: AppointmentRow, *, by: Officer | None = None) -> AppointmentRow:
        actor = by or self.office
        return await self.county.edge.run(lambda work: appointments.approve(work, actor, row.id))

    async def move(
        self, row: AppointmentRow, shift: Shift, *, by: Actor | None = None, version: int | None = None
    ) -> AppointmentRow:
        actor, seen = by or self.office, version or row.version
        return await self.county.edge.run(lambda work: appointments.move(work, actor, row.id, shift, seen))

    async def cancel(
        self, row: AppointmentRow, reason: str = "citizen_asked", *, by: Actor | None = None
    ) -> AppointmentRow:
        actor = by or self.township
        return await self.county.edge.run(lambda work: appointments.cancel(work, actor, row.id, reason))

    async def block(self, start: datetime, end: datetime) -> Blocked:
        span = Span(start, end)
        return await self.county.edge.run(
            lambda work: room_blocks.block(work, self.office, self.room, span, "repair")
        )

    async def give_away(self, person: PersonId, to: PersonId | None = None) -> Reallocated:
        day = TEN.date()
        return await self.county.edge.run(
            lambda work: reallocation.reallocate(work, self.office, person, day, to)
        )

    async def goes_on_leave(self, person: PersonId, start: datetime, end: datetime) -> None:
        async def add(work: Work) -> None:
            work.session.add(
                LeaveRow(
                    id=new_id(),
                    person=person,
                    kind="sick",
                    starts_at=start,
                    ends_at=end,
                    state="granted",
                    asked_by=person,
                    asked_at=work.now,
                )
            )

        await self.county.edge.run(add)

    async def row(self, appointment: str) -> AppointmentRow:
        found = await self.county.read(lambda work: Appointments(work.session).find(appointment))
        assert found is not None
        return found

    async def claims(self, appointment: str) -> int:
        query = select(func.count()).where(ClaimRow.appointment_id == appointment)
        return await self.county.read(lambda work: work.session.scalar(query)) or 0
