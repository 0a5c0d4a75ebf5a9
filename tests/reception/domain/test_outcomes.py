"""The outcome form: every fault at once, and a date where somebody still has to do something."""

from datetime import date, timedelta

import pytest

from reception.domain.outcomes import NEEDS_DUE, TEXT_LIMIT, OutcomeCode, faults

TODAY = date(2026, 3, 2)


def check(**changes: object) -> dict[str, str]:
    fields: dict[str, object] = {
        "code": "answered_on_spot",
        "asked": "反映道路损坏。",
        "answer": "已说明修缮安排。",
        "next_step": "无需后续办理。",
        "due_on": None,
        "owner": "somebody",
        "today": TODAY,
        **changes,
    }
    return faults(**fields)  # type: ignore[arg-type]  # a test may name any field


def test_a_complete_outcome_has_no_fault() -> None:
    assert check() == {}


def test_an_empty_form_names_every_field_at_once() -> None:
    found = check(code="", asked=" ", answer="", next_step="\n", owner="")

    assert found == dict.fromkeys(("code", "asked", "answer", "next", "owner"), "required")


@pytest.mark.parametrize("code", OutcomeCode)
def test_a_code_after_which_something_remains_to_be_done_asks_for_a_date(code: OutcomeCode) -> None:
    assert check(code=code) == ({"due_on": "required"} if NEEDS_DUE[code] else {})
    assert check(code=code, due_on=TODAY) == {}


def test_a_date_may_be_today_and_not_yesterday() -> None:
    assert check(due_on=TODAY) == {}
    assert check(due_on=TODAY - timedelta(days=1)) == {"due_on": "in_the_past"}


@pytest.mark.parametrize("field", ["asked", "answer", "next_step"])
def test_a_text_may_have_exactly_its_limit(field: str) -> None:
    name = field.removesuffix("_step")

    assert check(**{field: "字" * TEXT_LIMIT}) == {}
    assert check(**{field: "字" * (TEXT_LIMIT + 1)}) == {name: "too_long"}


def test_a_code_that_is_not_on_the_list_is_unknown() -> None:
    assert check(code="solved") == {"code": "unknown"}


def test_every_code_says_whether_it_needs_a_date() -> None:
    assert set(NEEDS_DUE) == set(OutcomeCode)
