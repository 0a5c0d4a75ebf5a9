"""How the screens look and read: nothing serious for axe, nothing out of view, and pictures to look at."""

from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import SHOTS, SetStage
from tests.support.actors import Desk, Ledger, Matter, Staff, Terminal, Visitor
from tests.support.chromium import HALL, LAPTOP, Window
from tests.support.program import ROOT

AXE = ROOT / "static/node_modules/axe-core/axe.min.js"


@dataclass(slots=True)
class Axe:
    """Looks at every screen as somebody who cannot see it would."""

    found: list[str]

    async def looks_at(self, window: Window, screen: str) -> None:
        """Collect the serious and critical findings of what is shown now."""
        page = window.page
        if not await page.evaluate("() => 'axe' in globalThis"):
            await page.add_script_tag(path=AXE)
        report: dict[str, Any] = await page.evaluate(
            "() => axe.run(document, {resultTypes: ['violations'], iframes: false})"
        )
        for violation in report["violations"]:
            if violation["impact"] in {"serious", "critical"}:
                where = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
                self.found.append(f"{screen}: {violation['id']} ({violation['help']}): {where}")


async def test_axe_finds_nothing_serious_on_any_screen(stage_with: SetStage) -> None:
    axe = Axe([])
    async with stage_with(countdown_s=0) as stage:
        chromium, origin = stage.chromium, stage.program.origin
        terminal = Terminal(await chromium.window(origin, "terminal", kiosk=True, size=HALL, bypass_csp=True))
        desk = Desk(await chromium.window(origin, "duty1", bypass_csp=True))
        code = await stage.program.enrolment_code("QH01")

        # Given an axe that finds what is wrong
        await desk.window.open("/desk")
        await desk.window.page.evaluate("() => document.querySelector('label[for=user]').remove()")
        await axe.looks_at(desk.window, "login without a label")
        assert [finding.split(" (")[0] for finding in axe.found] == ["login without a label: label"]
        axe.found.clear()

        # When it looks at every screen
        await desk.window.open("/desk")
        await axe.looks_at(desk.window, "login")
        await desk.sign_in("duty1", "/desk")
        await axe.looks_at(desk.window, "desk off duty")
        await desk.go_on_duty()
        await axe.looks_at(desk.window, "desk idle")

        await terminal.window.open("/terminal")
        await axe.looks_at(terminal.window, "terminal enrolment")
        await terminal.enrol(code)
        await axe.looks_at(terminal.window, "terminal idle")
        await terminal.by("start-visit").click()
        await axe.looks_at(terminal.window, "terminal choice")
        await terminal.by("township-first").click()
        await terminal.by("registration-next").click()
        await axe.looks_at(terminal.window, "terminal visitor, with errors")
        await terminal.fill_visitor(Visitor())
        await terminal.by("registration-next").click()
        await axe.looks_at(terminal.window, "terminal matters")
        await terminal.register_matters(Matter(), Matter(kind="suggestion"))
        await expect(terminal.by("township-answer")).to_be_visible()
        await axe.looks_at(terminal.window, "terminal township answer")
        await terminal.township_answers("镇里已经答复。", "还是没有修。")
        await axe.looks_at(terminal.window, "terminal declaration")
        await terminal.declare()
        await terminal.raise_to_county()
        await axe.looks_at(terminal.window, "terminal waiting")

        await desk.hears_ring()
        await axe.looks_at(desk.window, "desk ringing")
        await desk.accept()
        await desk.is_connected()
        await terminal.is_connected()
        await axe.looks_at(desk.window, "desk in call")
        await axe.looks_at(terminal.window, "terminal in call")
        await desk.end_visit()
        await axe.looks_at(desk.window, "desk outcome form")
        await axe.looks_at(terminal.window, "terminal recording")
        receipt = await desk.save_outcome()
        await terminal.receipt()
        await axe.looks_at(terminal.window, "terminal receipt")

        (row,) = stage.program.query(
            "SELECT number FROM case_file JOIN visit ON visit.case_id = case_file.id"
            " JOIN outcome ON outcome.visit_id = visit.id WHERE receipt = ?",
            receipt,
        )
        await desk.window.open("/cases")
        await axe.looks_at(desk.window, "cases")
        await Ledger(desk.window).open_case(row["number"])
        await axe.looks_at(desk.window, "case")
        await desk.by("unseal-open").click()
        await axe.looks_at(desk.window, "case unseal")
        await desk.window.context.clear_cookies()
        await Staff(desk.window).sign_in("sysadmin", "/admin")
        await axe.looks_at(desk.window, "admin")
    assert axe.found == []


async def fits(window: Window, *testids: str) -> None:
    """Nothing is cut off at the side, and what must be at hand is in view without scrolling."""
    width = await window.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, f"{window.name} is {width} px too wide"
    for testid in testids:
        await expect(window.by(testid)).to_be_in_viewport(ratio=1)


async def shoot(window: Window, name: str) -> None:
    """Take a picture for people to look at."""
    await window.page.evaluate("() => document.fonts.ready")
    await window.page.screenshot(path=SHOTS / f"{name}.png")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_call_fits_every_screen_it_is_made_for(stage_with: SetStage, lang: str) -> None:
    async with stage_with(countdown_s=0) as stage:
        terminal, desk = await stage.terminal(), await stage.desk()
        actors: tuple[Terminal | Desk, ...] = (terminal, desk)
        if lang == "en":
            for actor in actors:
                await actor.by("language").click()
                await expect(actor.window.page.locator("html")).to_have_attribute("lang", "en")
        await terminal.is_idle()
        await pictures(terminal.window, f"terminal-idle-{lang}", "start-visit")
        await pictures(desk.window, f"desk-idle-{lang}")

        await terminal.start_visit()
        await terminal.fill_visitor(Visitor())
        await pictures(terminal.window, f"terminal-visitor-{lang}", "registration-next")
        await terminal.by("registration-next").click()
        await terminal.register_matters()
        await terminal.township_answers("镇里已经报给水利站，等排期。", "等了一年，没有一个准日子。")
        await terminal.declare("visitor_only", "township_officer")
        await pictures(terminal.window, f"terminal-declaration-{lang}", "raise-to-county")
        await terminal.raise_to_county()
        await pictures(terminal.window, f"terminal-waiting-{lang}", "queue-position")
        await desk.hears_ring()
        await pictures(desk.window, f"desk-ringing-{lang}", "accept-call", "decline-call")

        await desk.accept()
        await desk.is_connected()
        await terminal.is_connected()
        await desk.type_in_chat("请把报修的日子告诉我。")
        await pictures(terminal.window, f"terminal-call-{lang}", "chat-open", "mute-toggle", "end-here")
        await pictures(desk.window, f"desk-call-{lang}", "end-visit", "mute-toggle", "invite-open")
        await desk.end_visit()
        await pictures(desk.window, f"desk-outcome-{lang}", "outcome-code")
        await desk.save_outcome()
        await terminal.receipt()
        await pictures(terminal.window, f"terminal-receipt-{lang}", "receipt-number", "finish-visit")


async def pictures(window: Window, name: str, *testids: str) -> None:
    """Look at a screen in both sizes that it is made for."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    for width, height in (HALL, LAPTOP):
        await window.page.set_viewport_size({"width": width, "height": height})
        await shoot(window, f"{name}-{width}x{height}")
        await fits(window, *testids)
