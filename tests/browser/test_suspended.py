"""A lost line is not a lost visit: it is suspended, kept for the day, gone on with, and has its outcome."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import SHOTS, SetStage
from tests.support.actors import Desk, Ledger, Terminal
from tests.support.chromium import HALL, LAPTOP, REFUSED, Window
from tests.support.oracle import violations
from tests.support.stage import Stage

# Patience cut short: what takes three quarters of a minute in an office takes seconds here.
SHORT = {
    "countdown_s": 0,
    "suspend_after_s": 4,
    "same_officer_first_s": 4,
    "wrap_up_grace_s": 60,
    "sweep_s": 0.2,
}
PHONE = (390, 844)
SOON_MS = 15_000  # the patience above, and a machine that does three things at once
DRAFT = "来访人反映村东水渠塌方，三次报修没有结果。"
SAID = "请把报修的日子告诉我。"


async def in_call(stage: Stage, user: str = "duty1") -> tuple[Terminal, Desk, str]:
    """A call with picture and sound between a terminal and a desk."""
    terminal, desk = await stage.terminal(), await stage.desk(user)
    await terminal.come_direct()
    visit = await desk.accept()
    await desk.is_connected()
    await terminal.is_connected()
    return terminal, desk, visit


async def power_fails(window: Window) -> None:
    """Take the page away as a power cut does: nobody is asked, nothing is said."""
    await window.page.close()


async def power_returns(window: Window, path: str) -> None:
    """Open the page again, in the same browser profile."""
    window.page = await window.context.new_page()
    await window.open(path)


async def is_suspended_at(terminal: Terminal, reason: str) -> None:
    """Wait for the terminal's own words about the interruption."""
    screen = terminal.by("terminal-suspended")
    await expect(screen).to_be_visible(timeout=SOON_MS)
    await expect(screen).to_have_attribute("data-reason", reason)


async def is_suspended_for(desk: Desk, visit: str) -> None:
    """Wait until the desk lists the visit and is free again."""
    row = desk.window.page.locator(f'[data-testid="suspended-visit"][data-visit="{visit}"]')
    await expect(row).to_be_visible(timeout=SOON_MS)
    await expect(desk.by("call-state")).to_be_hidden()


def kinds(stage: Stage, visit: str) -> list[str]:
    """Return what the timeline says of the interruption."""
    sql = "SELECT kind FROM visit_event WHERE visit_id = ? ORDER BY seq"
    told = ("suspended", "returned", "parked", "taken_up", "visitor_left", "call_ended", "outcome_logged")
    return [row["kind"] for row in stage.program.query(sql, visit) if row["kind"] in told]


async def the_record_tells(stage: Stage, desk: Desk, visit: str, *told: str) -> None:
    """Open the case and read how the visit was interrupted."""
    (row,) = stage.program.query(
        "SELECT number FROM case_file JOIN visit ON visit.case_id = case_file.id WHERE visit.id = ?", visit
    )
    await Ledger(desk.window).open_case(row["number"])
    for kind in told:
        await expect(
            desk.window.page.locator(f'[data-testid="timeline"] [data-kind="{kind}"]')
        ).to_be_visible()


async def test_a_terminal_without_power_finds_its_visit_and_its_officer_again(stage_with: SetStage) -> None:
    async with stage_with(**SHORT) as stage:
        terminal, desk, visit = await in_call(stage)
        await desk.type_in_chat(SAID)
        await desk.by("tab-outcome").click()
        await desk.by("outcome-asked").fill(DRAFT)

        await power_fails(terminal.window)

        # First the desk only says who is missing; then the visit is suspended and the officer free.
        await expect(desk.by("line-lost-peer")).to_be_visible()
        await expect(desk.by("end-visit")).to_be_visible()
        await is_suspended_for(desk, visit)
        await desk.is_("ready")
        assert violations(stage.program.database) == []

        await power_returns(terminal.window, "/terminal")

        # The same visit, the same officer, picture and sound, the words and the draft.
        await terminal.is_connected()
        await desk.is_connected()
        await expect(desk.by("suspended-visit")).to_have_count(0)
        await desk.by("tab-outcome").click()
        await expect(desk.by("outcome-asked")).to_have_value(DRAFT)
        for actor in (terminal, desk):
            await expect(actor.window.page.locator("chat-panel .chat-text", has_text=SAID)).to_have_count(1)
        rows = stage.program.query(
            "SELECT id FROM visit WHERE visited_on = (SELECT max(visited_on) FROM visit)"
        )
        assert [row["id"] for row in rows] == [visit]

        assert await desk.finish() == await terminal.receipt()
        assert kinds(stage, visit) == ["suspended", "returned", "call_ended", "outcome_logged"]
        await the_record_tells(stage, desk, visit, "suspended", "returned")
        gap = desk.window.page.locator('[data-testid="timeline"] [data-kind="returned"] .timeline-gap')
        await expect(gap).to_contain_text("中断")
        assert violations(stage.program.database) == []


