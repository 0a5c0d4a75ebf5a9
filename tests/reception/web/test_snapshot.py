"""The snapshot of a call: what its participants find again, and nobody else."""

from datetime import datetime

from reception.domain.ids import new_id
from reception.domain.visits import VisitState
from reception.keys import OBSERVER
from signaling.ids import RoomId
from tests.support.clients import House, OfficerClient, TerminalClient
from tests.support.factories import MadeVisit


async def talking(house: House) -> tuple[OfficerClient, TerminalClient, MadeVisit]:
    """Have an officer and a terminal in a call in which both have written a line."""
    who = await house.county.signed_in()
    await house.county.goes_on_duty(who.actor)
    made = await house.county.visit(VisitState.IN_CALL, officer=who.actor)
    officer, terminal = house.browser_of(who), house.page_of(made.terminal)
    for client, text in ((terminal, "我听不清。"), (officer, "请写下来。")):
        house.county.clock.advance(seconds=5)
        await house.app[OBSERVER].chat(
            RoomId(made.id), client.actor.seat, text, login=client.actor.login, command=new_id()
        )
    return officer, terminal, made


async def test_both_sides_find_the_same_conversation(house: House) -> None:
    officer, terminal, made = await talking(house)

    found = [(await one.get(f"/api/v1/visits/{made.id}/snapshot")).json for one in (officer, terminal)]

    for told in found:
        assert (told["visit"], told["state"]) == (made.id, "in_call")
        assert [(line["seat"], line["role"], line["name"], line["text"]) for line in told["chat"]] == [
            (terminal.actor.seat, "terminal", made.ticket, "我听不清。"),
            (officer.actor.seat, "county_duty_officer", officer.actor.name, "请写下来。"),
        ]
        moments = [datetime.fromisoformat(line["at"]) for line in told["chat"]]
        assert (moments[1] - moments[0]).total_seconds() == 5
    # Two lines for everybody; the desk was told of nothing else, because nobody was connected to be rung.
    assert [told["pos"] for told in found] == [2, 2]


async def test_when_the_call_is_over_its_terminal_finds_no_conversation(house: House) -> None:
    officer, terminal, made = await talking(house)

    await house.county.ends(officer.actor, made.id)

    for client in (officer, terminal):
        told = (await client.get(f"/api/v1/visits/{made.id}/snapshot")).json
        assert (told["state"], told["chat"]) == ("wrap_up", [])


async def test_for_everybody_else_the_call_does_not_exist(house: House) -> None:
    _, _, made = await talking(house)
    colleague, other_terminal = await house.officer(), await house.terminal()
    guest = await house.officer()
    await house.county.goes_on_duty(guest.actor)

    for client in (colleague, other_terminal, guest):
        reply = await client.get(f"/api/v1/visits/{made.id}/snapshot")
        assert (reply.status, reply.code) == (404, "not_found")


async def test_an_invited_colleague_finds_it_after_accepting_only(house: House) -> None:
    host, _, made = await talking(house)
    guest = await house.officer()
    await house.county.goes_on_duty(guest.actor)
    await host.post(f"/api/v1/visits/{made.id}/invite", {"person": guest.actor.person})
    before = await guest.get(f"/api/v1/visits/{made.id}/snapshot")

    await guest.post(f"/api/v1/visits/{made.id}/join")

    assert before.status == 404
    told = (await guest.get(f"/api/v1/visits/{made.id}/snapshot")).json
    assert len(told["chat"]) == 2


async def test_nothing_of_who_came_is_in_it(house: House) -> None:
    officer, terminal, made = await talking(house)

    for client in (officer, terminal):
        reply = await client.get(f"/api/v1/visits/{made.id}/snapshot")
        assert set(reply.json) == {"visit", "state", "pos", "chat"}
        assert "王试用" not in reply.text
