"""One visit through all that a day can do to a line: it stays one visit, with one record and one outcome."""

import asyncio
import re
import signal
import time
from dataclasses import dataclass

import pytest
from playwright.async_api import expect

from tests.browser.conftest import SHOTS, SetStage
from tests.support.actors import Desk, Ledger, Terminal, seen_and_heard
from tests.support.cable import Cable
from tests.support.chromium import SERVER_AWAY, Media, Window
from tests.support.oracle import violations
from tests.support.stage import Stage

pytestmark = pytest.mark.timeout(300)

UNPLUGGING = (SHOTS.parent / "unplugging.js").read_text()
# The goals are one to three seconds; a test machine that does other things at the same time gets more.
BACK_S = 20.0
SOON_MS = 15_000
CUT_FOR = "0:10"  # as the banner counts it


@dataclass(frozen=True, slots=True)
class Talk:
    """The two who talk, and what lies between them."""

    stage: Stage
    terminal: Terminal
    desk: Desk
    cable: Cable
    visit: str

    async def goes_on(self, *said: str) -> None:
        """Both see and hear each other, nobody is there twice, and everything said so far stands once."""
        await asyncio.gather(
            seen_and_heard(self.terminal.window, within_s=BACK_S),
            seen_and_heard(self.desk.window, within_s=BACK_S),
        )
        for actor in (self.terminal, self.desk):
            state = actor.by("call-state")
            await expect(state).to_have_attribute("data-state", "connected", timeout=SOON_MS)
            await expect(actor.by("line-lost")).to_be_hidden(timeout=SOON_MS)
            await expect(actor.by("line-lost-peer")).to_be_hidden(timeout=SOON_MS)
            await expect(actor.by("peer-tile")).to_have_count(1)
            for text in said:
                line = actor.window.page.locator(".chat-line", has_text=text)
                await expect(line).to_have_count(1, timeout=SOON_MS)
        seats = self.stage.program.query("SELECT seat FROM participant WHERE visit_id = ?", self.visit)
        assert len(seats) == 2
        kept = self.stage.program.query("SELECT id FROM chat_line WHERE visit_id = ?", self.visit)
        assert len(kept) == len(said)


async def picture(window: Window, name: str) -> None:
    """For people to look at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    await window.page.screenshot(path=SHOTS / f"survives-{name}.png")


async def in_call(stage: Stage) -> Talk:
    """A call whose terminal can lose its network and its camera."""
    cable, terminal = Cable(), await stage.new_terminal()
    await terminal.window.context.add_init_script(UNPLUGGING)
    await cable.put_between(terminal.window)
    await terminal.enrol(await stage.program.enrolment_code("QH01"))
    desk = await stage.desk()
    desk.window.tolerate(SERVER_AWAY)
    await terminal.come_direct()
    return Talk(stage, terminal, desk, cable, await desk.accept())


async def test_one_visit_survives_all_that_can_happen_to_its_line_in_a_day(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        talk = await in_call(stage)
        await talk.goes_on()
        await talk.desk.type_in_chat("说于断网前")
        await talk.goes_on("说于断网前")
        await both_lines_are_measured(talk)

        await the_network_is_gone_for_ten_seconds(talk)
        await talk.goes_on("说于断网前", "写于断网时")
        await the_web_server_dies(talk)
        await talk.goes_on("说于断网前", "写于断网时", "写于重启时")
        await the_relay_dies(talk)
        await talk.goes_on("说于断网前", "写于断网时", "写于重启时")
        await the_officer_goes_on_in_a_second_tab(talk)
        await talk.goes_on("说于断网前", "写于断网时", "写于重启时")
        await the_camera_is_unplugged_and_plugged_in(talk)
        await talk.terminal.type_in_chat("说于最后")
        await talk.goes_on("说于断网前", "写于断网时", "写于重启时", "说于最后")

        receipt = await talk.desk.finish()
        assert receipt.startswith("JF")
        assert await talk.terminal.receipt() == receipt
        await there_is_one_visit_with_one_record(talk, receipt)


async def both_lines_are_measured(talk: Talk) -> None:
    """Wait for a first heartbeat of either side, so that the record has a before."""
    async with asyncio.timeout(BACK_S):
        while len(measured_seats(talk)) < 2:  # noqa: ASYNC110 - a row in a database
            await asyncio.sleep(0.2)


def measured_seats(talk: Talk) -> list[str]:
    """Whose line the record knows."""
    sql = "SELECT DISTINCT seat FROM quality_sample WHERE visit_id = ?"
    return [row["seat"] for row in talk.stage.program.query(sql, talk.visit)]


async def the_network_is_gone_for_ten_seconds(talk: Talk) -> None:
    """The terminal's socket breaks and no media passes; both sides say so, and what is typed waits."""
    relay = talk.stage.program.child("relay")
    assert relay is not None
    banner = talk.terminal.by("line-lost")

    await talk.cable.cut()
    await talk.terminal.window.context.set_offline(True)
    relay.send_signal(signal.SIGSTOP)
    try:
        await expect(banner).to_be_visible(timeout=SOON_MS)
        await expect(talk.desk.by("line-lost-peer")).to_be_visible(timeout=SOON_MS)
        for actor in (talk.terminal, talk.desk):
            state = actor.by("call-state")
            await expect(state).to_have_attribute("data-state", "reconnecting", timeout=SOON_MS)
        await talk.terminal.type_in_chat("写于断网时")
        await expect(banner).to_contain_text(CUT_FOR, timeout=SOON_MS)
        await picture(talk.terminal.window, "1-terminal-cut")
        await picture(talk.desk.window, "1-desk-cut")
    finally:
        relay.send_signal(signal.SIGCONT)
    talk.cable.mend()
    await talk.terminal.window.context.set_offline(False)


