"""Bands of the week's board: shifts, leaders' days, who is away, and posts without anybody."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from reception.domain.ids import new_id
from reception.domain.roles import Role
from reception.services.work import OFFICE_TIME, Work
from scheduling.domain.roster import Post
from scheduling.domain.rotation import Handover, Rotation
from scheduling.store.roster_shifts import Dealing, add_rotation, deal
from scheduling.store.roster_tables import LeaderDayRow, LeaveRow
from scheduling.store.rosters import change_post
from tests.support.clients import House, OfficerClient

WEEK = "from=2026-03-02&until=2026-03-09"
TUESDAY = datetime(2026, 3, 3, 1, 0, tzinfo=UTC), datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


async def take_turns(house: House, role: Role, unit: str, members: Sequence[str]) -> None:
    """Have some people take turns on a post on working days from 08:30 to 17:30."""
    post = Post(role, unit)
    rotation = Rotation(
        id=new_id(),
        post=post,
        members=tuple(members),
        rule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        opens=time(8, 30),
        closes=time(17, 30),
        starts_on=date(2026, 3, 2),
        handover=Handover.DAILY,
    )

    async def add(work: Work) -> None:
        dealing = Dealing(work.now, date(2026, 3, 31), OFFICE_TIME, lambda day: day.weekday() < 5)
        await change_post(work.session, post)
        await add_rotation(work.session, rotation)
        await deal(work.session, rotation, dealing)

    await house.county.edge.run(add)


async def add_row(house: House, row: LeaderDayRow | LeaveRow) -> None:
    async def add(work: Work) -> None:
        work.session.add(row)

    await house.county.edge.run(add)


async def board(client: OfficerClient) -> dict[str, Any]:
    reply = await client.get(f"/api/v1/schedule?{WEEK}")
    assert reply.status == 200, reply.text
    told: dict[str, Any] = reply.json
    return told


def of_kind(told: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [band for band in told["bands"] if band["kind"] == kind]


async def test_shifts_stand_in_the_rows_of_those_who_have_them(house: House) -> None:
    one, other = [await house.officer(Role.COUNTY_DUTY_OFFICER) for _ in range(2)]
    people = [one.actor.person, other.actor.person]
    await take_turns(house, Role.COUNTY_DUTY_OFFICER, house.county.organ, people)

    shifts = of_kind(await board(one), "shift")

    assert len(shifts) == 5
    assert {band["row"] for band in shifts} == {f"person:{person}" for person in people}
    assert all(band["role"] == Role.COUNTY_DUTY_OFFICER and band["unit_name"] for band in shifts)


async def test_a_post_that_nobody_is_on_has_a_row_above_all_others(house: House) -> None:
    office = await house.officer(Role.PETITION_OFFICE)
    await take_turns(house, Role.DEPARTMENT_LIAISON, house.county.organ, [])

    told = await board(office)

    gaps = of_kind(told, "gap")
    assert len(gaps) == 5
    row = f"post:department_liaison:{house.county.organ}"
    assert {band["row"] for band in gaps} == {row}
    assert told["rows"][0]["id"] == row
    assert told["rows"][0]["kind"] == "post"


async def test_a_page_says_a_gap_in_words(house: House) -> None:
    office = await house.officer(Role.PETITION_OFFICE)
    await take_turns(house, Role.DEPARTMENT_LIAISON, house.county.organ, [])

    page = (await office.get("/schedule?week=2026-W10&view=list")).text

    assert page.count('data-testid="schedule-gap"') == 5


async def test_leaders_days_and_county_duty_are_published_to_townships_and_absence_is_not(
    house: House,
) -> None:
    leader, duty = await house.officer(Role.BRANCH_LEADER), await house.officer(Role.COUNTY_DUTY_OFFICER)
    person, by = leader.actor.person, leader.actor.seat
    await take_turns(house, Role.COUNTY_DUTY_OFFICER, house.county.organ, [duty.actor.person])
    await take_turns(house, Role.DEPARTMENT_LIAISON, house.county.organ, [])
    start, end = TUESDAY
    made = {"starts_at": start, "ends_at": end}
    await add_row(
        house, LeaderDayRow(id=new_id(), person=person, made_by=by, made_at=start, cancelled_at=None, **made)
    )
    asked = {"asked_by": by, "asked_at": start, "settled_by": by, "settled_at": start}
    away = LeaveRow(id=new_id(), person=duty.actor.person, kind="sick", state="granted", **made, **asked)
    await add_row(house, away)

    township = await house.officer(Role.TOWNSHIP_OFFICER)
    seen, all_of_it = await board(township), await board(leader)

    assert {band["kind"] for band in seen["bands"]} == {"shift", "leader_day"}
    assert {"away", "gap"} <= {band["kind"] for band in all_of_it["bands"]}


async def test_why_somebody_is_away_is_told_to_nobody(house: House) -> None:
    office, sick = await house.officer(Role.PETITION_OFFICE), await house.officer()
    start, end = TUESDAY
    by = office.actor.seat
    away = LeaveRow(
        id=new_id(),
        person=sick.actor.person,
        kind="sick",
        state="granted",
        starts_at=start,
        ends_at=end,
        asked_by=by,
        asked_at=start,
        settled_by=by,
        settled_at=start,
    )
    await add_row(house, away)

    (band,) = of_kind(await board(office), "away")

    assert (band["row"], band["why"], band["role"]) == (f"person:{sick.actor.person}", "", "")


async def test_a_liaison_sees_the_own_shifts_and_nobody_elses(house: House) -> None:
    liaison, duty = await house.officer(Role.DEPARTMENT_LIAISON), await house.officer()
    await take_turns(house, Role.DEPARTMENT_LIAISON, house.county.organ, [liaison.actor.person])
    await take_turns(house, Role.COUNTY_DUTY_OFFICER, house.county.organ, [duty.actor.person])

    told = await board(liaison)

    assert {band["row"] for band in told["bands"]} == {f"person:{liaison.actor.person}"}
    assert len(told["bands"]) == 5
