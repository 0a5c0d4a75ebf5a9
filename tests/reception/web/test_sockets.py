"""Sockets through the running application: bells, visits, chat, revocation, restart."""

import asyncio
import shutil
from pathlib import Path

import pytest
from aiohttp import WSServerHandshakeError
from sqlalchemy import select

from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.keys import EDGE
from reception.services.record import read_case
from reception.store.tables import ChatLineRow
from signaling.ids import RoomId
from signaling.keys import HUB
from signaling.messages import (
    Chat,
    ChatLine,
    CloseCode,
    Duty,
    Hello,
    Invite,
    Join,
    Queue,
    Refused,
    Result,
    Ring,
    RingStopped,
    RoomState,
    Visit,
)
from tests.signaling.peers import ScriptedPeer, a_uuid
from tests.support.clients import Client, House, OfficerClient, TerminalClient, a_house
from tests.support.factories import FrozenClock, MadeVisit

REVOKED_WITHIN_S = 5.0
ON_DUTY = {"camera": True, "microphone": True, "ring_heard": True}


async def in_call(
    house: House,
) -> tuple[OfficerClient, ScriptedPeer, TerminalClient, ScriptedPeer, MadeVisit]:
    """Have an officer and a terminal talk."""
    officer, desk = await house.on_duty()
    terminal, made = await house.waiting()
    page = await terminal.connect()
    await desk.expect(Ring, visit=made.id)
    assert (await officer.post(f"/api/v1/visits/{made.id}/answer")).status == 200
    for peer in (desk, page):
        assert isinstance(await peer.command(Join(id=a_uuid(), room=RoomId(made.id))), Result)
    return officer, desk, terminal, page, made


# Bells


async def test_a_ring_reaches_every_desk_and_stops_when_one_answers(house: House) -> None:
    (first, first_desk), (_, second_desk) = await house.on_duty(), await house.on_duty()
    _, made = await house.waiting()

    rings = [await desk.expect(Ring, visit=made.id) for desk in (first_desk, second_desk)]
    await first.post(f"/api/v1/visits/{made.id}/answer")

    assert {(ring.ticket, ring.place, ring.matter_kinds, ring.direct) for ring in rings} == {
        (made.ticket, "视频接访室", ("report",), False)
    }
    for desk in (first_desk, second_desk):
        assert (await desk.expect(RingStopped, visit=made.id)).why == "answered"
    assert (await first_desk.expect(Duty, state="busy")).pending == 0


async def test_of_two_desks_that_press_at_once_one_has_the_call(house: House) -> None:
    (first, desk), (second, _) = await house.on_duty(), await house.on_duty()
    _, made = await house.waiting()
    await desk.expect(Ring, visit=made.id)

    answers = await asyncio.gather(
        *(officer.post(f"/api/v1/visits/{made.id}/answer") for officer in (first, second))
    )

    assert sorted(answer.status for answer in answers) == [200, 409]
    assert {answer.code for answer in answers if answer.status == 409} == {"already_answered"}


async def test_a_declined_bell_goes_on_elsewhere(house: House) -> None:
    (first, first_desk), (_, second_desk) = await house.on_duty(), await house.on_duty()
    _, made = await house.waiting()
    await second_desk.expect(Ring, visit=made.id)

    await first.post(f"/api/v1/visits/{made.id}/decline")

    assert (await first_desk.expect(RingStopped, visit=made.id)).why == "declined"
    assert not [message for message in second_desk.seen if isinstance(message, RingStopped)]


async def test_a_desk_that_comes_back_is_greeted_with_duty_queue_and_running_bells(house: House) -> None:
    officer, desk = await house.on_duty()
    _, made = await house.waiting()
    await desk.expect(Ring, visit=made.id)
    await desk.drop()

    again = await officer.connect()

    assert (await again.expect(Duty)).state == "ready"
    assert [row.visit for row in (await again.expect(Queue)).rows] == [made.id]
    assert (await again.expect(Ring)).visit == made.id