async def test_when_the_officers_browser_dies_a_colleague_goes_on_after_the_first_chance(
    stage_with: SetStage,
) -> None:
    async with stage_with(**SHORT) as stage:
        terminal, first, visit = await in_call(stage)
        second = await stage.desk("duty2")
        name = await first.by("whoami").inner_text()

        await power_fails(first.window)

        await expect(terminal.by("line-lost-peer")).to_be_visible()
        await expect(terminal.by("line-lost-peer")).to_contain_text("沈禾清")  # whoever leads the call
        await is_suspended_at(terminal, "officer_gone")
        await expect(terminal.by("suspended-now")).not_to_be_empty()
        # Nobody else is rung while the same officer may still come back.
        await expect(second.by("queue-row").first).to_have_attribute("data-state", "suspended")
        await expect(second.by("incoming-ring")).to_have_count(0)

        assert await second.accept() == visit
        await second.is_connected()
        await terminal.is_connected()

        # Who comes back late finds neither the call nor the duty to write its outcome.
        await power_returns(first.window, "/desk")
        await first.is_("ready")
        await expect(first.by("suspended-visits")).to_be_hidden()
        await expect(first.by("call-state")).to_be_hidden()
        receipt = await second.finish()
        assert await terminal.receipt() == receipt
        (row,) = stage.program.query(
            "SELECT former.name AS former, owner.username AS owner FROM participant"
            " JOIN person AS former ON former.id = participant.person_id"
            " JOIN visit ON visit.id = participant.visit_id"
            " JOIN person AS owner ON owner.id = visit.outcome_owner_id"
            " WHERE visit_id = ? AND removed_at IS NOT NULL",
            visit,
        )
        assert row["former"] in name
        assert row["owner"] == "duty2"
        assert violations(stage.program.database) == []


async def test_the_bell_of_a_suspended_visit_says_who_received_it_before(stage_with: SetStage) -> None:
    async with stage_with(**{**SHORT, "same_officer_first_s": 0}) as stage:
        terminal, first, visit = await in_call(stage)
        second = await stage.desk("duty2")
        (row,) = stage.program.query("SELECT name FROM person WHERE username = 'duty1'")

        await power_fails(first.window)
        await is_suspended_at(terminal, "officer_gone")

        assert await second.hears_ring() == visit
        await expect(second.by("ring-before")).to_contain_text(row["name"])
        await expect(
            second.by("panel-ticket")
        ).to_be_visible()  # what it is about may be read before accepting


async def test_a_suspended_visit_is_put_aside_for_another_and_taken_up_again(stage_with: SetStage) -> None:
    async with stage_with(**SHORT) as stage:
        terminal, first, visit = await in_call(stage)
        ticket = (await terminal.window.page.locator('[data-put="ticket"]').first.inner_text()).strip()
        await power_fails(first.window)
        await is_suspended_at(terminal, "officer_gone")

        await terminal.by("park-visit").click()
        await terminal.by("ask-yes").click()
        await terminal.is_idle()
        await expect(terminal.by("parked-visit")).to_have_attribute("data-ticket", ticket)

        # Somebody else is served meanwhile; nothing of the first visit is on the screen.
        second = await stage.desk("duty2")
        await terminal.come_direct()
        other = await second.accept()
        assert other != visit
        await second.is_connected()
        await second.finish()
        await terminal.receipt()
        await terminal.by("finish-visit").click()

        await terminal.is_idle()
        await terminal.by("take-up").click()
        await terminal.by("ask-yes").click()

        assert await second.accept() == visit
        await second.is_connected()
        await terminal.is_connected()
        await expect(terminal.window.page.locator('[data-put="ticket"]').first).to_have_text(ticket)
        receipt = await second.finish()
        assert await terminal.receipt() == receipt
        assert kinds(stage, visit) == [
            "suspended",
            "parked",
            "taken_up",
            "returned",
            "call_ended",
            "outcome_logged",
        ]
        assert violations(stage.program.database) == []


