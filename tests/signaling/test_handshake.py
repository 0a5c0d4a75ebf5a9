"""How a socket opens: origin, ticket, hello, and who holds a seat."""

import asyncio

import pytest
from aiohttp import WSServerHandshakeError
from aiohttp.hdrs import ORIGIN as ORIGIN_HEADER

from signaling.limits import Limits
from signaling.messages import Hello, Join, Pong, Refused, Result, Welcome
from signaling.tokens import Claims, Tickets
from tests.signaling.peers import MEMBERS, OFFICER, ORIGIN, ROOM, World, a_uuid, a_world


async def test_a_good_ticket_is_welcomed(world: World) -> None:
    peer = await world.dial()

    await peer.say(Hello(ticket=world.tickets.issue(Claims(OFFICER, "login-1")), proto=1))

    welcome = await peer.expect(Welcome)
    assert (welcome.seat, welcome.epoch, welcome.proto) == (OFFICER, world.hub.epoch, 1)
    assert world.hub.present() == {OFFICER}
    await world.observer.has_noted("present", OFFICER)


@pytest.mark.parametrize(
    "headers",
    [
        {},  # no browser sends a socket request without it
        {ORIGIN_HEADER: "null"},  # sandboxed frame, local file
        {ORIGIN_HEADER: "https://evil.example"},
        {ORIGIN_HEADER: "https://sub.reception.example"},
        {ORIGIN_HEADER: "https://reception.example.evil.example"},
        {ORIGIN_HEADER: "https://reception.example:8443"},
        {ORIGIN_HEADER: "http://reception.example"},
        {ORIGIN_HEADER: "https://reception.example/"},
    ],
    ids=str,
)
async def test_another_origin_is_refused_before_the_upgrade(world: World, headers: dict[str, str]) -> None:
    with pytest.raises(WSServerHandshakeError) as refusal:
        await world.client.ws_connect("/ws", headers=headers)

    assert refusal.value.status == 403
    assert world.hub.present() == frozenset()


async def test_two_origins_in_one_request_are_refused(world: World) -> None:
    with pytest.raises(WSServerHandshakeError) as refusal:
        await world.client.ws_connect(
            "/ws", headers=[(ORIGIN_HEADER, ORIGIN), (ORIGIN_HEADER, "https://evil.example")]
        )

    assert refusal.value.status == 403


async def test_a_ticket_opens_one_socket(world: World) -> None:
    ticket = world.tickets.issue(Claims(OFFICER, "login-1"))
    first, second = await world.dial(), await world.dial()
    await first.say(Hello(ticket=ticket, proto=1))
    await first.expect(Welcome)

    await second.say(Hello(ticket=ticket, proto=1))

    assert await second.closes_with() == (4401, "ticket_refused")
    assert world.hub.is_present(OFFICER)


async def test_of_many_sockets_with_one_ticket_one_wins(world: World) -> None:
    ticket = world.tickets.issue(Claims(OFFICER, "login-1"))
    peers = [await world.dial() for _ in range(20)]

    await asyncio.gather(*(peer.say(Hello(ticket=ticket, proto=1)) for peer in peers))

    answers = [await peer.read() for peer in peers]
    assert sum(isinstance(answer, Welcome) for answer in answers) == 1


async def test_a_late_ticket_is_told_from_a_false_one(world: World) -> None:
    ticket = world.tickets.issue(Claims(OFFICER, "login-1"))
    world.clock.seconds += 30
    peer = await world.dial()

    await peer.say(Hello(ticket=ticket, proto=1))

    assert await peer.closes_with() == (4401, "ticket_expired")


async def test_a_ticket_of_another_server_is_refused(world: World) -> None:
    peer = await world.dial()

    await peer.say(Hello(ticket=Tickets().issue(Claims(OFFICER, "login-1")), proto=1))

    assert await peer.closes_with() == (4401, "ticket_refused")


async def test_silence_instead_of_hello_is_closed() -> None:
    async with a_world(Limits(hello_s=0.05, close_s=0.5)) as world:
        peer = await world.dial()

        assert await peer.closes_with() == (4408, "hello_timeout")


