"""Who is on a post: dealt shifts, changes, swaps, leave and deputies, on both kinds of database."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import IntegrityError

from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotAllowed, NotFound, Refusal
from reception.domain.roles import Role
from reception.services import accounts, roster_plans, roster_requests, rosters
from reception.services.rosters import Candidate
from reception.services.work import Work
from reception.store.tables import AuditRow
from scheduling.domain.roster import (
    ActingCycle,
    AlreadyOnPost,
    NoGap,
    NotYourShift,
    OnLeave,
    OverrideOverlap,
    Span,
)
from scheduling.domain.rotation import RuleWrong
from scheduling.errors import SchedulingRefusal
from scheduling.store.roster_tables import ContactChannelRow, RosterOverrideRow, RosterShiftRow, RosterSwapRow
from tests.reception.services.rota import HORIZON, MONDAY, Rota, at
from tests.support.factories import NOW, County

MORNING = Span(at(0, 8.5), at(0, 12))


async def test_a_rotation_says_who_is_on_now_why_and_until_when(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates()
    first, second = rota.liaisons

    assert await rota.who() == [
        Candidate(
            person=first.person,
            name=first.name,
            post=first.post,
            why="shift",
            instead_of=None,
            is_reachable=False,
            is_present=False,
            until=at(0, 17.5),
        )
    ]
    assert await rota.people(at(1, 9)) == [(second.name, "shift", None)]
    assert await rota.people(at(1, 18)) == [], "after hours nobody is on"
    assert await rota.people(at(5, 9)) == [], "nor on a Saturday"


async def test_who_is_on_now_is_one_statement_however_tangled_the_roster(county: County) -> None:
    rota = await Rota.made(county, 4)
    await rota.rotates()
    one, two, three, four = rota.liaisons
    await rota.overrides(two, MORNING, instead_of=one)
    await rota.is_away(two, MORNING)
    await rota.is_away(three, MORNING)
    await rota.deputises(three, two)
    await rota.deputises(four, three)
    asked: list[str] = []

    async def look(work: Work) -> list[Candidate]:
        connection = (await work.session.connection()).sync_connection
        event.listen(connection, "before_cursor_execute", lambda *call: asked.append(call[2]))
        return await rosters.who_now(work, Role.DEPARTMENT_LIAISON, rota.post.unit, present=frozenset())

    found = await county.edge.read(look)

    assert [(who.name, who.why, who.instead_of) for who in found] == [(four.name, "acting", two.name)]
    assert len(asked) == 1


async def test_reachable_is_who_has_a_page_open_or_another_way_that_works(county: County) -> None:
    rota = await Rota.made(county, 1)
    await rota.rotates()
    person = rota.liaisons[0].person

    async def add(work: Work) -> None:
        work.session.add(ContactChannelRow(person=person, kind="phone", works=True, checked_at=NOW))
        work.session.add(ContactChannelRow(person=person, kind="desk", works=False, checked_at=NOW))

    assert [who.is_reachable for who in await rota.who()] == [False]
    assert [who.is_present for who in await rota.who(present=frozenset({person}))] == [True]
    await county.edge.run(add)
    assert [(who.is_reachable, who.is_present) for who in await rota.who()] == [(True, False)]


async def test_a_post_without_a_roster_falls_back_to_who_holds_the_role(county: County) -> None:
    rota = await Rota.made(county)

    assert [why for _, why, _ in await rota.people()] == ["holder", "holder"]
    await rota.rotates(rota.liaisons[0])
    assert [why for _, why, _ in await rota.people(at(0, 20))] == [], "a roster that is there is believed"


async def test_a_closed_account_is_on_no_post(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates()
    admin = await county.officer(Role.SYS_ADMIN)
    first, second = rota.liaisons
    await rota.deputises(second, first)

    await county.edge.run(lambda work: accounts.set_active(work, admin, first.person, active=False))

    assert await rota.people() == [(second.name, "acting", first.name)]


# Rotations


async def test_shifts_are_dealt_to_the_horizon_and_extended_as_days_pass(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates()

    async def last(work: Work) -> object:
        return await work.session.scalar(select(func.max(RosterShiftRow.starts_at)))

    before = await county.edge.read(last)
    county.clock.advance(days=7)

    assert await county.edge.run(lambda work: roster_plans.deal_due(work, horizon=HORIZON)) == 1
    assert await county.edge.run(lambda work: roster_plans.deal_due(work, horizon=HORIZON)) == 0
    assert before == at(59, 8.5), "the day after is a holiday"
    assert await county.edge.read(last) == at(67, 8.5)


async def test_other_members_change_what_is_to_come_and_leave_changes_and_the_past_alone(
    county: County,
) -> None:
    rota = await Rota.made(county, 3)
    one, two, three = rota.liaisons
    rotation = await rota.rotates(one, two)
    await rota.overrides(three, Span(at(3, 8.5), at(3, 12)))
    county.clock.advance(days=1, hours=1)  # Tuesday 10:00, in the second one's shift

    await rota.changes_members(rotation, one)

    assert await rota.people(at(0, 9)) == [(one.name, "shift", None)]
    assert await rota.people(at(1, 9)) == [(two.name, "shift", None)], "that was so"
    assert await rota.people(at(1, 11)) == [(one.name, "shift", None)]
    assert await rota.people(at(3, 9)) == [(three.name, "override", None)]


@pytest.mark.both_databases
async def test_dealing_again_changes_nothing_that_is_right_already(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates()
    county.clock.advance(hours=2)

    assert await county.edge.run(roster_plans.deal_all) == []


async def test_only_the_office_makes_rotations_and_only_sound_ones(county: County) -> None:
    rota = await Rota.made(county)

    with pytest.raises(RuleWrong):
        await rota.rotates(rule="FREQ=SECONDLY")
    rota.office = rota.liaisons[0]
    with pytest.raises(NotAllowed):
        await rota.rotates()


# Overrides


@pytest.mark.both_databases
async def test_two_overrides_of_one_time_are_refused_also_in_the_same_moment(county: County) -> None:
    rota = await Rota.made(county, 4)
    await rota.rotates(rota.liaisons[0])

    async def one(person: int) -> str:
        try:
            return "made" if await rota.overrides(rota.liaisons[person], MORNING) else ""
        except OverrideOverlap as refusal:
            return refusal.code

    answers = await asyncio.gather(*(one(person) for person in (1, 2, 3)))

    assert Counter(answers) == {"made": 1, "override_overlap": 2}


async def test_an_override_that_is_cancelled_gives_the_shift_back(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates(rota.liaisons[0])
    change = await rota.overrides(rota.liaisons[1], MORNING, instead_of=rota.liaisons[0])
    assert [name for name, *_ in await rota.people()] == [rota.liaisons[1].name]

    await county.edge.run(lambda work: roster_plans.cancel(work, rota.office, "override", change))

    assert [name for name, *_ in await rota.people()] == [rota.liaisons[0].name]
    with pytest.raises(NotFound):
        await county.edge.run(lambda work: roster_plans.cancel(work, rota.office, "override", change))


async def test_nobody_is_put_on_who_is_away_or_on_already(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates(rota.liaisons[0])
    await rota.is_away(rota.liaisons[1], MORNING)

    with pytest.raises(OnLeave):
        await rota.overrides(rota.liaisons[1], MORNING)
    with pytest.raises(AlreadyOnPost):
        await rota.overrides(rota.liaisons[0], MORNING)


async def test_a_colleague_fills_a_gap_and_nothing_but_a_gap(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates(rota.liaisons[0])
    colleague, evening = rota.liaisons[1], Span(at(0, 17.5), at(0, 19))
    stranger = await county.officer(Role.DEPARTMENT_LIAISON)

    with pytest.raises(NoGap):
        await rota.overrides(colleague, MORNING, by=colleague)
    with pytest.raises(NotFound):
        await rota.overrides(stranger, evening, by=stranger)
    with pytest.raises(NotAllowed):
        await rota.overrides(rota.liaisons[0], evening, by=colleague)
    await rota.overrides(colleague, evening, by=colleague)

    assert await rota.people(at(0, 18)) == [(colleague.name, "taken", None)]


# Swaps


@pytest.mark.both_databases
async def test_a_swap_is_asked_accepted_and_goes_both_ways(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates()
    one, two = rota.liaisons

    swap = await rota.asks(one, at(0, 8.5), of=two, back=at(1, 8.5))
    assert await rota.people() == [(one.name, "shift", None)], "asking changes nothing"
    await rota.accepts(two, swap)

    assert await rota.people() == [(two.name, "swap", one.name)]
    assert await rota.people(at(1, 9)) == [(one.name, "swap", two.name)]


async def test_an_offered_shift_goes_to_the_first_colleague_who_takes_it(county: County) -> None:
    rota = await Rota.made(county, 4)
    await rota.rotates(rota.liaisons[0])
    swap = await rota.asks(rota.liaisons[0], at(0, 8.5))

    async def one(person: int) -> str:
        try:
            await rota.accepts(rota.liaisons[person], swap)
        except (Refusal, SchedulingRefusal) as refusal:
            return refusal.code
        return "taken"

    answers = await asyncio.gather(*(one(person) for person in (1, 2, 3)))

    assert Counter(answers) == {"taken": 1, "swap_settled": 2}
    assert len(await rota.who()) == 1


@pytest.mark.both_databases
async def test_the_race_for_a_shift_would_have_several_winners_without_its_condition(
    county: County,
) -> None:
    """The control: looking first and writing afterwards, as careless code would, lets everybody win."""
    rota = await Rota.made(county, 4)
    await rota.rotates(rota.liaisons[0])
    swap = await rota.asks(rota.liaisons[0], at(0, 8.5))
    all_have_looked = asyncio.Barrier(3)

    async def careless(person: str) -> bool:
        async def look(work: Work) -> str:
            return (await work.session.get_one(RosterSwapRow, swap)).state

        async def take(work: Work) -> None:
            row = await work.session.get_one(RosterSwapRow, swap)
            row.state, row.taker = "accepted", person

        is_open = await county.edge.read(look) == "requested"
        await all_have_looked.wait()
        if is_open:
            await county.edge.run(take)
        return is_open

    won = await asyncio.gather(*(careless(one.person) for one in rota.liaisons[1:]))

    assert sum(won) == 3


async def test_a_constraint_stands_behind_the_rule_of_one_change_for_one_shift(county: County) -> None:
    rota = await Rota.made(county, 3)
    await rota.rotates(rota.liaisons[0])
    made = await rota.overrides(rota.liaisons[1], MORNING)

    async def smuggle(work: Work) -> None:
        row = await work.session.get_one(RosterOverrideRow, made)
        columns = [column.key for column in RosterOverrideRow.__table__.columns]
        copied = {name: getattr(row, name) for name in columns}
        work.session.add(RosterOverrideRow(**{**copied, "id": "smuggled", "person": rota.liaisons[2].person}))

    with pytest.raises(IntegrityError):
        await county.edge.run(smuggle)


async def test_only_who_is_asked_answers_and_only_who_asked_takes_it_back(county: County) -> None:
    rota = await Rota.made(county, 3)
    await rota.rotates()
    one, two, three = rota.liaisons
    swap = await rota.asks(one, at(0, 8.5), of=two)

    for person in (one, three):
        with pytest.raises(NotFound):
            await rota.accepts(person, swap)
    with pytest.raises(NotFound):
        await county.edge.run(lambda work: roster_requests.decline_swap(work, three, swap))
    with pytest.raises(NotFound):
        await county.edge.run(lambda work: roster_requests.withdraw_swap(work, two, swap))
    await county.edge.run(lambda work: roster_requests.decline_swap(work, two, swap))
    with pytest.raises(roster_requests.SwapSettled):
        await county.edge.run(lambda work: roster_requests.withdraw_swap(work, one, swap))

    again = await rota.asks(one, at(0, 8.5), of=two)
    await county.edge.run(lambda work: roster_requests.withdraw_swap(work, one, again))
    with pytest.raises(roster_requests.SwapSettled):
        await rota.accepts(two, again)


async def test_what_is_not_ones_own_or_given_away_is_not_offered(county: County) -> None:
    rota = await Rota.made(county, 3)
    await rota.rotates()
    one, two, three = rota.liaisons

    with pytest.raises(NotYourShift):
        await rota.asks(two, at(0, 8.5))
    with pytest.raises(BadInput):
        await rota.asks(one, at(0, 8.5), of=rota.office)
    first = await rota.asks(one, at(0, 8.5), of=two)
    with pytest.raises(roster_requests.SwapAsked):
        await rota.asks(one, at(0, 8.5), of=three)
    await rota.accepts(two, first)
    with pytest.raises(NotYourShift):
        await rota.asks(one, at(0, 8.5), of=three)


@pytest.mark.both_databases
async def test_a_swap_that_the_roster_has_overtaken_is_refused_and_nothing_of_it_stays(
    county: County,
) -> None:
    rota = await Rota.made(county, 3)
    rotation = await rota.rotates(*rota.liaisons[:2])
    one, two, three = rota.liaisons
    swap = await rota.asks(two, at(1, 8.5), of=three)
    away = await rota.asks(two, at(3, 8.5), of=three)
    await rota.is_away(three, Span(at(3, 0), at(4, 0)))
    await rota.changes_members(rotation, one)

    with pytest.raises(NotYourShift):
        await rota.accepts(three, swap)
    await rota.changes_members(rotation, one, two)
    with pytest.raises(OnLeave):
        await rota.accepts(three, away)
    await rota.accepts(three, swap)

    assert await rota.people(at(1, 9)) == [(three.name, "swap", two.name)]


# Leave and deputies


async def test_leave_that_people_ask_for_themselves_waits_for_the_office(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates()
    one, two = rota.liaisons
    leave = await rota.is_away(one, MORNING, by=one)
    assert len(await rota.who()) == 1

    with pytest.raises(NotAllowed):
        await county.edge.run(lambda work: roster_requests.settle_leave(work, one, leave, "granted"))
    with pytest.raises(NotFound):
        await county.edge.run(lambda work: roster_requests.settle_leave(work, two, leave, "withdrawn"))
    with pytest.raises(NotAllowed):
        await rota.is_away(one, MORNING, by=two)
    await county.edge.run(lambda work: roster_requests.settle_leave(work, rota.office, leave, "granted"))

    assert await rota.who() == []
    with pytest.raises(roster_requests.LeaveSettled):
        await county.edge.run(lambda work: roster_requests.settle_leave(work, one, leave, "withdrawn"))
    await county.edge.run(lambda work: roster_requests.settle_leave(work, rota.office, leave, "withdrawn"))
    assert len(await rota.who()) == 1


async def test_deputies_in_a_circle_are_refused(county: County) -> None:
    rota = await Rota.made(county)
    one, two = rota.liaisons
    await rota.deputises(two, one)

    with pytest.raises(ActingCycle):
        await rota.deputises(one, two)


async def test_a_standing_holder_is_there_when_no_shift_applies(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates(rota.liaisons[0])
    people = [rota.liaisons[1].person]

    await county.edge.run(lambda work: roster_plans.set_standing(work, rota.office, rota.post, people))

    assert await rota.people(at(0, 9)) == [(rota.liaisons[0].name, "shift", None)]
    assert await rota.people(at(0, 20)) == [(rota.liaisons[1].name, "standing", None)]


async def test_a_leaders_day_is_published_once_and_not_into_leave(county: County) -> None:
    rota = await Rota.made(county)
    leader = await county.officer(Role.BRANCH_LEADER)
    tuesday = Span(at(1, 9), at(1, 12))

    async def publish(person: Officer, span: Span) -> str:
        return await county.edge.run(
            lambda work: roster_plans.add_leader_day(work, rota.office, person.person, span)
        )

    await publish(leader, tuesday)
    with pytest.raises(roster_plans.LeaderDayTaken):
        await publish(leader, tuesday)
    with pytest.raises(BadInput):
        await publish(rota.liaisons[0], tuesday)
    await rota.is_away(leader, Span(at(3, 0), at(4, 0)))
    with pytest.raises(OnLeave):
        await publish(leader, Span(at(3, 9), at(3, 12)))

    bands = await county.edge.read(
        lambda work: rosters.bands_between(work, MONDAY, MONDAY + timedelta(days=7))
    )
    assert [(band.kind, band.name) for band in bands] == [("leader_day", leader.name), ("leave", leader.name)]


# Boards and reports


async def test_a_board_shows_shifts_changes_and_gaps(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates()
    one, two = rota.liaisons
    await rota.is_away(two, Span(at(1, 12), at(2, 0)))

    bands = await county.edge.read(
        lambda work: rosters.bands_between(work, MONDAY, MONDAY + timedelta(days=2))
    )

    assert [(band.kind, band.name, band.why, band.starts_at, band.ends_at) for band in bands] == [
        ("shift", one.name, "shift", at(0, 8.5), at(0, 17.5)),
        ("shift", two.name, "shift", at(1, 8.5), at(1, 12)),
        ("leave", two.name, "leave", at(1, 12), at(2, 0)),
        ("gap", "", "", at(1, 12), at(1, 17.5)),
    ]


async def test_a_report_counts_hours_without_anybody_and_who_does_how_much(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates()
    one, two = rota.liaisons
    await rota.is_away(two, Span(at(1, 0), at(2, 0)))

    (found,) = await county.edge.read(lambda work: rosters.report(work, MONDAY, MONDAY + timedelta(days=6)))

    assert found.unit_name == "自然资源局"
    assert (found.coverage.expected_hours, found.coverage.gap_hours) == (45, 9)
    assert [(share.person, share.shifts, share.hours) for share in found.coverage.shares] == [
        (one.person, 3, 27),
        (two.person, 1, 9),
    ]


async def test_every_change_is_in_the_audit_chain(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates()
    one, two = rota.liaisons
    await rota.accepts(two, await rota.asks(one, at(0, 8.5), of=two))
    await rota.is_away(one, Span(at(9, 0), at(10, 0)))
    await rota.deputises(two, one)

    async def actions(work: Work) -> list[str]:
        kinds = ("rotation", "roster_override", "swap", "leave", "acting")
        query = select(AuditRow.action).where(AuditRow.object_type.in_(kinds)).order_by(AuditRow.seq)
        return list(await work.session.scalars(query))

    assert await county.edge.read(actions) == [
        "rotation_set",
        "swap_asked",
        "roster_overridden",
        "swap_settled",
        "leave_asked",
        "acting_set",
    ]
