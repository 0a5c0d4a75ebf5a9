"""Seven ways out of a call, and none of them past the outcome.

Each test brings a visit into a call, leaves it in one way, and waits until the record
accounts for it: suspended in its officer's name, gone on with, or owed.  The last test
shows that the oracle would notice if it did not.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from playwright.async_api import Error, expect

from tests.browser.conftest import SetStage
from tests.support.actors import Desk, Terminal, seen_and_heard
from tests.support.chromium import SERVER_AWAY, Window
from tests.support.oracle import doctored, violations
from tests.support.program import Program, query
from tests.support.scripted import scripted_terminal
from tests.support.stage import Stage

# Patience cut short: what takes three quarters of a minute in an office takes a second here.
SHORT = {
    "countdown_s": 0,
    "suspend_after_s": 1,
    "same_officer_first_s": 1,
    "wrap_up_grace_s": 1,
    "sweep_s": 0.2,
}
# Where a process is killed, the pages need time to find its successor before anything is suspended.
PATIENT = {**SHORT, "suspend_after_s": 8}
ACCOUNTED_S = 30.0  # a killed browser is noticed when its connection breaks, a lost one after 25 s


@contextlib.asynccontextmanager
async def in_call(stage: Stage, desk: Desk) -> AsyncIterator[str]:
    """A visit that this desk has answered, with a scripted terminal at its other end."""
    code = await stage.program.enrolment_code("QH01")
    async with scripted_terminal(stage.program.origin, code) as terminal:
        await terminal.come_direct()
        visit = await desk.accept()
        await expect(desk.by("end-visit")).to_be_visible()
        await happens(stage.program, visit, "live")
        yield visit


async def happens(program: Program, visit: str, kind: str) -> None:
    """Wait for an event on the visit's timeline."""
    sql = "SELECT 1 FROM visit_event WHERE visit_id = ? AND kind = ?"
    async with asyncio.timeout(ACCOUNTED_S):
        while not program.query(sql, visit, kind):  # noqa: ASYNC110 - another process offers no event
            await asyncio.sleep(0.05)


async def is_accounted_for(program: Program, visit: str, state: str, *reasons: str) -> None:
    """Wait until the visit stands in a state with owner and reason; the whole record must hold then."""
    sql = (
        "SELECT state, outcome_owner_id, officer_id, coalesce(suspended_reason, pending_reason) AS reason"
        " FROM visit WHERE id = ?"
    )
    deadline = time.monotonic() + ACCOUNTED_S
    while (row := program.query(sql, visit)[0])["state"] != state:
        assert time.monotonic() < deadline, f"still {row['state']}"
        await asyncio.sleep(0.05)
    assert row["reason"] in reasons
    assert row["outcome_owner_id"] == row["officer_id"]
    assert violations(program.database) == []


async def falls_to_its_owner(program: Program, visit: str, *reasons: str) -> None:
    """Wait until the visit stands in 待补录."""
    await is_accounted_for(program, visit, "outcome_pending", *reasons)


async def is_suspended(program: Program, visit: str, *reasons: str) -> None:
    """Wait until the visit is suspended: nothing of it is lost, and its officer still owes the outcome."""
    await is_accounted_for(program, visit, "suspended", *reasons)


async def test_the_end_button_leads_to_the_form_and_a_left_form_to_its_owner(stage_with: SetStage) -> None:
    async with stage_with(**SHORT) as stage:
        desk = await stage.desk()
        async with in_call(stage, desk) as visit:
            await desk.end_visit()
            (owner,) = stage.program.query("SELECT officer_id FROM visit WHERE id = ?", visit)
            assert violations(stage.program.database, connected=[owner["officer_id"]]) == []
            await desk.window.page.close()
            await falls_to_its_owner(stage.program, visit, "wrap_up_left")


async def test_a_closed_tab_suspends_the_visit_and_opening_it_again_goes_on(stage_with: SetStage) -> None:
    async with stage_with(**SHORT) as stage:
        desk = await stage.desk()
        async with in_call(stage, desk) as visit:
            await desk.window.page.close(run_before_unload=True)
            await is_suspended(stage.program, visit, "officer_gone")
            assert desk.window.asked_before_leaving == 1

            # Back at the desk, the call goes on by itself, and still cannot be left without an outcome.
            desk.window.page = await desk.window.context.new_page()
            await desk.window.open("/desk")
            await happens(stage.program, visit, "returned")
            await desk.finish()
            assert violations(stage.program.database) == []
            (row,) = stage.program.query("SELECT state FROM visit WHERE id = ?", visit)
            assert row["state"] == "outcome_logged"


async def test_a_crashed_page_suspends_the_visit(stage_with: SetStage) -> None:
    async with stage_with(**SHORT) as stage:
        desk = await stage.desk()
        async with in_call(stage, desk) as visit:
            crashed = asyncio.Event()
            desk.window.page.on("crash", lambda _: crashed.set())
            session = await desk.window.context.new_cdp_session(desk.window.page)
            command = asyncio.ensure_future(session.send("Page.crash"))
            await asyncio.wait_for(crashed.wait(), timeout=10)
            command.cancel()
            with contextlib.suppress(asyncio.CancelledError, Error):
                await command
            await is_suspended(stage.program, visit, "officer_gone")


