"""What the database refuses by itself, on both kinds."""

# ruff: noqa: S608 - statements are put together from names of the schema

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from reception.domain.ids import new_id
from reception.domain.visits import ALLOWED, OWES_OUTCOME, VisitState
from reception.store.engine import Sessions
from reception.store.guards import APPEND_ONLY, guard_code
from reception.store.tables import AuditRow, UnsealRow, VisitEventRow, VisitRow
from tests.support.rows import NOW, add_outcome, add_person, add_visit

_LOGGED = VisitState.OUTCOME_LOGGED


async def _refusal(session: AsyncSession, statement: str, **values: object) -> str | None:
    """Run direct SQL and return the code that it was refused with."""
    with pytest.raises(DBAPIError) as refused:
        await session.execute(text(statement), values)
    assert isinstance(refused.value, IntegrityError)
    return guard_code(refused.value)


async def _row_in(session: AsyncSession, table: str) -> None:
    visit = await add_visit(session, _LOGGED)
    rows = {
        "visit_event": VisitEventRow(visit_id=visit.id, seq=1, at=NOW, kind="registered"),
        "unseal": UnsealRow(
            id=new_id(),
            case_id=visit.case_id,
            person_id=str(visit.officer_id),
            reason="call_back",
            unsealed_at=NOW,
        ),
        "audit_event": AuditRow(
            seq=1,
            at=NOW,
            actor="service",
            action="search",
            object_type="case",
            object_id="-",
            body="{}",
            previous_hash="0",
            hash="1",
        ),
    }
    if table in rows:
        session.add(rows[table])
        await session.flush()


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_a_row_of_the_record_is_never_changed(sessions: Sessions, table: str) -> None:
    async with sessions.write() as session:
        await _row_in(session, table)

        column = APPEND_ONLY[table][0]
        assert await _refusal(session, f"UPDATE {table} SET {column} = {column}") == "append_only"


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_a_row_of_the_record_is_never_removed(sessions: Sessions, table: str) -> None:
    async with sessions.write() as session:
        await _row_in(session, table)

        assert await _refusal(session, f"DELETE FROM {table}") == "append_only"


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_a_row_of_the_record_is_not_replaced_by_another(
    sessions: Sessions, table: str, any_database: str
) -> None:
    async with sessions.write() as session:
        await _row_in(session, table)

        statement = (
            f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
            if any_database == "sqlite"
            else f"TRUNCATE {table} CASCADE"
        )
        assert await _refusal(session, statement) == "append_only"


@pytest.mark.parametrize("before", VisitState)
async def test_only_the_table_s_steps_can_be_taken(sessions: Sessions, before: VisitState) -> None:
    async with sessions.write() as session:
        visit, officer = await add_visit(session, before), await add_person(session)
        if before in OWES_OUTCOME:
            await add_outcome(session, visit)
        step = (
            "UPDATE visit SET state = :after, officer_id = :officer, outcome_owner_id = :officer,"
            " answered_at = registered_at, pending_reason = 'stopped', suspended_at = registered_at,"
            " suspended_reason = 'terminal_gone' WHERE id = :id"
        )

        taken = {}
        for after in set(VisitState) - {before}:
            values = {"after": after, "officer": officer.id, "id": visit.id}
            taken[after] = await _outcome_of(session, step, values)

        refused = {after: _code_of(before) for after in taken}
        assert taken == refused | dict.fromkeys(ALLOWED[before].values(), None)


async def _outcome_of(session: AsyncSession, statement: str, values: dict[str, str]) -> str | None:
    """Try direct SQL and take it back; return the code of the refusal, if there was one."""
    savepoint = await session.begin_nested()
    try:
        await session.execute(text(statement), values)
    except IntegrityError as refused:
        return guard_code(refused) or "refused by something else"
    finally:
        await savepoint.rollback()
    return None


def _code_of(before: VisitState) -> str:
    """Name the refusal of a step that the table does not know."""
    if before is _LOGGED:
        return "outcome_final"
    return "outcome_required" if before in OWES_OUTCOME else "wrong_state"


