"""A lost line through the running application: rooms that close and open again, and who may be in them."""

import asyncio
from dataclasses import dataclass

from reception.jobs import Sweeper
from reception.keys import EDGE, PRESENCE
from signaling.ids import RoomId
from signaling.keys import HUB
from signaling.messages import Chat, ChatLine, Join, Queue, Refused, Result, Ring, RoomState, Visit
from tests.signaling.peers import ScriptedPeer, a_uuid
from tests.support.clients import PATIENCE_S, House, OfficerClient, TerminalClient
from tests.support.factories import MadeVisit


@dataclass(slots=True)
class Call:
    """A running call with both of its sides."""

    house: House
    officer: OfficerClient
    desk: ScriptedPeer
    terminal: TerminalClient
    page: ScriptedPeer
    made: MadeVisit

    @property
    def room(self) -> RoomId:
        """The visit's room."""
        return RoomId(self.made.id)

    async def loses(self, peer: ScriptedPeer, client: OfficerClient | TerminalClient) -> None:
        """Tear a connection, and wait until the service has seen that it is gone."""
        await peer.drop()
        presence = self.house.app[PRESENCE]
        async with asyncio.timeout(PATIENCE_S):
            while presence.away_since(client.actor.seat) is None:  # noqa: ASYNC110 - presence tells nobody
                await asyncio.sleep(0)

    async def sweeps_after(self, seconds: float) -> None:
        """Let time pass and the service look, often enough for one thing to follow from the other."""
        self.house.county.clock.advance(seconds=seconds)
        for _ in range(2):
            await Sweeper(self.house.app[EDGE], self.house.app[PRESENCE], self.house.settings).sweep()

    async def is_suspended(self) -> None:
        """Lose the terminal for as long as it takes."""
        await self.loses(self.page, self.terminal)
        await self.sweeps_after(self.house.settings.suspend_after_s)


async def in_call(house: House) -> Call:
    """Have an officer and a terminal talk."""
    officer, desk = await house.on_duty()
    terminal, made = await house.waiting()
    page = await terminal.connect()
    await desk.expect(Ring, visit=made.id)
    assert (await officer.post(f"/api/v1/visits/{made.id}/answer")).status == 200
    call = Call(house, officer, desk, terminal, page, made)
    for peer in (desk, page):
        assert isinstance(await join(peer, call), Result)
    return call


async def join(peer: ScriptedPeer, call: Call) -> Result | Refused:
    return await peer.command(Join(id=a_uuid(), room=call.room))


async def test_the_other_side_sees_who_is_missing_before_anything_is_suspended(house: House) -> None:
    call = await in_call(house)

    await call.loses(call.page, call.terminal)

    while True:
        state = await call.desk.expect(RoomState, room=call.room, phase="live")
        present = {peer.seat: peer.present for peer in state.peers}
        if not present[call.terminal.actor.seat]:
            break
    await call.sweeps_after(house.settings.suspend_after_s - 1)
    assert house.app[HUB].room(call.room) is not None


async def test_a_room_that_was_closed_by_a_lost_line_is_opened_again_under_its_name(house: House) -> None:
    call = await in_call(house)

    await call.is_suspended()

    closed = await call.desk.expect(RoomState, room=call.room, phase="closed")
    assert closed.why == "suspended"
    assert await call.desk.expect(Visit, visit=call.made.id, state="suspended")
    assert isinstance(await join(call.desk, call), Refused)
    page = await call.terminal.connect()
    await call.sweeps_after(1)
    assert await page.expect(Visit, visit=call.made.id, state="in_call")
    for peer in (call.desk, page):
        assert isinstance(await join(peer, call), Result)
    line = Chat(id=a_uuid(), room=call.room, text="我们接着说。")
    assert isinstance(await call.desk.command(line), Result)
    assert (await page.expect(ChatLine, room=call.room)).text == "我们接着说。"


async def test_the_desk_reads_its_suspended_visits_and_ends_one(house: House) -> None:
    call = await in_call(house)
    await call.is_suspended()

    told = (await call.officer.get("/api/v1/desk")).json
    assert [
        (line["visit"], line["reason"], line["parked"], line["offered"]) for line in told["suspended"]
    ] == [(call.made.id, "terminal_gone", False, False)]
    assert (told["current"], told["duty"]["state"]) == (None, "ready")

    assert (await call.officer.post(f"/api/v1/visits/{call.made.id}/end")).json["state"] == "wrap_up"
    told = (await call.officer.get("/api/v1/desk")).json
    assert told["suspended"] == []
    assert told["current"]["state"] == "wrap_up"


async def test_a_colleague_reads_the_case_before_answering_and_the_former_officer_no_longer_after(
    house: House,
) -> None:
    call = await in_call(house)
    colleague, bell = await house.on_duty()
    case = f"/api/v1/visits/{call.made.id}"
    assert (await colleague.get(case)).status == 404, "somebody else's call"
    await call.loses(call.desk, call.officer)
    await call.sweeps_after(house.settings.suspend_after_s)
    await call.sweeps_after(house.settings.same_officer_first_s)

    assert await bell.expect(Ring, visit=call.made.id)
    queue = (await colleague.get("/api/v1/desk")).json["queue"]
    assert [(row["state"], row["officer"]) for row in queue] == [("suspended", call.officer.actor.name)]
    assert (await colleague.get(case)).status == 200
    assert (await colleague.post(f"{case}/answer")).status == 200

    desk = await call.officer.connect()
    assert isinstance(await join(desk, call), Refused)
    assert (await call.officer.get(case)).status == 404
    assert isinstance(await join(bell, call), Result)


async def test_a_terminal_puts_its_visit_aside_and_takes_it_up_again(house: House) -> None:
    call = await in_call(house)
    await call.loses(call.desk, call.officer)
    await call.sweeps_after(house.settings.suspend_after_s)
    step = f"/api/v1/visits/{call.made.id}"

    shown = (await call.terminal.get("/api/v1/terminal")).json
    assert (shown["visit"]["state"], shown["visit"]["suspended_reason"]) == ("suspended", "officer_gone")
    assert (await call.terminal.post(f"{step}/park")).json["state"] == "suspended"
    shown = (await call.terminal.get("/api/v1/terminal")).json
    assert shown["visit"] is None
    assert [(line["visit"], line["ticket"]) for line in shown["parked"]] == [(call.made.id, call.made.ticket)]

    assert (await call.terminal.post(f"{step}/take-up")).status == 200
    shown = (await call.terminal.get("/api/v1/terminal")).json
    assert (shown["visit"]["visit"], shown["parked"]) == (call.made.id, [])


async def test_a_terminal_says_that_its_visitor_has_left(house: House) -> None:
    call = await in_call(house)
    await call.is_suspended()
    left = await call.terminal.post(f"/api/v1/visits/{call.made.id}/visitor-left")

    assert left.json["state"] == "outcome_pending"
    told = (await call.officer.get("/api/v1/desk")).json
    assert [line["reason"] for line in told["pending"]] == ["visitor_left"]
    again = await call.terminal.post(f"/api/v1/visits/{call.made.id}/visitor-left")
    assert (again.status, again.code) == (409, "wrong_state")


async def test_an_offered_visit_stands_first_in_everybodys_queue(house: House) -> None:
    call = await in_call(house)
    _, bell = await house.on_duty()
    _, waiting = await house.waiting()
    await call.loses(call.desk, call.officer)
    await call.sweeps_after(house.settings.suspend_after_s)

    async with asyncio.timeout(PATIENCE_S):
        while [row.visit for row in (await bell.expect(Queue)).rows] != [call.made.id, waiting.id]:
            pass
