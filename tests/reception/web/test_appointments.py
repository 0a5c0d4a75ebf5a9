"""The API of appointments: what its answers say, what its refusals offer, what a repetition does."""

from datetime import timedelta
from typing import Any

import pytest

from reception.domain.actors import Officer
from reception.domain.ids import PlaceId
from reception.domain.roles import Role
from reception.domain.visits import VisitState
from tests.support.clients import Client, House
from tests.support.factories import NOW, an_id_number

TEN = NOW + timedelta(hours=1)


def at(hours: float) -> str:
    """Write a moment on the county's day, counted from 09:00."""
    return (NOW + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def a_booking(room: PlaceId, official: Officer, hours: float = 1, **changes: object) -> dict[str, Any]:
    return {
        "room": room,
        "official": official.person,
        "starts_at": at(hours),
        "minutes": 30,
        "kind": "visit",
        **changes,
    }


async def approved(township: Client, office: Client, room: PlaceId, official: Officer) -> dict[str, Any]:
    """Have a township ask and the office accept, over HTTP."""
    held = (await township.post("/api/v1/appointments", a_booking(room, official))).json
    path = f"/api/v1/appointments/{held['id']}"
    assert (await township.post(f"{path}/request")).json["state"] == "requested"
    answer: dict[str, Any] = (await office.post(f"{path}/approve")).json
    return answer


async def test_a_township_asks_and_the_office_accepts(house: House) -> None:
    township, office = await house.officer(Role.TOWNSHIP_OFFICER), await house.officer(Role.PETITION_OFFICE)
    room, official = await house.county.room(), await house.county.officer()

    held = await township.post("/api/v1/appointments", a_booking(room, official, 5))
    answer = await approved(township, office, room, official)

    assert held.status == 201
    assert (held.json["state"], held.json["version"]) == ("held", 1)
    assert held.json["hold_until"] == at(5 / 60)
    assert (answer["state"], answer["ticket"], answer["ends_at"]) == ("approved", "Y-001", at(1.5))


async def test_who_comes_second_is_offered_the_nearest_that_is_free(house: House) -> None:
    township = await house.officer(Role.TOWNSHIP_OFFICER)
    room, official = await house.county.room(), await house.county.officer()
    await township.post("/api/v1/appointments", a_booking(room, official))

    lost = await township.post("/api/v1/appointments", a_booking(room, official))

    assert (lost.status, lost.code) == (409, "slot_taken")
    assert lost.json["error"]["alternatives"] == [
        {"room": room, "official": official.person, "liaison": None, "starts_at": at(hours)}
        for hours in (2, 0, 2.25)
    ]


async def test_a_request_that_is_repeated_books_once(house: House) -> None:
    township = await house.officer(Role.TOWNSHIP_OFFICER)
    room, official = await house.county.room(), await house.county.officer()
    body = a_booking(room, official)

    first = await township.post("/api/v1/appointments", body, key="book-one-time")
    again = await township.post("/api/v1/appointments", body, key="book-one-time")

    assert first.status == again.status == 201
    assert first.json == again.json


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"starts_at": at(-1)}, "in_the_past"),
        ({"starts_at": at(3)}, "outside_hours"),
        ({"starts_at": at(5 * 24)}, "not_a_working_day"),
        ({"starts_at": at(1.1)}, "off_grid"),
        ({"minutes": 40}, "off_grid"),
        ({"starts_at": "2026-03-02T10:00:00"}, "bad_input"),  # no zone: nobody knows when that is
        ({"minutes": 0}, "bad_input"),
        ({"kind": "party"}, "bad_input"),
        ({"case": "XF2026-99999"}, "not_found"),
        ({"room": "unknown"}, "not_found"),
    ],
)
async def test_a_refusal_has_its_code_and_its_sentence(
    house: House, changes: dict[str, object], code: str
) -> None:
    township = await house.officer(Role.TOWNSHIP_OFFICER)
    room, official = await house.county.room(), await house.county.officer()

    reply = await township.post("/api/v1/appointments", a_booking(room, official) | changes)

    assert reply.code == code
    assert reply.json["error"]["message"] != f"refusal.{code}"