async def test_a_desk_opened_after_the_call_came_is_rung(house: House) -> None:
    officer = await house.officer()
    await house.county.goes_on_duty(officer.actor, present=False)
    _, made = await house.waiting()

    desk = await officer.connect()

    await desk.expect(Ring, visit=made.id)


async def test_an_invited_colleague_hears_of_it_and_may_join_the_room(house: House) -> None:
    host, _, _, _, made = await in_call(house)
    guest, desk = await house.on_duty()
    assert isinstance(await desk.command(Join(id=a_uuid(), room=RoomId(made.id))), Refused)

    await host.post(f"/api/v1/visits/{made.id}/invite", {"person": guest.actor.person})
    invite = await desk.expect(Invite, visit=made.id)
    assert (invite.from_name, invite.ticket) == (host.actor.name, made.ticket)
    await guest.post(f"/api/v1/visits/{made.id}/join")

    assert isinstance(await desk.command(Join(id=a_uuid(), room=RoomId(made.id))), Result)
    state = next(message for message in reversed(desk.seen) if isinstance(message, RoomState))
    assert len(state.peers) == 3


# The terminal


async def test_a_terminal_follows_its_visit_to_the_receipt(house: House) -> None:
    officer, _ = await house.on_duty()
    terminal = await house.terminal()
    page = await terminal.connect()
    made = await house.county.visit(VisitState.TOWNSHIP_ANSWERED, terminal=terminal.enrolled)
    await terminal.post(
        f"/api/v1/visits/{made.id}/raise",
        {"declaration": {"present": ["visitor_only"], "confirmed": True}},
    )
    waiting = await page.expect(Visit, visit=made.id, state="waiting")

    await officer.post(f"/api/v1/visits/{made.id}/answer")
    answered = await page.expect(Visit, visit=made.id, state="in_call")
    await officer.post(f"/api/v1/visits/{made.id}/end")
    await page.expect(Visit, visit=made.id, state="wrap_up")
    outcome = {"code": "answered_on_spot", "asked": "问", "answer": "答", "next": "无"}
    await officer.post(f"/api/v1/visits/{made.id}/outcome", {**outcome, "owner": officer.actor.person})
    await page.expect(Visit, visit=made.id, state="outcome_logged")

    assert (waiting.position, waiting.expected_minutes) == (1, 1)
    assert (answered.officer_name, answered.officer_post) == (officer.actor.name, officer.actor.post)
    shown = (await terminal.get("/api/v1/terminal")).json["visit"]
    assert (shown["state"], shown["receipt"]) == ("outcome_logged", "JF2026-000001")


async def test_a_terminal_that_comes_back_learns_where_its_visit_stands(house: House) -> None:
    terminal, made = await house.waiting()

    page = await terminal.connect()

    assert (await page.expect(Visit)).state == "waiting"
    assert (await terminal.get("/api/v1/terminal")).json["visit"]["visit"] == made.id


async def test_a_terminal_hears_nothing_of_another_terminals_visit(house: House) -> None:
    other = await house.terminal()
    page = await other.connect()
    await house.on_duty()
    await house.waiting()
    await house.waiting()

    own = await house.county.visit(VisitState.TOWNSHIP_ANSWERED, terminal=other.enrolled)
    await other.post(
        f"/api/v1/visits/{own.id}/raise", {"declaration": {"present": ["family"], "confirmed": True}}
    )

    first = await page.expect(Visit)
    assert first.visit == own.id
    assert not [message for message in page.seen if isinstance(message, Ring | Queue | Duty)]


# Who gets in


async def greeting(house: House, ticket: str) -> tuple[int | None, str | None]:
    """Offer a ticket on a new socket; return how the server closes it."""
    peer = await house.stranger().dial()
    await peer.say(Hello(ticket=ticket, proto=1))
    return await peer.closes_with()


