"""The rosters' page: read at a glance, worked by hand without a script, nothing serious for axe."""

from datetime import datetime, timedelta

from playwright.async_api import Locator, expect

from reception.services.work import OFFICE_TIME
from tests.browser.conftest import SHOTS, SetStage
from tests.browser.test_screens import Axe
from tests.support.actors import Staff
from tests.support.chromium import LAPTOP
from tests.support.stage import Stage

PAGE = "/schedule/rosters"


async def signed_in(stage: Stage, user: str, path: str = PAGE) -> Staff:
    staff = Staff(await stage.chromium.window(stage.program.origin, user, size=LAPTOP, bypass_csp=True))
    await staff.sign_in(user, path)
    return staff


def row(staff: Staff, role: str, unit: str) -> Locator:
    return staff.window.page.locator(f'tr[data-testid=roster-post][data-role={role}][data-unit="{unit}"]')


def monday_after(weeks: int) -> datetime:
    today = datetime.now(OFFICE_TIME).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=7 * weeks - today.weekday())


async def test_the_office_sees_who_is_on_and_where_somebody_is_missing(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        office = await signed_in(stage, "office1")
        page, axe = office.window.page, Axe([])

        # Then every kind of post is there, with who holds it now
        await expect(
            row(office, "section_director", "第二监督检查室").get_by_test_id("on-now")
        ).to_contain_text("顾长河")
        await expect(row(office, "main_leader", "县纪委监委").get_by_test_id("on-now")).to_contain_text(
            "程望山"
        )
        await expect(office.by("roster-post")).to_have_count(1 + 1 + 1 + 10 + 10 + 14 + 14)
        # and the gap says so in a word, on the board and above it
        await expect(row(office, "department_liaison", "水利局").get_by_test_id("gap").first).to_contain_text(
            "空缺"
        )
        await expect(office.by("roster-gap").first).to_contain_text("水利局")
        await expect(row(office, "section_director", "第二监督检查室")).to_contain_text("代顾长河")
        await page.screenshot(path=SHOTS / "rosters.png")
        await page.screenshot(path=SHOTS / "rosters-whole.png", full_page=True)
        await axe.looks_at(office.window, "rosters")
        assert axe.found == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= LAPTOP[0]


async def test_the_office_fills_a_gap_and_the_alert_goes(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        office = await signed_in(stage, "office1")
        page = office.window.page
        gap = row(office, "department_liaison", "水利局").get_by_test_id("gap")
        await expect(gap).to_have_count(1)
        await expect(office.by("roster-gap")).to_have_count(1)
        start = monday_after(1) + timedelta(days=1)

        # When the other liaison is put on for the two days
        await page.get_by_test_id("open-override").locator("summary").click()
        await office.by("override-post").select_option(label="水利局 · 部门联络员")
        second = page.locator(
            '[data-testid=override-person] optgroup[label="水利局"] option', has_text="备班"
        )
        await office.by("override-person").select_option(value=await second.get_attribute("value"))
        await page.locator("#override-from").fill(f"{start:%Y-%m-%d}T08:30")
        await page.locator("#override-to").fill(f"{start + timedelta(days=1):%Y-%m-%d}T17:30")
        await page.screenshot(path=SHOTS / "rosters-form.png")
        await office.by("override-submit").click()

        await expect(office.by("rosters-told")).to_have_attribute("data-told", "override")
        await expect(gap).to_have_count(0)

        # When the same is tried once more, the page says why not and keeps what was typed
        await page.get_by_test_id("open-override").locator("summary").click()
        await office.by("override-post").select_option(label="水利局 · 部门联络员")
        first = page.locator('[data-testid=override-person] optgroup[label="信访局"] option').first
        await office.by("override-person").select_option(value=await first.get_attribute("value"))
        await page.locator("#override-from").fill(f"{start:%Y-%m-%d}T08:30")
        await page.locator("#override-to").fill(f"{start:%Y-%m-%d}T12:00")
        office.window.tolerate("409")
        await office.by("override-submit").click()
        await expect(office.by("rosters-error")).to_have_attribute("data-code", "override_overlap")
        await expect(page.locator("#override-to")).to_have_value(f"{start:%Y-%m-%d}T12:00")
        await page.screenshot(path=SHOTS / "rosters-refused.png")


async def test_a_swap_and_a_leave_are_asked_and_settled(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        liaison = await signed_in(stage, "liaison-agriculture")

        # Then a liaison sees the own bureau, who receives, and the leaders' days, and no one else's leave
        await expect(liaison.by("roster-post")).to_have_count(2)
        await expect(liaison.by("leader-day").first).to_be_visible()
        await expect(liaison.by("roster-alerts")).to_have_count(0)
        asked = liaison.by("roster-request")
        await expect(asked).to_have_count(1)
        await liaison.window.page.screenshot(path=SHOTS / "rosters-liaison.png", full_page=True)

        # When the swap that waits is accepted by keyboard
        await liaison.by("swap-accept").focus()
        await liaison.window.page.keyboard.press("Enter")
        await expect(liaison.by("rosters-told")).to_have_attribute("data-told", "swap-accept")
        await expect(asked).to_have_count(0)
        await expect(row(liaison, "department_liaison", "农业农村局")).to_contain_text("换班")

        # When leave is asked for, the office grants it
        await liaison.window.page.locator("#leave-from").fill(f"{monday_after(3):%Y-%m-%d}T08:00")
        await liaison.window.page.locator("#leave-to").fill(f"{monday_after(3):%Y-%m-%d}T18:00")
        await liaison.by("leave-submit").click()
        await expect(asked).to_have_attribute("data-state", "requested")
        office = await signed_in(stage, "office1")
        waiting = office.window.page.locator(
            "[data-testid=roster-request][data-kind=leave]", has_text="秦麦冬"
        )
        await waiting.get_by_test_id("leave-grant").click()
        await expect(waiting).to_have_count(0)
        await liaison.window.open(PAGE)
        await expect(asked).to_have_attribute("data-state", "granted")


async def test_a_township_reads_leaders_days_and_changes_nothing(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        township = await signed_in(stage, "township1")

        await expect(township.by("leader-day").first).to_be_visible()
        await expect(township.by("roster-post")).to_have_count(2)
        await expect(township.by("override-form")).to_have_count(0)
        await township.window.page.screenshot(path=SHOTS / "rosters-township.png")
