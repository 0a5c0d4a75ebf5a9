"""A visit whose line is lost: nothing of it is lost, one officer goes on, and it ends with its outcome."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from functools import partial

import pytest

from reception.domain.actors import Officer
from reception.domain.duty import AlreadyAnswered, DutyState, NotOnDuty, OfficerBusy
from reception.domain.errors import NotAllowed, NotFound, Refusal
from reception.domain.ids import VisitId
from reception.domain.outcomes import OutcomeRequired
from reception.domain.roles import Role
from reception.domain.suspension import PlaceTaken, Situation, VisitorAway
from reception.domain.visits import PendingReason, SuspendReason, VisitState, WrongState
from reception.services import desk, suspension, views, visit
from reception.services.chronicle import timeline
from reception.services.intake import RoomTaken
from reception.services.notes import DutyChanged, RingStopped, RoomClosed, RoomOpened
from reception.services.work import Work
from reception.store.duty import Duty
from reception.store.tables import ParticipantRow, VisitEventRow
from reception.store.visits import Visits
from tests.support.factories import CALL_BACK_WITHIN, RING_FOR, County, EnrolledTerminal, MadeVisit

FIRST = timedelta(seconds=30)
RACES = 200


def host_of(made: MadeVisit) -> Officer:
    assert made.officer is not None
    return made.officer


async def offers(county: County, made: MadeVisit, *, duty: DutyState = DutyState.READY) -> None:
    """Let the service find that the terminal is back and its officer is not; bells are counted from here."""
    county.hall.notes.clear()
    situation = Situation(VisitState.SUSPENDED, None, county.clock.now, duty)
    await county.edge.run(lambda work: suspension.offer(work, made.id, situation, first=FIRST))


async def resumes(county: County, made: MadeVisit) -> bool:
    return await county.edge.run(lambda work: suspension.resume(work, made.id))


async def parks(county: County, made: MadeVisit) -> None:
    await county.edge.run(lambda work: suspension.park(work, made.terminal.actor, made.id))


async def takes_up(county: County, made: MadeVisit) -> None:
    await county.edge.run(lambda work: suspension.take_up(work, made.terminal.actor, made.id))


async def says_left(county: County, made: MadeVisit) -> None:
    await county.edge.run(lambda work: visit.visitor_left(work, made.terminal.actor, made.id))


async def events(county: County, made: MadeVisit) -> list[VisitEventRow]:
    return list(await county.read(lambda work: Visits(work.session).events(made.id)))


async def kinds(county: County, made: MadeVisit) -> list[str]:
    return [event.kind for event in await events(county, made)]


async def seats(county: County, chosen: VisitId) -> set[str]:
    rows = await county.read(lambda work: Visits(work.session).participants(chosen))
    return {row.seat for row in rows}


async def duty_of(county: County, officer: Officer) -> DutyState:
    state, _ = await county.read(lambda work: Duty(work.session).state_of(officer.person))
    return state


async def queue(county: County) -> list[views.QueueLine]:
    return await county.read(views.queue_lines)


async def one_of(*attempts: Awaitable[object]) -> list[object]:
    """Run attempts at once; anything but success or a refusal is a fault."""
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert not [
        result for result in results if isinstance(result, BaseException) and not isinstance(result, Refusal)
    ], results
    return list(results)


# Suspended


async def test_a_suspended_visit_closes_its_room_and_keeps_everything_else(county: County) -> None:
    made = await county.visit(VisitState.IN_CALL)
    before = await seats(county, made.id)
    county.hall.notes.clear()

    assert await county.suspends(made.id, SuspendReason.OFFICER_GONE)

    row = await county.row(made.id)
    assert (row.state, row.suspended_reason, row.ended_at) == ("suspended", "officer_gone", None)
    assert row.suspended_at == county.clock.now
    assert (row.officer_id, row.outcome_owner_id) == (host_of(made).person, host_of(made).person)
    assert await seats(county, made.id) == before
    assert RoomClosed(made.id, "suspended") in county.hall.notes
    assert (await events(county, made))[-1].code == "officer_gone"


async def test_only_a_running_call_is_suspended(county: County) -> None:
    for state in set(VisitState) - {VisitState.IN_CALL}:
        made = await county.visit(state)
        before = await county.rows()

        assert not await county.suspends(made.id)

        assert await county.state(made.id) is state
        assert await county.rows() == before


async def test_a_suspended_visit_leaves_its_officer_free_for_others(county: County) -> None:
    made = await county.visit(VisitState.SUSPENDED)
    other = await county.visit(VisitState.WAITING)
    assert await duty_of(county, host_of(made)) is DutyState.READY

    await county.answers(host_of(made), other.id)

    assert await county.state(other.id) is VisitState.IN_CALL


async def test_a_suspended_visit_takes_no_outcome_before_it_is_ended(county: County) -> None:
    made = await county.visit(VisitState.SUSPENDED)

    with pytest.raises(OutcomeRequired):
        await county.logs(host_of(made), made.id)


# Gone on with by itself


@pytest.mark.both_databases
async def test_a_visit_that_goes_on_has_the_same_people_and_a_room_again(county: County) -> None:
    made = await county.visit(VisitState.SUSPENDED)
    before = await seats(county, made.id)
    county.clock.advance(minutes=7)
    county.hall.notes.clear()

    assert await resumes(county, made)

    row = await county.row(made.id)
    assert (row.state, row.officer_id) == ("in_call", host_of(made).person)
    assert (row.suspended_at, row.suspended_reason, row.first_chance_until) == (None, None, None)
    assert await seats(county, made.id) == before
    assert RoomOpened(made.id) in county.hall.notes
    assert DutyChanged(host_of(made).person) in county.hall.notes


async def test_the_record_tells_how_long_a_visit_was_cut_off(county: County) -> None:
    made = await county.visit(VisitState.SUSPENDED)
    county.clock.advance(minutes=7)
    await resumes(county, made)

    told = timeline(await events(county, made), {})

    assert [line.gap_s for line in told if line.kind == "returned"] == [420.0]


@pytest.mark.both_databases
async def test_a_visit_whose_officer_has_taken_another_does_not_go_on_by_itself(county: County) -> None:
    made = await county.visit(VisitState.SUSPENDED)
    await county.visit(VisitState.IN_CALL, officer=host_of(made))

    assert not await resumes(county, made)

    assert await county.state(made.id) is VisitState.SUSPENDED


# Offered


async def test_the_same_officer_is_rung_first_and_everybody_when_that_was_in_vain(county: County) -> None:
    made, other = await county.visit(VisitState.SUSPENDED), await county.on_duty()

    await offers(county, made)
    assert county.hall.rung(made.id) == {host_of(made).person}

    county.clock.advance(seconds=FIRST.total_seconds())
    await county.edge.ring()
    assert county.hall.rung(made.id) == {host_of(made).person, other.person}


@pytest.mark.both_databases
async def test_everybody_is_rung_at_once_when_the_same_officer_is_busy(county: County) -> None:
    made, other = await county.visit(VisitState.SUSPENDED), await county.on_duty()
    await county.visit(VisitState.IN_CALL, officer=host_of(made))

    await offers(county, made, duty=DutyState.BUSY)

    assert county.hall.rung(made.id) == {other.person}


async def test_who_silences_the_first_bell_hands_the_visit_to_everybody(county: County) -> None:
    made, other = await county.visit(VisitState.IN_CALL), await county.on_duty()
    county.clock.advance(seconds=1)  # the bell of the call and that of its suspension are not of one moment
    await county.suspends(made.id)
    await offers(county, made)

    await county.edge.run(lambda work: desk.decline(work, host_of(made), made.id))

    assert other.person in county.hall.rung(made.id)
    found = await county.read(lambda work: suspension.situations(work, lambda _: None))
    assert found[made.id].has_declined


async def test_a_cut_off_visit_is_rung_anew_whatever_became_of_its_first_bells(county: County) -> None:
    declined = await county.on_duty()
    waiting = await county.visit(VisitState.WAITING)
    await county.edge.run(lambda work: desk.decline(work, declined, waiting.id))
    host = await county.on_duty()
    await county.answers(host, waiting.id)
    county.clock.advance(minutes=3)
    await county.suspends(waiting.id)

    await offers(county, waiting, duty=DutyState.OFF)

    assert declined.person in county.hall.rung(waiting.id)


async def test_an_offered_visit_stands_before_every_other_and_says_who_received_it(county: County) -> None:
    await county.on_duty()
    promised = await county.visit(VisitState.WAITING)
    county.clock.advance(seconds=RING_FOR.total_seconds())
    await county.edge.run(
        lambda work: desk.promise_callbacks(work, ring_for=RING_FOR, within=CALL_BACK_WITHIN)
    )
    made = await county.visit(VisitState.SUSPENDED)
    assert [line.visit for line in await queue(county)] == [promised.id], "its terminal is not back"

    await offers(county, made)

    first, second = await queue(county)
    assert (first.visit, first.state, first.officer) == (made.id, "suspended", host_of(made).name)
    assert first.raised_at == (await county.row(made.id)).suspended_at
    assert (second.visit, second.state) == (promised.id, "promised")
    standing = (await county.read(lambda work: views.standings(work, [made.id])))[0]
    assert (standing.position, standing.suspended_reason) == (1, "terminal_gone")


@pytest.mark.both_databases
async def test_a_visit_whose_terminal_goes_again_leaves_the_queue_and_is_rung_when_it_is_back(
    county: County,
) -> None:
    made, other = await county.visit(VisitState.SUSPENDED), await county.on_duty()
    await offers(county, made, duty=DutyState.OFF)
    county.hall.notes.clear()

    await county.edge.run(lambda work: suspension.withdraw(work, made.id))

    assert await queue(county) == []
    silenced = {person for note in county.hall.of(RingStopped) for person in note.people}
    assert silenced == {host_of(made).person, other.person}
    await offers(county, made, duty=DutyState.OFF)
    assert county.hall.rung(made.id) == silenced


async def test_a_bell_of_a_cut_off_visit_does_not_ring_for_ever(county: County) -> None:
    made = await county.visit(VisitState.SUSPENDED)
    await offers(county, made)
    county.clock.advance(seconds=RING_FOR.total_seconds())
    assert await county.read(lambda work: Visits(work.session).rings_too_long(county.clock.now - RING_FOR))

    await county.edge.run(
        lambda work: desk.promise_callbacks(work, ring_for=RING_FOR, within=CALL_BACK_WITHIN)
    )

    assert await county.read(lambda work: views.running_rings(work, host_of(made).person)) == []
    assert [line.visit for line in await queue(county)] == [made.id], "its place is kept"
    assert (await county.rows())["promise"] == 0


# Answered by somebody else


async def test_who_answers_a_cut_off_visit_becomes_its_host_and_owner(county: County) -> None:
    made, other = await county.visit(VisitState.SUSPENDED), await county.on_duty()
    await offers(county, made)

    await county.answers(other, made.id)

    row = await county.row(made.id)
    assert (row.state, row.officer_id, row.outcome_owner_id) == ("in_call", other.person, other.person)
    assert await seats(county, made.id) == {made.terminal.actor.seat, other.seat}
    assert (await events(county, made))[-1].kind == "returned"
    await county.ends(other, made.id)
    await county.logs(other, made.id)


async def test_the_former_officer_is_out_of_the_visit_but_stays_in_its_record(county: County) -> None:
    made, other = await county.visit(VisitState.SUSPENDED), await county.on_duty()
    former = host_of(made)
    await offers(county, made)
    await county.answers(other, made.id)

    with pytest.raises(NotFound):
        await county.ends(former, made.id)
    with pytest.raises(NotFound):
        await county.edge.run(lambda work: visit.join(work, former, made.id))
    with pytest.raises(NotFound):
        await county.read(lambda work: visit.refuse_unless_in_visit(work, former, made.id))
    place = await county.read(lambda work: Visits(work.session).participant(made.id, former.seat))
    assert isinstance(place, ParticipantRow)
    assert place.removed_at == county.clock.now


@pytest.mark.both_databases
async def test_the_former_officer_comes_back_in_when_invited_again(county: County) -> None:
    made, other = await county.visit(VisitState.SUSPENDED), await county.on_duty()
    former = host_of(made)
    await offers(county, made)
    await county.answers(other, made.id)

    await county.edge.run(lambda work: visit.invite(work, other, made.id, former.person))
    assert former.seat not in await seats(county, made.id), "an invitation is not yet an answer"
    await county.edge.run(lambda work: visit.join(work, former, made.id))

    assert former.seat in await seats(county, made.id)


async def test_a_visit_without_anybody_at_its_terminal_is_not_answered(county: County) -> None:
    made, other = await county.visit(VisitState.SUSPENDED), await county.on_duty()

    with pytest.raises(VisitorAway):
        await county.answers(other, made.id)

    assert await county.state(made.id) is VisitState.SUSPENDED


async def test_nobody_off_duty_or_busy_answers_a_cut_off_visit(county: County) -> None:
    made, off_duty = await county.visit(VisitState.SUSPENDED), await county.officer()
    busy = host_of(await county.visit(VisitState.IN_CALL))
    await offers(county, made)

    with pytest.raises(NotOnDuty):
        await county.answers(off_duty, made.id)
    with pytest.raises(OfficerBusy):
        await county.answers(busy, made.id)


# Put aside


async def test_a_room_serves_others_while_a_visit_is_put_aside_and_takes_it_up_afterwards(
    county: County,
) -> None:
    made = await county.visit(VisitState.SUSPENDED)
    with pytest.raises(RoomTaken):
        await county.visit(terminal=made.terminal)

    await parks(county, made)
    other = await county.visit(VisitState.OUTCOME_LOGGED, terminal=made.terminal)
    assert await shown_at(county, made.terminal) == other.id
    county.clock.advance(minutes=1)
    await takes_up(county, made)

    assert await shown_at(county, made.terminal) == made.id
    assert await resumes(county, made)
    assert await kinds(county, made) == [
        "registered",
        "township_answered",
        "raised",
        "rung",
        "answered",
        "suspended",
        "parked",
        "taken_up",
        "returned",
    ]


async def shown_at(county: County, terminal: EnrolledTerminal) -> VisitId | None:
    """Return the visit that a terminal's page is about."""

    async def read(work: Work) -> VisitId | None:
        row = await Visits(work.session).latest_at_device(terminal.actor.device, work.today)
        return VisitId(row.id) if row else None

    return await county.read(read)


