"""The office's calendar: deadlines into a year without a notice, and what its notice does to them."""

import json
from datetime import UTC, date, datetime, time
from functools import partial

import pytest
from sqlalchemy import func, select

from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.ids import new_id
from reception.domain.roles import Role
from reception.services import calendar, deadlines
from reception.services.work import OFFICE_TIME, Work
from reception.store.audit import AuditAction
from reception.store.tables import AuditRow, CaseRow
from scheduling.domain.announced import announced_days, announced_years
from scheduling.domain.calendar import Calendar, DayKind, Due, NamedDay
from scheduling.domain.deadlines import Clock
from scheduling.domain.forecast import Holiday
from scheduling.domain.hours import USUAL, Hours, Span, Weekday
from scheduling.store import calendars, opening
from scheduling.store.calendar_tables import CalendarDayRow, DeadlineChangeRow, DeadlineRow
from scheduling.store.roster_tables import RosterShiftRow
from tests.reception.services.rota import Rota
from tests.support.factories import County, FrozenClock

# 20 November 2026, 09:00 in the office: the State Council has not announced 2027 yet.
BEFORE_THE_NOTICE = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
OFF = NamedDay(DayKind.HOLIDAY, Holiday.LOCAL)


@pytest.fixture
def clock() -> FrozenClock:
    """The clock stands where the calendar ends."""
    return FrozenClock(BEFORE_THE_NOTICE)


@pytest.fixture
async def office(county: County) -> Officer:
    """The petition office, with the published calendar."""
    await county.edge.run(calendar.take_up_published)
    return await county.officer(Role.PETITION_OFFICE)


async def a_case(county: County) -> str:
    case = CaseRow(
        id=new_id(), number="XF2026-00001", township_id=county.township, opened_at=county.clock.now
    )

    async def add(work: Work) -> None:
        work.session.add(case)

    await county.edge.run(add)
    return case.id


async def due(county: County, case: str, clock: Clock = Clock.HANDLING) -> Due | None:
    return await county.read(
        lambda work: calendars.deadline_of(
            work.session, object_type=deadlines.CASE, object_id=case, clock=clock.value
        )
    )


async def start(county: County, case: str, clock: Clock = Clock.HANDLING) -> Due:
    return await county.edge.run(lambda work: deadlines.start(work, clock, on=work.today, object_id=case))


async def load(county: County, office: Officer, days: dict[date, NamedDay], year: int = 2027) -> int:
    moved = await county.edge.run(lambda work: calendar.load_notice(work, office, year, days))
    return len(moved)


async def links(county: County, action: AuditAction) -> int:
    query = select(func.count()).where(AuditRow.action == action)
    return await county.read(lambda work: work.session.scalar(query)) or 0


async def known(county: County) -> Calendar:
    return await county.read(lambda work: calendars.load(work.session))


async def test_the_published_years_are_in_the_table_and_a_second_start_adds_nothing(
    county: County, office: Officer
) -> None:
    rows = await county.rows()
    await county.edge.run(calendar.take_up_published)

    found = await known(county)
    assert found.announced == announced_years()
    assert found.days == {
        day: named for year in announced_years() for day, named in announced_days(year).items()
    }
    assert await county.rows() == rows


async def test_sixty_days_into_next_year_are_provisional_until_the_notice_is_loaded(
    county: County, office: Officer
) -> None:
    case = await a_case(county)

    begun = await start(county, case)

    assert begun == Due(date(2027, 1, 19), is_provisional=True)
    assert await county.read(deadlines.provisional_count) == 1

    moved = await load(county, office, {date(2027, 1, 19): OFF, date(2027, 1, 20): OFF})

    assert moved == 1
    assert await due(county, case) == Due(date(2027, 1, 21), is_provisional=False)
    assert await county.read(deadlines.provisional_count) == 0
    assert await links(county, AuditAction.NOTICE_LOADED) == 1
    assert await links(county, AuditAction.DEADLINE_MOVED) == 1
    [line] = await county.read(deadlines.moved_lately)
    assert (line.case_number, line.before, line.after) == ("XF2026-00001", begun.day, date(2027, 1, 21))
    assert (line.cause, line.cause_ref, line.is_provisional) == ("notice", "2027", False)


async def test_a_notice_that_confirms_the_forecast_is_logged_as_such(county: County, office: Officer) -> None:
    case = await a_case(county)
    begun = await start(county, case)

    await load(county, office, {date(2027, 1, 1): NamedDay(DayKind.HOLIDAY, Holiday.NEW_YEAR)})

    [line] = await county.read(deadlines.moved_lately)
    assert line.before == line.after == begun.day
    assert not line.is_provisional


