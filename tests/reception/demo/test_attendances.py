"""The demo county's attendance: the page has something to say, and somebody still owes a reason."""

from datetime import timedelta

from sqlalchemy import func, select

from reception.domain.actors import Officer
from reception.domain.attendance import ABSENT
from reception.domain.ids import PersonId
from reception.domain.roles import Role
from reception.services import attendance
from reception.services.work import Work
from reception.store.bringing_tables import AttendanceRow
from reception.store.tables import MatterRow, PersonRow
from tests.reception.demo.conftest import NOW, Seeded

SHOWN = timedelta(days=90)


async def test_departments_were_asked_came_and_gave_reasons(county: Seeded) -> None:
    async with county.sessions.read() as session:
        work = Work(session, NOW, county.vault, county.audit)
        row = (await session.scalars(select(PersonRow).where(PersonRow.username == "office1"))).one()
        roles = frozenset({Role.PETITION_OFFICE})
        office = Officer(PersonId(row.id), "office1", row.name, row.post, row.unit_id, roles, "test")

        units = await attendance.by_unit(work, office, NOW - SHOWN, NOW)

    assert len(units) >= 4
    assert sum(unit.asked for unit in units) == 8
    assert sum(unit.came for unit in units) == 5
    assert sum(unit.unexplained for unit in units) == 1
    lines = [line for unit in units for line in unit.lines]
    assert all((line.presence in ABSENT) is (line.joined_at is None) for line in lines)
    assert any(line.instead_of for line in lines)
    assert len({line.absence for line in lines if line.absence}) == 2


async def test_no_department_was_asked_into_a_call_in_which_something_was_reported(county: Seeded) -> None:
    reported = select(MatterRow.visit_id).where(MatterRow.kind == "report")
    query = select(func.count()).where(
        AttendanceRow.visit_id.in_(reported), AttendanceRow.role == Role.DEPARTMENT_LIAISON
    )

    async with county.sessions.read() as session:
        assert await session.scalar(query) == 0
