"""The sweeper: rings that ran out, visits that nobody came back to, no earlier than their grace period."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from reception import jobs
from reception.domain.actors import Officer
from reception.domain.visits import VisitState
from reception.presence import Presence
from reception.services import visit
from reception.services.work import Work
from reception.settings import Settings
from reception.store.idempotency import StoredAnswer, remember
from reception.store.tables import CommandResultRow
from tests.support.factories import CALL_BACK_WITHIN, RING_FOR, County, MadeVisit

GRACE_S, WRAP_UP_S = 90.0, 900.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with the grace periods that the tests count with."""
    return Settings(
        data_dir=tmp_path,
        ring_s=RING_FOR.total_seconds(),
        callback_min=round(CALL_BACK_WITHIN.total_seconds() / 60),
        seat_grace_s=GRACE_S,
        wrap_up_grace_s=WRAP_UP_S,
        sweep_s=0.01,
    )


@pytest.fixture
def presence(county: County) -> Presence:
    """Who is connected; everybody has been away since the start."""
    return Presence(county.clock.now)


@pytest.fixture
def sweeper(county: County, presence: Presence, settings: Settings) -> jobs.Sweeper:
    """A sweeper that looks when the test says so."""
    return jobs.Sweeper(county.edge, presence, settings)


def officer_of(made: MadeVisit) -> Officer:
    assert made.officer is not None
    return made.officer


async def looks_after(county: County, sweeper: jobs.Sweeper, seconds: float) -> None:
    county.clock.advance(seconds=seconds)
    await sweeper.sweep()


async def test_a_call_whose_officer_stays_is_left_alone(
    county: County, sweeper: jobs.Sweeper, presence: Presence
) -> None:
    made = await county.visit(VisitState.IN_CALL)
    presence.came(officer_of(made).seat)

    await looks_after(county, sweeper, 10 * GRACE_S)

    assert await county.state(made.id) is VisitState.IN_CALL


async def test_an_officer_who_comes_back_in_time_keeps_the_call(
    county: County, sweeper: jobs.Sweeper, presence: Presence
) -> None:
    made = await county.visit(VisitState.IN_CALL)
    presence.came(officer_of(made).seat)
    presence.went(officer_of(made).seat, county.clock.now)

    await looks_after(county, sweeper, GRACE_S - 1)
    presence.came(officer_of(made).seat)
    await looks_after(county, sweeper, GRACE_S)

    assert await county.state(made.id) is VisitState.IN_CALL


@pytest.mark.parametrize(("terminal_is_here", "reason"), [(True, "officer_gone"), (False, "everybody_gone")])
async def test_an_officer_who_stays_away_owes_the_outcome(
    county: County, sweeper: jobs.Sweeper, presence: Presence, terminal_is_here: bool, reason: str
) -> None:
    made = await county.visit(VisitState.IN_CALL)
    if terminal_is_here:
        presence.came(made.terminal.actor.seat)
    presence.came(officer_of(made).seat)
    presence.went(officer_of(made).seat, county.clock.now)

    await looks_after(county, sweeper, GRACE_S)

    row = await county.row(made.id)
    assert (row.state, row.pending_reason) == ("outcome_pending", reason)
    assert row.outcome_owner_id == officer_of(made).person


async def test_a_call_goes_on_while_any_official_is_in_it(
    county: County, sweeper: jobs.Sweeper, presence: Presence
) -> None:
    made, guest = await county.visit(VisitState.IN_CALL), await county.on_duty()
    await county.edge.run(lambda work: visit.invite(work, officer_of(made), made.id, guest.person))
    await county.edge.run(lambda work: visit.join(work, guest, made.id))
    presence.came(guest.seat)

    await looks_after(county, sweeper, 10 * GRACE_S)

    assert await county.state(made.id) is VisitState.IN_CALL


async def test_a_visitor_who_is_cut_off_does_not_end_the_call(
    county: County, sweeper: jobs.Sweeper, presence: Presence
) -> None:
    made = await county.visit(VisitState.IN_CALL)
    presence.came(officer_of(made).seat)
    presence.went(made.terminal.actor.seat, county.clock.now)

    await looks_after(county, sweeper, 10 * GRACE_S)

    assert await county.state(made.id) is VisitState.IN_CALL


