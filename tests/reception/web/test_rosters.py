"""The rosters over HTTP: answers, refusals, who may what, and requests that are sent twice."""

import asyncio
import re

import pytest
from sqlalchemy import func, select

from reception.domain.roles import Role
from reception.services.work import Work
from scheduling.store.base import Base
from scheduling.store.roster_tables import LeaveRow, RotationRow
from tests.support.clients import House, OfficerClient

pytestmark = pytest.mark.asyncio(loop_scope="function")

ROSTERS = "/api/v1/rosters"


def rotation(house: House, *members: OfficerClient) -> dict[str, object]:
    return {
        "role": "department_liaison",
        "unit": house.county.organ,
        "members": [member.actor.person for member in members],
        "rule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        "opens": "08:30",
        "closes": "17:30",
        "starts_on": "2026-03-02",
        "handover": "daily",
    }


async def liaison(house: House) -> OfficerClient:
    return await house.officer(Role.DEPARTMENT_LIAISON)


async def test_a_rotation_is_made_once_and_says_who_is_on(house: House) -> None:
    office, one, two = await house.officer(Role.PETITION_OFFICE), await liaison(house), await liaison(house)
    body = rotation(house, one, two)

    first = await office.post(f"{ROSTERS}/rotations", body, key="the-same-key")
    again = await office.post(f"{ROSTERS}/rotations", body, key="the-same-key")

    assert (first.status, again.json) == (201, first.json)

    async def count(work: Work) -> int | None:
        return await work.session.scalar(select(func.count()).select_from(RotationRow))

    assert await house.county.edge.read(count) == 1
    who = f"{ROSTERS}/who?role=department_liaison&unit={house.county.organ}"
    now = (await one.get(who)).json["people"]
    tomorrow = (await one.get(f"{who}&at=2026-03-03T09:00:00%2B08:00")).json["people"]
    assert [(person["person"], person["why"]) for person in now] == [(one.actor.person, "shift")]
    assert [(person["person"], person["until"]) for person in tomorrow] == [
        (two.actor.person, "2026-03-03T09:30:00Z")
    ]


async def test_a_swap_goes_through_the_api(house: House) -> None:
    office, one, two = await house.officer(Role.PETITION_OFFICE), await liaison(house), await liaison(house)
    await office.post(f"{ROSTERS}/rotations", rotation(house, one, two))
    post = {"role": "department_liaison", "unit": house.county.organ}

    asked = await one.post(
        f"{ROSTERS}/swaps", {**post, "starts_at": "2026-03-02T08:30:00+08:00", "to": two.actor.person}
    )
    accept = f"{ROSTERS}/swaps/{asked.json['id']}/accept"
    assert (await one.post(accept)).code == "not_found"
    first, again = await two.post(accept, key="accept-once"), await two.post(accept, key="accept-once")

    assert first.json == again.json == {"id": asked.json["id"], "state": "accepted"}
    assert (await two.post(accept)).code == "swap_settled"
    found = (await one.get(f"{ROSTERS}/who?role=department_liaison&unit={house.county.organ}")).json["people"]
    assert [(person["why"], person["instead_of"]) for person in found] == [("swap", one.actor.name)]


