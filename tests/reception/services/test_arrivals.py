"""An appointment on its day: arrival, the official rings first, done, and who did not come."""

from datetime import timedelta

import pytest

from reception.domain.actors import Actor, Officer
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.ids import VisitId
from reception.domain.visits import VisitState
from reception.services import arrivals, desk, intake
from reception.services.arrivals import Expected
from reception.services.notes import Rung
from scheduling.domain.appointments import AppointmentState, AppointmentWrongState, Side
from scheduling.domain.slots import Span
from scheduling.store.appointment_tables import AppointmentRow
from tests.reception.services.diary import TEN, Diary
from tests.support.factories import NOW, EnrolledTerminal, MadeVisit

FIRST = timedelta(seconds=30)
GRACE = timedelta(minutes=15)


async def arrive(diary: Diary, row: AppointmentRow, *, by: Actor | None = None) -> AppointmentRow:
    actor = by or diary.township
    return await diary.county.edge.run(lambda work: arrivals.arrive(work, actor, row.id))


async def no_show(
    diary: Diary,
    row: AppointmentRow,
    side: str = "citizen",
    reason: str = "unreachable",
    *,
    by: Officer | None = None,
) -> AppointmentRow:
    actor = by or diary.office
    return await diary.county.edge.run(lambda work: arrivals.no_show(work, actor, row.id, side, reason))


async def expected(diary: Diary, terminal: EnrolledTerminal) -> list[Expected]:
    return await diary.county.read(lambda work: arrivals.expected_at(work, terminal.actor))


async def suspected(diary: Diary) -> dict[str, Side]:
    day = Span(NOW, NOW + timedelta(days=1))
    return await diary.county.read(lambda work: arrivals.suspected(work, day, grace=GRACE))


async def registered(
    diary: Diary, row: AppointmentRow, terminal: EnrolledTerminal, *, answered: bool = True
) -> MadeVisit:
    """Register the visitor of an appointment who has arrived, and let the township answer."""
    made = await diary.county.visit(terminal=terminal)
    await diary.county.edge.run(lambda work: arrivals.take_up(work, terminal.actor, made.id, row.id))
    if answered:
        await diary.county.township_answers(made)
    return made


async def rings(diary: Diary, visit: VisitId) -> list[set[str]]:
    """Return whose bells were started, in order."""
    return [set(note.people) for note in diary.county.hall.of(Rung) if note.visit == visit]


async def state(diary: Diary, row: AppointmentRow) -> AppointmentState:
    return AppointmentState((await diary.row(row.id)).state)


# At the terminal


async def test_a_terminal_shows_todays_appointments_of_its_room_as_numbers(diary: Diary) -> None:
    terminal = await diary.county.terminal(room=diary.room)
    row = await diary.approved()
    await diary.request(diary.wish(TEN + timedelta(hours=4)))  # nobody has agreed to it
    await diary.approved(diary.wish(TEN + timedelta(days=1)))
    other = diary.wish(room=await diary.county.room(), official=await diary.county.officer())
    await diary.approved(other)

    assert await expected(diary, terminal) == [Expected(row.id, "Y-001", TEN, AppointmentState.APPROVED)]


async def test_an_arrival_is_noted_once(diary: Diary) -> None:
    row = await diary.approved()

    first = await arrive(diary, row)
    diary.county.clock.advance(minutes=1)
    again = await arrive(diary, row)

    assert first.arrived_at == again.arrived_at == NOW
    assert again.state == AppointmentState.ARRIVED


async def test_nobody_arrives_on_another_day_or_without_consent(diary: Diary) -> None:
    tomorrow = await diary.approved(diary.wish(TEN + timedelta(days=1)))
    asked = await diary.request()

    for row in (tomorrow, asked):
        with pytest.raises(AppointmentWrongState):
            await arrive(diary, row)


async def test_another_rooms_terminal_does_not_know_the_appointment(diary: Diary) -> None:
    row, elsewhere = await diary.approved(), await diary.county.terminal()

    with pytest.raises(NotFound):
        await arrive(diary, row, by=elsewhere.actor)


async def test_a_visit_is_tied_to_the_appointment_it_came_from(diary: Diary) -> None:
    terminal = await diary.county.terminal(room=diary.room)
    row = await diary.approved()
    await arrive(diary, row, by=terminal.actor)

    made = await registered(diary, row, terminal, answered=False)

    assert (await diary.county.row(made.id)).appointment_id == row.id
    assert (await diary.row(row.id)).visit_id == made.id


