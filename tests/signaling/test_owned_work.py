"""Tasks, notices, kept answers and the forwarder: order, bounds, and nothing left behind."""

import asyncio
import logging
from functools import partial
from itertools import pairwise

import pytest
from msgspec.structs import replace

from signaling.answers import Answer, Answers, AnswersByLogin
from signaling.errors import IdReused
from signaling.forwarder import Forwarder
from signaling.ids import RoomId
from signaling.limits import Limits
from signaling.media.forwarding import Row
from signaling.messages import Chat, Join, Refused, Result
from signaling.tasks import Lane, Notices, Tasks
from tests.signaling.peers import OFFICER, ROOM, TERMINAL, MemoryPlane, World, a_uuid

ROWS = frozenset({Row(OFFICER, 0, TERMINAL, "audio")})
QUICK = Limits(plane_s=0.05, plane_retry_s=0.01)


async def test_a_failing_task_is_logged_by_its_owner(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise RuntimeError("a defect")

    tasks = Tasks()
    task = tasks.spawn(fails(), "the failing one")
    await asyncio.wait([task])
    await tasks.aclose()

    assert [r.getMessage() for r in caplog.records] == ["task_failed name=the failing one"]


async def test_closing_lets_work_end_in_its_grace_and_cancels_the_rest() -> None:
    tasks, go = Tasks(), asyncio.Event()
    ends = tasks.spawn(go.wait(), "ends")
    hangs = tasks.spawn(asyncio.Event().wait(), "hangs")

    asyncio.get_running_loop().call_soon(go.set)
    await tasks.aclose(grace_s=0.05)

    assert (ends.cancelled(), hangs.cancelled()) == (False, True)


async def test_notices_of_one_key_keep_their_order_and_a_failure_or_a_wait_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    tasks, made, done = Tasks(), list[str](), asyncio.Event()
    notices = Notices(tasks, limit_s=0.05)

    async def make(name: str) -> None:
        made.append(name)

    async def hang() -> None:
        await asyncio.Event().wait()

    async def fail() -> None:
        raise RuntimeError("a defect of the observer")

    async def end() -> None:
        made.append("last")
        done.set()

    notices.post("p-1", "hangs", hang)
    notices.post("p-1", "fails", fail)
    notices.post("p-1", "first", lambda: make("first"))
    notices.post("p-1", "last", end)
    notices.post("p-2", "other", lambda: make("other"))
    await done.wait()
    await tasks.aclose()

    assert made == ["other", "first", "last"]


async def test_a_lane_refuses_when_too_much_waits() -> None:
    tasks, go = Tasks(), asyncio.Event()
    done: list[int] = []

    async def work(number: int) -> None:
        await go.wait()
        done.append(number)

    lane = Lane(tasks, work, bound=2)
    accepted = [lane.put(0)]
    await asyncio.sleep(0)  # the first begins and no longer waits
    accepted += [lane.put(number) for number in (1, 2, 3)]
    go.set()
    await tasks.aclose(grace_s=1)

    assert accepted == [True, True, True, False]
    assert done == [0, 1, 2]


def a_chat(text: str = "您好", command_id: str | None = None) -> Chat:
    return Chat(id=command_id or a_uuid(), room=ROOM, text=text)


async def test_only_the_newest_answers_are_kept() -> None:
    tasks, carried = Tasks(), list[str]()
    answers = Answers(tasks, 2)
    chats = [a_chat(str(number)) for number in range(3)]

    async def say(chat: Chat) -> Answer:
        carried.append(chat.text)
        return Result(re=chat.id)

    for chat in [*chats, chats[2], chats[0]]:
        await answers.first(chat, partial(say, chat))
    await tasks.aclose()

    assert carried == ["0", "1", "2", "0"]


@pytest.mark.parametrize(("code", "times"), [("unavailable", 2), ("internal", 2), ("chat_closed", 1)])
async def test_what_may_have_got_half_way_is_tried_again(code: str, times: int) -> None:
    tasks, carried, chat = Tasks(), list[str](), a_chat()
    answers = Answers(tasks, 2)

    async def say() -> Answer:
        carried.append(chat.text)
        return Refused(code=code, re=chat.id)

    for _ in range(2):
        await answers.first(chat, say)
    await tasks.aclose()

    assert len(carried) == times


async def test_answers_that_have_arrived_are_forgotten() -> None:
    tasks, carried = Tasks(), list[int]()
    answers = Answers(tasks, 8)
    chats = [replace(a_chat(), cseq=cseq) for cseq in (0, 1, 2, 3)]

    async def say(chat: Chat) -> Answer:
        carried.append(chat.cseq)
        return Result(re=chat.id)

    for chat in chats:
        await answers.first(chat, partial(say, chat))
    answers.forget(2)
    for chat in chats:
        await answers.first(chat, partial(say, chat))
    await tasks.aclose()

    assert carried == [0, 1, 2, 3, 1, 2]


async def test_a_command_is_the_same_under_another_number() -> None:
    tasks, carried, chat = Tasks(), list[str](), a_chat()
    answers = Answers(tasks, 2)

    async def say() -> Answer:
        carried.append(chat.text)
        return Result(re=chat.id)

    await answers.first(chat, say)
    await answers.first(replace(chat, cseq=5), say)
    await tasks.aclose()

    assert len(carried) == 1


async def test_one_id_for_two_commands_is_refused() -> None:
    tasks, chat = Tasks(), a_chat()
    answers = Answers(tasks, 2)

    async def say() -> Answer:
        return Result(re=chat.id)

    await answers.first(chat, say)
    with pytest.raises(IdReused):
        await answers.first(a_chat("别的", chat.id), say)
    with pytest.raises(IdReused):
        await answers.first(Join(id=chat.id, room=ROOM), say)
    await tasks.aclose()


def test_the_logins_kept_are_those_active_last() -> None:
    by_login = AnswersByLogin(Tasks(), logins=2, per_login=8)
    first, second = by_login.of("a"), by_login.of("b")

    by_login.of("a")
    by_login.of("c")

    assert by_login.of("a") is first
    assert by_login.of("b") is not second


async def test_rows_are_carried_once_and_again_when_asked() -> None:
    plane = MemoryPlane()
    forwarder = Forwarder(plane, QUICK)

    forwarder.put(ROOM, frozenset())  # a new room needs no empty table
    forwarder.put(ROOM, ROWS)
    forwarder.put(ROOM, ROWS)
    await plane.has_forwarded(1)
    await forwarder.settled(ROOM)
    forwarder.put(ROOM, ROWS, again=True)
    await plane.has_forwarded(2)
    await forwarder.aclose()

    assert (plane.rows, plane.forwards) == ({ROOM: ROWS}, 2)


@pytest.mark.parametrize("mood", ["broken", "silent"])
async def test_rows_taken_away_are_repeated_until_the_plane_has_heard(mood: str) -> None:
    plane = MemoryPlane()
    forwarder = Forwarder(plane, QUICK)
    forwarder.put(ROOM, ROWS)
    await forwarder.settled(ROOM)

    plane.mood = mood
    forwarder.forget(ROOM)
    await forwarder.settled(ROOM)
    assert plane.rows == {ROOM: ROWS}
    plane.mood = "well"
    await plane.has_pairs(ROOM)
    await forwarder.aclose()

    assert plane.rows == {ROOM: frozenset()}


async def test_a_silent_plane_holds_up_one_room_only() -> None:
    plane = MemoryPlane()
    forwarder = Forwarder(plane, QUICK)
    other = RoomId("visit-2")
    plane.mood = "silent"
    forwarder.put(ROOM, ROWS)
    await asyncio.sleep(0)  # the first call is on its way into silence

    plane.mood = "well"
    forwarder.put(other, ROWS)
    await forwarder.settled(other)

    assert other in plane.rows
    await plane.has_pairs(ROOM, (OFFICER, TERMINAL))
    await forwarder.aclose()


async def test_presence_is_told_in_order_over_many_reconnects(world: World) -> None:
    for _ in range(20):
        peer = await world.connect(OFFICER)
        await peer.socket.close()

    await world.observer.has_seen(lambda noted: noted.count(("present", OFFICER)) == 20)
    await world.observer.has_seen(lambda noted: noted[-1] == ("gone", OFFICER, "socket"))
    told = [note[0] for note in world.observer.noted]
    assert told[0] == "present"
    assert not any(one == two == "gone" for one, two in pairwise(told))