async def test_a_terminal_lists_what_it_has_put_aside(county: County) -> None:
    made = await county.visit(VisitState.SUSPENDED)
    await parks(county, made)

    rows = await county.read(
        lambda work: Visits(work.session).parked_at_device(made.terminal.actor.device, work.today)
    )

    assert [row.id for row in rows] == [made.id]
    assert await shown_at(county, made.terminal) is None


async def test_a_visit_that_was_put_aside_is_neither_offered_nor_gone_on_with(county: County) -> None:
    made = await county.visit(VisitState.SUSPENDED)
    await offers(county, made)
    await parks(county, made)

    await offers(county, made)

    assert await queue(county) == []
    assert not await resumes(county, made)
    with pytest.raises(VisitorAway):
        await county.answers(await county.on_duty(), made.id)


@pytest.mark.parametrize(
    "state", [VisitState.REGISTERED, VisitState.WAITING, VisitState.IN_CALL, VisitState.SUSPENDED]
)
@pytest.mark.both_databases
async def test_a_visit_is_not_taken_up_while_another_is_at_the_terminal(
    county: County, state: VisitState
) -> None:
    made = await county.visit(VisitState.SUSPENDED)
    await parks(county, made)
    await county.visit(state, terminal=made.terminal)

    with pytest.raises(PlaceTaken):
        await takes_up(county, made)

    assert (await county.row(made.id)).parked_at is not None


