"""The schedule in the browser: dragged and undone, refused with a way out, by form alone, by a township."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, Locator, expect

from tests.browser.conftest import SHOTS, SetStage
from tests.browser.test_screens import Axe, pictures
from tests.support.actors import Staff
from tests.support.stage import Stage

OFFICE_TIME = ZoneInfo("Asia/Shanghai")
HALF_HOUR_PX = 34
_SEND = """async ([method, path, body]) => {
  const headers = {"Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID(),
    "X-CSRF-Token": document.querySelector("meta[name=csrf]").content};
  const answer = await fetch(path, {method, headers, body: method === "GET" ? null : JSON.stringify(body)});
  return {status: answer.status, body: await answer.json()};
}"""


@dataclass(slots=True)
class Planner(Staff):
    """Somebody at the schedule, on the first working day of a week ahead."""

    on: date = date.min
    rooms: tuple[Mapping[str, str], ...] = ()
    people: tuple[Mapping[str, str], ...] = ()

    @property
    def week(self) -> str:
        """The week as the address writes it."""
        return f"{self.on:%G-W%V}"

    async def send(self, method: str, path: str, body: object = None) -> Any:
        """Send an API request from the page, and return its answer."""
        told = await self.window.page.evaluate(_SEND, [method, path, body or {}])
        assert told["status"] < 300, told
        return told["body"]

    async def look_ahead(self) -> None:
        """Find a working day of a coming week on which nobody is expected, and who could receive."""
        monday = datetime.now(OFFICE_TIME).date()
        monday += timedelta(days=7 - monday.weekday())
        board = await self.send("GET", f"/api/v1/schedule?from={monday}&until={monday + timedelta(days=21)}")
        taken = {card["starts_at"][:10] for card in board["cards"]}
        self.on = next(
            date.fromisoformat(day["on"])
            for day in board["days"]
            if day["kind"] == "workday" and day["on"] not in taken
        )
        self.rooms = tuple(row for row in board["rows"] if row["kind"] == "room")
        self.people = tuple(row for row in board["rows"] if row["kind"] == "person")

    def at(self, clock: str) -> datetime:
        """Return an hour of that day."""
        return datetime.combine(self.on, time.fromisoformat(clock), OFFICE_TIME)

    async def has(self, clock: str, *, room: int = 0, person: int = 3, approved: bool = True) -> str:
        """Have an appointment there already; return it."""
        body = {
            "room": self.rooms[room]["id"].partition(":")[2],
            "official": self.people[person]["id"].partition(":")[2],
            "starts_at": self.at(clock).isoformat(),
            "minutes": 60,
        }
        made = str((await self.send("POST", "/api/v1/appointments", body))["id"])
        await self.send("POST", f"/api/v1/appointments/{made}/request")
        if approved:
            await self.send("POST", f"/api/v1/appointments/{made}/approve")
        return made

    async def opens(self, more: str = "") -> None:
        """Open the week of that day and wait for the grid."""
        await self.window.open(f"/schedule?week={self.week}{more}")
        await expect(self.by("schedule-board")).to_have_attribute("data-ready", "true")

    def card(self, appointment: str) -> Locator:
        """Return a card in its first row, its room's."""
        return self.window.page.locator(f'[data-testid="schedule-card"][data-card="{appointment}"]').first

    async def drags(self, appointment: str, *, half_hours: int) -> None:
        """Take a card and put it down some half hours later, in the same row."""
        card = self.card(appointment)
        await card.scroll_into_view_if_needed()
        box = await card.bounding_box()
        assert box is not None
        x, y, mouse = box["x"] + 20, box["y"] + box["height"] / 2, self.window.page.mouse
        await mouse.move(x, y)
        await mouse.down()
        await mouse.move(x + half_hours * HALF_HOUR_PX / 2, y, steps=4)
        await mouse.move(x + half_hours * HALF_HOUR_PX, y, steps=4)
        await mouse.up()

    async def begins_at(self, appointment: str, clock: str) -> None:
        """Wait until a card stands at an hour."""
        moment = self.at(clock).astimezone(UTC)
        await expect(self.card(appointment)).to_have_attribute(
            "data-starts-at", f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        )