@pytest.mark.both_databases
async def test_a_notice_loaded_twice_moves_nothing_twice_and_a_newer_one_replaces_it(
    county: County, office: Officer
) -> None:
    case = await a_case(county)
    await start(county, case)
    days = {date(2027, 1, 19): OFF}
    assert await load(county, office, days) == 1

    assert await load(county, office, days) == 0
    assert await load(county, office, {date(2027, 1, 1): OFF}) == 1

    assert await due(county, case) == Due(date(2027, 1, 19), is_provisional=False)
    assert not (await known(county)).kind_of(date(2027, 1, 19)).name


async def test_a_settled_deadline_stays_where_it_was(county: County, office: Officer) -> None:
    case = await a_case(county)
    begun = await start(county, case)
    await county.edge.run(lambda work: deadlines.settle(work, Clock.HANDLING, object_id=case))

    assert await load(county, office, {date(2027, 1, 19): OFF}) == 0

    assert await due(county, case) == begun


async def test_a_deadline_before_the_changed_days_is_left_alone(county: County, office: Officer) -> None:
    case = await a_case(county)
    near = await start(county, case, Clock.SEND_UP)
    computed = await county.read(lambda work: work.session.scalar(select(DeadlineRow.computed_at)))
    county.clock.advance(minutes=5)

    assert await load(county, office, {date(2027, 1, 19): OFF}) == 0

    assert near == Due(date(2026, 11, 27), is_provisional=False)
    again = await county.read(lambda work: work.session.scalar(select(DeadlineRow.computed_at)))
    assert again == computed


async def test_one_edited_day_moves_the_deadlines_that_end_on_it(county: County, office: Officer) -> None:
    case = await a_case(county)
    await start(county, case, Clock.SEND_UP)

    moved = await county.edge.run(lambda work: calendar.edit_day(work, office, date(2026, 11, 27), OFF))

    assert [(change.before.day, change.after.day) for change in moved] == [
        (date(2026, 11, 27), date(2026, 11, 30))
    ]
    assert await links(county, AuditAction.CALENDAR_DAY_EDITED) == 1
    assert await links(county, AuditAction.DEADLINE_MOVED) == 1


async def test_an_edit_outlives_a_notice_that_does_not_name_its_day(county: County, office: Officer) -> None:
    own, named = date(2027, 3, 8), date(2027, 5, 4)
    for day in (own, named):
        await county.edge.run(partial(calendar.edit_day, actor=office, day=day, named=OFF))

    await load(county, office, {named: NamedDay(DayKind.HOLIDAY, Holiday.LABOUR_DAY)})

    found = await known(county)
    assert found.kind_of(own).name is Holiday.LOCAL
    assert found.kind_of(named).name is Holiday.LABOUR_DAY


async def test_a_clock_that_is_started_anew_logs_where_it_was(county: County, office: Officer) -> None:
    case = await a_case(county)
    first = await start(county, case, Clock.SEND_UP)
    county.clock.advance(days=3)

    second = await start(county, case, Clock.SEND_UP)

    assert (first.day, second.day) == (date(2026, 11, 27), date(2026, 11, 30))
    [change] = await county.read(_all)
    assert (change.cause, change.before, change.after) == ("restart", first.day, second.day)


async def _all(work: Work) -> list[DeadlineChangeRow]:
    return list((await work.session.scalars(select(DeadlineChangeRow))).all())


