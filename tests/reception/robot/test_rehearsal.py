"""A robot against the real program: an officer without a browser answers it."""

import asyncio
import os
import signal
import stat
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from reception.robot import stage
from reception.robot.memory import Memory
from reception.robot.rehearsal import Ending
from reception.robot.run import EXIT_OK, EXIT_RUNS, EXIT_USAGE, EXIT_WITHOUT_RECEIPT, run_robot
from reception.robot.story import GREETING
from reception.robot.wire import NO_ID
from reception.web.api import bodies
from signaling.ids import RoomId
from signaling.messages import Chat, ChatLine, Join, Queue, Ring, RoomState, ServerEvent
from tests.reception.robot.officer import Desk, on_duty
from tests.support.program import ROOT, Program

EventKind = TypeVar("EventKind", bound=ServerEvent)

ROOM = "QH03"
STEP_S = 60.0

pytestmark = pytest.mark.timeout(240)  # four processes and two encoders share the machine


@asynccontextmanager
async def calling(program: Program, room: str = ROOM) -> AsyncIterator[Process]:
    """Start `python -m reception robot ROOM`; it is gone after the block."""
    robot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reception", "robot", room),
        env=program.environment,
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield robot
    finally:
        if robot.returncode is None:
            robot.kill()
        await robot.communicate()


async def said_at_the_end(robot: Process) -> str:
    """Wait until the robot has gone home, and return what it printed."""
    async with asyncio.timeout(STEP_S):
        out, err = await robot.communicate()
    return out.decode().strip() or err.decode()


async def heard(desk: Desk, kind: type[EventKind]) -> EventKind:
    """Return the desk's next event of a kind."""
    async with asyncio.timeout(STEP_S):
        async for event in desk.wire.events():
            if isinstance(event, kind):
                return event
    raise AssertionError("the socket closed")


async def line_of_visitor(desk: Desk) -> str:
    """Return what the visitor says next in the chat."""
    while (line := await heard(desk, ChatLine)).from_seat.startswith("p-"):
        pass  # one's own line comes back, too
    return line.text


async def ends_of_the_line(program: Program, visit: str) -> set[str]:
    """Return which roles see and hear the other side, as soon as it is two."""
    async with asyncio.timeout(STEP_S):
        while True:
            rows = program.query(
                "SELECT DISTINCT role FROM visit_event WHERE kind = 'media_up' AND visit_id = ?", visit
            )
            if len(rows) == 2:
                return {row["role"] for row in rows}
            await asyncio.sleep(0.1)


async def end_with_outcome(desk: Desk, visit: str) -> str:
    """End the call and return the receipt's number."""
    await desk.post(f"/visits/{visit}/end")
    form = bodies.OutcomeBody(
        code="answered_on_spot",
        asked="来访人询问办理进度。",
        answer="当场作了说明。",
        next="不需要后续办理。",
        owner=(await desk.view()).me.person,
    )
    return str((await desk.post(f"/visits/{visit}/outcome", form))["receipt"])


async def short_visit(program: Program, desk: Desk) -> str:
    """Let a robot call and be stopped while it waits; return what it remembers."""
    async with calling(program) as robot:
        await heard(desk, Ring)
        robot.send_signal(signal.SIGTERM)
        await said_at_the_end(robot)
    return (program.data_dir / f"robot-{ROOM}.json").read_text()


def robot_of(program: Program) -> int:
    """Return the process id of the robot that the web server started."""
    web = program.child("web")
    assert web is not None
    return next(int(child.pid) for child in web.children() if "robot" in child.cmdline())


async def test_a_robot_plays_a_visit_from_registration_to_receipt(program: Program) -> None:
    async with on_duty(program) as desk, calling(program) as robot:
        visit = (await heard(desk, Ring)).visit
        room = RoomId(visit)
        await desk.post(f"/visits/{visit}/answer")
        async with stage.on(desk.wire, room) as own:
            await desk.wire.command(Join(id=NO_ID, room=room))
            while (await heard(desk, RoomState)).phase != "live":
                pass
            own.go_live()
            greeting = await line_of_visitor(desk)
            await desk.wire.command(Chat(id=NO_ID, room=room, text="能听到，请讲"))
            reply = await line_of_visitor(desk)
            see_and_hear = await ends_of_the_line(program, visit)
        receipt = await end_with_outcome(desk, visit)
        said = await said_at_the_end(robot)

    assert greeting == GREETING
    assert reply
    assert see_and_hear == {"terminal", "county_duty_officer"}
    assert (said, robot.returncode) == (f"{Ending.RECEIPT} {receipt}", EXIT_OK)


