"""The week's board: who sees what of it, what it offers, and its plain forms."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from reception.domain.board import Detail, board_sight
from reception.domain.errors import NotAllowed
from reception.domain.ids import PersonId
from reception.domain.roles import ADMINS, COUNTY, Role
from tests.support.clients import House, OfficerClient, Reply

# The clock of these tests stands on Monday, 2 March 2026, 09:00 in the office.
TUESDAY_TEN = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
WEEK = "from=2026-03-02&until=2026-03-09"


@dataclass(slots=True)
class Setting:
    """Two townships with a room each, an official, a liaison, and who looks."""

    house: House
    office: OfficerClient
    official: OfficerClient
    township: OfficerClient
    neighbour: OfficerClient
    liaison: OfficerClient
    room: str
    other_room: str

    async def book(self, *, room: str = "", starts_at: datetime = TUESDAY_TEN, liaison: str = "") -> str:
        """Have the petition office book, up to the request; return the appointment."""
        body = {
            "room": room or self.room,
            "official": self.official.actor.person,
            "starts_at": starts_at.isoformat(),
            "minutes": 60,
            **({"liaison": liaison} if liaison else {}),
        }
        held = await self.office.post("/api/v1/appointments", body)
        assert held.status == 201, held.text
        appointment = str(held.json["id"])
        asked = await self.office.post(f"/api/v1/appointments/{appointment}/request")
        assert asked.status == 200, asked.text
        return appointment

    async def approve(self, appointment: str) -> str:
        """Have the office agree; return the ticket."""
        reply = await self.office.post(f"/api/v1/appointments/{appointment}/approve")
        return str(reply.json["ticket"])


@pytest.fixture
async def setting(house: House) -> Setting:
    county = house.county
    return Setting(
        house,
        office=await house.officer(Role.PETITION_OFFICE),
        official=await house.officer(Role.COUNTY_DUTY_OFFICER),
        township=await house.officer(Role.TOWNSHIP_OFFICER),
        neighbour=await house.officer(Role.TOWNSHIP_OFFICER, unit=county.other_township),
        liaison=await house.officer(Role.DEPARTMENT_LIAISON),
        room=await county.room(),
        other_room=await county.room(county.other_township),
    )


async def board(client: OfficerClient, query: str = WEEK) -> dict[str, Any]:
    reply = await client.get(f"/api/v1/schedule?{query}")
    assert reply.status == 200, reply.text
    told: dict[str, Any] = reply.json
    return told


def only(cards: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(cards) == 1, cards
    return cards[0]


# Who sees what


async def test_the_county_sees_an_appointment_with_ticket_and_kind_and_nobodys_name(setting: Setting) -> None:
    appointment = await setting.book()
    ticket = await setting.approve(appointment)

    card = only((await board(setting.office))["cards"])

    assert card["appointment"] == appointment
    assert (card["state"], card["ticket"], card["kind"]) == ("approved", ticket, "visit")
    assert card["rows"] == [f"room:{setting.room}", f"person:{setting.official.actor.person}"]
    assert set(card) == {
        *("key", "appointment", "rows", "state", "kind", "ticket", "starts_at", "ends_at"),
        *("busy_from", "busy_until", "room", "official", "liaison", "where", "who", "version", "may"),
    }


@pytest.mark.parametrize("role", sorted(COUNTY))
async def test_everybody_of_the_county_sees_all_rooms(setting: Setting, role: Role) -> None:
    await setting.book(room=setting.other_room)
    viewer = await setting.house.officer(role)

    told = await board(viewer)

    assert {row["id"] for row in told["rows"] if row["kind"] == "room"} == {
        f"room:{setting.room}",
        f"room:{setting.other_room}",
    }
    assert only(told["cards"])["appointment"]


async def test_a_township_sees_its_own_rooms_in_full(setting: Setting) -> None:
    appointment = await setting.book()

    card = only((await board(setting.township))["cards"])

    assert card["appointment"] == appointment
    assert card["where"]


async def test_of_other_rooms_a_township_sees_that_they_are_taken_and_nothing_else(setting: Setting) -> None:
    appointment = await setting.book()
    ticket = await setting.approve(appointment)

    reply = await setting.neighbour.get(f"/api/v1/schedule?{WEEK}")

    cards = reply.json["cards"]
    assert {card["state"] for card in cards} == {"occupied"}
    for card in cards:
        assert len(card["rows"]) == 1, "the room and the official are not told together"
        empty = ("appointment", "kind", "ticket", "room", "official", "liaison")
        assert [card[name] for name in empty] == [None] * len(empty)
        assert (card["where"], card["who"], card["may"]) == ("", "", [])
    assert appointment not in reply.text
    assert ticket not in reply.text


async def test_an_occupied_card_looks_the_same_whatever_is_behind_it(setting: Setting) -> None:
    first = await setting.book()
    before = (await board(setting.neighbour))["cards"]
    await setting.approve(first)

    after = (await board(setting.neighbour))["cards"]

    assert before == after


async def test_a_liaison_sees_the_own_visits_alone(setting: Setting) -> None:
    person = setting.liaison.actor.person
    with_liaison = await setting.book(liaison=person)
    await setting.book(room=setting.other_room, starts_at=TUESDAY_TEN + timedelta(hours=4))

    told = await board(setting.liaison)

    assert only(told["cards"])["appointment"] == with_liaison
    assert {row["id"] for row in told["rows"]} == {f"room:{setting.room}", f"person:{person}"}
    assert only(told["cards"])["may"] == []


async def test_a_liaison_without_visits_finds_words_instead_of_a_board(setting: Setting) -> None:
    await setting.book()

    told = await board(setting.liaison)

    assert told["cards"] == []
    assert [row["kind"] for row in told["rows"]] == ["person"]


@pytest.mark.parametrize("role", sorted(ADMINS))
async def test_no_administrator_sees_the_schedule(setting: Setting, role: Role) -> None:
    admin = await setting.house.officer(role)

    for path in (f"/api/v1/schedule?{WEEK}", "/schedule", f"/schedule/day-sheet/{setting.room}"):
        assert (await admin.get(path)).status == 403, path


@pytest.mark.parametrize("role", sorted({*Role} - COUNTY - {Role.TOWNSHIP_OFFICER, Role.DEPARTMENT_LIAISON}))
def test_the_rule_denies_whom_it_does_not_name(role: Role) -> None:
    with pytest.raises(NotAllowed):
        board_sight([role], unit="u", person=PersonId("p"))


def test_the_rule_shows_nothing_of_other_visits_to_a_liaison() -> None:
    sight = board_sight([Role.DEPARTMENT_LIAISON], unit="land", person=PersonId("p"))

    assert sight.detail(room_unit="land", people=["q"]) is Detail.NOTHING
    assert sight.detail(room_unit="elsewhere", people=["q", "p"]) is Detail.FULL


async def test_a_direct_visit_s_case_is_only_occupied_for_the_township(setting: Setting) -> None:
    made = await setting.house.county.visit(direct=True)
    body = {
        "room": setting.room,
        "official": setting.official.actor.person,
        "starts_at": TUESDAY_TEN.isoformat(),
        "minutes": 30,
        "case": made.case_number,
    }
    held = await setting.office.post("/api/v1/appointments", body)
    assert held.status == 201, held.text

    cards = (await board(setting.township))["cards"]

    assert {card["state"] for card in cards} == {"occupied"}
    page = await setting.township.get(f"/schedule?appointment={held.json['id']}")
    assert page.status == 404


# What may be done


async def test_each_sees_the_steps_that_they_may_take(setting: Setting) -> None:
    await setting.book()

    office = only((await board(setting.office))["cards"])["may"]
    own = only((await board(setting.official))["cards"])["may"]
    colleague = only((await board(await setting.house.officer(Role.SECTION_DIRECTOR)))["cards"])["may"]
    township = only((await board(setting.township))["cards"])["may"]

    assert office == own == ["approve", "reject", "move", "cancel"]
    assert colleague == ["move", "cancel"]
    assert township == ["move", "cancel"]


async def test_what_the_board_offers_is_what_the_service_does(setting: Setting) -> None:
    appointment = await setting.book()
    card = only((await board(setting.township))["cards"])

    for deed, body in (("approve", {}), ("reject", {"reason": "duplicate"})):
        assert deed not in card["may"]
        assert (await setting.township.post(f"/api/v1/appointments/{appointment}/{deed}", body)).status == 403
    moved = await setting.township.post(
        f"/api/v1/appointments/{appointment}/move",
        {"starts_at": (TUESDAY_TEN + timedelta(hours=4)).isoformat(), "version": card["version"]},
    )

    assert "move" in card["may"]
    assert moved.status == 200


async def test_arrival_and_absence_are_offered_when_their_hour_has_come(setting: Setting) -> None:
    appointment = await setting.book()
    await setting.approve(appointment)
    ahead = only((await board(setting.office))["cards"])["may"]

    setting.house.county.clock.now = TUESDAY_TEN - timedelta(minutes=5)
    office = await setting.house.officer(Role.PETITION_OFFICE)
    on_the_day = only((await board(office))["cards"])["may"]
    setting.house.county.clock.advance(minutes=5)
    begun = only((await board(office))["cards"])["may"]

    assert ahead == ["move", "cancel"]
    assert on_the_day == ["arrive", "move", "cancel"]
    assert begun == ["arrive", "no_show", "move", "cancel"]


async def test_a_day_sheet_is_offered_for_the_rooms_that_may_be_printed(setting: Setting) -> None:
    def offered(told: dict[str, Any]) -> set[str]:
        return {row["id"] for row in told["rows"] if row["has_sheet"]}

    assert offered(await board(setting.township)) == {f"room:{setting.room}"}
    assert offered(await board(setting.office)) == {f"room:{setting.room}", f"room:{setting.other_room}"}
    assert offered(await board(setting.liaison)) == set()


async def test_a_hold_that_ran_out_is_gone_from_the_board(setting: Setting) -> None:
    body = {"room": setting.room, "official": setting.official.actor.person, "minutes": 30}
    await setting.office.post("/api/v1/appointments", {**body, "starts_at": TUESDAY_TEN.isoformat()})
    assert only((await board(setting.office))["cards"])["state"] == "held"

    setting.house.county.clock.advance(minutes=6)

    assert (await board(setting.office))["cards"] == []


async def test_the_days_say_what_they_are(setting: Setting) -> None:
    told = await board(setting.office, "from=2026-02-16&until=2026-02-23")

    assert told["days"][0]["kind"] == "holiday"
    assert told["days"][0]["name"]
    assert not any(day["is_provisional"] for day in told["days"])
    far = await board(setting.office, "from=2030-03-04&until=2030-03-11")
    assert all(day["is_provisional"] for day in far["days"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "from"),  # nothing asked for
        ("from=2026-03-02", "until"),  # half of it
        ("from=yesterday&until=2026-03-09", "from"),  # no date
        ("from=2026-03-09&until=2026-03-02", "until"),  # backwards
        ("from=2026-03-02&until=2026-12-31", "until"),  # more than is shown at once
    ],
)
async def test_an_address_that_asks_for_no_days_is_refused(setting: Setting, query: str, field: str) -> None:
    reply = await setting.office.get(f"/api/v1/schedule?{query}")

    assert reply.status == 422
    assert field in reply.json["error"]["fields"]


# The page and its forms


async def submitted(client: OfficerClient, path: str, **fields: str) -> Reply:
    return await client.submit(path, at="week=2026-W10", **fields)


def where(reply: Reply) -> str:
    assert reply.status == web.HTTPSeeOther.status_code, reply.text[:2000]
    return str(reply.headers["Location"])


async def test_the_page_opens_on_this_week_and_on_the_week_of_the_address(setting: Setting) -> None:
    assert 'data-week="2026-W10"' in (await setting.office.get("/schedule")).text
    assert 'data-week="2026-W53"' in (await setting.office.get("/schedule?week=2026-W53")).text
    for nonsense in ("2026-W99", "x", "9999-W01", "2026-W"):
        reply = await setting.office.get(f"/schedule?week={nonsense}&view=x&show=y")
        assert (reply.status, 'data-week="2026-W10"' in reply.text) == (200, True), nonsense


@pytest.mark.parametrize("form", ["book", "block", "reallocate"])
async def test_every_form_opens_by_its_address(setting: Setting, form: str) -> None:
    reply = await setting.office.get(f"/schedule?form={form}")

    assert reply.status == 200
    assert f'data-kind="{form}"' in reply.text


async def test_an_appointment_is_booked_asked_for_and_agreed_to_by_forms_alone(setting: Setting) -> None:
    booked = await submitted(
        setting.township,
        "/schedule/appointments",
        room=setting.room,
        official=setting.official.actor.person,
        starts="2026-03-03T10:00",
        minutes="60",
    )
    held = where(booked)
    appointment = held.partition("appointment=")[2].partition("&")[0]

    asked = await submitted(setting.township, f"/schedule/appointments/{appointment}/request")
    agreed = await submitted(setting.office, f"/schedule/appointments/{appointment}/approve")

    assert "told=held" in held
    assert "told=request" in where(asked)
    assert "told=approve" in where(agreed)
    assert only((await board(setting.office))["cards"])["state"] == "approved"


async def test_a_taken_hour_is_refused_in_words_with_three_others_to_take(setting: Setting) -> None:
    await setting.book()
    wish = {"room": setting.room, "official": setting.official.actor.person, "minutes": "60"}

    refused = await submitted(setting.office, "/schedule/appointments", starts="2026-03-03T10:00", **wish)

    assert refused.status == 409
    assert 'data-code="slot_taken"' in refused.text
    assert refused.text.count('data-testid="take-instead"') == 3
    assert 'value="2026-03-03T10:00"' in refused.text, "what was typed is still there"


async def test_an_appointment_is_moved_by_its_form_and_not_over_a_change_of_others(setting: Setting) -> None:
    appointment = await setting.book()
    fields = {"room": setting.room, "official": setting.official.actor.person, "version": "2"}
    path = f"/schedule/appointments/{appointment}/move"

    moved = await submitted(setting.office, path, starts="2026-03-03T14:00", **fields)
    late = await submitted(setting.office, path, starts="2026-03-03T15:00", **fields)

    assert "told=move" in where(moved)
    assert late.status == 409
    assert 'data-code="version_conflict"' in late.text
    assert 'name="version" value="3"' in late.text, "the next try is made on what is there now"


async def test_a_refusal_needs_a_reason_from_the_list(setting: Setting) -> None:
    appointment = await setting.book()
    path = f"/schedule/appointments/{appointment}/reject"

    bare = await submitted(setting.office, path)
    done = await submitted(setting.office, path, reason="township_first")

    assert bare.status == 422
    assert "told=reject" in where(done)
    assert (await board(setting.office))["cards"] == []


async def test_who_did_not_come_is_said_with_side_and_reason(setting: Setting) -> None:
    appointment = await setting.book()
    await setting.approve(appointment)
    setting.house.county.clock.now = TUESDAY_TEN + timedelta(minutes=20)
    office = await setting.house.officer(Role.PETITION_OFFICE)

    done = await submitted(
        office, f"/schedule/appointments/{appointment}/no_show", side="citizen", reason="unreachable"
    )

    assert "told=no_show" in where(done)
    assert only((await board(office))["cards"])["state"] == "no_show"


@pytest.mark.parametrize(
    ("arrives", "minutes", "side"),
    [
        (False, 20, "citizen"),  # nobody came to the room
        (True, 20, "county"),  # somebody waits there, and the official is not at the desk
        (False, 5, None),  # too early to say: nothing is chosen
    ],
)
async def test_the_form_has_chosen_who_seems_to_be_missing(
    setting: Setting, arrives: bool, minutes: int, side: str | None
) -> None:
    appointment = await setting.book()
    await setting.approve(appointment)
    setting.house.county.clock.now = TUESDAY_TEN + timedelta(minutes=minutes)
    office = await setting.house.officer(Role.PETITION_OFFICE)
    if arrives:
        await submitted(office, f"/schedule/appointments/{appointment}/arrive")

    page = (await office.get(f"/schedule?appointment={appointment}")).text

    chosen = [one for one in ("citizen", "county") if f'<option value="{one}" selected>' in page]
    assert chosen == ([side] if side else [])
    assert ('data-testid="no-show-suspected"' in page) is (side is not None)
    assert only((await board(office))["cards"])["state"] == ("arrived" if arrives else "approved")


async def test_a_room_is_blocked_and_given_back_by_forms(setting: Setting) -> None:
    blocked = await submitted(
        setting.office,
        "/schedule/room-blocks",
        room=setting.room,
        starts="2026-03-03T09:00",
        ends="2026-03-03T12:00",
        reason="repair",
    )
    shown = (await board(setting.office))["blocks"][0]
    assert (await board(setting.neighbour))["blocks"][0]["block"] is None

    lifted = await submitted(setting.office, f"/schedule/room-blocks/{shown['block']}/lift")

    assert "told=block" in where(blocked)
    assert "told=lift" in where(lifted)
    assert (await board(setting.office))["blocks"] == []


async def test_the_day_of_somebody_who_is_away_is_given_to_another_by_a_form(setting: Setting) -> None:
    await setting.book()
    stand_in = await setting.house.officer(Role.COUNTY_DUTY_OFFICER)

    done = await submitted(
        setting.office,
        "/schedule/reallocate",
        official=setting.official.actor.person,
        date="2026-03-03",
        to=stand_in.actor.person,
    )

    assert "moved=1&left=0" in where(done)
    assert only((await board(setting.office))["cards"])["official"] == stand_in.actor.person


# The day sheet


async def test_the_day_sheet_says_who_receives_when_and_no_petitioner(setting: Setting) -> None:
    appointment = await setting.book(liaison=setting.liaison.actor.person)
    ticket = await setting.approve(appointment)

    sheet = (await setting.township.get(f"/schedule/day-sheet/{setting.room}?date=2026-03-03")).text

    assert sheet.count('data-testid="sheet-line"') == 1
    for said in (ticket, setting.official.actor.name, setting.liaison.actor.name, "10:00", "11:00", "09:45"):
        assert said in sheet


async def test_another_township_s_day_sheet_does_not_exist(setting: Setting) -> None:
    reply = await setting.neighbour.get(f"/schedule/day-sheet/{setting.room}?date=2026-03-03")

    assert reply.status == 404
    assert (await setting.liaison.get(f"/schedule/day-sheet/{setting.room}")).status == 403
    assert (await setting.office.get("/schedule/day-sheet/unknown")).status == 404
