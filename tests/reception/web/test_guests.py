"""Bringing people in over HTTP and the wire: what a guest's browser gets, and everything it does not."""

from sqlalchemy import text

from reception.domain.ids import new_id
from reception.domain.registration import Matter
from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.services.work import Work
from reception.store.tables import UnitRow
from reception.web.routes import ROUTE_TABLE
from signaling.ids import RoomId
from signaling.messages import CloseCode, Invite, Join, Queue, Refused, RoomState, Visit
from tests.signaling.peers import ScriptedPeer, a_uuid
from tests.support.clients import GuestClient, House, OfficerClient
from tests.support.factories import MadeVisit, a_form

GUEST = "/api/v1/guest"


def newest_room(page: ScriptedPeer) -> RoomState:
    """Return the room as this page was told last."""
    return next(one for one in reversed(page.seen) if isinstance(one, RoomState))


async def test_the_page_says_nothing_and_the_same_to_everybody(house: House) -> None:
    asked = await house.asked_in()
    await asked.is_asked(title="水利专家")

    pages = [await client.get("/join") for client in (house.stranger(), asked, await house.officer())]

    assert {page.status for page in pages} == {200}
    for page in pages:
        for hidden in ("水利专家", asked.host.actor.name, asked.visit.ticket, asked.visit.case_number):
            assert hidden not in page.text


async def test_a_cookie_goes_to_the_guests_part_of_the_api_alone(house: House) -> None:
    asked = await house.asked_in()

    reply = await asked.opens(await asked.is_asked())

    cookie = reply.headers["Set-Cookie"]
    assert f"Path={GUEST}" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    for route in ROUTE_TABLE:
        if Role.GUEST in route.audience.roles:
            assert route.path.startswith(f"{GUEST}/"), route.name


async def test_a_stolen_cookie_opens_nothing_outside_that_part(house: House) -> None:
    asked = await house.asked_in()
    await asked.comes()

    for path in (f"/api/v1/visits/{asked.visit.id}", f"/api/v1/visits/{asked.visit.id}/snapshot"):
        assert (await asked.get(path)).code == "signed_out"
    assert (await asked.post("/api/v1/ws-ticket")).code == "signed_out"
    # Nor does an officer's cookie count in the guest's part.
    officer = await house.officer()
    assert (await officer.post(f"{GUEST}/ws-ticket")).code == "signed_out"


async def test_another_browser_is_refused_and_the_first_goes_on_after_a_reload(house: House) -> None:
    asked = await house.asked_in()
    token = await asked.is_asked()
    await asked.opens(token)
    other = GuestClient(house.session, house.origin, host=asked.host, visit=asked.visit)

    reply = await other.opens(token, browser="b" * 64)

    assert (reply.status, reply.code) == (410, "guest_link_used")
    assert "Set-Cookie" not in reply.headers
    assert (await asked.get(GUEST)).json["state"] == "code"
    assert (await other.get(GUEST)).json["state"] == "none"


async def test_a_link_that_is_asked_for_again_is_the_same_link(house: House) -> None:
    asked = await house.asked_in()
    body, path = {"role": "expert", "title": "专家"}, f"/api/v1/visits/{asked.visit.id}/guests"

    first, again = [await asked.host.post(path, body, key="one-and-the-same") for _ in range(2)]

    assert first.json == again.json
    assert first.json["qr"].startswith("data:image/svg+xml")
    stored = await house.county.read(_everything_stored)
    assert first.json["link"].partition("#")[2] not in stored
    assert first.json["code"] not in stored


async def _everything_stored(work: Work) -> str:
    found: list[str] = []
    for table in ("guest", "attendance", "command_result", "audit_event"):
        found += [str(tuple(row)) for row in await work.session.execute(text(f"SELECT * FROM {table}"))]  # noqa: S608
    return "\n".join(found)


async def test_a_wrong_code_that_is_sent_again_counts_once(house: House) -> None:
    asked = await house.asked_in()
    await asked.opens(await asked.is_asked())
    wrong = f"{(int(asked.made['code']) + 1) % 1_000_000:06d}"

    for _ in range(3):
        reply = await asked.send("POST", f"{GUEST}/code", json_body={"code": wrong}, key="the-same-try")
        assert reply.code == "guest_code_wrong"

    assert (await asked.get(GUEST)).json["tries"] == 4


async def test_who_waits_gets_no_word_of_the_call_before_the_host_lets_them_in(house: House) -> None:
    asked = await house.asked_in()
    await asked.comes()
    host = await asked.host.connect()
    await host.command(Join(id=a_uuid(), room=RoomId(asked.visit.id)))
    guest = await asked.connect()

    refused = await guest.command(Join(id=a_uuid(), room=RoomId(asked.visit.id)))
    assert isinstance(refused, Refused)
    assert refused.code == "unknown_room"
    await asked.host.post(f"/api/v1/visits/{asked.visit.id}/guests/{asked.id}/admit")
    told = await guest.expect(Visit)
    await guest.command(Join(id=a_uuid(), room=RoomId(asked.visit.id)))
    room = newest_room(guest)

    assert told.state == "in_call"
    mine = next(peer for peer in room.peers if peer.seat == f"g-{asked.id}")
    assert (mine.role, mine.name) == ("interpreter", "手语翻译")
    assert not any(isinstance(one, Queue) for one in guest.seen)


