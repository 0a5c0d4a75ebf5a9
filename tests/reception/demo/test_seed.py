"""The county in a database: counted by SQL, opened from the vault, verified link by link."""

import shutil
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text

from reception.demo.names import PHONE_PREFIX, REGION
from reception.demo.seed import ForeignDatabaseError
from reception.domain.actors import Officer
from reception.domain.ids import PersonId
from reception.domain.redaction import Level
from reception.domain.roles import Role
from reception.domain.visits import OWES_OUTCOME
from reception.keyring import Keyring
from reception.services import record
from reception.services.identities import people_of
from reception.services.passwords import Passwords
from reception.services.work import Work
from reception.store.engine import Sessions
from reception.store.numbers import next_number
from reception.store.tables import AuditRow, CaseRow, PersonRow, UnitRow, VisitRow
from tests.reception.demo.conftest import NOW, PASSWORD, Seeded

REPORTS_OF_YEAR = """
SELECT count(*) FROM matter JOIN visit ON visit.id = matter.visit_id
WHERE matter.kind = 'report' AND visit.visited_on BETWEEN :first AND :last
"""


async def number(county: Seeded, sql: str, **values: object) -> int:
    async with county.sessions.read() as session:
        return int((await session.execute(text(sql), values)).scalar_one())


async def officer(county: Seeded, username: str) -> Officer:
    async with county.sessions.read() as session:
        row = await session.scalar(select(PersonRow).where(PersonRow.username == username))
    assert row is not None
    return Officer(
        PersonId(row.id), username, row.name, row.post, row.unit_id, frozenset({Role.PETITION_OFFICE}), "test"
    )


async def test_the_ledger_reproduces_the_published_arithmetic(county: Seeded) -> None:
    before = await number(county, REPORTS_OF_YEAR, first="2024-01-01", last="2024-12-31")
    after = await number(county, REPORTS_OF_YEAR, first="2025-01-01", last="2025-12-31")

    assert (before, after) == (168, 127)
    assert round((after - before) / before * 100, 1) == -24.4


async def test_reports_give_the_same_count_by_matter_visit_and_case(county: Seeded) -> None:
    of_matters = "SELECT count({}) FROM matter JOIN visit ON visit.id = visit_id WHERE kind = 'report'"

    counts = {
        await number(county, of_matters.format(what))
        for what in ("*", "DISTINCT visit_id", "DISTINCT matter.case_id")
    }

    assert counts == {168 + 127 + 36}


async def test_two_cases_have_two_or_more_repeat_visits(county: Seeded) -> None:
    repeated = "SELECT count(*) FROM (SELECT case_id FROM visit GROUP BY case_id HAVING count(*) >= 3)"

    assert await number(county, repeated) == 2


async def test_no_visit_is_open_or_owes_an_outcome(county: Seeded) -> None:
    async with county.sessions.read() as session:
        states = set(await session.scalars(select(VisitRow.state).distinct()))
        unlogged = await session.scalar(
            text(
                "SELECT count(*) FROM visit WHERE answered_at IS NOT NULL"
                " AND id NOT IN (SELECT visit_id FROM outcome)"
            )
        )

    assert states == {"outcome_logged", "closed_satisfied", "cancelled"}
    assert not states & OWES_OUTCOME
    assert unlogged == 0


async def test_every_identity_is_fictional(county: Seeded) -> None:
    async with county.sessions.read() as session:
        work = Work(session, NOW, county.vault, county.audit)
        visits = (await session.scalars(select(VisitRow))).all()
        people = [person for visit in visits for person in await people_of(work, visit, Level.FULL)]

    assert len(people) > 300
    for person in people:
        assert person.id_number.startswith(REGION)
        assert not person.phone or person.phone.startswith(PHONE_PREFIX)
        assert not person.address or person.address.startswith("青禾县")


