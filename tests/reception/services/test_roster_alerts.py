"""Holes in the rosters are found within a minute, and are gone when they are filled."""

from datetime import timedelta

from sqlalchemy import event

from reception.domain.actors import Officer
from reception.domain.roles import Role
from reception.roster_keeper import RosterKeeper
from reception.services import accounts, roster_alerts, roster_plans
from reception.services.roster_alerts import Alert
from reception.services.work import Work
from reception.settings import Settings
from scheduling.domain.roster import Span
from tests.reception.services.rota import Rota, at
from tests.support.factories import County

SETTINGS = Settings(roster_horizon_days=60)


async def gaps(county: County) -> list[Alert]:
    found = await county.edge.read(roster_alerts.open_alerts)
    return [alert for alert in found if alert.kind == "gap"]


async def test_removing_one_person_from_a_roster_of_60_days_raises_alerts_within_a_minute(
    county: County,
) -> None:
    rota = await Rota.made(county)
    await rota.rotates()
    keeper, admin = RosterKeeper(county.edge, SETTINGS), await county.officer(Role.SYS_ADMIN)
    await keeper.keep()
    assert await gaps(county) == []
    gone = rota.liaisons[1]

    await county.edge.run(lambda work: accounts.set_active(work, admin, gone.person, active=False))
    county.clock.advance(seconds=59)
    await keeper.keep()

    found = await gaps(county)
    assert found[0] == Alert("gap", rota.post.role, rota.post.unit, "", at(1, 8.5), at(1, 17.5))
    assert len(found) == 21, "every other working day of sixty"

    await county.edge.run(lambda work: accounts.set_active(work, admin, gone.person, active=True))
    county.clock.advance(seconds=59)
    await keeper.keep()
    assert await gaps(county) == []


async def test_a_rotation_that_loses_its_last_member_is_one_gap_after_another(county: County) -> None:
    rota = await Rota.made(county)
    rotation = await rota.rotates(rota.liaisons[0])
    keeper = RosterKeeper(county.edge, SETTINGS)
    await keeper.keep()

    await rota.changes_members(rotation)
    county.clock.advance(seconds=30)
    await keeper.keep()

    assert [alert.starts_at for alert in await gaps(county)][1:3] == [at(1, 8.5), at(2, 8.5)]


async def test_leave_without_a_deputy_is_a_gap_until_somebody_fills_it(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates(rota.liaisons[0])
    await rota.is_away(rota.liaisons[0], Span(at(2, 0), at(3, 0)))
    keeper = RosterKeeper(county.edge, SETTINGS)

    await keeper.keep()
    assert [(alert.starts_at, alert.ends_at) for alert in await gaps(county)] == [(at(2, 8.5), at(2, 17.5))]

    await rota.overrides(rota.liaisons[1], Span(at(2, 8.5), at(2, 17.5)))
    county.clock.advance(seconds=30)
    await keeper.keep()
    assert await gaps(county) == []


async def test_a_gap_that_has_begun_stays_one_alert(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates(rota.liaisons[0])
    await rota.is_away(rota.liaisons[0], Span(at(0, 0), at(1, 0)))
    keeper = RosterKeeper(county.edge, SETTINGS)
    await keeper.keep()
    (before,) = await gaps(county)

    county.clock.advance(hours=3)
    await keeper.keep()

    assert await gaps(county) == [before]


async def test_somebody_in_tomorrows_chain_whom_nothing_reaches_is_an_alert(county: County) -> None:
    rota = await Rota.made(county, 3)
    await rota.rotates(*rota.liaisons[:2])  # tomorrow it is the second one, with a deputy behind
    second, deputy = rota.liaisons[1:]
    await rota.deputises(deputy, second)
    keeper = RosterKeeper(county.edge, SETTINGS)

    async def unreached() -> list[str]:
        await keeper.keep()
        found = await county.edge.read(roster_alerts.open_alerts)
        return sorted(alert.person for alert in found if alert.kind == "no_channel")

    async def tried(person: Officer, *, works: bool) -> None:
        await county.edge.run(
            lambda work: roster_alerts.check_channel(work, rota.office, person.person, "phone", works=works)
        )
        county.clock.advance(seconds=30)

    assert await unreached() == sorted([second.person, deputy.person])
    await tried(second, works=True)
    assert await unreached() == [deputy.person]
    await tried(deputy, works=True)
    assert await unreached() == []
    await tried(second, works=False)
    assert await unreached() == [second.person]


async def test_a_look_at_unchanged_rosters_writes_nothing_and_asks_two_statements(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates()
    keeper = RosterKeeper(county.edge, SETTINGS)
    asked: list[str] = []
    await keeper.keep()

    async def look(work: Work) -> bool:
        connection = (await work.session.connection()).sync_connection
        event.listen(connection, "before_cursor_execute", lambda *call: asked.append(call[2]))
        return await keeper.watch.is_due(work)

    assert not await county.edge.read(look)
    assert len(asked) == 2


async def test_shifts_are_dealt_further_by_the_job_of_the_next_day(county: County) -> None:
    rota = await Rota.made(county)
    await rota.rotates()
    keeper = RosterKeeper(county.edge, SETTINGS)
    await keeper.keep()
    county.clock.advance(days=3)

    await keeper.keep()

    due = await county.edge.run(lambda work: roster_plans.deal_due(work, horizon=timedelta(days=60)))
    assert due == 0
