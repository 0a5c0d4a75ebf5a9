"""The registration form: normal values out, or every fault at once."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reception.domain.errors import BadInput
from reception.domain.identity import check_digit
from reception.domain.registration import (
    ADDRESS_LIMIT,
    MATTER_KINDS,
    MAX_MATTERS,
    MAX_REPRESENTATIVES,
    SUMMARY_LIMIT,
    Matter,
    Registration,
    Visitor,
    checked,
)
from tests.support.factories import a_form, an_id_number


def faults_of(form: Registration) -> dict[str, str]:
    with pytest.raises(BadInput) as caught:
        checked(form)
    return caught.value.fields


def group(named: int, head_count: int, *, anonymous: bool = False) -> Registration:
    """Fill a form in for a group of which so many are named, the visitor included."""
    representatives = tuple(Visitor(f"李{'一二三四五六七'[index]}") for index in range(named - 1))
    return replace(a_form(anonymous=anonymous), head_count=head_count, representatives=representatives)


def test_a_form_comes_back_with_normal_values() -> None:
    number = an_id_number()
    typed = a_form(
        name=" 王试用 ", id_number=f"{number[:6]} {number[6:14]}-{number[14:]}", phone="+86 138 0000 0001"
    )

    visitor = checked(typed).visitor

    assert visitor == Visitor("王试用", number, "13800000001", "")


def test_every_fault_of_a_form_is_named_at_once() -> None:
    form = Registration(
        visitor=Visitor(" ", "999999197001010010", "110", "巷" * (ADDRESS_LIMIT + 1)),
        head_count=0,
        representatives=(Visitor(""),),
        matters=(Matter("gossip", " "),),
        is_direct=False,
    )

    assert faults_of(form) == {
        "visitor.name": "required",
        "visitor.id_number": "id_number_check_digit",
        "visitor.phone": "phone_format",
        "visitor.address": "too_long",
        "group.representatives.0.name": "required",
        "group.head_count": "out_of_range",
        "matters.0.kind": "required",
        "matters.0.summary": "required",
    }


def test_a_named_visitor_gives_an_id_number() -> None:
    assert faults_of(replace(a_form(), visitor=Visitor("王试用"))) == {"visitor.id_number": "required"}


def test_a_representative_needs_no_number_but_a_given_one_has_to_hold() -> None:
    form = replace(a_form(), head_count=2, representatives=(Visitor("李一", "999999197001010010"),))

    assert faults_of(form) == {"group.representatives.0.id_number": "id_number_check_digit"}


@pytest.mark.parametrize(
    ("named", "head_count", "fault"),
    [
        (1, 1, {}),
        (MAX_REPRESENTATIVES, 40, {}),  # five speak for forty
        (MAX_REPRESENTATIVES + 1, 40, {"group.representatives": "too_many_representatives"}),
        (3, 2, {"group.head_count": "fewer_than_named"}),
        (1, 999, {}),
        (1, 1000, {"group.head_count": "out_of_range"}),
    ],
)
def test_a_joint_visit_sends_at_most_five(named: int, head_count: int, fault: dict[str, str]) -> None:
    form = group(named, head_count)

    assert (faults_of(form) if fault else checked(form) and {}) == fault


def test_an_anonymous_visit_keeps_no_name_at_all() -> None:
    assert checked(a_form(anonymous=True)).visitor is None
    assert faults_of(group(2, 2, anonymous=True)) == {"group.representatives": "anonymous_group_is_unnamed"}


def test_a_visit_has_at_least_one_matter_and_at_most_ten() -> None:
    matter = Matter("report", "反映道路损坏。")

    assert faults_of(a_form(matters=())) == {"matters": "required"}
    assert len(checked(a_form(matters=[matter] * MAX_MATTERS)).matters) == MAX_MATTERS
    assert faults_of(a_form(matters=[matter] * (MAX_MATTERS + 1))) == {"matters": "too_many"}


@pytest.mark.parametrize("kind", MATTER_KINDS)
def test_every_kind_of_matter_is_taken(kind: str) -> None:
    assert checked(a_form(matters=[Matter(kind, "字" * SUMMARY_LIMIT)]))


def test_a_summary_has_a_limit() -> None:
    form = a_form(matters=[Matter("report", "字" * (SUMMARY_LIMIT + 1))])

    assert faults_of(form) == {"matters.0.summary": "too_long"}


@given(
    st.dates(min_value=date(1850, 1, 1), max_value=date(2099, 12, 31)),
    st.integers(min_value=0, max_value=999),
    st.sampled_from("0123456789X"),
)
def test_of_eleven_check_digits_exactly_the_right_one_is_taken(born: date, serial: int, last: str) -> None:
    first_17 = an_id_number(serial, born)[:17]
    form = a_form(id_number=first_17 + last)

    if last == check_digit(first_17):
        assert checked(form)
    else:
        assert faults_of(form) == {"visitor.id_number": "id_number_check_digit"}


@pytest.mark.parametrize("name", ["\u202e王试用", "王\u200b试用", "王\n试用", "王\x00"])
def test_a_name_that_could_be_shown_as_another_is_refused(name: str) -> None:
    assert faults_of(a_form(name=name)) == {"visitor.name": "name_characters"}