async def test_no_visit_comes_from_an_appointment_that_nobody_arrived_for(diary: Diary) -> None:
    terminal = await diary.county.terminal(room=diary.room)
    row = await diary.approved()

    with pytest.raises(AppointmentWrongState):
        await registered(diary, row, terminal)


async def test_one_visit_comes_from_an_appointment(diary: Diary) -> None:
    terminal = await diary.county.terminal(room=diary.room)
    row = await diary.approved()
    await arrive(diary, row)
    first = await registered(diary, row, terminal, answered=False)

    with pytest.raises(AppointmentWrongState):
        await diary.county.edge.run(lambda work: arrivals.take_up(work, terminal.actor, first.id, row.id))


@pytest.mark.both_databases
async def test_a_visit_that_was_taken_back_may_be_registered_again(diary: Diary) -> None:
    terminal = await diary.county.terminal(room=diary.room)
    row = await diary.approved()
    await arrive(diary, row)
    first = await registered(diary, row, terminal, answered=False)
    await diary.county.edge.run(lambda work: intake.cancel(work, terminal.actor, first.id))

    second = await registered(diary, row, terminal, answered=False)

    assert (await diary.row(row.id)).visit_id == second.id
    assert (await diary.county.row(first.id)).appointment_id is None


# The official rings first


async def test_the_appointed_official_rings_first_and_everybody_afterwards(diary: Diary) -> None:
    terminal = await diary.county.terminal(room=diary.room)
    await diary.county.goes_on_duty(diary.official)
    colleague = await diary.county.on_duty()
    row = await diary.approved()
    await arrive(diary, row)
    made = await registered(diary, row, terminal)

    await diary.county.raises(made, appointed_first=FIRST)
    assert await rings(diary, made.id) == [{diary.official.person}]

    diary.county.clock.advance(seconds=FIRST.total_seconds())
    await diary.county.edge.ring()
    assert await rings(diary, made.id) == [{diary.official.person}, {colleague.person}]


async def test_nobody_waits_for_an_official_who_is_not_there(diary: Diary) -> None:
    terminal = await diary.county.terminal(room=diary.room)
    colleague = await diary.county.on_duty()
    row = await diary.approved()
    await arrive(diary, row)
    made = await registered(diary, row, terminal)

    await diary.county.raises(made, appointed_first=FIRST)

    assert await rings(diary, made.id) == [{colleague.person}]


@pytest.mark.both_databases
async def test_an_official_who_declines_has_everybody_asked_at_once(diary: Diary) -> None:
    terminal = await diary.county.terminal(room=diary.room)
    await diary.county.goes_on_duty(diary.official)
    colleague = await diary.county.on_duty()
    row = await diary.approved()
    await arrive(diary, row)
    made = await registered(diary, row, terminal)
    await diary.county.raises(made, appointed_first=FIRST)

    await diary.county.edge.run(lambda work: desk.decline(work, diary.official, made.id))

    assert (await rings(diary, made.id))[-1] == {colleague.person}


async def test_a_visit_without_an_appointment_rings_everybody(diary: Diary) -> None:
    await diary.county.goes_on_duty(diary.official)
    colleague = await diary.county.on_duty()
    made = await diary.county.visit(VisitState.TOWNSHIP_ANSWERED)

    await diary.county.raises(made, appointed_first=FIRST)

    assert await rings(diary, made.id) == [{diary.official.person, colleague.person}]
    assert (await diary.county.row(made.id)).first_chance_until is None


@pytest.mark.parametrize("stands_in", [False, True])
async def test_an_appointment_goes_with_its_visit_to_the_end(diary: Diary, stands_in: bool) -> None:
    terminal = await diary.county.terminal(room=diary.room)
    await diary.county.goes_on_duty(diary.official)
    who = await diary.county.on_duty() if stands_in else diary.official
    row = await diary.approved()
    await arrive(diary, row)
    made = await registered(diary, row, terminal)
    await diary.county.raises(made, appointed_first=FIRST)

    await diary.county.answers(who, made.id)
    assert await state(diary, row) is AppointmentState.IN_VISIT
    assert (await diary.county.row(made.id)).first_chance_until is None
    await diary.county.ends(who, made.id)
    await diary.county.logs(who, made.id)

    assert await state(diary, row) is AppointmentState.DONE
    assert await diary.claims(row.id) == 0  # it ended before its time: room and people are free again