async def test_a_robot_comes_back_after_the_web_server_was_killed(program: Program) -> None:
    async with calling(program) as robot:
        async with on_duty(program) as desk:
            await heard(desk, Ring)
        await program.restarted("web", program.kill("web"))

        async with on_duty(program) as desk:
            visit = (await heard(desk, Ring)).visit
            await desk.post(f"/visits/{visit}/answer")
            await desk.wire.command(Join(id=NO_ID, room=RoomId(visit)))
            greeting = await line_of_visitor(desk)
            receipt = await end_with_outcome(desk, visit)
        said = await said_at_the_end(robot)

    assert greeting == GREETING
    assert said == f"{Ending.RECEIPT} {receipt}"


async def test_a_robot_does_not_wait_for_a_service_that_stays_away(program: Program, tmp_path: Path) -> None:
    async def issue_code(former: str | None) -> str:
        assert former is None
        return await program.enrolment_code(ROOM)

    async with on_duty(program) as desk:
        calling = asyncio.create_task(
            run_robot(
                program.origin,
                origin=program.origin,
                memory=Memory(tmp_path / "robot.json"),
                issue_code=issue_code,
                away_s=0.2,
            )
        )
        await heard(desk, Ring)
        program.kill("web")

        async with asyncio.timeout(STEP_S):
            ended = await calling

    assert ended == (Ending.SERVICE_AWAY, "")


async def test_a_robot_that_is_stopped_takes_its_waiting_visit_back(program: Program) -> None:
    async with on_duty(program) as desk, calling(program) as robot:
        visit = (await heard(desk, Ring)).visit

        robot.send_signal(signal.SIGTERM)
        said = await said_at_the_end(robot)

    assert (said, robot.returncode) == (Ending.CANCELLED, EXIT_WITHOUT_RECEIPT)
    assert [row["state"] for row in program.query("SELECT state FROM visit WHERE id = ?", visit)] == [
        "cancelled"
    ]


async def test_a_later_run_is_the_same_terminal(program: Program) -> None:
    async with on_duty(program) as desk:
        await short_visit(program, desk)
        await short_visit(program, desk)

    enrolled = program.query("SELECT id FROM device WHERE revoked_at IS NULL")
    memory = program.data_dir / f"robot-{ROOM}.json"
    assert len(enrolled) == 1
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600


async def test_a_robot_whose_memory_is_stale_becomes_a_new_terminal(program: Program) -> None:
    memory = program.data_dir / f"robot-{ROOM}.json"
    async with on_duty(program) as desk:
        first = await short_visit(program, desk)
        await short_visit(program, desk)
        await short_visit(program, desk)
        memory.write_text(first)  # as after a restored backup

        await short_visit(program, desk)

    states = program.query("SELECT revoked_at IS NULL AS open FROM device WHERE name = '模拟来访'")
    assert sorted(row["open"] for row in states) == [0, 1]


async def test_a_room_has_one_robot(program: Program) -> None:
    async with on_duty(program) as desk, calling(program):
        await heard(desk, Ring)

        async with calling(program) as second:
            said = await said_at_the_end(second)
        with pytest.raises(AssertionError, match="room_taken"):
            await desk.post("/demo/robot", bodies.RobotBody(room=ROOM))

    assert second.returncode == EXIT_RUNS
    assert ROOM in said


async def test_the_desk_can_start_a_robot(program: Program) -> None:
    async with on_duty(program) as desk:
        await desk.post("/demo/robot", bodies.RobotBody(room=ROOM))
        ring = await heard(desk, Ring)

        assert ring.place == "松岚镇接访室"
        log = program.data_dir / "logs" / f"robot-{ROOM}.log"
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
        os.kill(robot_of(program), signal.SIGTERM)
        while (await heard(desk, Queue)).rows:
            pass


async def test_a_room_that_does_not_exist_has_no_robot(program: Program) -> None:
    async with calling(program, "QH99") as robot:
        said = await said_at_the_end(robot)

    assert robot.returncode == EXIT_USAGE
    assert "QH99" in said