async def test_a_ticket_opens_one_socket(house: House) -> None:
    officer = await house.officer()
    ticket = await officer.ticket()
    peer = await officer.dial()
    await peer.say(Hello(ticket=ticket, proto=1))
    await peer.expect(Duty)

    assert await greeting(house, ticket) == (CloseCode.TICKET, "ticket_refused")
    assert await greeting(house, "x" * 43) == (CloseCode.TICKET, "ticket_refused")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", ""])
async def test_another_sites_page_opens_no_socket(house: House, origin: str) -> None:
    officer = await house.officer()
    headers = {"Cookie": officer.headers["Cookie"]}
    headers |= {"Origin": origin} if origin else {}

    with pytest.raises(WSServerHandshakeError) as caught:
        await house.session.ws_connect("/ws", headers=headers)

    assert caught.value.status == 403


@pytest.mark.parametrize("role", [Role.TOWNSHIP_OFFICER, Role.SYS_ADMIN, Role.AUDIT_ADMIN])
async def test_who_takes_part_in_no_call_gets_no_ticket(house: House, role: Role) -> None:
    client = await house.officer(role)

    assert (await client.post("/api/v1/ws-ticket")).code == "not_allowed"


async def assert_closed_at_once(peer: ScriptedPeer, client: Client) -> None:
    """Check that a live socket ends within the bound, and that there is no way back in."""
    async with asyncio.timeout(REVOKED_WITHIN_S):
        assert await peer.closes_with() == (CloseCode.REVOKED, "revoked")
    assert (await client.post("/api/v1/ws-ticket")).code == "signed_out"


async def test_signing_out_closes_the_live_socket(house: House) -> None:
    officer, desk = await house.on_duty()

    await officer.submit("/logout")

    await assert_closed_at_once(desk, officer)


async def test_revoking_a_session_closes_its_socket_and_no_other(house: House) -> None:
    stolen = await house.officer()
    kept = house.browser_of(await house.county.sign_in(stolen.actor.person, stolen.actor.username))
    desk = await stolen.connect()

    await kept.submit(f"/account/sessions/{stolen.actor.login}/revoke")

    await assert_closed_at_once(desk, stolen)
    assert (await kept.get("/api/v1/desk")).status == 200


async def test_a_session_revoked_by_the_administrator_loses_socket_and_unused_ticket(house: House) -> None:
    officer, desk = await house.on_duty()
    admin, ticket = await house.officer(Role.SECURITY_ADMIN), await officer.ticket()

    await admin.submit(f"/admin/people/{officer.actor.person}/sessions/revoke")

    await assert_closed_at_once(desk, officer)
    assert await greeting(house, ticket) == (CloseCode.TICKET, "ticket_refused")


async def test_a_role_taken_away_closes_the_socket_that_it_opened(house: House) -> None:
    officer, desk = await house.on_duty()
    admin = await house.officer(Role.SECURITY_ADMIN)

    await admin.submit(
        f"/admin/people/{officer.actor.person}/roles", role="county_duty_officer", action="revoke"
    )

    await assert_closed_at_once(desk, officer)


@pytest.mark.parametrize("role", [Role.SYS_ADMIN, Role.SECURITY_ADMIN])
async def test_a_revoked_terminal_loses_its_socket_in_the_middle_of_a_visit(house: House, role: Role) -> None:
    terminal, _ = await house.waiting()
    page, admin = await terminal.connect(), await house.officer(role)

    await admin.submit(f"/admin/devices/{terminal.actor.device}/revoke")

    await assert_closed_at_once(page, terminal)
    assert (await terminal.get("/api/v1/terminal")).code == "signed_out"


async def test_a_newer_page_of_the_same_person_takes_over(house: House) -> None:
    officer, older = await house.on_duty()

    newer = await officer.connect()

    assert await older.closes_with() == (CloseCode.TAKEN_OVER, "taken_over")
    assert (await newer.expect(Duty)).state == "ready"


# The call


async def test_a_stranger_does_not_get_into_a_room_by_its_id(house: House) -> None:
    *_, made = await in_call(house)
    _, stranger = await house.on_duty()
    other = await (await house.terminal()).connect()

    for peer in (stranger, other):
        for room in (made.id, "unknown"):
            refused = await peer.command(Join(id=a_uuid(), room=RoomId(room)))
            assert isinstance(refused, Refused)
            assert refused.code == "unknown_room"