async def the_web_server_dies(talk: Talk) -> None:
    """Pictures go on without it; what is typed meanwhile is said once it is back."""
    windows = (talk.terminal.window, talk.desk.window)
    before = [await window.media() for window in windows]
    old = talk.stage.program.kill("web")
    await talk.desk.type_in_chat("写于重启时")
    await talk.stage.program.restarted("web", old)
    await picture(talk.desk.window, "2-desk-web-killed")

    for window, then in zip(windows, before, strict=True):
        now = await window.media()
        assert now.built == then.built
        assert now.slots[0].frames > then.slots[0].frames


async def the_relay_dies(talk: Talk) -> None:
    """Both sides build one new connection each, by themselves."""
    windows = (talk.terminal.window, talk.desk.window)
    before = [(await window.media()).built for window in windows]
    talk.stage.program.kill("relay")

    for window, count in zip(windows, before, strict=True):
        await is_built(window, count + 1)


async def is_built(window: Window, count: int) -> Media:
    """Wait until the page has made so many connections."""
    deadline = time.monotonic() + BACK_S
    while (now := await window.media()).built < count:
        assert time.monotonic() < deadline, f"{window.name} built {now.built} connections"
        await asyncio.sleep(0.1)
    return now


async def the_officer_goes_on_in_a_second_tab(talk: Talk) -> None:
    """The first tab closes its eyes and says why; the second one has the call."""
    first = talk.desk.window.page
    second = await talk.desk.window.context.new_page()
    await second.goto(f"{talk.stage.program.origin}/desk")

    closed = first.get_by_test_id("desk-closed")
    await expect(closed).to_be_visible(timeout=SOON_MS)
    await expect(closed).to_contain_text("已在别处打开")
    assert (await talk.desk.window.media()).state in ("closed", "none")
    await picture(talk.desk.window, "4-desk-first-tab")
    talk.desk.window.page = second
    await talk.desk.is_connected()
    await talk.desk.by("chat-open").click()  # any click lets the browser play sound
    await expect(talk.desk.by("enable-sound")).to_be_hidden()
    await picture(talk.desk.window, "4-desk-second-tab")


async def the_camera_is_unplugged_and_plugged_in(talk: Talk) -> None:
    """The officer hears on and reads that the camera is off; plugged in again, it is back by itself."""
    page = talk.terminal.window.page
    await page.evaluate("() => devices.pull('video')")
    off = talk.desk.window.page.locator('[data-testid="peer-tile"][data-video="false"]')
    await expect(off).to_have_count(1, timeout=SOON_MS)
    await picture(talk.desk.window, "5-desk-no-camera")
    await picture(talk.terminal.window, "5-terminal-no-camera")

    await page.evaluate("() => devices.plug('video')")
    on = talk.desk.window.page.locator('[data-testid="peer-tile"][data-video="true"]')
    await expect(on).to_have_count(1, timeout=SOON_MS)


async def there_is_one_visit_with_one_record(talk: Talk, receipt: str) -> None:
    """The database, the audit chain and the page of the case tell the same story."""
    program = talk.stage.program
    visits = program.query(
        "SELECT id, state, case_id FROM visit WHERE visited_on = (SELECT max(visited_on) FROM visit)"
    )
    assert [(row["id"], row["state"]) for row in visits] == [(talk.visit, "outcome_logged")]
    outcomes = program.query("SELECT receipt FROM outcome WHERE visit_id = ?", talk.visit)
    assert [row["receipt"] for row in outcomes] == [receipt]
    assert len(measured_seats(talk)) == 2
    verified = await program.command("audit", "verify")
    assert verified.returncode == 0, verified.stderr
    assert violations(program.database) == []

    (case,) = program.query("SELECT number FROM case_file WHERE id = ?", visits[0]["case_id"])
    page = talk.desk.window.page
    await Ledger(talk.desk.window).open_case(case["number"])
    gap = page.locator('[data-testid="timeline"] [data-kind="joined"] .timeline-gap').first
    await expect(gap).to_contain_text(re.compile(r"中断 1\d 秒"))
    for kind in ("media_down", "call_ended", "outcome_logged"):
        await expect(page.locator(f'[data-testid="timeline"] [data-kind="{kind}"]').first).to_be_visible()
    lines = page.get_by_test_id("case-lines")
    await expect(lines.locator("line-graph")).to_have_count(2)
    await expect(lines.locator('line-graph[data-role="terminal"] .line-summary')).to_contain_text("中断")
    await expect(page.get_by_text(receipt).first).to_be_visible()
    await page.screenshot(path=SHOTS / "survives-6-record.png", full_page=True)
