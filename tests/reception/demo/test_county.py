"""The county's units, rooms and people, before any database."""

from collections import Counter

from reception.demo.county import ACCOUNTS, county_of
from reception.demo.names import PHONE_PREFIX, REGION, Visitors
from reception.domain.identity import normal_id_number, normal_phone
from reception.domain.roles import Role

COUNTY = county_of(1)


def test_the_county_has_the_units_of_its_description() -> None:
    kinds = Counter(unit.kind for unit in COUNTY.units)

    assert kinds == {
        "county": 1,
        "commission": 1,
        "section": 7,  # the petition office and six sections
        "group": 3,
        "area": 4,
        "township": 14,
        "department": 14,
    }


def test_every_unit_hangs_below_one_that_comes_before_it() -> None:
    seen: set[str | None] = {None}
    for unit in COUNTY.units:
        assert unit.parent in seen, unit.key
        seen.add(unit.id)


def test_every_township_has_a_room_and_somebody_to_choose_at_its_terminal() -> None:
    townships = {unit.id for unit in COUNTY.units if unit.kind == "township"}

    assert {room.unit for room in COUNTY.rooms} == townships
    assert all(COUNTY.staff_of(township, Role.TOWNSHIP_OFFICER) for township in townships)


def test_every_department_has_a_liaison_and_every_section_a_director() -> None:
    for unit in COUNTY.units:
        if unit.kind == "department":
            assert COUNTY.staff_of(unit.id, Role.DEPARTMENT_LIAISON), unit.key
        if unit.key.startswith("section-"):
            assert COUNTY.staff_of(unit.id, Role.SECTION_DIRECTOR), unit.key


def test_room_codes_user_names_and_names_are_given_once() -> None:
    assert len({room.code for room in COUNTY.rooms}) == len(COUNTY.rooms)
    assert len({person.username for person in COUNTY.staff}) == len(COUNTY.staff)
    assert len({person.name for person in COUNTY.staff}) == len(COUNTY.staff)


def test_only_the_named_accounts_can_sign_in() -> None:
    able = [person.username for person in COUNTY.staff if person.has_account]

    assert able == [username for username, *_ in ACCOUNTS]


def test_the_same_seed_number_gives_the_same_county_and_another_one_another() -> None:
    assert county_of(1) == COUNTY
    assert county_of(2) != COUNTY


def test_visitors_have_valid_numbers_that_belong_to_nobody() -> None:
    visitors = Visitors(1)

    people = [visitors.next("麦垄镇") for _ in range(500)]

    assert len({person.id_number for person in people}) == 500
    assert len({person.phone for person in people}) == 500
    for person in people:
        assert normal_id_number(person.id_number).startswith(REGION)
        assert normal_phone(person.phone).startswith(PHONE_PREFIX)
