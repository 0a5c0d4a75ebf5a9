"""A conflict entered during a call, through the running application: media and rights end at once."""

import time

from reception.domain.roles import Role
from signaling.ids import RoomId
from signaling.messages import Invite, Join, Refused, Result, Ring, RoomState
from tests.signaling.peers import a_uuid
from tests.support.clients import House

OUT_WITHIN_S = 1.0


async def test_who_is_in_conflict_gets_no_media_within_a_second_and_no_way_back(house: House) -> None:
    host, desk = await house.on_duty()
    terminal, made = await house.waiting()
    page = await terminal.connect()
    await desk.expect(Ring, visit=made.id)
    colleague, guest = await house.on_duty(Role.SECTION_DIRECTOR)
    room, visit = RoomId(made.id), f"/api/v1/visits/{made.id}"
    assert (await host.post(f"{visit}/answer")).status == 200
    assert (await host.post(f"{visit}/invite", {"person": colleague.actor.person})).status == 200
    await guest.expect(Invite, visit=made.id)
    assert (await colleague.post(f"{visit}/join")).status == 200
    for peer in (desk, page, guest):
        assert isinstance(await peer.command(Join(id=a_uuid(), room=room)), Result)
    inside = (host.actor.seat, terminal.actor.seat)
    everybody = (*inside, colleague.actor.seat)
    await house.plane.has_pairs(room, *((one, two) for one in everybody for two in everybody if one != two))

    began = time.monotonic()
    reply = await host.post(f"{visit}/accused", {"unit": house.county.township, "name": colleague.actor.name})
    await house.plane.has_pairs(room, inside, inside[::-1])
    took_s = time.monotonic() - began

    assert reply.status == 200, reply.text
    assert took_s <= OUT_WITHIN_S
    farewell = await guest.expect(RoomState, phase="closed")
    assert (farewell.why, farewell.peers) == ("removed", ())
    assert isinstance(await guest.command(Join(id=a_uuid(), room=room)), Refused)
    for path in (f"{visit}/join", f"{visit}/end"):
        assert (await colleague.post(path)).status == 404
    assert (
        await host.post(f"{visit}/invite", {"person": colleague.actor.person})
    ).code == "colleague_stays_out"
    assert (await host.get(f"{visit}/accused")).json["taken_out"] == 1
