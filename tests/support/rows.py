"""Rows to start a test from; a caller names only what matters to the test."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from reception.domain.ids import new_id
from reception.domain.roles import Role
from reception.domain.visits import OWES_OUTCOME, PendingReason, SuspendReason, VisitState
from reception.store.tables import (
    CaseRow,
    OutcomeRow,
    PersonRow,
    PlaceRow,
    RoleGrantRow,
    UnitRow,
    VisitRow,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_ANSWERED = OWES_OUTCOME | {VisitState.OUTCOME_LOGGED}


async def add_unit(session: AsyncSession, name: str = "东河镇") -> UnitRow:
    """Add a township."""
    unit = UnitRow(id=new_id(), kind="township", name=name)
    session.add(unit)
    await session.flush()
    return unit


async def add_place(session: AsyncSession, unit: UnitRow | None = None) -> PlaceRow:
    """Add a room, in a township of its own unless one is given."""
    unit = unit or await add_unit(session)
    place = PlaceRow(id=new_id(), code=new_id(), name="视频接访室", unit_id=unit.id)
    session.add(place)
    await session.flush()
    return place


async def add_person(
    session: AsyncSession,
    username: str | None = None,
    *roles: Role,
    unit: UnitRow | None = None,
    password_hash: str = "",
) -> PersonRow:
    """Add an account with roles."""
    unit = unit or await add_unit(session)
    person = PersonRow(
        id=new_id(),
        username=username or new_id(),
        name="王某",
        post="值班接访员",
        unit_id=unit.id,
        password_hash=password_hash,
        created_at=NOW,
    )
    session.add(person)
    await session.flush()
    session.add_all(RoleGrantRow(person_id=person.id, role=role) for role in roles)
    await session.flush()
    return person


async def add_case(session: AsyncSession, unit: UnitRow | None = None) -> CaseRow:
    """Add a case."""
    unit = unit or await add_unit(session)
    case = CaseRow(id=new_id(), number=new_id(), township_id=unit.id, opened_at=NOW)
    session.add(case)
    await session.flush()
    return case


async def add_visit(
    session: AsyncSession, state: VisitState = VisitState.REGISTERED, *, officer: PersonRow | None = None
) -> VisitRow:
    """Add a visit in a room and case of its own; an answered one gets its officer."""
    case, place = await add_case(session), await add_place(session)
    if state in _ANSWERED and officer is None:
        officer = await add_person(session)
    is_pending, is_suspended = state is VisitState.OUTCOME_PENDING, state is VisitState.SUSPENDED
    visit = VisitRow(
        id=new_id(),
        case_id=case.id,
        place_id=place.id,
        ticket=new_id(),
        visited_on=date(2026, 3, 2),
        state=VisitState.WRAP_UP if state is VisitState.OUTCOME_LOGGED else state,
        is_direct=False,
        is_anonymous=True,
        head_count=1,
        registered_at=NOW,
        answered_at=NOW + timedelta(minutes=2) if officer else None,
        officer_id=officer.id if officer else None,
        outcome_owner_id=officer.id if officer else None,
        pending_reason=PendingReason.STOPPED if is_pending else None,
        pending_since=NOW if is_pending else None,
        suspended_at=NOW if is_suspended else None,
        suspended_reason=SuspendReason.TERMINAL_GONE if is_suspended else None,
    )
    session.add(visit)
    await session.flush()
    if state is VisitState.OUTCOME_LOGGED:
        await add_outcome(session, visit)
        visit.state = VisitState.OUTCOME_LOGGED
        await session.flush()
    return visit


async def add_outcome(session: AsyncSession, visit: VisitRow) -> OutcomeRow:
    """Add the outcome of an answered visit."""
    if visit.officer_id is None:
        raise ValueError("a visit that nobody answered has no outcome")
    outcome = OutcomeRow(
        visit_id=visit.id,
        receipt=new_id(),
        code="answered_on_spot",
        asked_sealed="-",
        answer_sealed="-",
        next_sealed="-",
        owner_id=visit.officer_id,
        logged_by=visit.officer_id,
        logged_at=NOW,
    )
    session.add(outcome)
    await session.flush()
    return outcome
