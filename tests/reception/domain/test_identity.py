"""Names, ID numbers and telephone numbers as they are typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reception.domain.identity import BadIdentity, check_digit, normal_id_number, normal_name, normal_phone

FIRST_17 = "99999919900101123"
VALID = FIRST_17 + check_digit(FIRST_17)


@given(st.from_regex(r"999999[0-9]{11}", fullmatch=True))
def test_the_check_digit_follows_the_standard(first_17: str) -> None:
    # ISO 7064, MOD 11-2: the number, read as a polynomial in 2, leaves 1.
    value = 0
    for sign in first_17 + check_digit(first_17):
        value = (value * 2 + "0123456789X".index(sign)) % 11

    assert value == 1


@pytest.mark.parametrize(
    "typed",
    [
        VALID,
        f" {VALID[:6]} {VALID[6:14]} {VALID[14:]} ",
        f"{VALID[:6]}-{VALID[6:]}",
        VALID.translate({ord("0") + digit: ord("０") + digit for digit in range(10)}),  # full width
    ],
)
def test_an_id_number_has_one_form_however_it_is_typed(typed: str) -> None:
    assert normal_id_number(typed) == VALID


def test_a_small_x_is_a_check_digit() -> None:
    assert normal_id_number("99999919900101106x") == "99999919900101106X"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (VALID[:-1], "id_number_length"),
        (VALID + "0", "id_number_length"),
        ("999999900101123", "id_number_length"),  # the old form of 15
        ("X" + VALID[1:], "id_number_length"),
        ("99999919900230123" + "4", "id_number_date"),  # 30 February
        ("99999919901301123" + "4", "id_number_date"),  # month 13
        ("99999900010101123" + "4", "id_number_date"),  # the year 1
        (FIRST_17 + ("0" if VALID[-1] != "0" else "1"), "id_number_check_digit"),
    ],
)
def test_a_wrong_id_number_is_told_what_is_wrong(typed: str, code: str) -> None:
    with pytest.raises(BadIdentity) as refused:
        normal_id_number(typed)

    assert refused.value.code == code


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(position: int, off_by: int) -> None:
    digit = (int(VALID[position]) + off_by) % 10

    with pytest.raises(BadIdentity):
        normal_id_number(f"{VALID[:position]}{digit}{VALID[position + 1 :]}")


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("13800000000", "13800000000"),
        ("138-0000-0000", "13800000000"),
        ("+86 138 0000 0000", "13800000000"),
        ("0086 13800000000", "13800000000"),
        ("０10-00000000", "01000000000"),
        ("(0000) 0000000", "00000000000"),
    ],
)
def test_a_telephone_number_has_one_form_however_it_is_typed(typed: str, number: str) -> None:
    assert normal_phone(typed) == number


@pytest.mark.parametrize(
    "typed", ["", "1380000000", "138000000000", "12000000000", "8800000", "+1 2025550100", "abc"]
)
def test_what_the_county_can_not_call_back_is_refused(typed: str) -> None:
    with pytest.raises(BadIdentity) as refused:
        normal_phone(typed)

    assert refused.value.code == "phone_format"


@pytest.mark.parametrize(
    "typed",
    ["张三", " 欧阳某某 ", "阿不都·热合曼", "Maria", "𰻝某", "\ue000某"],  # rare and private characters
)
def test_names_of_all_kinds_are_taken(typed: str) -> None:
    assert normal_name(typed) == typed.strip()


def test_a_name_is_kept_in_its_composed_form() -> None:
    assert normal_name("Jose\u0301") == "José"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "required"),
        ("  ", "required"),
        ("某" * 51, "too_long"),
        ("张\u202e三", "name_characters"),  # right-to-left override
        ("张\u2066三", "name_characters"),
        ("张\x00三", "name_characters"),
        ("张\n三", "name_characters"),
        ("张\u200b三", "name_characters"),  # zero width
        ("张\u2028三", "name_characters"),
    ],
)
def test_a_name_that_would_mislead_a_reader_is_refused(typed: str, code: str) -> None:
    with pytest.raises(BadIdentity) as refused:
        normal_name(typed)

    assert refused.value.code == code


@given(st.text())
def test_no_text_breaks_the_fields(typed: str) -> None:
    for normal in (normal_name, normal_id_number, normal_phone):
        try:
            kept = normal(typed)
        except BadIdentity:
            continue
        assert normal(kept) == kept
