"""The demo county's appointments: two weeks around today, and none of them twice."""

from collections import Counter

from sqlalchemy import select

from scheduling.domain.appointments import CLAIMS, AppointmentState
from scheduling.store.appointment_tables import AppointmentRow, ClaimRow, RoomBlockRow
from scheduling.store.appointments import plan_of
from tests.reception.demo.conftest import NOW, Seeded


async def appointments(county: Seeded) -> list[AppointmentRow]:
    async with county.sessions.read() as session:
        return list(await session.scalars(select(AppointmentRow).order_by(AppointmentRow.starts_at)))


async def test_there_are_appointments_before_and_after_today_in_several_rooms(county: Seeded) -> None:
    rows = await appointments(county)

    assert len({row.room_id for row in rows}) >= 5
    assert {row.state for row in rows if row.ends_at <= NOW} >= {"done", "no_show", "cancelled"}
    ahead = Counter(row.state for row in rows if row.starts_at > NOW)
    assert set(ahead) == {"approved", "requested"}
    assert sum(ahead.values()) >= 15


async def test_nobody_is_booked_twice(county: Seeded) -> None:
    standing = [row for row in await appointments(county) if row.state in CLAIMS]

    claims = Counter(claim for row in standing for claim in plan_of(row).claims())

    assert set(claims.values()) == {1}
    async with county.sessions.read() as session:
        ids = set(await session.scalars(select(ClaimRow.appointment_id)))
    assert {row.id for row in standing} <= ids


async def test_every_agreed_one_has_a_ticket_of_its_day_and_a_room_is_out_of_use(county: Seeded) -> None:
    rows = await appointments(county)

    agreed = [row for row in rows if row.state in (AppointmentState.APPROVED, AppointmentState.DONE)]
    assert all(row.ticket and row.held_on for row in agreed)
    async with county.sessions.read() as session:
        assert len(list(await session.scalars(select(RoomBlockRow)))) == 1