async def planner(stage: Stage, user: str = "office1", **window: Any) -> Planner:
    """Sign somebody in at the schedule."""
    opened = await stage.chromium.window(stage.program.origin, f"{user}-schedule", **window)
    someone = Planner(opened)
    await someone.sign_in(user, "/schedule")
    await someone.look_ahead()
    return someone


async def test_a_card_is_dragged_saved_seen_by_others_and_put_back(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        office = await planner(stage)
        made = await office.has("09:00")
        await office.opens()

        await office.drags(made, half_hours=2)
        await expect(office.by("schedule-moved")).to_be_visible()
        await office.begins_at(made, "10:00")

        # A colleague sees it where it is now
        colleague = await planner(stage, "duty1")
        colleague.on = office.on
        await colleague.opens()
        await colleague.begins_at(made, "10:00")

        await office.by("schedule-undo").click()
        await office.begins_at(made, "09:00")
        await expect(office.by("schedule-told")).to_be_visible()

        # The other page hears of it by itself when it is looked at again
        await colleague.window.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
        await colleague.begins_at(made, "09:00")


async def test_a_drop_on_a_taken_hour_is_refused_and_another_one_taken(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        office = await planner(stage)
        first = await office.has("09:00")
        await office.has("10:30", person=4)
        office.window.tolerate(r"status of 409")
        await office.opens()

        await office.drags(first, half_hours=3)

        await expect(office.by("schedule-refused")).to_be_visible()
        await expect(office.by("schedule-alternative")).to_have_count(3)
        await office.begins_at(first, "09:00")
        chosen = office.by("schedule-alternative").first
        moment = await chosen.get_attribute("data-starts-at") or ""
        await chosen.click()
        await expect(office.by("schedule-moved")).to_be_visible()
        await office.begins_at(first, f"{datetime.fromisoformat(moment).astimezone(OFFICE_TIME):%H:%M}")


async def test_the_whole_way_of_an_appointment_needs_no_script(stage_with: SetStage) -> None:
    async with stage_with() as stage, plain_browser(stage) as browser:
        helper = await planner(stage, "duty1")

        # The township asks (对上约)
        township = await planner_without_script(stage, browser, "township1", helper)
        await township.window.open(f"/schedule?week={township.week}")
        await township.by("schedule-book").click()
        await township.by("book-starts").fill(f"{township.on}T14:00")
        await township.by("book-room").select_option(index=1)
        await township.by("book-official").select_option(helper.people[3]["id"].partition(":")[2])
        await township.by("book-submit").click()
        await expect(township.by("appointment-state")).to_have_attribute("data-state", "held")
        await township.by("appointment-request").click()
        await expect(township.by("appointment-state")).to_have_attribute("data-state", "requested")
        await expect(township.by("appointment-approve")).to_have_count(0)
        appointment = township.window.page.url.partition("appointment=")[2].partition("&")[0]

        # The county does not agree, and says why from the list (对下接)
        office = await planner_without_script(stage, browser, "office1", helper)
        await office.window.open(f"/schedule?week={office.week}")
        await office.window.page.locator(f'[data-appointment="{appointment}"] a').click()
        await office.by("open-reject").click()
        await office.by("reject-reason").select_option("township_first")
        await office.by("appointment-reject").click()
        await expect(office.by("appointment-state")).to_have_attribute("data-state", "rejected")

        await township.window.page.reload()
        await expect(township.by("appointment-state")).to_have_attribute("data-state", "rejected")


@asynccontextmanager
async def plain_browser(stage: Stage) -> AsyncIterator[Browser]:
    """Run a browser of its own."""
    browser = await stage.chromium.launch()
    try:
        yield browser
    finally:
        await browser.close()


async def planner_without_script(stage: Stage, browser: Browser, user: str, helper: Planner) -> Planner:
    """Sign somebody in with a window that runs no script."""
    context = await browser.new_context(java_script_enabled=False, locale="zh-CN")
    window = await stage.chromium.adopt(context, stage.program.origin, f"{user}-plain")
    plain = Planner(window, helper.on, helper.rooms, helper.people)
    await plain.sign_in(user, "/account")
    return plain


async def test_a_request_is_opened_beside_the_board_and_refused_with_a_reason(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        office = await planner(stage)
        made = await office.has("09:00", approved=False)
        await office.opens()

        card = office.card(made)
        await card.focus()
        await office.window.page.keyboard.press("Enter")
        await expect(office.by("schedule-panel")).to_have_attribute("data-kind", "appointment")
        await office.by("open-reject").click()
        await office.by("reject-reason").select_option("other_unit")
        await office.by("appointment-reject").click()

        await expect(office.by("schedule-told")).to_be_visible()
        await expect(office.card(made)).to_have_count(0)


async def test_a_township_sees_its_own_rooms_and_of_others_that_they_are_taken(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        office = await planner(stage)
        own, foreign = await office.has("09:00", room=0), await office.has("09:00", room=1, person=4)
        township = await planner(stage, "township1")
        township.on = office.on
        await township.opens()

        await expect(township.card(own)).to_be_visible()
        await expect(township.card(foreign)).to_have_count(0)
        occupied = township.window.page.locator('[data-testid="schedule-card"][data-state="occupied"]')
        await expect(occupied).not_to_have_count(0)
        assert foreign not in await township.window.page.content()


async def test_axe_finds_nothing_serious_at_the_schedule(stage_with: SetStage) -> None:
    axe = Axe([])
    async with stage_with() as stage:
        office = await planner(stage, bypass_csp=True)
        made = await office.has("09:00", approved=False)
        for view in ("", "&view=day", "&view=list"):
            await office.window.open(f"/schedule?week={office.week}{view}")
            if view != "&view=list":
                await expect(office.by("schedule-board")).to_have_attribute("data-ready", "true")
            await axe.looks_at(office.window, f"schedule {view}")
        for panel in (f"appointment={made}", "form=book", "form=block", "form=reallocate"):
            await office.window.open(f"/schedule?week={office.week}&{panel}")
            await axe.looks_at(office.window, f"schedule {panel}")
        room = office.rooms[0]["id"].partition(":")[2]
        await office.window.open(f"/schedule/day-sheet/{room}?date={office.on}")
        await axe.looks_at(office.window, "day sheet")
    assert axe.found == []


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_schedule_fits_every_screen_it_is_made_for(stage_with: SetStage, lang: str) -> None:
    async with stage_with() as stage:
        office = await planner(stage)
        await a_full_day(office)
        if lang == "en":
            await office.by("language").click()
            await expect(office.window.page.locator("html")).to_have_attribute("lang", "en")
        await office.opens()
        await pictures(office.window, f"schedule-week-{lang}", "schedule-book", "schedule-week")
        await office.opens(f"&view=day&day={office.on}")
        await pictures(office.window, f"schedule-day-{lang}", "schedule-book", "schedule-week")
        await office.opens("&form=book")
        await pictures(office.window, f"schedule-book-{lang}", "schedule-week")
        room = office.rooms[0]["id"].partition(":")[2]
        await office.window.open(f"/schedule/day-sheet/{room}?date={office.on}")
        await pictures(office.window, f"day-sheet-{lang}", "sheet-print")


async def a_full_day(office: Planner) -> None:
    """Have several rooms, states and a blocked room on one day."""
    for number in range(6):
        await office.has(("09:00", "10:30", "14:00")[number % 3], room=number, person=3 + number)
        await office.has("15:30", room=number, person=3 + number, approved=number % 2 == 0)
    block = {
        "room": office.rooms[7]["id"].partition(":")[2],
        "starts_at": office.at("08:30").isoformat(),
        "ends_at": office.at("12:00").isoformat(),
        "reason": "repair",
    }
    await office.send("POST", "/api/v1/room-blocks", block)


async def test_a_day_sheet_is_one_page_of_paper(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        office = await planner(stage)
        await a_full_day(office)
        room = office.rooms[0]["id"].partition(":")[2]
        await office.window.open(f"/schedule/day-sheet/{room}?date={office.on}")
        await expect(office.by("sheet-line")).to_have_count(2)

        printed = await office.window.page.pdf(prefer_css_page_size=True, print_background=False)

        assert pages_of(printed) == 1
        SHOTS.mkdir(parents=True, exist_ok=True)
        (SHOTS / "day-sheet.pdf").write_bytes(printed)


def pages_of(document: bytes) -> int:
    """Count the pages that a PDF says it has."""
    return document.count(b"/Type /Page\n") + document.count(b"/Type /Page ")


def test_pages_of_paper_are_counted() -> None:
    assert pages_of(b"<< /Type /Pages /Count 2 >> << /Type /Page\n>> << /Type /Page /Parent 1 >>") == 2
