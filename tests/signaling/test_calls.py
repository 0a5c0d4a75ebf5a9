"""Rooms over real sockets: countdown, live, chat, rejoin, repeated commands."""

import pytest

from signaling.errors import RoomFull, UnknownRoom
from signaling.ids import RoomId, SeatId
from signaling.limits import Limits
from signaling.messages import (
    Chat,
    ChatLine,
    Duty,
    Join,
    Leave,
    Media,
    Refused,
    Result,
    RoomState,
    SetUp,
    TransportClose,
    TransportLost,
    TransportOffer,
)
from signaling.room import Member
from tests.signaling.peers import MEMBERS, OFFICER, ROOM, TERMINAL, World, a_uuid, a_world

LIAISON = SeatId("p-liaison")


async def test_a_call_goes_from_countdown_to_live_for_both(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 50)
    officer, terminal = await world.joined(OFFICER), await world.joined(TERMINAL)
    assert any(isinstance(m, RoomState) and m.phase == "countdown" for m in terminal.seen)
    assert world.plane.rows.get(ROOM) is None

    world.clock.seconds += 0.05

    state = await officer.expect(RoomState, phase="live")
    await terminal.expect(RoomState, phase="live")
    assert [(p.seat, p.present, p.slot) for p in state.peers] == [(OFFICER, True, None), (TERMINAL, True, 0)]
    await world.plane.has_pairs(ROOM, (OFFICER, TERMINAL), (TERMINAL, OFFICER))
    await world.observer.has_noted("live", ROOM)