@pytest.mark.parametrize("before", [VisitState.WRAP_UP, VisitState.OUTCOME_PENDING])
async def test_no_visit_is_logged_without_its_outcome(sessions: Sessions, before: VisitState) -> None:
    async with sessions.write() as session:
        visit = await add_visit(session, before)

        step = "UPDATE visit SET state = 'outcome_logged' WHERE id = :id"
        assert await _refusal(session, step, id=visit.id) == "outcome_required"


async def test_no_visit_is_born_logged(sessions: Sessions) -> None:
    async with sessions.write() as session:
        visit = await add_visit(session)
        copied = ", ".join(
            column.name
            for column in VisitRow.__table__.columns
            if column.name not in {"id", "ticket", "state"}
        )

        statement = (
            f"INSERT INTO visit (id, ticket, state, {copied})"
            f" SELECT 'other', 'other', 'outcome_logged', {copied} FROM visit WHERE id = :id"
        )
        assert await _refusal(session, statement, id=visit.id) == "outcome_required"


@pytest.mark.parametrize("state", [*sorted(OWES_OUTCOME), _LOGGED])
async def test_an_answered_visit_is_never_deleted(sessions: Sessions, state: VisitState) -> None:
    async with sessions.write() as session:
        visit = await add_visit(session, state)

        assert await _refusal(session, "DELETE FROM visit WHERE id = :id", id=visit.id) == "visit_answered"


async def test_a_visit_that_nobody_answered_can_be_deleted(sessions: Sessions) -> None:
    async with sessions.write() as session:
        visit = await add_visit(session)

        await session.execute(text("DELETE FROM visit WHERE id = :id"), {"id": visit.id})

        assert await session.scalar(text("SELECT count(*) FROM visit")) == 0


async def test_an_answered_visit_is_not_swept_away_with_its_table(
    sessions: Sessions, any_database: str
) -> None:
    async with sessions.write() as session:
        visit = await add_visit(session, VisitState.OUTCOME_PENDING)

        if any_database == "postgresql":
            assert await _refusal(session, "TRUNCATE visit CASCADE") == "append_only"
        else:
            replace = "INSERT OR REPLACE INTO visit SELECT * FROM visit WHERE id = :id"
            assert await _refusal(session, replace, id=visit.id) == "visit_answered"


async def test_nobody_s_call_can_not_begin(sessions: Sessions) -> None:
    async with sessions.write() as session:
        visit = await add_visit(session, VisitState.WAITING)

        step = "UPDATE visit SET state = 'in_call', answered_at = registered_at WHERE id = :id"
        assert await _refusal(session, step, id=visit.id) == "owner_required"


@pytest.mark.parametrize("state", sorted(OWES_OUTCOME))
@pytest.mark.parametrize("column", ["officer_id", "outcome_owner_id"])
async def test_a_visit_that_owes_an_outcome_keeps_its_people(
    sessions: Sessions, state: VisitState, column: str
) -> None:
    async with sessions.write() as session:
        visit = await add_visit(session, state)

        statement = f"UPDATE visit SET {column} = NULL WHERE id = :id"
        assert await _refusal(session, statement, id=visit.id) == "owner_required"


async def test_a_call_that_is_ended_behind_the_service_s_back_awaits_its_outcome(sessions: Sessions) -> None:
    async with sessions.write.begin() as session:
        visit = await add_visit(session, VisitState.IN_CALL)

    async with sessions.write.begin() as session:
        await session.execute(
            text("UPDATE visit SET ended_at = answered_at WHERE id = :id"), {"id": visit.id}
        )

    async with sessions.read() as session:
        found = await session.get_one(VisitRow, visit.id)
        assert (found.state, found.pending_reason) == ("outcome_pending", "ended_outside")
        assert found.pending_since is not None
        assert found.pending_since > NOW


async def test_a_call_that_the_service_ends_goes_to_its_form(sessions: Sessions) -> None:
    async with sessions.write.begin() as session:
        visit = await add_visit(session, VisitState.IN_CALL)
        visit.state, visit.ended_at = VisitState.WRAP_UP, NOW

    async with sessions.read() as session:
        found = await session.get_one(VisitRow, visit.id)
        assert (found.state, found.pending_reason) == ("wrap_up", None)
