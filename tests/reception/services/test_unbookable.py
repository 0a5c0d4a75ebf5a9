"""What can not be booked: closed hours, rooms out of use, people on leave, people who are recused."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.ids import PersonId, new_id
from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.services import appointments, room_blocks
from reception.services.work import Work
from reception.store.conflict_tables import RecusalRow
from reception.store.tables import CaseRow
from scheduling.domain.booking import (
    CannotTakePart,
    NotAWorkingDay,
    OfficialOnLeave,
    OutsideHours,
    RoomBlocked,
)
from scheduling.domain.slots import OffGrid, Span
from scheduling.errors import SchedulingRefusal
from tests.reception.services.diary import QUARTER, TEN, Diary
from tests.support.factories import NOW

# When a room is closed


@pytest.mark.parametrize(
    ("starts_at", "refusal"),
    [
        (NOW + timedelta(days=5), NotAWorkingDay),  # Saturday
        (NOW + timedelta(hours=3), OutsideHours),  # noon
        (TEN + timedelta(minutes=5), OffGrid),
    ],
)
async def test_a_closed_office_is_not_booked(
    diary: Diary, starts_at: datetime, refusal: type[SchedulingRefusal]
) -> None:
    with pytest.raises(refusal):
        await diary.hold(diary.wish(starts_at))


async def test_a_blocked_room_is_refused_until_its_hour_is_over_and_then_is_back(diary: Diary) -> None:
    """Nothing runs at the end of a block: what is over is over."""
    standing = await diary.hold()
    blocked = await diary.block(TEN, TEN + timedelta(hours=1))
    assert blocked.affected == [standing.id]
    other = await diary.county.officer()

    with pytest.raises(RoomBlocked):
        await diary.hold(diary.wish(TEN + 3 * QUARTER, official=other))

    await diary.hold(diary.wish(TEN + 4 * QUARTER, official=other))


async def test_a_block_that_is_lifted_keeps_nobody_out(diary: Diary) -> None:
    blocked = await diary.block(TEN, TEN + timedelta(days=30))

    for _ in range(2):
        await diary.county.edge.run(lambda work: room_blocks.lift(work, diary.office, blocked.id))

    await diary.hold()


async def test_only_the_petition_office_blocks_rooms(diary: Diary) -> None:
    span = Span(TEN, TEN + timedelta(hours=1))

    for actor in (diary.township, diary.official):
        deed = partial(room_blocks.block, actor=actor, room=diary.room, span=span, reason="repair")
        with pytest.raises(NotAllowed):
            await diary.county.edge.run(deed)
    with pytest.raises(BadInput) as raised:
        await diary.block(TEN, TEN)
    assert raised.value.fields == {"ends_at": "out_of_range"}


async def test_an_official_on_leave_is_not_booked(diary: Diary) -> None:
    await diary.goes_on_leave(diary.official.person, TEN, TEN + timedelta(days=1))

    with pytest.raises(OfficialOnLeave):
        await diary.hold()


# Recusal


async def test_an_official_who_is_recused_from_the_case_can_not_be_booked(diary: Diary) -> None:
    made = await diary.county.visit(VisitState.OUTCOME_LOGGED)
    await diary.county.edge.run(lambda work: recuse(work, made.case_number, diary.official.person))

    with pytest.raises(CannotTakePart):
        await diary.hold(diary.wish(case=made.case_number), by=diary.office)
    with pytest.raises(CannotTakePart):  # nor as the one beside
        await diary.hold(
            diary.wish(
                case=made.case_number,
                official=await diary.county.officer(),
                liaison=diary.official.person,
            ),
            by=diary.office,
        )


async def test_for_who_must_not_learn_of_the_case_there_is_no_appointment(diary: Diary) -> None:
    made = await diary.county.visit(VisitState.OUTCOME_LOGGED)
    row = await diary.hold(diary.wish(case=made.case_number), by=diary.office)
    stranger = await diary.county.officer(Role.PETITION_OFFICE)
    await diary.county.edge.run(partial(recuse, number=made.case_number, person=stranger.person))

    with pytest.raises(NotFound):
        await diary.cancel(row, by=stranger)
    with pytest.raises(NotFound):
        await diary.hold(diary.wish(TEN + timedelta(hours=4), case=made.case_number), by=stranger)


async def test_who_is_recused_meanwhile_is_not_confirmed_and_takes_over_no_day(diary: Diary) -> None:
    made = await diary.county.visit(VisitState.OUTCOME_LOGGED)
    stand_in = await diary.county.officer()
    held = await diary.hold(diary.wish(case=made.case_number), by=diary.office)
    asked = await diary.county.edge.run(lambda work: appointments.request(work, diary.office, held.id))
    for person in (diary.official.person, stand_in.person):
        await diary.county.edge.run(partial(recuse, number=made.case_number, person=person))

    with pytest.raises(CannotTakePart):
        await diary.approve(asked)
    assert (await diary.give_away(diary.official.person, stand_in.person)).left == [asked.id]


async def recuse(work: Work, number: str, person: PersonId) -> None:
    case = await work.session.scalar(select(CaseRow).where(CaseRow.number == number))
    assert case is not None
    work.session.add(
        RecusalRow(
            id=new_id(),
            case_id=case.id,
            person_id=person,
            origin="own",
            reason="acquaintance",
            asked_by=person,
            asked_at=work.now,
            decision="granted",
            decided_by=person,
            decided_at=work.now,
        )
    )