async def test_a_newer_installation_brings_its_years_and_deadlines_follow(
    county: County, office: Officer, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await a_case(county)
    await start(county, case)
    monkeypatch.setattr(calendars, "announced_years", lambda: announced_years() | {2027})
    monkeypatch.setattr(calendar, "announced_days", lambda year: {date(year, 1, 19): OFF})

    await county.edge.run(calendar.take_up_published)

    assert await due(county, case) == Due(date(2027, 1, 20), is_provisional=False)
    assert await links(county, AuditAction.NOTICE_LOADED) == 1


async def shift_days(county: County) -> list[date]:
    query = select(RosterShiftRow.starts_at).order_by(RosterShiftRow.starts_at)
    found = await county.read(lambda work: work.session.scalars(query))
    return [start.astimezone(OFFICE_TIME).date() for start in found]


async def test_shifts_are_dealt_anew_when_a_notice_makes_other_days_of_rest(
    county: County, office: Officer
) -> None:
    rota = await Rota.made(county)
    rotation = await rota.rotates(rule="FREQ=DAILY")
    forecast = await shift_days(county)
    off, make_up = date(2027, 1, 4), date(2027, 1, 9)

    await load(county, office, {off: OFF, make_up: NamedDay(DayKind.MAKE_UP)})

    assert off in forecast
    # 1 January is a holiday in the forecast; this notice says that people work.
    assert await shift_days(county) == sorted({*forecast, make_up, date(2027, 1, 1)} - {off})
    query = select(AuditRow).where(AuditRow.action == AuditAction.ROTATION_SET).order_by(AuditRow.seq)
    made, followed = (await county.read(lambda work: work.session.scalars(query))).all()
    assert (made.object_id, followed.object_id, followed.actor) == (rotation, rotation, office.seat)
    assert json.loads(followed.body)["reason_code"] == "notice"


async def test_a_roster_that_takes_no_notice_of_days_of_rest_stays_as_it_was(
    county: County, office: Officer
) -> None:
    rota = await Rota.made(county)
    await rota.rotates(working_days_only=False)
    before, logged = await shift_days(county), await links(county, AuditAction.ROTATION_SET)

    await load(county, office, {date(2027, 1, 4): OFF})

    assert await shift_days(county) == before
    assert await links(county, AuditAction.ROTATION_SET) == logged


async def test_rosters_follow_an_edited_day_or_neither_is_kept(county: County, office: Officer) -> None:
    rota = await Rota.made(county)
    await rota.rotates()
    before, day = await shift_days(county), date(2026, 11, 24)

    async def fails_afterwards(work: Work) -> None:
        await calendar.edit_day(work, office, day, OFF)
        raise NotFound

    with pytest.raises(NotFound):
        await county.edge.run(fails_afterwards)
    assert await shift_days(county) == before

    await county.edge.run(lambda work: calendar.edit_day(work, office, day, OFF))
    assert await shift_days(county) == [one for one in before if one != day]


async def test_a_typed_notice_with_a_fault_changes_nothing(county: County, office: Officer) -> None:
    before = await county.rows()

    with pytest.raises(BadInput) as refused:
        await county.edge.run(
            lambda work: calendar.load_typed_notice(work, office, 2027, "2027-01-01 off\nnothing", {})
        )

    assert refused.value.fields == {"notice.2": "unreadable"}
    assert await county.rows() == before


@pytest.mark.parametrize("role", [Role.COUNTY_DUTY_OFFICER, Role.TOWNSHIP_OFFICER, Role.SYS_ADMIN])
async def test_nobody_but_the_petition_office_keeps_the_calendar(county: County, role: Role) -> None:
    actor = await county.officer(role)

    for attempt in (
        lambda work: calendar.edit_day(work, actor, date(2027, 1, 1), OFF),
        lambda work: calendar.load_notice(work, actor, 2027, {}),
        lambda work: calendar.keep_hours(work, actor, county.township, None),
    ):
        with pytest.raises(NotAllowed):
            await county.edge.run(attempt)


async def test_a_units_hours_are_kept_and_given_back(county: County, office: Officer) -> None:
    own = Hours.of([Span(Weekday.SATURDAY, time(9), time(11)), *USUAL.spans])

    await county.edge.run(lambda work: calendar.keep_hours(work, office, county.township, own))
    assert await county.read(lambda work: opening.hours_of(work.session, county.township)) == own
    assert await county.read(lambda work: opening.hours_of(work.session, county.other_township)) == USUAL

    await county.edge.run(lambda work: calendar.keep_hours(work, office, county.township, None))
    assert await county.read(lambda work: opening.hours_of(work.session, county.township)) == USUAL
    assert await links(county, AuditAction.OPENING_HOURS_SET) == 2
    with pytest.raises(NotFound):
        await county.edge.run(lambda work: calendar.keep_hours(work, office, "unknown", None))


async def test_a_day_is_in_the_table_once_however_often_it_is_said(county: County, office: Officer) -> None:
    day = date(2027, 1, 1)
    for kind in DayKind:
        await county.edge.run(partial(calendar.edit_day, actor=office, day=day, named=NamedDay(kind)))
    await load(county, office, {day: OFF})

    query = select(func.count()).where(CalendarDayRow.day == day)
    assert await county.read(lambda work: work.session.scalar(query)) == 1
