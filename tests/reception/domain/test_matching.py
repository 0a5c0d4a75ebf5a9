"""What speaks for one person and one matter, and what does not."""

import pytest

from reception.domain.matching import Evidence, compare, is_name_alike, similarity, sound_keys
from reception.domain.redaction import Person
from tests.support.factories import an_id_number

CANAL = "村东水渠去年秋天塌了一段，报了三次没有人来修。"
CANAL_AGAIN = "水渠还没有修，和去年秋天塌的时候一样。"
REGISTER = "老宅登记在已故亲属名下，办不了变更。"


def somebody(name: str = "卢砚田", **changes: str) -> Person:
    return Person("petitioner", **{"name": name, **changes})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("卢砚田", "卢砚田"),
        ("卢砚田", "鲁燕田"),  # sounds the same
        ("张成", "章程"),  # the dialect folds nothing here, the sounds are the same
        ("曾志", "曾紫"),  # zh and z
        ("林静", "林金"),  # ing and in
        ("卢砚田", "卢砚由"),  # one wrong character of three
        ("卢砚田", "卢 砚田"),  # a space was typed
    ],
)
def test_a_name_misheard_or_mistyped_is_alike_and_found_by_its_sound(one: str, other: str) -> None:
    assert is_name_alike(one, other)
    assert sound_keys(one) & sound_keys(other)


@pytest.mark.parametrize(("one", "other"), [("卢砚田", "方静雯"), ("刘明", "刘强"), ("卢砚田", "")])
def test_another_name_is_not_alike(one: str, other: str) -> None:
    assert not is_name_alike(one, other)


def test_what_keys_are_made_of_survives_the_way_into_an_index() -> None:
    keys = sound_keys("卢砚田") | sound_keys("张成") | sound_keys("Ali Baba")

    assert all(key.isalnum() for key in keys)
    assert len(sound_keys("卢砚田")) == 4, "the whole sound, and three times one syllable less"
    assert not any(key in {"part0zan", "part0lu"} for key in keys), "a family name alone gathers too many"
    assert sound_keys("·") == frozenset()


def test_an_equal_number_is_asked_about_whatever_the_matter() -> None:
    number = an_id_number()

    likeness = compare(
        somebody(id_number=number),
        somebody("方静雯", id_number=number),
        CANAL,
        REGISTER,
        same_township=False,
    )

    assert likeness.is_worth_asking
    assert likeness.codes == "same_id"


def test_two_numbers_are_two_people() -> None:
    likeness = compare(
        somebody(id_number=an_id_number(1), phone="13800000001"),
        somebody(id_number="999999198504120022", phone="13800000001"),
        CANAL,
        CANAL,
        same_township=True,
    )

    assert likeness.evidence == frozenset()


def test_name_place_and_matter_together_are_enough_and_two_of_them_are_not() -> None:
    here = "青禾县麦垄镇上禾村3组"
    me = somebody(address=here)

    whole = compare(me, somebody("鲁燕田", address="麦垄镇上禾村"), CANAL, CANAL_AGAIN, same_township=True)
    elsewhere = compare(me, somebody(address="青禾县荷渡镇石臼村"), CANAL, CANAL_AGAIN, same_township=False)
    another_matter = compare(me, somebody(address=here), CANAL, REGISTER, same_township=True)

    assert whole.codes == "name_sounds_alike,similar_matter,same_place"
    assert whole.is_worth_asking
    assert not elsewhere.is_worth_asking
    assert not another_matter.is_worth_asking


def test_a_village_with_one_matter_is_no_evidence_for_one_person() -> None:
    likeness = compare(somebody(), somebody("方静雯"), CANAL, CANAL, same_township=True)

    assert likeness.evidence == frozenset()


def test_a_shared_telephone_with_the_same_matter_is_asked_about() -> None:
    likeness = compare(
        somebody(phone="13800000001"),
        somebody("方静雯", phone="13800000001"),
        CANAL,
        CANAL_AGAIN,
        same_township=True,
    )

    assert likeness.evidence == {Evidence.SAME_PHONE, Evidence.SAME_PLACE, Evidence.SIMILAR_MATTER}
    assert likeness.is_worth_asking


def test_texts_are_near_by_what_they_share_in_any_order() -> None:
    assert similarity(CANAL, CANAL) == 100
    assert similarity(CANAL, CANAL_AGAIN) > 22 > similarity(CANAL, REGISTER)
    assert similarity(CANAL, "") == 0