async def test_a_killed_browser_suspends_the_visit_and_a_colleague_logs_its_outcome(
    stage_with: SetStage,
) -> None:
    async with stage_with(**SHORT) as stage:
        known = {process.pid for process in psutil.Process().children(recursive=True)}
        browser = await stage.chromium.launch()
        desk = Desk(await stage.chromium.window_in(browser, stage.program.origin, "duty1"))
        await desk.report_for_duty("duty1")
        async with in_call(stage, desk) as visit:
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    if process.pid not in known and "chrom" in process.name():
                        process.kill()
            await is_suspended(stage.program, visit, "officer_gone")

            colleague = await stage.desk("duty2")
            assert await colleague.accept() == visit
            await colleague.finish()
            assert violations(stage.program.database) == []


async def test_an_administrator_stops_a_call_without_seeing_it(stage_with: SetStage) -> None:
    async with stage_with(**SHORT) as stage:
        desk, admin = await stage.desk(), await stage.admin()
        async with in_call(stage, desk) as visit:
            await admin.stop_call(visit)

            await falls_to_its_owner(stage.program, visit, "stopped")
            await expect(desk.by("pending-outcome")).to_have_count(1)


async def both_in_call(stage: Stage) -> tuple[Terminal, Desk, str]:
    """A call with picture and sound between two real browsers."""
    terminal, desk = await stage.terminal(), await stage.desk()
    await terminal.come_direct()
    visit = await desk.accept()
    await desk.is_connected()
    await terminal.is_connected()
    return terminal, desk, visit


async def abandoned(stage: Stage, windows: tuple[Window, ...]) -> None:
    for window in windows:
        await window.page.close()


async def test_a_killed_web_server_does_not_touch_the_picture(stage_with: SetStage) -> None:
    async with stage_with(**PATIENT) as stage:
        terminal, desk, visit = await both_in_call(stage)
        windows = (terminal.window, desk.window)
        for window in windows:
            window.tolerate(SERVER_AWAY)

        killed = stage.program.kill("web")

        # A question that comes now waits until the next server answers it: meanwhile frames and sound go on.
        before = [await window.media() for window in windows]
        await stage.program.ready()
        after = [await window.media() for window in windows]
        for then, now in zip(before, after, strict=True):
            assert now.slots[0].frames >= then.slots[0].frames + 5
            assert now.slots[0].energy > then.slots[0].energy
        await stage.program.restarted("web", killed)

        # The pages find the new server, the call goes on in it, with the same transports.
        for actor in (terminal, desk):
            await actor.is_connected()
        assert [(await window.media()).built for window in windows] == [1, 1]
        (owner,) = stage.program.query("SELECT officer_id FROM visit WHERE id = ?", visit)
        assert violations(stage.program.database, connected=[owner["officer_id"]]) == []

        await abandoned(stage, windows)
        await is_suspended(stage.program, visit, "terminal_gone", "officer_gone", "everybody_gone")


async def test_after_a_killed_relay_the_picture_comes_back(stage_with: SetStage) -> None:
    async with stage_with(**PATIENT) as stage:
        terminal, desk, visit = await both_in_call(stage)
        windows = (terminal.window, desk.window)

        killed = stage.program.kill("relay")
        await stage.program.restarted("relay", killed)

        for actor in (terminal, desk):
            await seen_and_heard(actor.window)
            await expect(actor.by("call-state")).to_have_attribute("data-state", "connected")
            assert (await actor.window.media()).built >= 2
        (owner,) = stage.program.query("SELECT officer_id FROM visit WHERE id = ?", visit)
        assert violations(stage.program.database, connected=[owner["officer_id"]]) == []

        await abandoned(stage, windows)
        await is_suspended(stage.program, visit, "terminal_gone", "officer_gone", "everybody_gone")


_FORGERIES = {
    "a visit that vanished from the desk": "UPDATE visit SET state = 'cancelled'",
    "a visit that was closed without a word": "UPDATE visit SET state = 'outcome_logged'",
    "a call that nobody is in": "UPDATE visit SET state = 'in_call'",
    "a visit suspended in nobody's name": (
        "UPDATE visit SET state = 'suspended', suspended_at = answered_at,"
        " suspended_reason = 'terminal_gone', outcome_owner_id = NULL"
    ),
    "a visit suspended for no reason": "UPDATE visit SET state = 'suspended', suspended_at = answered_at",
    "a visit suspended after it was ended": (
        "UPDATE visit SET state = 'suspended', suspended_at = answered_at, suspended_reason = 'terminal_gone'"
    ),
    "an outcome that nobody owes": (
        "UPDATE visit SET state = 'outcome_pending', pending_reason = 'stopped', outcome_owner_id = NULL"
    ),
    "an outcome owed for no reason": "UPDATE visit SET state = 'outcome_pending', pending_reason = NULL",
}


@pytest.mark.parametrize("forgery", _FORGERIES.values(), ids=_FORGERIES.keys())
async def test_the_oracle_sees_what_the_guards_would_have_refused(
    county: Path, tmp_path: Path, forgery: str
) -> None:
    database = county / "reception.db"
    (row,) = query(
        database, "SELECT id FROM visit WHERE answered_at IS NOT NULL AND closed_at IS NOT NULL LIMIT 1"
    )
    # The seeded county has visits that wait for their outcome and others that are logged.
    assert violations(database) == []

    forged = doctored(
        database,
        tmp_path / "forged.db",
        "PRAGMA ignore_check_constraints = ON",
        f"DELETE FROM outcome WHERE visit_id = '{row['id']}'",  # noqa: S608 - an id of the seed
        f"{forgery} WHERE id = '{row['id']}'",
    )

    assert violations(forged) != []