async def test_a_revoked_guest_loses_the_line_at_once(house: House) -> None:
    asked = await house.asked_in()
    await asked.comes()
    guest = await asked.connect()

    await asked.host.post(f"/api/v1/visits/{asked.visit.id}/guests/{asked.id}/revoke")

    assert await guest.closes_with() == (CloseCode.REVOKED, "revoked")
    assert (await asked.post(f"{GUEST}/ws-ticket")).code == "guest_link_revoked"
    assert (await asked.get(GUEST)).json["end"] == "revoked"


async def test_a_link_dies_with_its_visit(house: House) -> None:
    asked = await house.asked_in()
    await asked.comes()

    await asked.host.post(f"/api/v1/visits/{asked.visit.id}/end")

    assert (await asked.post(f"{GUEST}/ws-ticket")).code == "guest_link_visit_over"
    assert (await asked.get(GUEST)).json["state"] == "over"


# A department's liaison


async def liaison_of(house: House) -> tuple[OfficerClient, str]:
    unit = UnitRow(id=new_id(), kind="department", name="自然资源局", position=9)

    async def add(work: Work) -> None:
        work.session.add(unit)

    await house.county.edge.run(add)
    return await house.officer(Role.DEPARTMENT_LIAISON, unit=unit.id), unit.id


async def call_of(house: House) -> tuple[OfficerClient, MadeVisit]:
    """Return the host of a running call that is no report, so that a department may be asked."""
    host, _ = await house.on_duty()
    form = a_form(matters=[Matter("grievance", "水渠塌了。")])
    made = await house.county.visit(VisitState.WAITING, form=form)
    await host.post(f"/api/v1/visits/{made.id}/answer")
    return host, made


async def test_a_liaisons_page_hears_its_invitation_and_never_the_queue(house: House) -> None:
    liaison, unit = await liaison_of(house)
    page = await liaison.connect()
    await liaison.post("/api/v1/liaison/duty-on", {"camera": True, "microphone": True, "ring_heard": True})
    host, made = await call_of(house)

    reply = await host.post(
        f"/api/v1/visits/{made.id}/invite-role", {"role": "department_liaison", "unit": unit}
    )
    assert reply.status == 200, reply.text
    invite = await page.expect(Invite)

    assert (invite.ticket, invite.place) == (made.ticket, "")
    assert not any(isinstance(one, Queue) for one in page.seen)
    (brief,) = (await liaison.get("/api/v1/liaison")).json["invitations"]
    assert set(brief) == {
        "visit", "ticket", "matter_kinds", "summaries", "from_name", "from_post", "asked_at",
    }  # fmt: skip
    assert brief["summaries"] == []


async def test_a_liaison_joins_on_hold_and_sees_nobody_until_let_in(house: House) -> None:
    liaison, unit = await liaison_of(house)
    page = await liaison.connect()
    host, made = await call_of(house)
    await host.post(f"/api/v1/visits/{made.id}/invite-role", {"role": "department_liaison", "unit": unit})

    reply = await liaison.post(f"/api/v1/visits/{made.id}/accept-invitation")
    await page.command(Join(id=a_uuid(), room=RoomId(made.id)))
    room = newest_room(page)

    assert reply.json["room"] == made.id
    assert next(peer for peer in room.peers if peer.seat == liaison.actor.seat).held
    (asked,) = (await host.get(f"/api/v1/visits/{made.id}/attendance")).json["asked"]
    assert asked["is_held"]
    let_in = await host.post(f"/api/v1/visits/{made.id}/hold", {"seat": liaison.actor.seat, "on": False})
    assert let_in.status == 200, let_in.text
    room = await page.expect(RoomState)
    assert not next(peer for peer in room.peers if peer.seat == liaison.actor.seat).held
    # What was said before is not theirs to read.
    assert (await liaison.get(f"/api/v1/visits/{made.id}/snapshot")).code == "not_allowed"


async def liaison_leads(house: House) -> tuple[OfficerClient, OfficerClient, MadeVisit]:
    """Return a liaison who leads a call, the host who handed it over and is still in it, and the visit."""
    liaison, unit = await liaison_of(house)
    host, made = await call_of(house)
    path, seat = f"/api/v1/visits/{made.id}", liaison.actor.seat
    await host.post(f"{path}/invite-role", {"role": "department_liaison", "unit": unit})
    await liaison.post(f"{path}/accept-invitation")
    await host.post(f"{path}/hold", {"seat": seat, "on": False})
    await host.post(f"{path}/offer-lead", {"seat": seat})
    taken = await liaison.post(f"{path}/take-lead")
    assert taken.status == 200, taken.text
    return liaison, host, made