async def test_a_visit_ended_while_it_was_put_aside_does_not_come_up_at_the_terminal(county: County) -> None:
    made = await county.visit(VisitState.SUSPENDED)
    await parks(county, made)

    await county.ends(host_of(made), made.id)

    assert await shown_at(county, made.terminal) is None


@pytest.mark.both_databases
async def test_putting_aside_and_taking_up_twice_is_doing_it_once(county: County) -> None:
    made = await county.visit(VisitState.SUSPENDED)
    for step in (parks, takes_up):
        await step(county, made)
        before = await county.rows()

        await step(county, made)

        assert await county.rows() == before


async def test_only_the_own_terminal_says_what_becomes_of_a_suspended_visit(county: County) -> None:
    made, stranger = await county.visit(VisitState.SUSPENDED), (await county.terminal()).actor

    for step in (suspension.park, suspension.take_up, visit.visitor_left):
        with pytest.raises(NotFound):
            await county.edge.run(partial(step, actor=stranger, visit=made.id))
    for step in (suspension.park, suspension.take_up, visit.visitor_left):
        with pytest.raises(NotAllowed):
            await county.edge.run(partial(step, actor=host_of(made), visit=made.id))  # type: ignore[arg-type]


async def test_nothing_but_a_suspended_visit_is_put_aside_or_given_up(county: County) -> None:
    for state in set(VisitState) - {VisitState.SUSPENDED}:
        made = await county.visit(state)
        before = await county.rows()

        for step in (parks, takes_up, says_left):
            with pytest.raises(WrongState):
                await step(county, made)

        assert await county.rows() == before


