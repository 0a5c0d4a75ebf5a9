"""The day of an official who is away is given to others."""

from datetime import timedelta

import pytest

from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.services import reallocation
from scheduling.domain.booking import SlotTaken
from tests.reception.services.diary import TEN, Diary


async def test_a_whole_day_is_given_to_whoever_of_the_post_is_free(diary: Diary) -> None:
    stand_in = await diary.county.officer()
    first = await diary.approved()
    second = await diary.approved(diary.wish(TEN + timedelta(hours=4)))
    tomorrow = await diary.approved(diary.wish(TEN + timedelta(days=1)))

    found = await diary.give_away(diary.official.person)

    assert [(one.appointment, one.stand_in) for one in found.moved] == [
        (first.id, stand_in.person),
        (second.id, stand_in.person),
    ]
    assert found.left == []
    moved = await diary.row(first.id)
    assert (moved.official_id, moved.starts_at, moved.ticket) == (stand_in.person, TEN, "Y-001")
    assert (await diary.row(tomorrow.id)).official_id == diary.official.person
    with pytest.raises(SlotTaken):
        await diary.hold(diary.wish(room=await diary.county.room(), official=stand_in))


async def test_what_nobody_can_take_is_listed_and_stays_as_it_was(diary: Diary) -> None:
    stand_in, other_room = await diary.county.officer(), await diary.county.room()
    busy = await diary.approved()
    await diary.approved(diary.wish(room=other_room, official=stand_in))
    free = await diary.approved(diary.wish(TEN + timedelta(hours=4)))

    found = await diary.give_away(diary.official.person, stand_in.person)

    assert [one.appointment for one in found.moved] == [free.id]
    assert found.left == [busy.id]
    assert (await diary.row(busy.id)).official_id == diary.official.person


async def test_nobody_on_leave_is_given_a_day(diary: Diary) -> None:
    stand_in = await diary.county.officer()
    await diary.goes_on_leave(stand_in.person, TEN, TEN + timedelta(days=1))
    row = await diary.approved()

    assert (await diary.give_away(diary.official.person)).left == [row.id]


async def test_a_day_is_given_away_by_the_petition_office_to_county_staff(diary: Diary) -> None:
    with pytest.raises(BadInput):
        await diary.give_away(diary.official.person, diary.township.person)
    with pytest.raises(NotFound):
        await diary.give_away(diary.township.person)
    with pytest.raises(NotAllowed):
        await diary.county.edge.run(
            lambda work: reallocation.reallocate(
                work, diary.official, diary.official.person, TEN.date(), None
            )
        )
