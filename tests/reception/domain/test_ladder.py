"""The ladder: which rung a count reaches, by the version of the day."""

from datetime import date

import pytest

from reception.domain.ladder import (
    FIRST,
    Rung,
    absence_faults,
    in_force,
    ladder_faults,
    ladder_of,
    order_limit,
)

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("count", "rung"), [(1, None), (2, Rung.REPEAT), (3, Rung.MULTIPLE), (9, Rung.MULTIPLE)]
)
def test_or_more_includes_the_number(count: int, rung: Rung | None) -> None:
    step = FIRST.step_of(count)

    assert (step.rung if step else None) is rung


def test_a_visit_is_judged_by_the_version_of_its_own_day() -> None:
    later = ladder_of(2, date(2026, 4, 1), repeat_threshold=3, multiple_threshold=4)

    assert in_force([FIRST, later], date(2026, 3, 31)) is FIRST
    assert in_force([FIRST, later], date(2026, 4, 1)) is later
    assert in_force([later], TODAY) is FIRST


def test_a_new_version_may_not_reach_back() -> None:
    faults = ladder_faults(effective_from=TODAY, repeat_threshold=1, multiple_threshold=1, today=TODAY)

    assert faults == {
        "effective_from": "not_in_the_future",
        "repeat_threshold": "out_of_range",
        "multiple_threshold": "out_of_range",
    }


@pytest.mark.parametrize(
    ("kind", "resumes_on", "reason", "faults"),
    [
        ("", None, "", {"kind": "required"}),
        ("attended", None, "", {"kind": "required"}),  # nobody can say that they were there
        ("rescheduled", None, "", {"resumes_on": "required"}),
        ("rescheduled", date(2026, 3, 1), "", {"resumes_on": "in_the_past"}),
        ("rescheduled", TODAY, "", {}),
        ("excused", None, "", {"reason": "required"}),
        ("excused", None, "on_leave", {}),
    ],
)
def test_an_absence_has_a_day_or_a_reason(
    kind: str, resumes_on: date | None, reason: str, faults: dict[str, str]
) -> None:
    found = absence_faults(kind=kind, resumes_on=resumes_on, reason=reason, note="", today=TODAY)

    assert found == faults


@pytest.mark.parametrize(
    ("last", "latest"),
    [
        (None, date(2026, 3, 17)),  # nothing was promised: fifteen days
        (date(2026, 4, 30), date(2026, 3, 17)),
        (date(2026, 3, 10), date(2026, 3, 9)),  # before what was promised
        (date(2026, 2, 1), date(2026, 3, 17)),  # what was promised is over
    ],
)
def test_an_acceleration_order_is_shorter_than_the_last_promise(last: date | None, latest: date) -> None:
    assert order_limit(FIRST.step(Rung.MULTIPLE), last, TODAY) == latest