async def test_who_comes_late_finds_the_room_live(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    officer = await world.joined(OFFICER)

    terminal = await world.joined(TERMINAL)

    assert {m.phase for m in terminal.seen if isinstance(m, RoomState)} == {"live"}
    state = await officer.expect(RoomState)
    assert [p.present for p in state.peers] == [True, True]


async def test_a_chat_line_is_kept_before_everyone_sees_it(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    officer, terminal = await world.joined(OFFICER), await world.joined(TERMINAL)

    answer = await officer.command(Chat(id=a_uuid(), room=ROOM, text="听得清吗"))

    line = await terminal.expect(ChatLine)
    assert (line.room, line.from_seat, line.text) == (ROOM, OFFICER, "听得清吗")
    assert world.observer.lines == ["听得清吗"]
    assert isinstance(answer, Result)
    assert answer.at == line.at
    assert [m.text for m in officer.seen if isinstance(m, ChatLine)] == ["听得清吗"]


@pytest.mark.parametrize(("refuse_with", "code"), [("chat_closed", "chat_closed"), (None, "internal")])
async def test_a_line_that_is_not_kept_is_seen_by_nobody(
    world: World, refuse_with: str | None, code: str
) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    officer, terminal = await world.joined(OFFICER), await world.joined(TERMINAL)
    world.observer.refuse_with, world.observer.fails = refuse_with, refuse_with is None
    chat = Chat(id=a_uuid(), room=ROOM, text="听得清吗")

    answer = await officer.command(chat)

    assert answer == Refused(code=code, re=chat.id)
    world.observer.refuse_with, world.observer.fails = None, False
    await officer.command(Chat(id=a_uuid(), room=ROOM, text="第二句"))
    assert (await terminal.expect(ChatLine)).text == "第二句"


async def test_a_slow_line_holds_nobody_else_up(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    officer, terminal = await world.joined(OFFICER), await world.joined(TERMINAL)
    world.observer.chat_may_end.clear()
    chat = Chat(id=a_uuid(), room=ROOM, text="慢")
    await officer.say(chat)
    await world.observer.chat_begun.wait()

    muted = await terminal.command(Media(id=a_uuid(), room=ROOM, audio=True, video=False))
    answered = await officer.command(TransportOffer(id=a_uuid(), sdp="v=0"))

    assert isinstance(muted, Result)
    assert isinstance(answered, Result)
    shown = [m for m in officer.seen if isinstance(m, RoomState)][-1]
    assert [p.audio for p in shown.peers] == [False, True]
    world.observer.chat_may_end.set()
    assert isinstance(await officer.answer_to(chat), Result)


async def test_a_repeated_chat_is_answered_again_and_said_once(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    officer = await world.joined(OFFICER)
    chat = Chat(id=a_uuid(), room=ROOM, text="一次")

    first = await officer.command(chat)
    second = await officer.command(chat)

    assert first == second
    assert world.observer.lines == ["一次"]


async def test_a_chat_repeated_after_a_torn_connection_is_said_once(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    officer, terminal = await world.joined(OFFICER), await world.joined(TERMINAL)
    world.observer.chat_may_end.clear()
    chat = Chat(id=a_uuid(), room=ROOM, text="一次")
    await officer.say(chat)
    await world.observer.chat_begun.wait()
    await officer.drop()
    await world.observer.has_noted("left", ROOM, OFFICER, "socket")

    again = await world.joined(OFFICER)
    await again.say(chat)
    world.observer.chat_may_end.set()

    assert isinstance(await again.answer_to(chat), Result)
    assert world.observer.lines == ["一次"]
    await terminal.command(Leave(id=a_uuid(), room=ROOM))
    assert len([m for m in terminal.seen if isinstance(m, ChatLine)]) == 1


async def test_an_id_is_good_for_one_command_of_a_login(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    officer, terminal = await world.joined(OFFICER), await world.joined(TERMINAL)
    chat = Chat(id=a_uuid(), room=ROOM, text="一")
    await officer.command(chat)

    other_text = await officer.command(Chat(id=chat.id, room=ROOM, text="二"))
    other_login = await terminal.command(Chat(id=chat.id, room=ROOM, text="三"))

    assert other_text == Refused(code="id_reused", re=chat.id)
    assert isinstance(other_login, Result)
    assert world.observer.lines == ["一", "三"]


async def test_a_join_repeated_on_a_new_socket_joins_again(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    officer = await world.connect(OFFICER)
    join = Join(id=a_uuid(), room=ROOM)
    await officer.command(join)
    await officer.drop()
    await world.observer.has_noted("left", ROOM, OFFICER, "socket")

    again = await world.connect(OFFICER)
    await again.command(join)

    view = world.hub.room(ROOM)
    assert view is not None
    assert view.present == {OFFICER}
    state = next(m for m in again.seen if isinstance(m, RoomState))
    assert [p.seat for p in state.peers] == [OFFICER, TERMINAL]


async def test_who_drops_is_shown_absent_and_gets_its_slot_back(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    officer, terminal = await world.joined(OFFICER), await world.joined(TERMINAL)
    await officer.expect(RoomState)
    await world.plane.has_pairs(ROOM, (OFFICER, TERMINAL), (TERMINAL, OFFICER))

    await terminal.drop()
    absent = await officer.expect(RoomState)
    await world.plane.has_pairs(ROOM)
    await world.joined(TERMINAL)
    back = await officer.expect(RoomState)

    assert [(p.present, p.slot) for p in absent.peers] == [(True, None), (False, 0)]
    assert [(p.present, p.slot) for p in back.peers] == [(True, None), (True, 0)]
    await world.plane.has_pairs(ROOM, (OFFICER, TERMINAL), (TERMINAL, OFFICER))


async def test_a_room_one_is_not_in_looks_like_no_room(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    stranger = await world.connect(LIAISON)
    here, nowhere = ROOM, RoomId("visit-9")

    answers = [
        await stranger.command(command)
        for room in (here, nowhere)
        for command in (
            Join(id=a_uuid(), room=room),
            Leave(id=a_uuid(), room=room),
            Media(id=a_uuid(), room=room, audio=True, video=True),
            SetUp(id=a_uuid(), room=room, code="E31"),
            Chat(id=a_uuid(), room=room, text="谁在"),
        )
    ]

    assert [isinstance(a, Refused) and a.code for a in answers] == ["unknown_room"] * 10
    assert world.observer.lines == []


async def test_a_member_speaks_only_after_joining(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    officer = await world.connect(OFFICER)

    chat = await officer.command(Chat(id=a_uuid(), room=ROOM, text="在吗"))
    media = await officer.command(Media(id=a_uuid(), room=ROOM, audio=True, video=True))
    set_up = await officer.command(SetUp(id=a_uuid(), room=ROOM, code="E13"))

    assert isinstance(chat, Refused)
    assert isinstance(media, Refused)
    assert chat.code == media.code == "not_joined"
    assert isinstance(set_up, Result)
    await world.observer.has_noted("set_up", ROOM, OFFICER, "E13")


async def test_the_invited_is_admitted_and_the_removed_sees_the_room_closed(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    officer = await world.joined(OFFICER)
    await world.hub.admit(ROOM, Member(LIAISON, "liaison", "李联络", "部门联络员"))
    liaison = await world.joined(LIAISON)

    await world.plane.has_pairs(ROOM, (OFFICER, LIAISON), (LIAISON, OFFICER))
    await world.hub.remove(ROOM, LIAISON, "thanked")

    assert world.plane.rows[ROOM] == frozenset()
    farewell = await liaison.expect(RoomState, phase="closed")
    assert (farewell.why, farewell.peers) == ("thanked", ())
    assert [p.seat for p in (await officer.expect(RoomState)).peers] == [OFFICER, TERMINAL, LIAISON]
    await world.observer.has_noted("left", ROOM, LIAISON, "removed")
    refused = await liaison.command(Join(id=a_uuid(), room=ROOM))
    assert isinstance(refused, Refused)


async def test_a_closed_room_is_over_for_everyone_and_forwards_nothing(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    officer, terminal = await world.joined(OFFICER), await world.joined(TERMINAL)
    await world.plane.has_pairs(ROOM, (OFFICER, TERMINAL), (TERMINAL, OFFICER))

    await world.hub.close_room(ROOM, "ended")
    await world.hub.close_room(ROOM, "ended")

    assert world.plane.rows[ROOM] == frozenset()
    assert world.hub.room(ROOM) is None
    assert (await officer.expect(RoomState, phase="closed")).why == "ended"
    await terminal.expect(RoomState, phase="closed")
    for seat in (OFFICER, TERMINAL):
        await world.observer.has_noted("left", ROOM, seat, "closed")


async def test_a_room_closed_during_the_countdown_never_goes_live(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 30)
    officer = await world.joined(OFFICER)

    await world.hub.close_room(ROOM, "ended")
    await world.hub.open_room(RoomId("visit-2"), MEMBERS, 40)
    world.clock.seconds += 60
    await world.observer.has_noted("live", "visit-2")

    assert ("live", ROOM) not in world.observer.noted
    assert (await officer.expect(RoomState, phase="closed")).room == ROOM


async def test_opening_a_room_twice_is_opening_it_once(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS[:1], 0)
    await world.joined(OFFICER)

    await world.hub.open_room(ROOM, MEMBERS, 60_000)

    view = world.hub.room(ROOM)
    assert view is not None
    assert (view.phase, [m.seat for m in view.members]) == ("live", [OFFICER, TERMINAL])
    assert view.present == {OFFICER}


async def test_a_seventh_member_and_an_unknown_room_are_refused(world: World) -> None:
    six = [Member(SeatId(f"p-{n}"), "county", "某人", "某职") for n in range(6)]
    await world.hub.open_room(ROOM, six, 0)

    with pytest.raises(RoomFull):
        await world.hub.admit(ROOM, MEMBERS[0])
    with pytest.raises(UnknownRoom):
        await world.hub.admit(RoomId("visit-9"), MEMBERS[0])


async def test_an_offer_is_answered_and_the_rooms_rows_are_said_again(world: World) -> None:
    await world.hub.open_room(ROOM, MEMBERS, 0)
    officer = await world.joined(OFFICER)
    await world.joined(TERMINAL)
    await world.plane.has_pairs(ROOM, (OFFICER, TERMINAL), (TERMINAL, OFFICER))
    forwards = world.plane.forwards

    answer = await officer.command(TransportOffer(id=a_uuid(), sdp="v=0 offer"))

    assert isinstance(answer, Result)
    assert answer.sdp == f"v=0 answer to {OFFICER}"
    await world.plane.has_forwarded(forwards + 1)
    assert isinstance(await officer.command(TransportClose(id=a_uuid())), Result)
    assert world.plane.peers == set()


async def test_a_lost_transport_is_told_to_its_seat_alone(world: World) -> None:
    officer, terminal = await world.connect(OFFICER), await world.connect(TERMINAL)

    world.plane.on_lost(OFFICER)
    world.hub.send([OFFICER, TERMINAL], Duty(state="off"))

    assert await officer.read() == TransportLost(seq=1)
    assert await officer.read() == Duty(seq=2, state="off")
    assert await terminal.read() == Duty(seq=1, state="off")


@pytest.mark.parametrize(
    ("sdp", "mood", "code"),
    [
        ("no sdp", "well", "bad_sdp"),
        ("v=0", "broken", "media_unavailable"),
        ("v=0", "silent", "media_unavailable"),
    ],
)
async def test_an_offer_without_an_answer_is_refused_and_the_call_goes_on(
    sdp: str, mood: str, code: str
) -> None:
    async with a_world(Limits(plane_open_s=0.05, plane_s=0.05, plane_retry_s=0.02, close_s=0.5)) as world:
        await world.hub.open_room(ROOM, MEMBERS, 0)
        world.plane.mood = mood
        officer, terminal = await world.joined(OFFICER), await world.joined(TERMINAL)

        answer = await officer.command(TransportOffer(id=a_uuid(), sdp=sdp))
        await officer.command(Chat(id=a_uuid(), room=ROOM, text="先打字"))

        assert isinstance(answer, Refused)
        assert answer.code == code
        assert (await terminal.expect(ChatLine)).text == "先打字"
        world.plane.mood = "well"
        await world.plane.has_pairs(ROOM, (OFFICER, TERMINAL), (TERMINAL, OFFICER))


async def test_a_reopened_room_does_not_cut_those_who_are_not_back_yet() -> None:
    async with a_world(Limits(restore_s=0.1, close_s=0.5)) as world:
        await world.hub.open_room(ROOM, MEMBERS, 0)

        await world.joined(OFFICER)

        assert world.plane.forwards == 0
        await world.plane.has_forwarded(1)
        assert world.plane.rows[ROOM] == frozenset()