@pytest.mark.both_databases
async def test_yesterdays_visit_is_not_taken_up_today(county: County) -> None:
    made = await county.visit(VisitState.SUSPENDED)
    await parks(county, made)
    county.clock.advance(days=1)

    with pytest.raises(WrongState):
        await takes_up(county, made)


# Ended


async def test_a_visitor_who_has_left_leaves_the_outcome_to_the_officer(county: County) -> None:
    made = await county.visit(VisitState.SUSPENDED)
    lost_at = county.clock.now
    county.clock.advance(minutes=20)

    await says_left(county, made)

    row = await county.row(made.id)
    assert (row.state, row.pending_reason) == ("outcome_pending", PendingReason.VISITOR_LEFT)
    assert (row.outcome_owner_id, row.ended_at) == (host_of(made).person, lost_at)
    assert (row.suspended_at, row.first_chance_until) == (None, None)
    await county.logs(host_of(made), made.id)


async def test_the_officer_ends_a_suspended_visit_from_the_desk(county: County) -> None:
    made, other = await county.visit(VisitState.SUSPENDED), await county.on_duty()
    lost_at = county.clock.now
    await offers(county, made, duty=DutyState.OFF)
    county.clock.advance(minutes=5)

    await county.ends(host_of(made), made.id)

    row = await county.row(made.id)
    assert (row.state, row.ended_at) == ("wrap_up", lost_at)
    assert await queue(county) == []
    assert await county.read(lambda work: views.running_rings(work, other.person)) == []
    await county.logs(host_of(made), made.id)


