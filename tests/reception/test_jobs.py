"""The sweeper: rings that ran out, visits whose line is lost, no earlier than their patience says."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from reception import jobs
from reception.domain.actors import Officer
from reception.domain.visits import VisitState
from reception.presence import Presence
from reception.services import suspension, views, visit
from reception.services.notes import RoomOpened
from reception.services.work import Work
from reception.settings import Settings
from reception.store.idempotency import StoredAnswer, remember
from reception.store.tables import CommandResultRow
from reception.store.visits import Visits
from reception.tasks import running
from tests.support.factories import CALL_BACK_WITHIN, RING_FOR, County, MadeVisit

GRACE_S, FIRST_S, WRAP_UP_S = 45.0, 30.0, 900.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with the grace periods that the tests count with."""
    return Settings(
        data_dir=tmp_path,
        ring_s=RING_FOR.total_seconds(),
        callback_min=round(CALL_BACK_WITHIN.total_seconds() / 60),
        suspend_after_s=GRACE_S,
        same_officer_first_s=FIRST_S,
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


async def both_here(county: County, presence: Presence, state: VisitState = VisitState.IN_CALL) -> MadeVisit:
    """Bring a visit to a state, with terminal and officer connected."""
    made = await county.visit(state)
    presence.came(officer_of(made).seat)
    presence.came(made.terminal.actor.seat)
    return made


async def test_a_call_with_both_sides_there_is_left_alone(
    county: County, sweeper: jobs.Sweeper, presence: Presence
) -> None:
    made = await both_here(county, presence)

    await looks_after(county, sweeper, 10 * GRACE_S)

    assert await county.state(made.id) is VisitState.IN_CALL


@pytest.mark.parametrize("who", ["officer", "terminal"])
async def test_whoever_comes_back_in_time_keeps_the_call(
    county: County, sweeper: jobs.Sweeper, presence: Presence, who: str
) -> None:
    made = await both_here(county, presence)
    seat = officer_of(made).seat if who == "officer" else made.terminal.actor.seat
    presence.went(seat, county.clock.now)

    await looks_after(county, sweeper, GRACE_S - 1)
    presence.came(seat)
    await looks_after(county, sweeper, GRACE_S)

    assert await county.state(made.id) is VisitState.IN_CALL


@pytest.mark.parametrize(
    ("gone", "reason"),
    [
        ({"officer"}, "officer_gone"),
        ({"terminal"}, "terminal_gone"),
        ({"officer", "terminal"}, "everybody_gone"),
    ],
)
async def test_a_line_that_stays_lost_suspends_the_visit_and_owes_nothing_yet(
    county: County, sweeper: jobs.Sweeper, presence: Presence, gone: set[str], reason: str
) -> None:
    made = await both_here(county, presence)
    for who, seat in (("officer", officer_of(made).seat), ("terminal", made.terminal.actor.seat)):
        if who in gone:
            presence.went(seat, county.clock.now)

    await looks_after(county, sweeper, GRACE_S)

    row = await county.row(made.id)
    assert (row.state, row.suspended_reason, row.pending_reason) == ("suspended", reason, None)
    assert row.outcome_owner_id == officer_of(made).person


async def test_a_colleague_alone_with_the_visitor_is_not_the_visit(
    county: County, sweeper: jobs.Sweeper, presence: Presence
) -> None:
    made, guest = await both_here(county, presence), await county.on_duty()
    await county.edge.run(lambda work: visit.invite(work, officer_of(made), made.id, guest.person))
    await county.edge.run(lambda work: visit.join(work, guest, made.id))
    presence.came(guest.seat)
    presence.went(officer_of(made).seat, county.clock.now)

    await looks_after(county, sweeper, GRACE_S)

    assert await county.state(made.id) is VisitState.SUSPENDED


async def test_a_terminal_that_is_back_goes_on_with_the_same_officer_by_itself(
    county: County, sweeper: jobs.Sweeper, presence: Presence
) -> None:
    made = await both_here(county, presence)
    presence.went(made.terminal.actor.seat, county.clock.now)
    await looks_after(county, sweeper, GRACE_S)
    await looks_after(county, sweeper, 600)
    assert await county.state(made.id) is VisitState.SUSPENDED

    presence.came(made.terminal.actor.seat)
    await looks_after(county, sweeper, 1)

    row = await county.row(made.id)
    assert (row.state, row.officer_id) == ("in_call", officer_of(made).person)
    assert RoomOpened(made.id) in county.hall.notes


async def test_a_lost_officer_is_waited_for_first_and_then_everybody_is_rung(
    county: County, sweeper: jobs.Sweeper, presence: Presence
) -> None:
    made, other = await both_here(county, presence), await county.on_duty()
    presence.went(officer_of(made).seat, county.clock.now)
    county.hall.present.discard(officer_of(made).person)
    await looks_after(county, sweeper, GRACE_S)
    await looks_after(county, sweeper, 1)
    county.hall.notes.clear()

    await looks_after(county, sweeper, FIRST_S - 1)
    assert county.hall.rung(made.id) == set()
    await looks_after(county, sweeper, 1)

    assert county.hall.rung(made.id) == {other.person}


async def test_a_lost_officer_who_is_back_in_time_goes_on_before_anybody_is_rung(
    county: County, sweeper: jobs.Sweeper, presence: Presence
) -> None:
    made, _ = await both_here(county, presence), await county.on_duty()
    presence.went(officer_of(made).seat, county.clock.now)
    await looks_after(county, sweeper, GRACE_S)
    await looks_after(county, sweeper, 1)
    county.hall.notes.clear()

    presence.came(officer_of(made).seat)
    await looks_after(county, sweeper, FIRST_S - 1)

    assert await county.state(made.id) is VisitState.IN_CALL
    assert county.hall.rung(made.id) == set()


async def test_a_terminal_that_goes_again_takes_its_visit_out_of_the_queue(
    county: County, sweeper: jobs.Sweeper, presence: Presence
) -> None:
    made = await both_here(county, presence, VisitState.SUSPENDED)
    presence.went(officer_of(made).seat, county.clock.now)
    await looks_after(county, sweeper, 1)
    assert await county.read(views.queue_lines)

    presence.went(made.terminal.actor.seat, county.clock.now)
    await looks_after(county, sweeper, 4)
    assert await county.read(views.queue_lines), "a blink"
    await looks_after(county, sweeper, 1)

    assert await county.read(views.queue_lines) == []


@pytest.mark.parametrize("is_parked", [False, True])
async def test_a_visit_that_was_not_resumed_is_owed_when_the_office_day_has_ended(
    county: County, sweeper: jobs.Sweeper, presence: Presence, is_parked: bool
) -> None:
    made = await both_here(county, presence, VisitState.SUSPENDED)
    presence.went(made.terminal.actor.seat, county.clock.now)
    lost_at = county.clock.now
    if is_parked:
        await county.edge.run(lambda work: suspension.park(work, made.terminal.actor, made.id))

    # It is nine in the office: fifteen hours to midnight.
    await looks_after(county, sweeper, 15 * 3600 - 1)
    assert await county.state(made.id) is VisitState.SUSPENDED
    await looks_after(county, sweeper, 1)

    row = await county.row(made.id)
    assert (row.state, row.pending_reason) == ("outcome_pending", "never_resumed")
    assert (row.outcome_owner_id, row.ended_at) == (officer_of(made).person, lost_at)


async def test_an_officer_who_takes_the_next_visit_in_the_meantime_is_left_in_it(
    county: County, sweeper: jobs.Sweeper, presence: Presence
) -> None:
    made = await both_here(county, presence, VisitState.SUSPENDED)
    presence.went(made.terminal.actor.seat, county.clock.now)
    other = await county.visit(VisitState.IN_CALL, officer=officer_of(made))
    presence.came(other.terminal.actor.seat)

    presence.came(made.terminal.actor.seat)
    await looks_after(county, sweeper, 1)

    assert await county.state(made.id) is VisitState.SUSPENDED
    assert await county.state(other.id) is VisitState.IN_CALL
    assert [line.visit for line in await county.read(views.queue_lines)] == [made.id]


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

    assert await county.state(made.id) is VisitState.SUSPENDED


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
    county.clock.advance(seconds=max(GRACE_S, RING_FOR.total_seconds()))

    await asyncio.gather(*(jobs.Sweeper(county.edge, presence, settings).sweep() for _ in range(5)))

    rows = await county.rows()
    assert rows["promise"] == 1
    assert await county.state(lost.id) is VisitState.SUSPENDED
    kinds = [event.kind for event in await county.read(lambda work: Visits(work.session).events(lost.id))]
    assert kinds.count("suspended") == 1
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

    async with running(sweeper.run(), "sweeper"), asyncio.timeout(5):
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

    async with running(sweeper.run(), "sweeper"), asyncio.timeout(10):
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
