"""A private part is the relay's, a lead goes over by consent, and who is put out stays out until let in."""

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import SHOTS, SetStage
from tests.support.actors import CALL_S, Desk, Liaison, Matter, Staff, Terminal, seen_and_heard
from tests.support.chromium import REFUSED
from tests.support.flow import DISOBEY, settled_flow
from tests.support.stage import Stage

pytestmark = pytest.mark.timeout(120)

WAIT_MS = CALL_S * 1000
FIRST, THIRD = 0, 1  # slots at the terminal and at the host: each other, then whoever comes
API = """async ([method, path, body]) => {
  const { api } = await import("/static/js/lib/api.js");
  return api(method, path, body).then(JSON.stringify, ({ code }) => code);
}"""


async def ask(who: Staff, method: str, path: str) -> str:
    """Ask by the API what no page offers; return the answer's text, or the code of the refusal."""
    body: dict[str, str] | None = {} if method == "POST" else None
    return str(await who.window.page.evaluate(API, [method, path, body]))


def person(stage: Stage, user: str) -> str:
    (row,) = stage.program.query("SELECT id FROM person WHERE username = ?", user)
    return str(row["id"])


def conducted(who: Staff, seat: str) -> Locator:
    """Find the row of somebody in the list of whoever conducts."""
    return who.window.page.locator(f'[data-testid="conduct-person"][data-seat="{seat}"]')


def lines(who: Staff | Terminal) -> Locator:
    """Find what was said in the typed talk, without names and times."""
    return who.window.page.locator(".chat-text")


async def shoot(name: str, **actors: Staff | Terminal) -> None:
    for who, actor in actors.items():
        await actor.window.page.screenshot(path=SHOTS / f"{name}-{who}.png")


async def in_call(stage: Stage) -> tuple[Terminal, Desk, str]:
    terminal, host = await stage.terminal(), await stage.desk()
    await terminal.come_direct(Matter(kind="grievance"))
    visit = await host.accept()
    await host.is_connected()
    return terminal, host, visit


async def colleague_comes(host: Desk, colleague: Desk) -> None:
    await host.by("invite-open").click()
    await host.by("invite-person").first.click()
    await host.by("invite-send").click()
    await colleague.by("invitation-join").click(timeout=WAIT_MS)
    await colleague.is_connected(slots={0, 1})


async def liaison_comes(stage: Stage, host: Desk, liaison: Liaison, user: str) -> None:
    await host.invites("department_liaison")
    await host.by("invite-unit").select_option(label="农业农村局")
    chosen = person(stage, user)
    await host.window.page.locator(f'[data-testid="invite-person"][data-person="{chosen}"]').click()
    await host.by("invite-send").click()
    await liaison.is_rung()
    await liaison.by("liaison-accept").click()
    await host.by("asked-toast").get_by_test_id("held-admit").click(timeout=WAIT_MS)
    await liaison.is_connected(slots={0, 1})


async def test_a_private_part_leaves_one_out_who_is_then_put_out_and_let_in_again(
    stage_with: SetStage,
) -> None:
    async with stage_with() as stage:
        colleague = await stage.desk("duty2")
        terminal, host, visit = await in_call(stage)
        await colleague_comes(host, colleague)
        await colleague.window.page.evaluate(DISOBEY)
        await colleague.by("chat-open").click()
        await terminal.type_in_chat("大家都看得到的话。")
        await expect(lines(colleague)).to_have_count(1)
        windows = (terminal.window, host.window, colleague.window)
        free = await settled_flow(*windows)
        assert all(one.received[slot] > 0 for one in free for slot in (0, 1)), free

        # Only the visitor and the host are in it: the third sends on, and nobody gets anything of that.
        await host.by("private-toggle").click()
        for pick in (0, 1):
            await host.by("private-pick").nth(pick).check()
        await shoot("private-choice", desk=host)
        await host.by("private-begin").click()
        await expect(terminal.by("call-state")).to_have_attribute("data-state", "private")
        await expect(colleague.by("call-state")).to_have_attribute("data-state", "held")
        at_terminal, at_host, outside = await settled_flow(*windows)
        assert outside.all_received == 0
        assert outside.sent > 0, "the page obeyed: this shows nothing of the relay"
        assert (at_terminal.received[THIRD], at_host.received[THIRD]) == (0, 0)
        assert min(at_terminal.received[FIRST], at_host.received[FIRST]) > 0

        # What is typed in it stays in it, also for a page that asks for what it missed.
        await terminal.type_in_chat("只对您说的话。")
        await host.by("chat-open").click()
        await expect(lines(host)).to_have_count(2)
        assert "只对您说的话" not in await ask(colleague, "GET", f"/api/v1/visits/{visit}/snapshot")
        await shoot("private", terminal=terminal, desk=host, outside=colleague)
        await host.by("private-toggle").click()
        await colleague.is_connected(slots={0, 1})
        await terminal.type_in_chat("又是大家的。")
        await expect(lines(colleague)).to_have_text(["大家都看得到的话。", "又是大家的。"])

        # Put out with a reason: no way leads back until the host allows it.
        colleague.window.tolerate(REFUSED)  # what its page asks for from now on is not found
        seat = f"p-{person(stage, 'duty2')}"
        row = conducted(host, seat)
        await row.get_by_test_id("remove-open").click()
        await row.get_by_test_id("remove-reason").select_option("not_needed")
        await row.get_by_test_id("remove-confirm").click()
        await expect(colleague.by("duty-state")).to_have_attribute("data-state", "ready", timeout=WAIT_MS)
        assert await ask(colleague, "POST", f"/api/v1/visits/{visit}/join") == "removed_from_call"
        put_out = host.by("put-out")
        await expect(put_out).to_have_attribute("data-seat", seat, timeout=WAIT_MS)
        await expect(put_out).to_contain_text("不再需要参加")
        await shoot("put-out", desk=host)
        await put_out.get_by_test_id("readmit").click()
        await expect(put_out).to_have_count(0, timeout=WAIT_MS)
        await colleague_comes(host, colleague)

        # The record says which of the lines was for the two alone.
        await host.finish()
        (case,) = stage.program.query(
            "SELECT number FROM case_file WHERE id = (SELECT case_id FROM visit WHERE id = ?)", visit
        )
        ledger = await stage.ledger("duty1")
        await ledger.open_case(str(case["number"]))
        told = ledger.window.page.locator(".chat-record li")
        await expect(told).to_have_count(3)
        await expect(told.filter(has=ledger.by("said-privately"))).to_have_count(1)
        await expect(told.filter(has=ledger.by("said-privately"))).to_contain_text("只对您说的话。")
        await told.first.scroll_into_view_if_needed()
        await shoot("said-privately", record=ledger)