async def test_an_officer_in_another_call_ends_that_one_first(county: County) -> None:
    made = await county.visit(VisitState.SUSPENDED)
    await county.visit(VisitState.IN_CALL, officer=host_of(made))

    with pytest.raises(OfficerBusy):
        await county.ends(host_of(made), made.id)

    assert await county.state(made.id) is VisitState.SUSPENDED


async def test_an_administrator_may_stop_a_suspended_visit_too(county: County) -> None:
    made, admin = await county.visit(VisitState.SUSPENDED), await county.officer(Role.SYS_ADMIN)

    await county.edge.run(lambda work: visit.stop(work, admin, made.id))

    assert (await county.row(made.id)).pending_reason == "stopped"


async def test_calls_that_were_cut_off_do_not_make_the_usual_call_longer(county: County) -> None:
    plain = await county.visit(VisitState.IN_CALL)
    county.clock.advance(minutes=10)
    await county.ends(host_of(plain), plain.id)
    cut_off = await county.visit(VisitState.SUSPENDED)
    county.clock.advance(hours=3)
    await resumes(county, cut_off)
    await county.ends(host_of(cut_off), cut_off.id)

    typical = await county.read(lambda work: Duty(work.session).typical_minutes(work.now - timedelta(days=1)))

    assert typical == 10.0


