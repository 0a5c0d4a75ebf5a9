"""The call part of a visit: one winner, one call per officer, and no way out without an outcome."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from reception.domain.actors import Officer
from reception.domain.duty import AlreadyAnswered, NotOnDuty, OfficerBusy, TooManyPending
from reception.domain.errors import NotAllowed, NotFound, Refusal
from reception.domain.ids import VisitId
from reception.domain.roles import COUNTY, UNGRANTED, Role
from reception.domain.visits import OWES_OUTCOME, PendingReason, VisitState, WrongState
from reception.services import visit
from reception.services.notes import Admitted, Invited, RingStopped, RoomClosed, RoomOpened
from reception.services.work import Work
from reception.store.guards import guard_code
from reception.store.tables import AuditRow, ParticipantRow, VisitEventRow
from reception.store.visits import Visits
from tests.support.factories import County, MadeVisit


async def invite(county: County, host: Officer, chosen: VisitId, guest: Officer) -> None:
    await county.edge.run(lambda work: visit.invite(work, host, chosen, guest.person))


async def join(county: County, guest: Officer, chosen: VisitId) -> None:
    await county.edge.run(lambda work: visit.join(work, guest, chosen))


def host_of(made: MadeVisit) -> Officer:
    assert made.officer is not None
    return made.officer


async def seats(county: County, chosen: VisitId) -> set[str]:
    """Return who may be in the visit's room."""
    rows = await county.read(lambda work: Visits(work.session).participants(chosen))
    return {row.seat for row in rows}


# Answering


async def test_answering_opens_the_room_for_terminal_and_officer(county: County) -> None:
    officer = await county.on_duty()
    made = await county.visit(VisitState.WAITING)

    await county.answers(officer, made.id)

    row = await county.row(made.id)
    assert (row.state, row.officer_id, row.outcome_owner_id) == ("in_call", officer.person, officer.person)
    assert row.answered_at == county.clock.now
    assert await seats(county, made.id) == {officer.seat, made.terminal.actor.seat}
    assert RoomOpened(made.id) in county.hall.notes


async def test_answering_silences_everybodys_bell_for_the_visit(county: County) -> None:
    officers = [await county.on_duty() for _ in range(3)]
    made = await county.visit(VisitState.WAITING)

    await county.answers(officers[0], made.id)

    stopped = [note for note in county.hall.of(RingStopped) if note.visit == made.id]
    assert {person for note in stopped for person in note.people} == {one.person for one in officers}
    assert {note.why for note in stopped} == {"answered"}


@pytest.mark.both_databases
async def test_of_twenty_officers_who_press_at_once_exactly_one_wins(county: County) -> None:
    officers = [await county.on_duty() for _ in range(20)]
    made = await county.visit(VisitState.WAITING)

    results = await asyncio.gather(
        *(county.answers(officer, made.id) for officer in officers), return_exceptions=True
    )

    winners = [officer for officer, result in zip(officers, results, strict=True) if result is None]
    assert len(winners) == 1
    assert all(isinstance(result, AlreadyAnswered) for result in results if result is not None), results
    assert (await county.row(made.id)).officer_id == winners[0].person
    answered = await county.read(
        lambda work: work.session.scalars(
            select(VisitEventRow.person_id).where(VisitEventRow.kind == "answered")
        )
    )
    assert list(answered) == [winners[0].person], "nothing of a loser is left"
    assert await seats(county, made.id) == {winners[0].seat, made.terminal.actor.seat}


@pytest.mark.both_databases
async def test_an_officer_who_presses_for_two_visits_at_once_gets_one(county: County) -> None:
    officer = await county.on_duty()
    waiting = [await county.visit(VisitState.WAITING) for _ in range(2)]

    results = await asyncio.gather(
        *(county.answers(officer, made.id) for made in waiting), return_exceptions=True
    )

    assert sum(result is None for result in results) == 1
    assert any(isinstance(result, OfficerBusy) for result in results), results
    states = sorted([await county.state(made.id) for made in waiting])
    assert states == [VisitState.IN_CALL, VisitState.WAITING]


async def test_an_officer_off_duty_answers_nothing(county: County) -> None:
    officer = await county.officer()
    made = await county.visit(VisitState.WAITING)

    with pytest.raises(NotOnDuty):
        await county.answers(officer, made.id)

    assert await county.state(made.id) is VisitState.WAITING


@pytest.mark.parametrize("state", [VisitState.IN_CALL, VisitState.WRAP_UP])
async def test_a_busy_officer_answers_nothing(county: County, state: VisitState) -> None:
    busy = host_of(await county.visit(state))
    made = await county.visit(VisitState.WAITING)

    with pytest.raises(OfficerBusy):
        await county.answers(busy, made.id)