async def test_a_liaison_takes_the_lead_and_ends_what_the_host_has_left(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        liaison = await stage.liaison("liaison-agriculture")
        terminal, host, visit = await in_call(stage)
        await liaison_comes(stage, host, liaison, "liaison-agriculture")
        chosen, owner = person(stage, "liaison-agriculture"), person(stage, "duty1")

        # A raised hand is seen; nobody leaves before the lead is taken.
        await expect(liaison.by("conduct-person")).to_have_count(0)
        await liaison.by("hand-toggle").click()
        await expect(host.by("raised-hands")).to_be_visible()
        await expect(host.by("lead-leave")).to_have_count(0)
        await expect(host.by("lead-hint")).to_contain_text("请交出主持")
        host.window.tolerate(REFUSED)
        assert await ask(host, "POST", f"/api/v1/visits/{visit}/leave") == "lead_not_taken"
        await conducted(host, f"p-{chosen}").get_by_test_id("lead-offer").click()
        await expect(host.by("lead-hint")).to_contain_text("等对方接手")
        await shoot("lead-offered", desk=host, liaison=liaison)
        await liaison.by("lead-take").click()

        # Whoever leads conducts: hold, and the lead back and forth; the way out is to end or to hand over.
        await expect(liaison.by("end-visit")).to_be_visible(timeout=WAIT_MS)
        await expect(liaison.by("leave-call")).to_be_hidden()
        await expect(host.by("raised-hands")).to_have_count(0, timeout=WAIT_MS)  # who leads has the floor
        visitor = liaison.by("conduct-person").filter(has_text="A-")
        await visitor.get_by_test_id("hold-toggle").click()
        await expect(terminal.by("stage-frame")).to_be_visible(timeout=WAIT_MS)
        await expect(terminal.by("call-state")).to_be_hidden()  # one sentence says it, not two
        await shoot("lead-held", terminal=terminal, liaison=liaison)
        await visitor.get_by_test_id("hold-toggle").click()
        await conducted(liaison, f"p-{owner}").get_by_test_id("lead-offer").click()
        await host.by("lead-take").click(timeout=WAIT_MS)
        await expect(liaison.by("leave-call")).to_be_visible(timeout=WAIT_MS)
        await expect(liaison.by("end-visit")).to_be_hidden()
        await conducted(host, f"p-{chosen}").get_by_test_id("lead-offer").click()
        await liaison.by("lead-take").click(timeout=WAIT_MS)

        # Now the host leaves, and the visitor goes on with the liaison.
        await host.by("lead-leave").click(timeout=WAIT_MS)
        await expect(host.by("duty-state")).to_have_attribute("data-state", "ready", timeout=WAIT_MS)
        await expect(host.by("desk-notice")).to_contain_text("结果仍由您登记")
        await expect(terminal.by("peer-tile")).to_have_count(1)
        await seen_and_heard(terminal.window, slots={THIRD})
        await expect(liaison.by("call-state")).to_have_attribute("data-state", "connected")
        await shoot("lead-alone", terminal=terminal, liaison=liaison, desk=host)

        # The liaison ends it; what became of it is for the officer who received it to write.
        await liaison.by("end-visit").click()
        await expect(host.by("outcome-submit")).to_be_visible(timeout=WAIT_MS)
        await expect(liaison.by("liaison-ring")).to_have_count(0)
        await shoot("lead-ended", liaison=liaison, desk=host)
        assert await host.save_outcome() == await terminal.receipt()
        (row,) = stage.program.query("SELECT state, outcome_owner_id FROM visit WHERE id = ?", visit)
        assert (row["state"], row["outcome_owner_id"]) == ("outcome_logged", owner)
