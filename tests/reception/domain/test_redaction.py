"""What is shown of a person at each level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reception.domain.redaction import Level, Person, mask_id_number, mask_name, mask_phone, shown

PERSON = Person("petitioner", "张三丰", "999999199001011234", "13800000000", "某镇某村 1 号")


def test_full_shows_everything() -> None:
    assert shown(PERSON, Level.FULL) == PERSON


def test_masked_tells_two_visitors_apart_and_finds_none() -> None:
    assert shown(PERSON, Level.MASKED) == Person(
        "petitioner", "张*", "999999********1234", "138****0000", "****"
    )


def test_a_pseudonym_is_a_role_alone() -> None:
    assert shown(PERSON, Level.PSEUDONYM) == Person("petitioner")


def test_none_is_nothing_at_all() -> None:
    assert shown(PERSON, Level.NONE) == Person("")


@pytest.mark.parametrize("level", Level)
def test_what_was_not_given_stays_empty(level: Level) -> None:
    person = shown(Person("petitioner"), level)

    assert (person.name, person.id_number, person.phone, person.address) == ("", "", "", "")


def test_a_person_is_never_spelled_out_in_a_log() -> None:
    assert repr(PERSON) == "Person(role='petitioner')"
    assert "张" not in f"{PERSON}"


# A star is what a mask is made of: a name of stars shows nothing by showing itself.
@given(st.text(st.characters(exclude_characters="*"), max_size=30))
def test_a_mask_never_shows_the_whole(text: str) -> None:
    for mask in (mask_name, mask_id_number, mask_phone):
        masked = mask(text)
        assert masked == "" if not text else text not in masked or len(text) == 1


@pytest.mark.parametrize("number", ["1234", "12345678901", "99999919900101123"])
def test_a_number_of_another_length_is_hidden_whole(number: str) -> None:
    assert mask_id_number(number) == "********"


def test_a_short_telephone_number_is_hidden_whole() -> None:
    assert mask_phone("0000000") == "********"