async def test_a_blocked_room_is_refused_in_words_until_the_block_is_lifted(house: House) -> None:
    office = await house.officer(Role.PETITION_OFFICE)
    room, official = await house.county.room(), await house.county.officer()
    block = {"room": room, "starts_at": at(0), "ends_at": at(8), "reason": "repair"}

    made = await office.post("/api/v1/room-blocks", block)
    refused = await office.post("/api/v1/appointments", a_booking(room, official))
    await office.post(f"/api/v1/room-blocks/{made.json['id']}/lift")
    booked = await office.post("/api/v1/appointments", a_booking(room, official))

    assert (made.status, made.json["affected"]) == (201, [])
    assert refused.code == "room_blocked"
    assert booked.status == 201


async def test_a_move_an_outdated_move_and_a_day_given_away(house: House) -> None:
    office = await house.officer(Role.PETITION_OFFICE)
    room, official = await house.county.room(), await house.county.officer()
    stand_in = await house.county.officer()
    held = (await office.post("/api/v1/appointments", a_booking(room, official))).json
    path = f"/api/v1/appointments/{held['id']}"

    moved = await office.post(f"{path}/move", {"starts_at": at(5), "version": 1})
    outdated = await office.post(f"{path}/move", {"starts_at": at(6), "version": 1})
    given = await office.post(
        f"/api/v1/officials/{official.person}/reallocate",
        {"date": NOW.date().isoformat(), "to": stand_in.person},
    )

    assert (moved.json["starts_at"], moved.json["version"]) == (at(5), 2)
    assert outdated.code == "version_conflict"
    assert given.json == {"moved": [{"appointment": held["id"], "official": stand_in.person}], "left": []}


async def test_a_terminal_notes_an_arrival_and_registers_the_visitor_of_the_appointment(house: House) -> None:
    township, office = await house.officer(Role.TOWNSHIP_OFFICER), await house.officer(Role.PETITION_OFFICE)
    terminal = await house.terminal()
    place = terminal.actor.place
    agreed = await approved(township, office, place, await house.county.officer())
    path = f"/api/v1/appointments/{agreed['id']}"

    shown = (await terminal.get("/api/v1/terminal/appointments")).json
    arrived = await terminal.post(f"{path}/arrive")
    visit = await terminal.post(
        "/api/v1/visits",
        {
            "anonymous": False,
            "visitor": {"name": "王试用", "id_number": an_id_number(), "phone": "", "address": ""},
            "matters": [{"kind": "grievance", "summary": "路灯不亮。"}],
            "appointment": agreed["id"],
        },
    )

    assert shown == {
        "appointments": [
            {"appointment": agreed["id"], "ticket": "Y-001", "starts_at": at(1), "state": "approved"}
        ]
    }
    assert arrived.json["state"] == "arrived"
    assert visit.status == 201, visit.text
    row = await house.county.row(visit.json["visit"])
    assert (row.appointment_id, row.state) == (agreed["id"], VisitState.REGISTERED)


async def test_who_did_not_come_is_confirmed_by_a_person(house: House) -> None:
    township, office = await house.officer(Role.TOWNSHIP_OFFICER), await house.officer(Role.PETITION_OFFICE)
    agreed = await approved(township, office, await house.county.room(), await house.county.officer())
    house.county.clock.advance(minutes=59)
    path = f"/api/v1/appointments/{agreed['id']}/no-show"

    early = await office.post(path, {"side": "citizen", "reason": "unreachable"})
    house.county.clock.advance(minutes=30)
    late = await (await house.officer(Role.PETITION_OFFICE)).post(
        path, {"side": "citizen", "reason": "unreachable"}
    )

    assert early.code == "appointment_state"
    assert late.json["state"] == "no_show"
