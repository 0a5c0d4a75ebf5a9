"""An appointment in the database, as agreed; what happens to it afterwards is up to the test."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from reception.domain.actors import Officer
from reception.domain.ids import PlaceId, new_id
from reception.domain.roles import Role
from reception.services import reminders
from reception.services.work import Work
from scheduling.domain.appointments import AppointmentState, Kind
from scheduling.store.appointment_tables import AppointmentRow
from tests.support.factories import County

_LENGTH = timedelta(minutes=30)


@dataclass(slots=True)
class Appointed:
    """One agreed appointment; every change goes through the reminders, as the service's own do."""

    county: County
    id: str
    room: PlaceId
    official: Officer
    township: Officer

    @classmethod
    async def at(cls, county: County, starts_at: datetime, *, official: Officer | None = None) -> Self:
        """Agree on an appointment that the township has asked for."""
        room = await county.room()
        official = official or await county.officer()
        township = await county.officer(Role.TOWNSHIP_OFFICER)
        row = AppointmentRow(
            id=new_id(),
            room_id=room,
            official_id=official.person,
            liaison_id=None,
            case_id=None,
            kind=Kind.VISIT,
            starts_at=starts_at,
            ends_at=starts_at + _LENGTH,
            briefing_min=0,
            wrap_up_min=0,
            state=AppointmentState.APPROVED,
            version=1,
            held_on=starts_at.date(),
            ticket=new_id()[:5],
            note_sealed=None,
            asked_by=township.seat,
            asked_at=county.clock.now,
        )

        async def add(work: Work) -> None:
            work.session.add(row)
            await work.session.flush()
            await reminders.plan(work, row)

        await county.edge.run(add)
        return cls(county, row.id, room, official, township)

    async def change(self, **changes: object) -> None:
        """Change columns, e.g. `starts_at`, `room_id`, `state`; a new beginning keeps the length."""

        async def use_case(work: Work) -> None:
            row = await work.session.get_one(AppointmentRow, self.id)
            for name, value in changes.items():
                setattr(row, name, value)
            if isinstance(starts_at := changes.get("starts_at"), datetime):
                row.ends_at = starts_at + _LENGTH
            row.version += 1
            await work.session.flush()
            await reminders.plan(work, row)

        await self.county.edge.run(use_case)

    async def row(self) -> AppointmentRow:
        """Return the appointment as it is now."""
        return await self.county.read(lambda work: work.session.get_one(AppointmentRow, self.id))
