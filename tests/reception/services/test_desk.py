"""Duty, queue and ring: who is rung for which visit, and what happens when nobody answers."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import select

from reception.domain.actors import Officer
from reception.domain.duty import AlreadyAnswered, DutyCheckMissing, DutyState, OutcomesPending
from reception.domain.errors import BadInput, NotAllowed
from reception.domain.ids import VisitId
from reception.domain.roles import COUNTY, UNGRANTED, Role
from reception.domain.visits import VisitState, WrongState
from reception.services import desk, views
from reception.services.notes import RingStopped
from reception.store.duty import Duty
from reception.store.tables import DutyShiftRow, PromiseRow
from reception.store.visits import Visits
from tests.support.factories import CALL_BACK_WITHIN, RING_FOR, County, MadeVisit


async def duty_of(county: County, officer: Officer) -> DutyState:
    state, _ = await county.read(lambda work: Duty(work.session).state_of(officer.person))
    return state


async def off_duty(county: County, officer: Officer) -> None:
    await county.edge.run(lambda work: desk.go_off_duty(work, officer))


async def decline(county: County, officer: Officer, chosen: VisitId) -> None:
    await county.edge.run(lambda work: desk.decline(work, officer, chosen))


async def ring_runs_out(county: County) -> None:
    """Let the time of the bells pass, and the service look."""
    county.clock.advance(seconds=RING_FOR.total_seconds())
    await county.edge.run(
        lambda work: desk.promise_callbacks(work, ring_for=RING_FOR, within=CALL_BACK_WITHIN)
    )


async def queue(county: County) -> list[VisitId]:
    return [line.visit for line in await county.read(views.queue_lines)]


async def standing(county: County, made: MadeVisit) -> views.VisitStanding:
    return (await county.read(lambda work: views.standings(work, [made.id])))[0]


async def two_in_a_row(county: County) -> tuple[MadeVisit, MadeVisit]:
    """Have two visits raised, one a minute after the other."""
    first = await county.visit(VisitState.WAITING)
    county.clock.advance(minutes=1)
    return first, await county.visit(VisitState.WAITING)


# Duty


async def test_an_officer_is_routed_to_only_after_hearing_the_test_ring(county: County) -> None:
    officer = await county.officer()

    with pytest.raises(DutyCheckMissing):
        await county.edge.run(
            lambda work: desk.go_on_duty(work, officer, camera=True, microphone=True, ring_heard=False)
        )

    assert await duty_of(county, officer) is DutyState.OFF


@pytest.mark.both_databases
async def test_going_on_duty_twice_opens_one_shift(county: County) -> None:
    officer = await county.on_duty()
    await county.goes_on_duty(officer)

    shifts = await county.read(lambda work: work.session.scalars(select(DutyShiftRow)))

    assert len(list(shifts)) == 1
    assert await duty_of(county, officer) is DutyState.READY


async def test_only_county_staff_and_liaisons_go_on_duty(county: County) -> None:
    for role in set(Role) - COUNTY - UNGRANTED - {Role.DEPARTMENT_LIAISON}:
        officer = await county.officer(role)
        with pytest.raises(NotAllowed):
            await county.goes_on_duty(officer)


@pytest.mark.parametrize("state", [VisitState.IN_CALL, VisitState.WRAP_UP, VisitState.OUTCOME_PENDING])
async def test_nobody_goes_off_duty_with_an_outcome_owed(county: County, state: VisitState) -> None:
    made = await county.visit(state)
    assert made.officer is not None

    with pytest.raises(OutcomesPending):
        await off_duty(county, made.officer)

    assert await duty_of(county, made.officer) is not DutyState.OFF


async def test_going_off_duty_silences_the_officers_bells_only(county: County) -> None:
    leaving, staying = await county.on_duty(), await county.on_duty()
    made = await county.visit(VisitState.WAITING)

    await off_duty(county, leaving)

    assert county.hall.of(RingStopped) == [RingStopped(made.id, (leaving.person,), "off_duty")]
    assert await county.read(lambda work: views.running_rings(work, staying.person)) == [made.id]
    assert await county.read(lambda work: views.running_rings(work, leaving.person)) == []


# Raising


async def test_a_doubt_is_raised_to_the_county_and_waits(county: County) -> None:
    made = await county.visit(VisitState.WAITING)

    row = await county.row(made.id)

    assert row.raised_at == county.clock.now
    assert row.ring_until == county.clock.now + RING_FOR


async def test_a_visit_without_a_township_answer_is_not_raised(county: County) -> None:
    made = await county.visit()
    before = await county.rows()

    with pytest.raises(WrongState):
        await county.raises(made)

    assert await county.rows() == before
    assert await county.state(made.id) is VisitState.REGISTERED


async def test_a_direct_visit_waits_without_the_township(county: County) -> None:
    made = await county.visit(VisitState.WAITING, direct=True)

    assert (await county.row(made.id)).is_direct
    assert (await county.rows())["township_answer"] == 0


async def test_a_direct_visit_is_called_only_after_the_township_officer_left(county: County) -> None:
    made = await county.visit(direct=True)
    before = await county.rows()
    stays = {"declaration.officer_left": "required"}

    for present, officer_left, confirmed, fault in (
        (["visitor_only"], False, True, stays),
        (["visitor_only", "township_officer"], True, True, stays),
        ([], True, True, {"declaration.present": "required"}),
        (["cousin"], True, True, {"declaration.present": "unknown"}),
        (["visitor_only"], True, False, {"declaration.confirmed": "required"}),
        (
            [],
            False,
            False,
            {"declaration.present": "required", "declaration.confirmed": "required", **stays},
        ),
    ):
        with pytest.raises(BadInput) as caught:
            await county.edge.run(
                partial(
                    desk.raise_to_county,
                    actor=made.terminal.actor,
                    visit=made.id,
                    present=present,
                    officer_left=officer_left,
                    confirmed=confirmed,
                    ring_for=RING_FOR,
                )
            )
        assert caught.value.fields == fault

    assert await county.rows() == before
    assert await county.state(made.id) is VisitState.REGISTERED


# Ring


async def test_every_ready_officer_with_an_open_desk_is_rung(county: County) -> None:
    first, second = await county.on_duty(), await county.on_duty()
    await county.on_duty(present=False)  # on duty, but the page is not open: nobody would hear it
    await county.officer()  # not on duty

    made = await county.visit(VisitState.WAITING)

    assert county.hall.rung(made.id) == {first.person, second.person}


async def test_an_officer_in_a_call_or_its_form_is_not_rung(county: County) -> None:
    in_call = await county.visit(VisitState.IN_CALL)
    wrapping_up = await county.visit(VisitState.WRAP_UP)
    free = await county.on_duty()

    made = await county.visit(VisitState.WAITING)

    assert county.hall.rung(made.id) == {free.person}
    for busy in (in_call.officer, wrapping_up.officer):
        assert busy is not None
        assert await duty_of(county, busy) is DutyState.BUSY


async def test_three_outcomes_owed_stop_the_bells_until_one_is_written(county: County) -> None:
    officer = await county.on_duty()
    owed = [await county.visit(VisitState.OUTCOME_PENDING, officer=officer) for _ in range(3)]
    assert await duty_of(county, officer) is DutyState.BLOCKED

    made = await county.visit(VisitState.WAITING)
    assert county.hall.rung(made.id) == set()

    await county.logs(officer, owed[0].id)
    assert county.hall.rung(made.id) == {officer.person}


async def test_an_officer_who_becomes_free_is_rung_for_who_still_waits(county: County) -> None:
    officer = await county.on_duty()
    answered = await county.visit(VisitState.IN_CALL, officer=officer)
    waiting = await county.visit(VisitState.WAITING)
    assert county.hall.rung(waiting.id) == set()

    await county.ends(officer, answered.id)
    assert county.hall.rung(waiting.id) == set(), "the outcome form still is open"
    await county.logs(officer, answered.id)

    assert county.hall.rung(waiting.id) == {officer.person}


async def test_an_officer_who_chose_one_of_two_ringing_visits_is_rung_for_the_other_later(
    county: County,
) -> None:
    officer = await county.on_duty()
    chosen, other = await county.visit(VisitState.WAITING), await county.visit(VisitState.WAITING)
    await county.answers(officer, chosen.id)
    assert RingStopped(other.id, (officer.person,), "answered") in county.hall.notes

    await county.ends(officer, chosen.id)
    county.hall.notes.clear()
    await county.logs(officer, chosen.id)

    assert county.hall.rung(other.id) == {officer.person}
    assert await county.read(lambda work: views.running_rings(work, officer.person)) == [other.id]


async def test_an_officer_who_comes_on_duty_is_rung_for_the_whole_queue(county: County) -> None:
    waiting = [await county.visit(VisitState.WAITING) for _ in range(3)]

    officer = await county.on_duty()

    assert all(county.hall.rung(made.id) == {officer.person} for made in waiting)


@pytest.mark.both_databases
async def test_an_officer_back_on_duty_is_rung_again(county: County) -> None:
    officer = await county.on_duty()
    made = await county.visit(VisitState.WAITING)
    await off_duty(county, officer)
    county.hall.notes.clear()

    await county.goes_on_duty(officer)

    assert county.hall.rung(made.id) == {officer.person}


@pytest.mark.both_databases
async def test_nobody_is_rung_twice_for_the_same_visit(county: County) -> None:
    officer = await county.on_duty()
    made = await county.visit(VisitState.WAITING)

    await county.edge.ring()
    await county.edge.ring()

    rings = await county.read(lambda work: Visits(work.session).rings(made.id))
    assert [ring.person_id for ring in rings] == [officer.person]


async def test_declining_silences_the_own_bell_only(county: County) -> None:
    declining, other = await county.on_duty(), await county.on_duty()
    made = await county.visit(VisitState.WAITING)

    await decline(county, declining, made.id)
    await county.edge.ring()

    assert await county.read(lambda work: views.running_rings(work, declining.person)) == []
    assert await county.read(lambda work: views.running_rings(work, other.person)) == [made.id]
    assert await county.state(made.id) is VisitState.WAITING


async def test_a_visit_that_was_answered_can_not_be_declined(county: County) -> None:
    late = await county.on_duty()
    made = await county.visit(VisitState.IN_CALL)
    before = await county.rows()

    with pytest.raises(AlreadyAnswered):
        await decline(county, late, made.id)

    assert await county.rows() == before


async def test_a_visit_raised_in_the_moment_an_officer_comes_on_duty_is_rung(county: County) -> None:
    officers = [await county.officer() for _ in range(5)]
    waiting = [await county.visit(VisitState.TOWNSHIP_ANSWERED) for _ in range(5)]

    await asyncio.gather(
        *(county.raises(made) for made in waiting), *(county.goes_on_duty(officer) for officer in officers)
    )

    everybody = {officer.person for officer in officers}
    assert [county.hall.rung(made.id) for made in waiting] == [everybody] * 5


# Nobody answers


async def promise_of(county: County, made: MadeVisit) -> PromiseRow:
    found = await county.read(
        lambda work: work.session.scalar(select(PromiseRow).where(PromiseRow.visit_id == made.id))
    )
    assert found is not None
    return found


async def test_a_ring_in_vain_becomes_a_promise_with_owner_and_time(county: County) -> None:
    first = await county.on_duty()
    county.clock.advance(minutes=1)
    await county.on_duty()
    made = await county.visit(VisitState.WAITING)

    await ring_runs_out(county)

    promise = await promise_of(county, made)
    assert promise.owner_id == first.person, "who was rung first owes the call-back"
    assert promise.due_at == county.clock.now + CALL_BACK_WITHIN
    assert await county.state(made.id) is VisitState.WAITING
    stopped = county.hall.of(RingStopped)
    assert [(note.visit, note.why, len(note.people)) for note in stopped] == [(made.id, "unanswered", 2)]
    seen = await standing(county, made)
    assert (seen.callback_owner, seen.callback_by) == (first.post, promise.due_at)


async def test_without_anybody_on_duty_the_petition_office_owes_the_call_back(county: County) -> None:
    await county.officer(Role.COUNTY_DUTY_OFFICER)
    office = await county.officer(Role.PETITION_OFFICE)
    made = await county.visit(VisitState.WAITING)

    await ring_runs_out(county)

    assert (await promise_of(county, made)).owner_id == office.person


async def test_a_promised_visit_goes_to_the_head_of_the_queue(county: County) -> None:
    await county.on_duty()
    promised = await county.visit(VisitState.WAITING)
    await ring_runs_out(county)
    newer = await county.visit(VisitState.WAITING)

    lines = await county.read(views.queue_lines)

    assert [(line.visit, line.state) for line in lines] == [(promised.id, "promised"), (newer.id, "waiting")]


async def test_a_promise_is_made_once(county: County) -> None:
    await county.on_duty()
    made = await county.visit(VisitState.WAITING)

    for _ in range(3):
        await ring_runs_out(county)

    assert (await county.rows())["promise"] == 1
    assert await queue(county) == [made.id]


@pytest.mark.both_databases
async def test_a_promised_visit_rings_whoever_comes_later_for_as_long_again(county: County) -> None:
    await county.on_duty()
    made = await county.visit(VisitState.WAITING)
    await ring_runs_out(county)
    county.hall.notes.clear()

    later = await county.on_duty()
    assert county.hall.rung(made.id) == {later.person}

    await ring_runs_out(county)
    assert RingStopped(made.id, (later.person,), "unanswered") in county.hall.notes


async def test_answering_keeps_the_promise(county: County) -> None:
    officer = await county.on_duty()
    made = await county.visit(VisitState.WAITING)
    await ring_runs_out(county)

    await county.answers(officer, made.id)

    assert (await promise_of(county, made)).kept_at == county.clock.now
    assert (await standing(county, made)).callback_by is None


# Queue


async def test_the_queue_is_told_in_calling_order_with_a_place_for_each(county: County) -> None:
    await county.on_duty()
    waiting = []
    for _ in range(3):
        waiting.append(await county.visit(VisitState.WAITING))
        county.clock.advance(seconds=10)

    positions = [(await standing(county, made)).position for made in waiting]

    assert await queue(county) == [made.id for made in waiting]
    assert positions == [1, 2, 3]


async def test_expected_minutes_count_those_ahead_and_the_officers_on_duty(county: County) -> None:
    await county.on_duty()
    first, second = await two_in_a_row(county)
    assert (await standing(county, first)).expected_minutes == 1
    assert (await standing(county, second)).expected_minutes == views.TYPICAL_CALL_MIN

    await county.on_duty()

    assert (await standing(county, second)).expected_minutes == 1, "two officers take two visits at once"


async def test_nobody_on_duty_means_no_invented_wait(county: County) -> None:
    made = await county.visit(VisitState.WAITING)

    assert (await standing(county, made)).expected_minutes is None


async def test_measured_calls_replace_the_guess(county: County) -> None:
    officer = await county.on_duty()
    past = await county.visit(VisitState.IN_CALL, officer=officer)
    county.clock.advance(minutes=30)
    await county.ends(officer, past.id)
    await county.logs(officer, past.id)

    _, second = await two_in_a_row(county)

    assert (await standing(county, second)).expected_minutes == 30


async def test_the_queue_tells_no_identity_and_no_text(county: County) -> None:
    await county.visit(VisitState.WAITING)

    line = (await county.read(views.queue_lines))[0]

    assert line.matter_kinds == ("report",)
    assert not any(
        "宅基地" in str(value) or "王试用" in str(value) for value in (line, line.ticket, line.place)
    )