async def test_every_case_can_be_read_whole(county: Seeded) -> None:
    actor = await officer(county, "office1")
    async with county.sessions.write.begin() as session:
        work = Work(session, NOW, county.vault, county.audit)
        numbers = (await session.scalars(select(CaseRow.number).order_by(CaseRow.number))).all()
        told = [await record.read_case(work, actor, one) for one in numbers[:: len(numbers) // 40]]
        page = await record.list_cases(work, actor, record.CaseFilter())

    visits = [visit for case in told for visit in case.visits]
    assert page.total == len(await all_visits(county))
    assert all(visit.matters and visit.timeline for visit in visits)
    assert all(visit.outcome and visit.outcome.owner for visit in visits if visit.answered_at)


async def all_visits(county: Seeded) -> list[str]:
    async with county.sessions.read() as session:
        return list(await session.scalars(select(VisitRow.id)))


async def test_the_service_counts_on_where_the_history_ends(county: Seeded) -> None:
    async with county.sessions.write.begin() as session:
        taken = await session.scalar(
            select(func.max(CaseRow.number)).where(CaseRow.number.startswith("XF2026-"))
        )
        following = await next_number(session, "case", "2026")

    assert taken == f"XF2026-{following - 1:05d}"


async def test_numbers_have_no_gap(county: Seeded) -> None:
    async with county.sessions.read() as session:
        rows = (await session.execute(text("SELECT series, period, last FROM number_series"))).all()
        by_year = "SELECT substr(number, 3, 4), count(*) FROM case_file GROUP BY substr(number, 3, 4)"
        cases = {str(row[0]): int(row[1]) for row in await session.execute(text(by_year))}
        receipts = await session.scalar(text("SELECT count(*) FROM outcome"))

    assert {period: last for series, period, last in rows if series == "case"} == cases
    assert sum(last for series, _, last in rows if series == "receipt") == receipts


async def test_a_second_run_changes_nothing(county: Seeded) -> None:
    async with county.sessions.read() as session:
        before = await session.scalar(select(func.count()).select_from(AuditRow))

    made = await county.seed(seed_number=2)

    async with county.sessions.read() as session:
        assert await session.scalar(select(func.count()).select_from(AuditRow)) == before
        assert await session.scalar(select(func.count()).select_from(UnitRow)) == 44
    assert not made


async def test_a_new_password_opens_the_accounts_and_nobody_else(county: Seeded) -> None:
    made = await county.seed(password=SecretStr("another fictional phrase"))

    passwords = Passwords.insecure_fast()
    async with county.sessions.read() as session:
        rows = (await session.execute(select(PersonRow.username, PersonRow.password_hash))).all()
    opened = {user for user, kept in rows if await passwords.is_right(kept, "another fictional phrase")}
    old = {user for user, kept in rows if await passwords.is_right(kept, PASSWORD.get_secret_value())}
    assert not made
    assert len(opened) == 13
    assert {"duty1", "liaison-agriculture", "auditadmin"} <= opened
    assert not old


async def test_a_database_of_another_county_is_refused(sessions: Sessions) -> None:
    async with sessions.write.begin() as session:
        session.add(UnitRow(id="real", parent_id=None, kind="county", name="别的县", position=0))

    with pytest.raises(ForeignDatabaseError):
        await Seeded(sessions, Keyring.fresh()).seed()


async def test_the_guards_and_the_chain_hold_on_both_databases(sessions: Sessions) -> None:
    fresh = Seeded(sessions, Keyring.fresh())

    assert await fresh.seed()

    async with sessions.read() as session:
        verdict = await fresh.audit.verify(session)
        instants = (await session.scalars(select(AuditRow.at).order_by(AuditRow.seq))).all()
    assert verdict.ok
    assert verdict.count > 2000
    assert instants == sorted(instants)


async def test_two_runs_differ_in_nothing_but_keys_and_ciphertext(
    county: Seeded, migrated_sqlite: Path, tmp_path: Path
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "other.db")
    other = Seeded(Sessions.open(f"sqlite+aiosqlite:///{tmp_path / 'other.db'}"), Keyring.fresh())

    await other.seed()

    assert await plain_rows(other) == await plain_rows(county)
    await other.sessions.aclose()


PLAIN = (
    "SELECT id, parent_id, kind, name, position FROM unit",
    "SELECT id, username, name, post, unit_id FROM person",
    "SELECT person_id, role FROM role_grant",
    "SELECT id, code, name, unit_id FROM place",
    "SELECT id, place_id, name, enrolled_at, revoked_at FROM device",
    "SELECT * FROM case_file",
    "SELECT * FROM visit",
    "SELECT id, case_id, visit_id, kind FROM matter",
    "SELECT visit_id, answered_by, is_satisfied, answered_at FROM township_answer",
    "SELECT visit_id, role, position FROM identity",
    "SELECT * FROM visit_event",
    "SELECT * FROM ring",
    "SELECT * FROM participant",
    "SELECT * FROM promise",
    "SELECT * FROM declaration",
    "SELECT * FROM number_series",
    "SELECT visit_id, receipt, code, due_on, owner_id, logged_by, logged_at FROM outcome",
    "SELECT seq, at, actor, action, object_type, object_id, case_id FROM audit_event",
)


async def plain_rows(county: Seeded) -> list[list[tuple[object, ...]]]:
    async with county.sessions.read() as session:
        return [sorted(map(tuple, (await session.execute(text(query))).all()), key=repr) for query in PLAIN]