async def test_an_officer_with_three_outcomes_owed_answers_nothing(county: County) -> None:
    officer = await county.on_duty()
    for _ in range(3):
        await county.visit(VisitState.OUTCOME_PENDING, officer=officer)
    made = await county.visit(VisitState.WAITING)

    with pytest.raises(TooManyPending):
        await county.answers(officer, made.id)


async def test_only_a_waiting_or_suspended_visit_is_answered(county: County) -> None:
    officer = await county.on_duty()

    for state in set(VisitState) - {VisitState.WAITING, VisitState.SUSPENDED}:
        made = await county.visit(state)
        before = await county.rows()

        with pytest.raises(AlreadyAnswered):
            await county.answers(officer, made.id)

        assert await county.state(made.id) is state
        assert await county.rows() == before


async def test_only_county_staff_answer(county: County) -> None:
    made = await county.visit(VisitState.WAITING)

    for role in set(Role) - COUNTY - UNGRANTED:
        stranger = await county.officer(role)
        with pytest.raises(NotAllowed):
            await county.answers(stranger, made.id)


# A third person


async def test_an_invited_colleague_is_admitted_only_after_accepting(county: County) -> None:
    made, guest = await county.visit(VisitState.IN_CALL), await county.on_duty()
    host = host_of(made)

    await invite(county, host, made.id, guest)
    assert guest.seat not in await seats(county, made.id)
    assert county.hall.of(Invited) == [Invited(made.id, guest.person, host.person)]

    await join(county, guest, made.id)
    assert guest.seat in await seats(county, made.id)
    assert county.hall.of(Admitted) == [Admitted(made.id, guest.seat)]


async def test_nobody_joins_without_an_invitation(county: County) -> None:
    made, stranger = await county.visit(VisitState.IN_CALL), await county.on_duty()

    with pytest.raises(NotFound):
        await join(county, stranger, made.id)


async def test_only_the_host_invites(county: County) -> None:
    made, stranger = await county.visit(VisitState.IN_CALL), await county.on_duty()

    with pytest.raises(NotFound):
        await invite(county, stranger, made.id, stranger)


async def test_nobody_off_duty_is_invited(county: County) -> None:
    made, guest = await county.visit(VisitState.IN_CALL), await county.officer()

    with pytest.raises(NotOnDuty):
        await invite(county, host_of(made), made.id, guest)


@pytest.mark.both_databases
async def test_an_invitation_repeated_leaves_one_place(county: County) -> None:
    made, guest = await county.visit(VisitState.IN_CALL), await county.on_duty()
    for _ in range(3):
        await invite(county, host_of(made), made.id, guest)

    rows = await county.read(
        lambda work: work.session.scalars(
            select(ParticipantRow).where(ParticipantRow.person_id == guest.person)
        )
    )

    assert len(list(rows)) == 1


async def test_a_call_has_as_many_places_as_can_be_shown(county: County) -> None:
    made = await county.visit(VisitState.IN_CALL)
    for _ in range(visit.MAX_IN_CALL - 2):
        guest = await county.on_duty()
        await invite(county, host_of(made), made.id, guest)
        await join(county, guest, made.id)
    late = await county.on_duty()

    with pytest.raises(visit.CallFull):
        await invite(county, host_of(made), made.id, late)


async def test_an_invitation_is_over_with_the_call(county: County) -> None:
    made, guest = await county.visit(VisitState.IN_CALL), await county.on_duty()
    await invite(county, host_of(made), made.id, guest)
    await county.ends(host_of(made), made.id)

    with pytest.raises(WrongState):
        await join(county, guest, made.id)


# Ending


async def test_the_host_ends_the_call_and_owes_the_outcome(county: County) -> None:
    made = await county.visit(VisitState.IN_CALL)
    county.clock.advance(minutes=9)

    await county.ends(host_of(made), made.id)

    row = await county.row(made.id)
    assert (row.state, row.ended_at) == ("wrap_up", county.clock.now)
    assert RoomClosed(made.id, "ended") in county.hall.notes


@pytest.mark.both_databases
async def test_ending_twice_is_ending_once(county: County) -> None:
    made = await county.visit(VisitState.WRAP_UP)
    before = await county.rows()

    await county.ends(host_of(made), made.id)

    assert await county.rows() == before


async def test_a_guest_does_not_end_the_call(county: County) -> None:
    made, guest = await county.visit(VisitState.IN_CALL), await county.on_duty()
    await invite(county, host_of(made), made.id, guest)
    await join(county, guest, made.id)

    with pytest.raises(NotFound):
        await county.ends(guest, made.id)

    assert await county.state(made.id) is VisitState.IN_CALL


async def test_a_lost_visit_is_owed_by_its_officer_with_a_reason(county: County) -> None:
    terminal = await county.terminal()

    for reason in PendingReason:
        made = await county.visit(VisitState.IN_CALL, terminal=terminal)
        assert await county.loses(made.id, reason)

        row = await county.row(made.id)
        assert (row.state, row.pending_reason) == ("outcome_pending", reason)
        assert row.outcome_owner_id == host_of(made).person
        assert row.pending_since == row.ended_at == county.clock.now