# Races


@pytest.mark.both_databases
async def test_two_officers_who_answer_a_cut_off_visit_at_once_never_both_get_it(county: County) -> None:
    first, second = await county.on_duty(), await county.on_duty()
    made = await county.visit(VisitState.SUSPENDED)

    for round_ in range(RACES):
        await offers(county, made)
        pressing = (first, second) if round_ % 2 else (second, first)

        results = await one_of(*(county.answers(officer, made.id) for officer in pressing))

        winners = [one for one, result in zip(pressing, results, strict=True) if result is None]
        assert len(winners) == 1, results
        assert [type(result) for result in results if result is not None] == [AlreadyAnswered]
        row = await county.row(made.id)
        assert (row.state, row.officer_id) == ("in_call", winners[0].person)
        assert await seats(county, made.id) == {made.terminal.actor.seat, winners[0].seat}
        await county.suspends(made.id)


@pytest.mark.both_databases
async def test_going_on_ending_and_giving_up_at_once_leave_one_way(county: County) -> None:
    for _ in range(20):
        made = await county.visit(VisitState.SUSPENDED)

        await one_of(resumes(county, made), county.ends(host_of(made), made.id), says_left(county, made))

        row = await county.row(made.id)
        assert row.state in {"in_call", "wrap_up", "outcome_pending"}
        told = await kinds(county, made)
        if row.state == "outcome_pending":
            assert told.count("outcome_pending") == 1
        assert told.count("returned") <= 1
        assert told.count("call_ended") <= 1


async def test_a_visit_put_aside_in_the_moment_it_goes_on_does_one_of_both(county: County) -> None:
    for _ in range(20):
        made = await county.visit(VisitState.SUSPENDED)

        await one_of(resumes(county, made), parks(county, made))

        row = await county.row(made.id)
        assert (row.state == "in_call") is (row.parked_at is None)


@pytest.mark.both_databases
async def test_a_place_taken_in_the_last_moment_is_said_so_and_nothing_changes(county: County) -> None:
    made, other = await county.visit(VisitState.SUSPENDED), await county.on_duty()
    await parks(county, made)
    await county.visit(VisitState.WAITING, terminal=made.terminal)
    # As if it had been taken up and offered while the other visit was being registered.
    await county.edge.run(
        lambda work: Visits(work.session).move(
            made.id,
            from_state=VisitState.SUSPENDED,
            to=VisitState.SUSPENDED,
            changes={"parked_at": None, "first_chance_until": work.now},
        )
    )

    with pytest.raises(PlaceTaken):
        await county.answers(other, made.id)

    assert await county.state(made.id) is VisitState.SUSPENDED
    assert (await county.row(made.id)).officer_id == host_of(made).person
