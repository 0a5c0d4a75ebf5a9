"""A visitor comes three times: the second pulls director and leader in, the third reaches the top."""

from datetime import date, datetime, timedelta

import pytest
from playwright.async_api import expect

from reception.domain.roles import Role
from reception.services.work import OFFICE_TIME
from tests.browser.conftest import SHOTS, SetStage
from tests.support.actors import Desk, Ledger, Matter, Outcome, Terminal, Visitor
from tests.support.chromium import REFUSED
from tests.support.stage import Stage

SOON_MS = 40_000  # seven windows on a machine that does other things as well
FIRST = Matter(summary="村东水渠去年秋天塌了一段，报了三次没有人来修。")
AGAIN = Matter(summary="水渠还没有修，和去年秋天塌的时候一样。")
MISHEARD = Visitor(name="鲁燕田")
SAID = "承办的人只打过一次电话。"
MINUTES = "听取承办科室汇报，现场看过水渠。"


async def comes(terminal: Terminal, visitor: Visitor, matter: Matter) -> None:
    """Come to the room, hear the township, ask for the county."""
    await terminal.start_visit()
    await terminal.register(visitor, matter)
    await terminal.township_answers("镇水利站已经知道。", "没有说什么时候来修。")
    await terminal.declare()
    await terminal.raise_to_county()


async def answered(desk: Desk, terminal: Terminal) -> str:
    """Take the call; return the visit."""
    visit = await desk.accept()
    await desk.is_connected()
    await terminal.is_connected()
    return visit


async def leaves(terminal: Terminal) -> None:
    """Read the receipt and make room for the next one."""
    await terminal.receipt()
    await terminal.by("finish-visit").click()
    await terminal.is_idle()


def today() -> date:
    return datetime.now(OFFICE_TIME).date()


def case_of(stage: Stage, visit: str) -> str:
    sql = "SELECT number FROM case_file JOIN visit ON visit.case_id = case_file.id WHERE visit.id = ?"
    (row,) = stage.program.query(sql, visit)
    return str(row["number"])


async def assigns(office: Ledger, case: str) -> None:
    """Give a case to the second supervision section and its director."""
    await office.open_case(case)
    await office.by("assign-section").select_option(label="第二监督检查室")
    await office.by("assign-owner").select_option(index=1)
    await office.by("assign-submit").click()
    await expect(office.by("case-assignment")).not_to_have_attribute("data-section", "")


async def confirms(desk: Desk, count: int) -> None:
    """Look at what was found, before answering, and say that it is the same matter."""
    await desk.hears_ring()
    await expect(desk.by("repeat-banner")).to_have_attribute("data-state", "proposed", timeout=SOON_MS)
    await desk.by("repeat-look").click()
    await expect(desk.by("evidence").first).to_be_visible()
    await desk.by("repeat-confirm").first.click()
    banner = desk.by("repeat-banner")
    await expect(banner).to_have_attribute("data-state", "confirmed", timeout=SOON_MS)
    await expect(banner.locator(".repeat-card").first).to_have_attribute("data-count", str(count))


@pytest.mark.timeout(300)  # seven windows, three calls
async def test_a_visitor_who_comes_three_times_climbs_the_ladder(stage_with: SetStage) -> None:
    async with stage_with(countdown_s=0) as stage:
        terminal, desk = await stage.terminal(), await stage.desk("duty1")
        desk.window.tolerate(REFUSED)  # an outcome that is refused is what this is about
        due_on = today() + timedelta(days=20)

        # The first time: an answer with an owner and a date, and the case goes to a section.
        await comes(terminal, Visitor(), FIRST)
        first = await answered(desk, terminal)
        await desk.finish(Outcome(code="accepted_in_scope", due_on=due_on.isoformat()))
        await leaves(terminal)
        case = case_of(stage, first)
        office = await stage.ledger("office1")
        await assigns(office, case)

        # The second time, under a name that was misheard: the last answer is there before the call is.
        director, leader = await stage.new_desk("director1"), await stage.new_desk("leader1")
        await comes(terminal, MISHEARD, AGAIN)
        await confirms(desk, 2)
        await expect(desk.by("last-answer").first).to_contain_text(Outcome().answer)
        await desk.window.page.screenshot(path=SHOTS / "repeat-before-accepting.png")
        second = await answered(desk, terminal)
        await pulled_in(desk, director, leader)
        await asked_alone(desk, director)
        await desk.finish()
        await leaves(terminal)
        assert met(stage, second) == "attended"

        # The third time nobody comes: the outcome waits for a reason, the main leader has a report to hear.
        await comes(terminal, MISHEARD, AGAIN)
        await confirms(desk, 3)
        third = await answered(desk, terminal)
        await desk.end_visit()
        await not_closed_without_a_reason(desk)
        assert met(stage, third) == "excused"
        await leaves(terminal)
        await heard(stage, case)

        await office.open_case(case)
        await expect(office.by("visit-on-matter")).to_have_count(3)