async def test_what_is_written_in_a_call_is_sealed_and_part_of_the_record(house: House) -> None:
    officer, desk, _, page, made = await in_call(house)
    text = "我听不清，请写下来。"

    assert isinstance(await page.command(Chat(id=a_uuid(), room=RoomId(made.id), text=text)), Result)
    line = await desk.expect(ChatLine)

    assert (line.text, line.from_seat) == (text, made.terminal.actor.seat)
    row = await house.county.read(lambda work: work.session.scalar(select(ChatLineRow)))
    assert row is not None
    assert row.text_sealed.startswith("v1.aesgcm.")
    panel = (await officer.get(f"/api/v1/visits/{made.id}")).json
    assert [(one["text"], one["role"]) for one in panel["chat"]] == [(text, "terminal")]
    told = await house.county.edge.run(lambda work: read_case(work, officer.actor, made.case_number))
    assert [one.text for one in told.visits[0].chat] == [text]


async def test_after_the_call_nothing_more_is_written(house: House) -> None:
    officer, _, _, page, made = await in_call(house)
    await officer.post(f"/api/v1/visits/{made.id}/end")

    refused = await page.command(Chat(id=a_uuid(), room=RoomId(made.id), text="还有一句"))

    assert isinstance(refused, Refused)
    assert (await house.county.rows())["chat_line"] == 0


async def test_ending_closes_the_room_for_everybody(house: House) -> None:
    officer, desk, _, page, made = await in_call(house)

    await officer.post(f"/api/v1/visits/{made.id}/end")

    for peer in (desk, page):
        await peer.expect(RoomState, phase="closed")
    assert house.app[HUB].room(RoomId(made.id)) is None


async def test_an_administrator_stops_a_call_and_both_sides_see_it(house: House) -> None:
    _, desk, _, page, made = await in_call(house)
    admin = await house.officer(Role.SYS_ADMIN)

    reply = await admin.post(f"/api/v1/visits/{made.id}/stop")

    assert reply.json == {"visit": made.id, "state": "outcome_pending"}
    for peer in (desk, page):
        await peer.expect(RoomState, phase="closed")
    assert (await desk.expect(Duty, state="ready")).pending == 1


async def test_after_a_restart_the_rooms_of_running_calls_are_open_again(
    tmp_path: Path, migrated_sqlite: Path, clock: FrozenClock
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "reception.db")
    async with a_house(tmp_path, clock) as house:
        _, desk, _, page, made = await in_call(house)
        waiting = (await house.waiting())[1]
        _, *ends = await asyncio.gather(house.app[HUB].aclose(), desk.closes_with(), page.closes_with())
    assert ends == [(CloseCode.RESTART, "restart")] * 2

    async with a_house(tmp_path, clock, county=house.county) as again:
        room = again.app[HUB].room(RoomId(made.id))
        assert room is not None
        assert again.app[HUB].room(RoomId(waiting.id)) is None
        terminal = again.page_of(made.terminal)
        back = await terminal.connect()
        assert isinstance(await back.command(Join(id=a_uuid(), room=RoomId(made.id))), Result)
        assert await again.county.state(made.id) is VisitState.IN_CALL


async def test_a_restart_leaves_sessions_and_queue_as_they_were(
    tmp_path: Path, migrated_sqlite: Path, clock: FrozenClock
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "reception.db")
    async with a_house(tmp_path, clock) as house:
        officer, _ = await house.on_duty()
        _, made = await house.waiting()

    async with a_house(tmp_path, clock, county=house.county) as again:
        client = OfficerClient(again.session, again.origin, officer.headers, actor=officer.actor)
        desk = await client.connect()

        assert (await desk.expect(Duty)).state == "ready"
        assert (await desk.expect(Ring)).visit == made.id
        assert again.app[EDGE] is again.county.edge