async def test_leave_deputies_and_overrides_go_through_the_api(house: House) -> None:
    office, one, two = await house.officer(Role.PETITION_OFFICE), await liaison(house), await liaison(house)
    made = await office.post(f"{ROSTERS}/rotations", rotation(house, one))
    spell = {"starts_at": "2026-03-02T00:00:00+08:00", "ends_at": "2026-03-03T00:00:00+08:00"}
    who = f"{ROSTERS}/who?role=department_liaison&unit={house.county.organ}"

    asked = await one.post(f"{ROSTERS}/leaves", {"person": one.actor.person, **spell})
    assert asked.json["state"] == "requested"
    assert (await office.post(f"{ROSTERS}/leaves/{asked.json['id']}/grant")).json["state"] == "granted"
    assert (await one.get(who)).json["people"] == []
    acting = {"person": one.actor.person, "deputy": two.actor.person, "starts_at": spell["starts_at"]}
    assert (await office.post(f"{ROSTERS}/actings", acting)).status == 201
    (person,) = (await one.get(who)).json["people"]
    assert (person["name"], person["why"], person["instead_of"]) == (two.actor.name, "acting", one.actor.name)

    report = (await office.get(f"{ROSTERS}/report?from=2026-03-02&to=2026-03-08")).json
    (line,) = report["posts"]
    assert (line["expected_hours"], line["gap_hours"], line["gaps"]) == (45.0, 0.0, [])
    assert [share["hours"] for share in line["shares"]] == [36.0, 9.0]

    change = f"{ROSTERS}/rotations/{made.json['id']}"
    assert (await office.post(change, {"members": [two.actor.person]})).status == 200
    (person,) = (await one.get(who)).json["people"]
    assert (person["name"], person["why"]) == (two.actor.name, "shift")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("overrides", {"starts_at": "2026-03-02T09:00:00"}, "bad_input"),  # no time zone
        ("rotations", {"rule": "FREQ=MINUTELY"}, "rotation_rule_wrong"),
        ("rotations", {"role": "sys_admin"}, "bad_input"),  # no post
        ("rotations", {"unit": "nowhere"}, "bad_input"),
        ("rotations", {"members": ["nobody"]}, "bad_input"),
        ("rotations", {"opens": "24:00"}, "bad_input"),
    ],
)
async def test_what_does_not_hold_is_refused_with_its_code(
    house: House, path: str, body: dict[str, object], code: str
) -> None:
    office, one = await house.officer(Role.PETITION_OFFICE), await liaison(house)
    whole = {**rotation(house, one), **body} if path == "rotations" else body

    reply = await office.post(f"{ROSTERS}/{path}", whole)

    assert reply.code == code
    assert reply.status in (400, 409, 422)


async def test_people_ask_for_themselves_alone(house: House) -> None:
    one, two = await liaison(house), await liaison(house)
    spell = {"starts_at": "2026-03-02T00:00:00+08:00", "ends_at": "2026-03-03T00:00:00+08:00"}

    reply = await one.post(f"{ROSTERS}/leaves", {"person": two.actor.person, **spell})

    assert reply.code == "not_allowed"

    async def count(work: Work) -> int | None:
        return await work.session.scalar(select(func.count()).select_from(LeaveRow))

    assert await house.county.edge.read(count) == 0


async def test_the_page_works_by_plain_forms_and_says_why_not(house: House) -> None:
    office, leader = await house.officer(Role.PETITION_OFFICE), await house.officer(Role.BRANCH_LEADER)
    day = {"person": leader.actor.person, "day": "2026-03-03", "opens": "09:00", "closes": "11:30"}

    done = await office.submit("/schedule/rosters/leader-day", **day)
    again = await office.submit("/schedule/rosters/leader-day", **day)
    empty = await office.submit("/schedule/rosters/leader-day", **{**day, "day": ""})
    township = await house.officer(Role.TOWNSHIP_OFFICER)
    page = await township.get("/schedule/rosters")

    assert (done.status, done.headers["Location"]) == (303, "/schedule/rosters?told=leader-day")
    assert (again.status, 'data-code="leader_day_taken"' in again.text) == (409, True)
    assert (empty.status, 'data-code="bad_input"' in empty.text) == (422, True)
    assert leader.actor.name in page.text, "published to the townships"
    assert 'data-testid="leader-day-form"' not in page.text
    assert (await township.submit("/schedule/rosters/leader-day", **day)).status == 403
    assert (await office.submit("/schedule/rosters/nothing")).status == 404


def form_keys(page: str) -> list[str]:
    return re.findall(r'name="form_key" value="([^"]+)"', page)