async def test_an_outcome_form_has_the_longer_grace_period(
    county: County, sweeper: jobs.Sweeper, presence: Presence
) -> None:
    made = await county.visit(VisitState.WRAP_UP)
    presence.went(officer_of(made).seat, county.clock.now)

    await looks_after(county, sweeper, WRAP_UP_S - 1)
    assert await county.state(made.id) is VisitState.WRAP_UP
    await looks_after(county, sweeper, 1)

    row = await county.row(made.id)
    assert (row.state, row.pending_reason) == ("outcome_pending", "wrap_up_left")


async def test_after_a_restart_everybody_has_the_whole_grace_period_again(
    county: County, settings: Settings
) -> None:
    made = await county.visit(VisitState.IN_CALL)
    county.clock.advance(hours=1)
    again = jobs.Sweeper(county.edge, Presence(county.clock.now), settings)

    await looks_after(county, again, GRACE_S - 1)
    assert await county.state(made.id) is VisitState.IN_CALL
    await looks_after(county, again, 1)

    assert await county.state(made.id) is VisitState.OUTCOME_PENDING


async def test_a_ring_that_ran_out_is_promised_a_call_back_and_not_before(
    county: County, sweeper: jobs.Sweeper
) -> None:
    await county.on_duty()
    made = await county.visit(VisitState.WAITING)

    await looks_after(county, sweeper, RING_FOR.total_seconds() - 1)
    assert (await county.rows())["promise"] == 0
    await looks_after(county, sweeper, 1)

    assert (await county.rows())["promise"] == 1
    assert await county.state(made.id) is VisitState.WAITING


async def test_two_sweepers_at_once_change_nothing_twice(
    county: County, settings: Settings, presence: Presence
) -> None:
    await county.on_duty()
    await county.visit(VisitState.WAITING)
    lost = await county.visit(VisitState.IN_CALL)
    county.clock.advance(seconds=GRACE_S)

    await asyncio.gather(*(jobs.Sweeper(county.edge, presence, settings).sweep() for _ in range(5)))

    rows = await county.rows()
    assert rows["promise"] == 1
    assert await county.state(lost.id) is VisitState.OUTCOME_PENDING
    verdict = await county.read(lambda work: work.audit.verify(work.session))
    assert verdict.ok


async def test_a_database_that_is_away_for_a_while_does_not_end_the_sweeping(
    sweeper: jobs.Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, done = 0, asyncio.Event()

    async def look(_: jobs.Sweeper) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            done.set()
        raise OperationalError("", {}, OSError("disk I/O error"))

    monkeypatch.setattr(jobs.Sweeper, "sweep", look)

    async with jobs.running(sweeper), asyncio.timeout(5):
        await done.wait()

    assert looks >= 3


async def test_nothing_is_written_while_nothing_is_due(county: County, sweeper: jobs.Sweeper) -> None:
    await county.on_duty()
    await county.visit(VisitState.WAITING)
    await county.visit(VisitState.OUTCOME_LOGGED)
    before = await county.rows()

    await looks_after(county, sweeper, 5)

    assert await county.rows() == before


async def test_a_defect_in_one_look_does_not_end_the_looking(
    county: County, sweeper: jobs.Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, second = 0, asyncio.Event()

    async def breaks(_: jobs.Sweeper) -> None:
        nonlocal looks
        looks += 1
        if looks > 1:
            second.set()
        raise RuntimeError("a defect")

    monkeypatch.setattr(jobs.Sweeper, "sweep", breaks)

    async with jobs.running(sweeper), asyncio.timeout(10):
        await second.wait()


async def test_upkeep_drops_old_answers_and_exports_the_head_once_an_hour(
    county: County, sweeper: jobs.Sweeper, settings: Settings
) -> None:
    old, answer = county.clock.now, StoredAnswer(200, "{}")

    async def keep(work: Work) -> None:
        await remember(work.session, "p-1", "old-key-1", "hash", answer, at=old)
        await remember(work.session, "p-1", "new-key-1", "hash", answer, at=old + jobs.ANSWERS_KEPT)

    await county.edge.run(keep)
    await county.visit(VisitState.WAITING)
    county.clock.advance(seconds=jobs.ANSWERS_KEPT.total_seconds() + 1)

    await sweeper.keep_up()
    first = settings.audit_head_path.read_bytes()
    await county.visit(VisitState.WAITING)
    await sweeper.keep_up()

    kept = await county.read(lambda work: work.session.scalars(select(CommandResultRow.key)))
    assert list(kept) == ["new-key-1"]
    assert settings.audit_head_path.read_bytes() == first, "less than an hour ago"
    county.clock.advance(seconds=jobs.UPKEEP_EVERY.total_seconds())
    await sweeper.keep_up()
    assert settings.audit_head_path.read_bytes() != first