async def test_a_visit_that_is_not_running_can_not_be_lost(county: County) -> None:
    for state in set(VisitState) - {VisitState.IN_CALL, VisitState.SUSPENDED, VisitState.WRAP_UP}:
        made = await county.visit(state)
        before = await county.rows()

        assert not await county.loses(made.id)

        assert await county.rows() == before
        assert await county.state(made.id) is state


@pytest.mark.both_databases
async def test_losing_and_ending_at_once_leaves_one_way_out(county: County) -> None:
    made = await county.visit(VisitState.IN_CALL)

    results = await asyncio.gather(
        county.ends(host_of(made), made.id), county.loses(made.id), return_exceptions=True
    )

    assert await county.state(made.id) in {VisitState.WRAP_UP, VisitState.OUTCOME_PENDING}
    assert not [
        result for result in results if isinstance(result, Exception) and not isinstance(result, Refusal)
    ]


async def test_an_administrator_stops_a_call_and_its_officer_owes_the_outcome(county: County) -> None:
    made, admin = await county.visit(VisitState.IN_CALL), await county.officer(Role.SYS_ADMIN)

    await county.edge.run(lambda work: visit.stop(work, admin, made.id))

    row = await county.row(made.id)
    assert (row.state, row.pending_reason) == ("outcome_pending", "stopped")
    assert row.outcome_owner_id == host_of(made).person
    line = await county.read(
        lambda work: work.session.scalar(select(AuditRow).where(AuditRow.action == "call_stopped"))
    )
    assert line is not None
    assert line.actor == admin.seat


async def test_nobody_else_stops_a_call(county: County) -> None:
    made = await county.visit(VisitState.IN_CALL)

    for role in set(Role) - UNGRANTED - {Role.SYS_ADMIN}:
        stranger = await county.officer(role)
        with pytest.raises(NotAllowed):
            await county.edge.run(partial(visit.stop, actor=stranger, visit=made.id))


# Behind the service's back


BEHIND_THE_BACK = {
    "UPDATE visit SET state = 'outcome_logged' WHERE id = :id": "outcome_required",
    "UPDATE visit SET state = 'cancelled' WHERE id = :id": "outcome_required",
    "UPDATE visit SET state = 'closed_satisfied' WHERE id = :id": "outcome_required",
    "UPDATE visit SET state = 'waiting' WHERE id = :id": "outcome_required",
    "UPDATE visit SET outcome_owner_id = NULL WHERE id = :id": "owner_required",
    "DELETE FROM visit WHERE id = :id": "visit_answered",
}


@pytest.mark.parametrize("state", sorted(OWES_OUTCOME))
async def test_direct_sql_does_not_end_an_answered_visit(county: County, state: VisitState) -> None:
    made = await county.visit(state)

    for statement, code in BEHIND_THE_BACK.items():
        with pytest.raises(DBAPIError) as caught:
            await county.edge.run(partial(_execute, statement=statement, visit=made.id))
        assert guard_code(caught.value) == code, statement

    row = await county.row(made.id)
    assert (row.state, row.outcome_owner_id) == (state, host_of(made).person)


async def _execute(work: Work, *, statement: str, visit: VisitId) -> None:
    await work.session.execute(text(statement), {"id": visit})


async def test_a_call_ended_by_direct_sql_is_owed_with_owner_and_reason(county: County) -> None:
    made = await county.visit(VisitState.IN_CALL)
    statement = text("UPDATE visit SET ended_at = :now WHERE id = :id")
    now = "2026-03-02 01:00:00.000000" if _is_sqlite(county) else county.clock.now

    await county.edge.run(lambda work: work.session.execute(statement, {"id": made.id, "now": now}))

    row = await county.row(made.id)
    assert (row.state, row.pending_reason) == ("outcome_pending", "ended_outside")
    assert row.outcome_owner_id == host_of(made).person
    assert row.pending_since is not None


def _is_sqlite(county: County) -> bool:
    return str(county.edge.sessions.kw["bind"].url).startswith("sqlite")


# The timeline


async def test_facts_of_one_visit_that_arrive_together_all_stay(county: County) -> None:
    made = await county.visit(VisitState.IN_CALL)

    async def note(number: int) -> None:
        await county.edge.run(
            lambda work: Visits(work.session).note_event(
                made.id, "set_up", at=county.clock.now, code=f"E{number}"
            )
        )

    await asyncio.gather(*(note(number) for number in range(10)))

    events = await county.read(lambda work: Visits(work.session).events(made.id))
    assert {event.code for event in events if event.kind == "set_up"} == {
        f"E{number}" for number in range(10)
    }
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