async def test_a_form_that_is_sent_twice_changes_one_thing(house: House) -> None:
    office, one = await house.officer(Role.PETITION_OFFICE), await liaison(house)
    keys = form_keys((await office.get("/schedule/rosters")).text)
    fields = {"person": one.actor.person, "starts_at": "2026-03-03T08:30", "ends_at": "2026-03-03T17:30"}
    filled = {**fields, "kind": "leave", "form_key": keys[0]}

    first, again = await asyncio.gather(
        *(office.submit("/schedule/rosters/leave", **filled) for _ in range(2))
    )

    assert first.status == again.status == 303
    assert first.headers["Location"] == again.headers["Location"]
    assert await rows_of(house, LeaveRow) == 1
    other = {**filled, "starts_at": "2026-03-04T08:30", "ends_at": "2026-03-04T17:30"}
    refused = await office.submit("/schedule/rosters/leave", **other)
    assert 'data-code="idempotency_mismatch"' in refused.text, "a key belongs to what was filled in with it"
    assert await rows_of(house, LeaveRow) == 1
    fresh = form_keys(refused.text)[0]
    assert (await office.submit("/schedule/rosters/leave", **{**other, "form_key": fresh})).status == 303
    assert await rows_of(house, LeaveRow) == 2, "another form is another request"


async def test_a_form_that_was_refused_may_be_sent_again_with_its_key(house: House) -> None:
    office, leader = await house.officer(Role.PETITION_OFFICE), await house.officer(Role.BRANCH_LEADER)
    day = {"person": leader.actor.person, "opens": "09:00", "closes": "11:30", "form_key": "k" * 22}

    refused = await office.submit("/schedule/rosters/leader-day", **day, day="")
    done = await office.submit("/schedule/rosters/leader-day", **day, day="2026-03-03")

    assert (refused.status, done.status) == (422, 303)


async def test_every_form_of_the_page_has_a_key_of_its_own(house: House) -> None:
    office, one = await house.officer(Role.PETITION_OFFICE), await liaison(house)
    await office.post(f"{ROSTERS}/rotations", rotation(house, one))

    for reader in (office, one, await house.officer(Role.TOWNSHIP_OFFICER)):
        page = (await reader.get("/schedule/rosters")).text
        forms, keys = page.count('action="/schedule/rosters/'), form_keys(page)
        assert forms == len(keys) == len(set(keys)) > 0
        assert set(keys).isdisjoint(form_keys((await reader.get("/schedule/rosters")).text))


async def test_a_form_without_a_key_is_refused(house: House) -> None:
    office, one = await house.officer(Role.PETITION_OFFICE), await liaison(house)
    fields = {"person": one.actor.person, "starts_at": "2026-03-03T08:30", "ends_at": "2026-03-03T17:30"}

    reply = await office.send(
        "POST", "/schedule/rosters/leave", form={**fields, "kind": "leave"}, headers={"Idempotency-Key": ""}
    )

    assert 'data-code="idempotency_key_missing"' in reply.text
    assert await rows_of(house, LeaveRow) == 0


async def test_every_change_over_the_api_is_made_once(house: House) -> None:
    office, one = await house.officer(Role.PETITION_OFFICE), await liaison(house)
    spell = {"starts_at": "2026-03-03T00:00:00+08:00", "ends_at": "2026-03-04T00:00:00+08:00"}
    body = {"person": one.actor.person, **spell}

    first, again = [await office.post(f"{ROSTERS}/leaves", body, key="leave-once") for _ in range(2)]

    assert (first.status, first.json) == (again.status, again.json)
    assert await rows_of(house, LeaveRow) == 1


async def rows_of(house: House, kind: type[Base]) -> int | None:
    async def count(work: Work) -> int | None:
        return await work.session.scalar(select(func.count()).select_from(kind))

    return await house.county.edge.read(count)


async def test_a_colleagues_leave_is_not_told_to_the_units_outside(house: House) -> None:
    office, one = await house.officer(Role.PETITION_OFFICE), await liaison(house)
    spell = {"starts_at": "2026-03-02T00:00:00+08:00", "ends_at": "2026-03-03T00:00:00+08:00"}
    await office.post(f"{ROSTERS}/leaves", {"person": one.actor.person, **spell, "kind": "sick"})

    pages = [(await reader.get("/schedule/rosters")).text for reader in (await liaison(house), office)]

    assert [one.actor.name in page for page in pages] == [False, True]