async def pulled_in(desk: Desk, director: Desk, leader: Desk) -> None:
    """Ring those whom the rung asks for, one press each."""
    await desk.by("tab-handling").click()
    for role, officer in ((Role.SECTION_DIRECTOR, director), (Role.BRANCH_LEADER, leader)):
        person = desk.window.page.locator(f'[data-testid="ladder-person"][data-role="{role}"]')
        await person.get_by_test_id("ladder-ring").click(timeout=SOON_MS)
        await officer.by("invitation-join").click(timeout=SOON_MS)
        await expect(person).to_have_attribute("data-state", "came", timeout=SOON_MS)
    await desk.window.page.screenshot(path=SHOTS / "repeat-director-and-leader.png")


async def asked_alone(desk: Desk, director: Desk) -> None:
    """Ask about the handling while the handlers are out; the director's page does not know of it."""
    question = desk.by("handling-question")
    await expect(question).to_have_attribute("data-state", "in_the_way")
    await desk.by("handling-alone").click()
    await expect(question).to_have_attribute("data-state", "open", timeout=SOON_MS)
    for name, reply in (("contacted", "partly"), ("explained", "no"), ("satisfied", "partly")):
        await desk.by(f"handling-{name}-{reply}").check()
    await desk.by("handling-words").fill(SAID)
    await desk.window.page.screenshot(path=SHOTS / "repeat-asked-alone.png")
    await desk.by("handling-submit").click()
    await expect(question).to_have_attribute("data-state", "asked", timeout=SOON_MS)
    await desk.by("handling-alone").click()
    await director.by("tab-handling").click()
    await expect(director.by("ladder-step")).to_be_visible()
    await expect(director.by("handling-question")).to_have_count(0)
    said = await transcript(director)
    assert '"rung"' in said
    assert SAID not in said
    assert "handling" not in said


async def not_closed_without_a_reason(desk: Desk) -> None:
    """Try to save the outcome, be shown what is missing, write why nobody came, and save it."""
    await desk.fill_outcome(Outcome())
    await desk.by("outcome-submit").click()
    await expect(desk.by("outcome-failure")).to_be_visible()
    await expect(desk.by("excuse-form")).to_be_visible()
    await desk.window.page.screenshot(path=SHOTS / "repeat-not-closed.png")
    await desk.by("excuse-kind").select_option("excused")
    await desk.by("excuse-reason").select_option("other_reception")
    await desk.by("excuse-submit").click()
    await expect(desk.by("ladder-step")).to_have_attribute("data-met", "true", timeout=SOON_MS)
    await desk.by("outcome-submit").click()
    await expect(desk.by("outcome-saved")).to_be_visible()


async def heard(stage: Stage, case: str) -> None:
    """Find the hearing on the desk, keep its minutes, order haste."""
    principal = await stage.new_desk("principal1")
    row = principal.by("hearing-row").filter(has_text=case)
    await expect(row).to_be_visible()
    await principal.window.page.screenshot(path=SHOTS / "repeat-hearing-list.png")
    await row.get_by_role("link").click()
    await principal.by("hearing-minutes").fill(MINUTES)
    await principal.by("hearing-order").fill("十日内修好并当面答复。")
    await principal.by("hearing-due").fill((today() + timedelta(days=10)).isoformat())
    await principal.window.page.screenshot(path=SHOTS / "repeat-hearing.png", full_page=True)
    await principal.by("hearing-submit").click()
    await expect(principal.by("order-due")).to_be_visible()
    await expect(principal.by("hearing")).to_have_attribute("data-state", "heard")


def met(stage: Stage, visit: str) -> str:
    (row,) = stage.program.query("SELECT met FROM repeat_link WHERE visit_id = ?", visit)
    return str(row["met"])


async def transcript(desk: Desk) -> str:
    """Ask as this officer's page for everything that the API says of the link."""
    said: str = await desk.window.page.evaluate(
        """async () => {
            const visit = document.querySelector("case-panel")?.dataset.visit ?? "none";
            const answers = await Promise.all(
                ["/repeats", ""].map(async (end) => (await fetch(`/api/v1/visits/${visit}${end}`)).text()),
            );
            return answers.join("\\n");
        }"""
    )
    return said