async def test_the_officer_ends_a_suspended_visit_from_the_desk(stage_with: SetStage) -> None:
    async with stage_with(**SHORT) as stage:
        terminal, desk, visit = await in_call(stage)
        await power_fails(terminal.window)
        await is_suspended_for(desk, visit)

        await desk.by("suspended-end").click()
        await desk.by("ask-yes").click()
        receipt = await desk.save_outcome()

        assert receipt.startswith("JF")
        await expect(desk.by("suspended-visits")).to_be_hidden()
        await desk.is_("ready")
        assert kinds(stage, visit) == ["suspended", "call_ended", "outcome_logged"]
        assert violations(stage.program.database) == []


async def test_a_visitor_who_has_left_is_reported_and_the_outcome_is_owed(stage_with: SetStage) -> None:
    async with stage_with(**SHORT) as stage:
        terminal, desk, visit = await in_call(stage)
        await power_fails(desk.window)
        await is_suspended_at(terminal, "officer_gone")

        await terminal.by("visitor-left").click()
        await terminal.by("ask-yes").click()
        await terminal.by("finish-visit").click()
        await terminal.is_idle()

        # The officer, back at the desk, finds it on top and writes it.
        desk.window.tolerate(REFUSED)
        await power_returns(desk.window, "/desk")
        pending = desk.window.page.locator(f'[data-testid="pending-outcome"][data-visit="{visit}"]')
        await pending.get_by_test_id("pending-open").click()
        await desk.save_outcome()
        assert kinds(stage, visit) == ["suspended", "visitor_left", "outcome_logged"]
        assert violations(stage.program.database) == []


# For people to look at


async def pictures(window: Window, name: str, *testids: str, phone: bool = False) -> None:
    """Look at a screen in every size that it is made for: nothing is cut off, what is needed is in view."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    for width, height in (HALL, *((PHONE,) if phone else ()), LAPTOP):
        await window.page.set_viewport_size({"width": width, "height": height})
        await window.page.evaluate("() => document.fonts.ready")
        await window.page.screenshot(path=SHOTS / f"{name}-{width}x{height}.png")
        beyond = await window.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert beyond <= 0, f"{name} is {beyond} px too wide"
        for testid in testids:
            if (width, height) == PHONE:  # whoever holds a phone scrolls
                await window.by(testid).first.scroll_into_view_if_needed()
            await expect(window.by(testid).first).to_be_in_viewport(ratio=1)


async def speak_english(*windows: Window) -> None:
    for window in windows:
        await window.by("language").click()
        await expect(window.page.locator("html")).to_have_attribute("lang", "en")


# Long enough to look at what is shown while a line is only missed.
LOOKING = {**SHORT, "suspend_after_s": 10, "same_officer_first_s": 1}


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_desk_tells_of_a_lost_line_and_of_a_visit_that_waits_for_it(
    stage_with: SetStage, lang: str
) -> None:
    async with stage_with(**LOOKING) as stage:
        terminal, desk = await stage.terminal(), await stage.desk()
        if lang == "en":
            await speak_english(desk.window)
        await terminal.come_direct()
        visit = await desk.accept()
        await desk.is_connected()

        await power_fails(terminal.window)
        await expect(desk.by("line-lost-peer")).to_be_visible()
        await pictures(desk.window, f"desk-line-lost-{lang}", "line-lost-peer", "end-visit")
        await is_suspended_for(desk, visit)
        await pictures(desk.window, f"desk-suspended-{lang}", "suspended-end")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_terminal_and_the_next_desk_tell_how_a_suspended_visit_goes_on(
    stage_with: SetStage, lang: str
) -> None:
    async with stage_with(**LOOKING) as stage:
        terminal, first = await stage.terminal(), await stage.desk("duty1")
        second = await stage.new_desk("duty2")
        if lang == "en":
            await speak_english(terminal.window, second.window)
            await terminal.is_idle()
        await terminal.come_direct()
        await first.accept()
        await terminal.is_connected()

        await power_fails(first.window)
        await expect(terminal.by("line-lost-peer")).to_be_visible()
        await pictures(terminal.window, f"terminal-line-lost-{lang}", "line-lost-peer", phone=True)
        await is_suspended_at(terminal, "officer_gone")
        await pictures(
            terminal.window, f"terminal-suspended-{lang}", "park-visit", "visitor-left", phone=True
        )
        await second.go_on_duty()
        await second.hears_ring()
        await expect(second.by("ring-before")).to_be_visible()
        await pictures(second.window, f"desk-suspended-ring-{lang}", "accept-call", "ring-before")
        await terminal.by("park-visit").click()
        await terminal.by("ask-yes").click()
        await expect(terminal.by("parked-visit")).to_be_visible()
        await pictures(terminal.window, f"terminal-parked-{lang}", "take-up", "start-visit", phone=True)
