"""The line survives the web server: real processes, killed where it hurts most."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.program import PASSWORD, running_program, seeded_data
from tests.support.scripted import ScriptedDesk, scripted_desk, scripted_terminal
from tests.support.scripted_line import Json, LineTorn, ScriptedLine

ROOM = "QH01"
TEXT = "我听不清，请写下来。"


@pytest.fixture(scope="module")
def county() -> Iterator[Path]:
    """A data directory with the demo county."""
    with seeded_data() as data:
        yield data


async def told_once(
    line: ScriptedLine, type_: str, visit: str, came_back: Callable[[], Awaitable[str]]
) -> None:
    """Come back after the crash that a fact ends in, and hear the fact."""
    await line.ended()
    assert await came_back() == "resumed"
    await line.expect(type_, visit=visit)


async def insists(desk: ScriptedDesk, room: str) -> tuple[Json, int]:
    """Say a line, under the same id until it is answered; return the answer and how often it was said."""
    ident, times = str(uuid.uuid4()), 0
    while True:
        times += 1
        try:
            return await desk.line.say("chat", ident=ident, room=room, text=TEXT), times
        except LineTorn:
            await desk.line.ended()
            assert await desk.resume() == "resumed"
            await desk.line.say("join", room=room)  # the room was opened anew


async def test_every_fact_arrives_once_when_each_kills_the_server_after_its_commit(county: Path) -> None:
    # In every life of the server the first fact is committed, and told to nobody.
    deadly = {"failpoints": "hub.before_wake:1", "demo": "1", "countdown_s": "0"}
    async with running_program(county, deadly) as program:
        code = await program.enrolment_code(ROOM)
        async with (
            scripted_desk(program.origin, "duty1", PASSWORD) as desk,
            scripted_terminal(program.origin, code) as terminal,
        ):
            visit = await terminal.come_direct()
            await told_once(desk.line, "ring", visit, desk.resume)
            await desk.call(f"/visits/{visit}/answer")
            await told_once(desk.line, "ring_stopped", visit, desk.resume)
            assert (await desk.line.say("join", room=visit))["type"] == "result"

            answer, times = await insists(desk, visit)
            for line in (desk.line, terminal.line):
                await line.expect("chat", room=visit)

            assert times == 2
            assert answer["at"] == desk.line.heard("chat")[0]["at"]
            for line in (desk.line, terminal.line):
                assert line.faults == []
                assert [said["text"] for said in line.heard("chat")] == [TEXT]
            assert [event["type"] for event in desk.line.events if event["pos"]] == [
                "ring",
                "ring_stopped",
                "chat",
            ]
        assert len(program.query("SELECT id FROM chat_line WHERE visit_id = ?", visit)) == 1
        assert program.log.count("failpoint.reached") == 3


async def test_whoever_asks_while_the_server_is_away_is_answered_and_not_refused(county: Path) -> None:
    async with running_program(county) as program, aiohttp.ClientSession() as http:
        killed = program.kill("web")

        async def ask() -> int:
            async with http.get(f"{program.origin}/healthz") as answer:
                return answer.status

        statuses = await asyncio.gather(*(ask() for _ in range(40)))

        assert statuses == [200] * 40
        assert await program.restarted("web", killed) != killed


async def test_a_page_comes_back_to_its_session_after_a_crash_and_after_another(county: Path) -> None:
    async with running_program(county) as program:
        async with scripted_desk(program.origin, "duty1", PASSWORD) as desk:
            epochs = [desk.line.opening["epoch"]]

            for _ in range(3):
                program.kill("web")
                await desk.line.ended()
                assert await desk.resume() == "resumed"
                epochs.append(desk.line.opening["epoch"])
            await asyncio.gather(*(desk.line.expect(view) for view in ("duty", "queue")))

        assert len(set(epochs)) == 4
        assert desk.line.faults == []
        assert len(program.query("SELECT sid FROM signal_session WHERE seat LIKE 'p-%'")) == 1
        assert (
            program.query("SELECT ended_at FROM duty_shift ORDER BY started_at DESC")[0]["ended_at"] is None
        )


async def test_an_orderly_restart_of_the_server_ends_no_session(county: Path) -> None:
    async with running_program(county) as program, scripted_desk(program.origin, "duty1", PASSWORD) as desk:
        web = program.child("web")
        assert web is not None

        web.terminate()
        await desk.line.ended()

        assert await desk.resume() == "resumed"
        assert desk.line.heard("gone")[-1]["code"] == "restart"
        assert desk.line.faults == []


async def test_a_terminal_that_was_away_hears_what_it_missed(county: Path) -> None:
    async with running_program(county, {"countdown_s": "0"}) as program:
        code = await program.enrolment_code(ROOM)
        async with (
            scripted_desk(program.origin, "duty1", PASSWORD) as desk,
            scripted_terminal(program.origin, code) as terminal,
        ):
            visit = await terminal.come_direct()
            await desk.line.expect("ring", visit=visit)
            await desk.answer(visit)
            await terminal.line.expect("room_state", room=visit, phase="live")

            await terminal.drop()
            said = await desk.line.say("chat", room=visit, text=TEXT)
            assert await terminal.resume() == "resumed"

            line = await terminal.line.expect("chat", room=visit)
            assert (line["text"], line["at"]) == (TEXT, said["at"])
            assert terminal.line.faults == []