async def test_a_visitor_who_is_content_with_the_township_had_the_appointment(diary: Diary) -> None:
    terminal = await diary.county.terminal(room=diary.room)
    row = await diary.approved()
    await arrive(diary, row)
    made = await registered(diary, row, terminal, answered=False)

    await diary.county.township_answers(made, satisfied=True)

    assert await state(diary, row) is AppointmentState.DONE


async def test_a_cut_off_call_that_goes_on_changes_nothing_of_its_appointment(diary: Diary) -> None:
    terminal = await diary.county.terminal(room=diary.room)
    await diary.county.goes_on_duty(diary.official)
    row = await diary.approved()
    await arrive(diary, row)
    made = await registered(diary, row, terminal)
    await diary.county.raises(made, appointed_first=FIRST)
    await diary.county.answers(diary.official, made.id)

    await diary.county.suspends(made.id)
    await diary.county.ends(diary.official, made.id)
    await diary.county.logs(diary.official, made.id)

    assert await state(diary, row) is AppointmentState.DONE


async def test_an_appointment_that_was_kept_elsewhere_is_closed_by_hand(diary: Diary) -> None:
    row = await diary.approved()
    await arrive(diary, row)

    with pytest.raises(NotAllowed):
        await diary.county.edge.run(lambda work: arrivals.done(work, diary.township, row.id))
    closed = await diary.county.edge.run(lambda work: arrivals.done(work, diary.official, row.id))

    assert closed.state == AppointmentState.DONE


# Who did not come


async def test_a_person_confirms_who_did_not_come_and_why(diary: Diary) -> None:
    row = await diary.approved()
    diary.county.clock.advance(hours=1, minutes=20)

    missed = await no_show(diary, row, by=diary.township)

    assert (missed.state, missed.absent_side, missed.reason) == ("no_show", "citizen", "unreachable")
    assert await diary.claims(row.id) == 5  # what has passed; the wrap-up after it is free


async def test_nobody_is_missing_before_the_hour(diary: Diary) -> None:
    row = await diary.approved()

    with pytest.raises(AppointmentWrongState):
        await no_show(diary, row)


async def test_a_citizen_who_sits_in_the_room_is_not_missing(diary: Diary) -> None:
    row = await diary.approved()
    await arrive(diary, row)
    diary.county.clock.advance(hours=2)

    with pytest.raises(AppointmentWrongState):
        await no_show(diary, row)
    assert (await no_show(diary, row, "county", "other_duty")).absent_side == "county"


@pytest.mark.both_databases
async def test_side_and_reason_are_both_required(diary: Diary) -> None:
    row = await diary.approved()
    diary.county.clock.advance(hours=2)

    with pytest.raises(BadInput) as raised:
        await no_show(diary, row, "nobody", "")

    assert raised.value.fields == {"side": "required", "reason": "required"}


async def test_a_stranger_confirms_nothing(diary: Diary) -> None:
    row = await diary.approved()
    diary.county.clock.advance(hours=2)

    with pytest.raises(NotAllowed):
        await no_show(diary, row, by=await diary.county.officer())


async def test_presence_suggests_who_is_missing_and_confirms_nothing(diary: Diary) -> None:
    absent = await diary.approved()
    waiting = await diary.approved(
        diary.wish(TEN, room=await diary.county.room(), official=await diary.county.officer())
    )
    cancelled = await diary.approved(diary.wish(TEN + timedelta(hours=4)))
    await arrive(diary, waiting)
    await diary.cancel(cancelled)
    assert await suspected(diary) == {}

    diary.county.clock.advance(hours=1, minutes=15)

    assert await suspected(diary) == {absent.id: Side.CITIZEN, waiting.id: Side.COUNTY}
    assert await state(diary, absent) is AppointmentState.APPROVED


async def test_the_office_sees_every_suggestion_and_an_official_the_own(diary: Diary) -> None:
    row = await diary.approved()
    diary.county.clock.advance(hours=1, minutes=15)

    async def told(actor: Officer) -> list[str]:
        found = await diary.county.read(lambda work: arrivals.missed_today(work, actor, grace=GRACE))
        return [one.appointment for one in found]

    assert await told(diary.office) == await told(diary.official) == [row.id]
    assert await told(await diary.county.officer()) == []


async def test_an_official_at_the_desk_is_present(diary: Diary) -> None:
    await diary.county.goes_on_duty(diary.official)
    row = await diary.approved()
    await arrive(diary, row)

    diary.county.clock.advance(hours=2)

    assert await suspected(diary) == {}
