"""The plan of past visits: the figures that a reader can check by hand, and times that can be true."""

from collections import Counter
from datetime import date, timedelta

import pytest

from reception.demo.county import county_of
from reception.demo.history import PastVisit, plan
from reception.demo.themes import LAND
from reception.domain.outcomes import NEEDS_DUE, faults
from reception.domain.registration import Registration, checked
from reception.domain.visits import VisitState
from reception.services.work import OFFICE_TIME

COUNTY = county_of(1)
TODAY = date(2026, 11, 23)
HISTORY = plan(COUNTY, 1, TODAY)


def year_of(visit: PastVisit) -> int:
    return visit.registered_at.astimezone(OFFICE_TIME).year


def reports(history: list[PastVisit]) -> Counter[int]:
    return Counter(year_of(visit) for visit in history if visit.matter.kind == "report")


@pytest.mark.parametrize(
    ("today", "this_year"),
    [
        (date(2026, 1, 1), 0),
        (date(2026, 1, 5), 0),  # the Monday after the holidays: yesterday nobody worked
        (date(2026, 1, 8), 3),
        (date(2026, 3, 2), 36),
        (date(2026, 12, 31), 36),
        (date(2028, 2, 29), 36),
    ],
)
def test_the_years_before_have_their_reports_whatever_today_is(today: date, this_year: int) -> None:
    found = reports(plan(COUNTY, 1, today))

    assert (found[today.year - 2], found[today.year - 1], found[today.year]) == (168, 127, this_year)


def test_two_cases_have_two_or_more_repeat_visits_and_no_other_has_any() -> None:
    visits = Counter(visit.case for visit in HISTORY)

    assert sorted(count for count in visits.values() if count > 1) == [3, 4]


def test_twelve_petitions_are_about_the_reserve_land() -> None:
    about = [visit for visit in HISTORY if "机动地" in visit.matter.summary]

    assert len(about) == 12
    assert {year_of(visit) for visit in about} == {TODAY.year - 1}
    assert "机动地" in LAND.about


def test_nothing_is_left_open() -> None:
    states = Counter(visit.state for visit in HISTORY)

    assert set(states) == {VisitState.OUTCOME_LOGGED, VisitState.CLOSED_SATISFIED, VisitState.CANCELLED}
    assert states[VisitState.OUTCOME_LOGGED] > 250
    assert min(states.values()) > 5


def test_visits_lie_within_working_hours_and_end_before_the_next_one_begins() -> None:
    last_end = HISTORY[0].registered_at
    for visit in HISTORY:
        start, end = (at.astimezone(OFFICE_TIME) for at in (visit.registered_at, visit.closed_at))
        assert start.weekday() < 5
        assert start.date() == end.date() < TODAY
        assert timedelta(hours=8, minutes=30) <= timedelta(hours=start.hour, minutes=start.minute)
        assert timedelta(hours=end.hour, minutes=end.minute) < timedelta(hours=17, minutes=30)
        if visit.call is None or visit.call.lost_at is None:
            assert visit.registered_at >= last_end, visit
            last_end = visit.closed_at


def test_visits_would_pass_the_forms_of_the_service() -> None:
    for visit in HISTORY:
        petitioner = visit.people[0] if visit.people else None
        form = Registration(
            petitioner, visit.head_count, visit.people[1:], (visit.matter,), is_direct=visit.is_direct
        )
        assert checked(form) == form
        if visit.outcome is not None:
            outcome = visit.outcome.form
            assert not faults(
                code=outcome.code,
                asked=outcome.asked,
                answer=outcome.answer,
                next_step=outcome.next,
                due_on=outcome.due_on,
                owner=outcome.owner,
                today=visit.outcome.logged_at.astimezone(OFFICE_TIME).date(),
            )
            assert "{" not in outcome.next


def test_the_history_is_varied() -> None:
    codes = Counter(visit.outcome.form.code for visit in HISTORY if visit.outcome)
    rooms = Counter(visit.room.unit for visit in HISTORY)

    assert len(codes) >= 12
    assert len(rooms) == 14
    assert {visit.call.officer.username for visit in HISTORY if visit.call} == {"duty1", "duty2", "office1"}
    assert sum(not visit.people for visit in HISTORY) > 20
    assert sum(visit.is_direct for visit in HISTORY) > 20
    assert sum(len(visit.people) > 1 for visit in HISTORY) > 20
    assert any(code for code in codes if not NEEDS_DUE[code])


def test_the_same_day_and_seed_number_give_the_same_history() -> None:
    assert plan(COUNTY, 1, TODAY) == HISTORY
    assert plan(county_of(2), 2, TODAY) != HISTORY