@pytest.mark.parametrize(
    ("frame", "code", "reason"),
    [
        ("{", 4400, "malformed"),
        ('{"type":"hello"}', 4400, "bad_value"),
        ('{"type":"hello","ticket":"x","proto":2}', 4400, "unsupported_version"),
        ('{"type":"pong","n":1}', 4400, "hello_expected"),
        ('{"type":"hello","ticket":"x","proto":1,"seat":"p-1"}', 4400, "unknown_field"),
        ('{"type":"hello","ticket":"' + "x" * 70_000 + '","proto":1}', 4413, "too_large"),
    ],
)
async def test_anything_but_a_hello_is_closed(world: World, frame: str, code: int, reason: str) -> None:
    peer = await world.dial()

    await peer.say_text(frame)

    assert await peer.closes_with() == (code, reason)


async def test_a_second_hello_is_refused_and_changes_nothing(world: World) -> None:
    peer = await world.connect(OFFICER)

    await peer.say(Hello(ticket=world.tickets.issue(Claims(MEMBERS[1].seat, "login-2")), proto=1))

    assert await peer.read() == Refused(code="already_welcome")
    assert world.hub.present() == {OFFICER}


async def test_the_newest_of_two_tabs_has_the_seat(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    older = await world.joined(OFFICER)

    newer = await world.connect(OFFICER)
    await older.say(Join(id=a_uuid(), room=ROOM))

    assert await older.closes_with() == (4409, "taken_over")
    await world.observer.has_noted("left", ROOM, OFFICER, "taken_over")
    view = world.hub.room(ROOM)
    assert view is not None
    assert view.present == frozenset()
    assert isinstance(await newer.command(Join(id=a_uuid(), room=ROOM)), Result)
    assert world.hub.is_present(OFFICER)
    assert ("gone", OFFICER, "taken_over") not in world.observer.noted


async def test_what_a_taken_over_socket_still_says_has_no_effect(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    older = await world.connect(OFFICER)
    newer = await world.connect(OFFICER)

    await older.say(Join(id=a_uuid(), room=ROOM))
    await older.closes_with()

    assert await world.hub.probe(MEMBERS[1].seat) is False
    view = world.hub.room(ROOM)
    assert view is not None
    assert view.present == frozenset()
    await newer.say(Pong(n=0))


async def test_a_closed_login_has_no_way_back_in(world: World) -> None:
    peer = await world.connect(OFFICER, login="login-1")
    ticket = world.tickets.issue(Claims(OFFICER, "login-1"))

    await world.hub.close_login("login-1", 4410, "signed_out")

    assert await peer.closes_with() == (4410, "signed_out")
    again = await world.dial()
    await again.say(Hello(ticket=ticket, proto=1))
    assert await again.closes_with() == (4401, "ticket_refused")


async def test_closing_a_login_takes_its_media_down_and_leaves_others_alone(world: World) -> None:
    world.plane.peers = {m.seat for m in MEMBERS}
    closed = await world.connect(OFFICER, login="login-1")
    await world.connect(MEMBERS[1].seat, login="login-2")

    await world.hub.close_login("login-1", 4410, "signed_out")

    await closed.closes_with()
    assert world.plane.peers == {MEMBERS[1].seat}
    assert world.hub.present() == {MEMBERS[1].seat}


async def test_a_closing_hub_sends_everyone_away_to_come_back(world: World) -> None:
    peer = await world.connect(OFFICER)

    closing = asyncio.create_task(world.hub.aclose())

    assert await peer.closes_with() == (1012, "restart")
    await closing
    await world.observer.has_noted("gone", OFFICER, "restart")


async def test_a_seat_without_a_sign_of_life_is_gone() -> None:
    async with a_world(Limits(dead_after_s=0.1, ping_every_s=0.02, close_s=0.5)) as world:
        peer = await world.connect(OFFICER)

        assert await peer.closes_with() == (4408, "silent")
        await world.observer.has_noted("gone", OFFICER, "silent")