async def test_a_liaison_who_leads_conducts_the_call_and_ends_it_for_its_officer(house: House) -> None:
    liaison, host, made = await liaison_leads(house)
    third, _ = await house.on_duty()
    path, terminal = f"/api/v1/visits/{made.id}", made.terminal.actor.seat
    await host.post(f"{path}/invite", {"person": third.actor.person})
    await third.post(f"{path}/join")

    for deed, body in (
        ("hold", {"seat": terminal, "on": True}),
        ("hold", {"seat": terminal, "on": False}),
        ("private", {"seats": [liaison.actor.seat, terminal]}),
        ("private", {"seats": None}),
        ("offer-lead", {"seat": host.actor.seat}),
        ("offer-lead", {"seat": None}),
        ("remove", {"seat": third.actor.seat, "reason": "disturbs"}),
    ):
        assert (await liaison.post(f"{path}/{deed}", body)).status == 200, deed
    out = {"seat": third.actor.seat, "name": third.actor.name, "role": "county_duty_officer"}
    assert (await liaison.get(f"{path}/removed")).json == {"removed": [{**out, "reason": "disturbs"}]}
    assert (await liaison.post(f"{path}/readmit", {"seat": third.actor.seat})).status == 200
    assert (await liaison.post(f"{path}/leave")).code == "lead_not_taken"
    assert (await host.post(f"{path}/leave")).status == 200

    assert (await liaison.post(f"{path}/end")).status == 200

    row = await house.county.row(made.id)
    assert (row.state, row.outcome_owner_id) == ("wrap_up", host.actor.person)
    for deed, body in (("hold", {"seat": terminal, "on": True}), ("offer-lead", {"seat": host.actor.seat})):
        assert (await liaison.post(f"{path}/{deed}", body)).status == 409, deed


async def test_to_lead_opens_the_call_to_a_liaison_and_nothing_of_the_case(house: House) -> None:
    liaison, _, made = await liaison_leads(house)
    open_to = {
        route.name
        for route in ROUTE_TABLE
        if "{visit}" in route.path and Role.DEPARTMENT_LIAISON in route.audience.roles
    }

    assert open_to == {
        "hold_seat", "set_private", "remove_seat", "readmit_seat", "list_put_out",
        "offer_lead", "take_lead", "leave_call", "end_call",
        "accept_invitation", "decline_invitation",
    }  # fmt: skip
    for path in (
        f"/api/v1/visits/{made.id}",
        f"/api/v1/visits/{made.id}/snapshot",
        f"/api/v1/visits/{made.id}/draft",
        f"/api/v1/visits/{made.id}/attendance",
        f"/api/v1/visits/{made.id}/accused",
        f"/cases/{made.case_number}",
    ):
        reply = await liaison.get(path)
        assert reply.status == 403, path
        assert "水渠塌了" not in reply.text
    asked = {"role": "department_liaison", "unit": "unknown"}
    assert (await liaison.post(f"/api/v1/visits/{made.id}/invite-role", asked)).code == "not_allowed"


async def test_only_who_conducts_a_call_reads_who_was_put_out(house: House) -> None:
    liaison, host, made = await liaison_leads(house)
    path = f"/api/v1/visits/{made.id}"
    await liaison.post(f"{path}/offer-lead", {"seat": host.actor.seat})
    await host.post(f"{path}/take-lead")

    assert (await liaison.get(f"{path}/removed")).code == "not_leading"
    assert (await host.get(f"{path}/removed")).json == {"removed": []}
    terminal = house.page_of(made.terminal)
    assert (await terminal.get(f"{path}/removed")).code == "not_allowed"


async def test_a_guest_who_was_put_out_is_listed_by_what_the_host_wrote(house: House) -> None:
    asked = await house.asked_in()
    await asked.comes(title="水利专家")
    path, seat = f"/api/v1/visits/{asked.visit.id}", f"g-{asked.id}"
    await asked.host.post(f"{path}/guests/{asked.id}/admit")

    reply = await asked.host.post(f"{path}/remove", {"seat": seat, "reason": "unknown_person"})

    assert reply.status == 200, reply.text
    (out,) = (await asked.host.get(f"{path}/removed")).json["removed"]
    assert (out["seat"], out["name"], out["reason"]) == (seat, "水利专家", "unknown_person")


async def test_who_was_asked_is_there_to_read_while_the_outcome_is_written(house: House) -> None:
    _, unit = await liaison_of(house)
    host, made = await call_of(house)
    await host.post(f"/api/v1/visits/{made.id}/invite-role", {"role": "department_liaison", "unit": unit})

    await host.post(f"/api/v1/visits/{made.id}/end")

    (asked,) = (await host.get(f"/api/v1/visits/{made.id}/attendance")).json["asked"]
    assert asked["unit"]
    assert not asked["is_held"]
