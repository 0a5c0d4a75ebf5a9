"""Nothing is had twice: rooms, people, cases and holds; who loses is told what is free."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import SQLAlchemyError

from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.services import appointments
from reception.store.faults import is_unavailable
from scheduling.domain.appointments import AppointmentState
from scheduling.domain.booking import (
    HoldExpired,
    SlotTaken,
)
from scheduling.store.appointment_tables import AppointmentRow
from tests.reception.services.diary import QUARTER, TEN, Diary

pytestmark = pytest.mark.both_databases

# One at a time


@pytest.mark.parametrize("taken", ["room", "official", "liaison", "liaison is the official"])
async def test_what_is_taken_once_is_not_taken_again(diary: Diary, taken: str) -> None:
    liaison = await diary.county.officer(Role.DEPARTMENT_LIAISON)
    other_room, other_official = await diary.county.room(), await diary.county.officer()
    await diary.hold(diary.wish(liaison=liaison.person))

    wish = {
        "room": diary.wish(official=other_official),
        "official": diary.wish(room=other_room),
        "liaison": diary.wish(room=other_room, official=other_official, liaison=liaison.person),
        "liaison is the official": diary.wish(
            room=other_room, official=other_official, liaison=diary.official.person
        ),
    }[taken]
    with pytest.raises(SlotTaken):
        await diary.hold(wish)


async def test_one_case_is_not_in_two_rooms_at_once(diary: Diary) -> None:
    made = await diary.county.visit(VisitState.OUTCOME_LOGGED)
    wish = diary.wish(case=made.case_number)
    await diary.hold(wish, by=diary.office)
    other = diary.wish(
        case=made.case_number,
        room=await diary.county.room(),
        official=await diary.county.officer(),
    )

    with pytest.raises(SlotTaken):
        await diary.hold(other, by=diary.office)


async def test_the_loser_is_offered_the_three_nearest_and_each_can_be_had(diary: Diary) -> None:
    await diary.hold()

    with pytest.raises(SlotTaken) as raised:
        await diary.hold()

    offered = raised.value.alternatives
    # With briefing and wrap-up the official is bound from 09:45 to 10:45.
    assert [(plan.starts_at - TEN) // QUARTER for plan in offered] == [4, -4, 5]
    await diary.hold(diary.wish(offered[0].starts_at))


async def test_an_alternative_respects_hours_blocks_leave_and_other_rooms(diary: Diary) -> None:
    second = await diary.county.room()
    await diary.hold(diary.wish(official=await diary.county.officer()))
    await diary.goes_on_leave(diary.official.person, TEN + 2 * QUARTER, TEN + timedelta(hours=3))

    with pytest.raises(SlotTaken) as raised:
        await diary.hold(diary.wish(minutes=15))

    found = {(plan.room, (plan.starts_at - TEN) // QUARTER) for plan in raised.value.alternatives}
    assert (second, 0) in found
    assert all(plan.whole.end <= TEN + 2 * QUARTER for plan in raised.value.alternatives)


async def test_of_fifty_who_ask_at_once_one_wins_and_the_others_are_offered_something(
    diary: Diary,
) -> None:
    results = await asyncio.gather(*(insists(diary) for _ in range(50)))

    won = [result for result in results if isinstance(result, AppointmentRow)]
    lost = [result for result in results if isinstance(result, SlotTaken)]
    assert (len(won), len(lost)) == (1, 49)
    assert all(len(refusal.alternatives) == 3 for refusal in lost)


async def insists(diary: Diary) -> AppointmentRow | SlotTaken:
    """Ask as a page does: a database that has no time now is asked again."""
    while True:
        try:
            return await diary.hold()
        except SlotTaken as refusal:
            return refusal
        except SQLAlchemyError as error:
            if not is_unavailable(error):
                raise


async def test_a_loser_leaves_nothing_behind(diary: Diary) -> None:
    await diary.hold()
    before = await diary.county.rows()

    with pytest.raises(SlotTaken):
        await diary.hold(diary.wish(TEN + QUARTER, minutes=60))

    assert await diary.county.rows() == before


@pytest.mark.parametrize("later", [60, -60])
async def test_the_next_meeting_of_an_official_leaves_room_for_both_edges(diary: Diary, later: int) -> None:
    await diary.hold()
    near = TEN + timedelta(minutes=later - (15 if later > 0 else -15))

    with pytest.raises(SlotTaken):
        await diary.hold(diary.wish(near))
    await diary.hold(diary.wish(TEN + timedelta(minutes=later)))


async def test_the_next_citizen_may_have_the_room_while_the_former_officials_write(diary: Diary) -> None:
    await diary.hold()

    await diary.hold(diary.wish(TEN + 2 * QUARTER, official=await diary.county.officer()))


# Holds


async def test_a_hold_that_has_run_out_gives_way(diary: Diary) -> None:
    first = await diary.hold()
    diary.county.clock.advance(minutes=5)

    second = await diary.hold()

    gone = await diary.row(first.id)
    assert (gone.state, gone.reason) == (AppointmentState.CANCELLED, "hold_expired")
    assert await diary.claims(first.id) == 0
    assert await diary.claims(second.id) > 0


async def test_a_hold_that_has_run_out_is_not_completed(diary: Diary) -> None:
    row = await diary.hold()
    diary.county.clock.advance(minutes=5)

    with pytest.raises(HoldExpired):
        await diary.county.edge.run(lambda work: appointments.request(work, diary.township, row.id))


async def test_a_request_does_not_run_out(diary: Diary) -> None:
    await diary.request(diary.wish(TEN + timedelta(hours=4)))
    diary.county.clock.advance(hours=3)

    with pytest.raises(SlotTaken):
        await diary.hold(diary.wish(TEN + timedelta(hours=4)))


async def test_nothing_is_offered_that_only_looks_free_because_it_is_held(diary: Diary) -> None:
    await diary.hold()
    await diary.hold(diary.wish(TEN + timedelta(minutes=60)))

    with pytest.raises(SlotTaken) as raised:
        await diary.hold()

    assert TEN + timedelta(minutes=60) not in {plan.starts_at for plan in raised.value.alternatives}
