"""The host asks a post into the call, and whoever holds it at this moment is rung: nobody else."""

from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

from tests.browser.conftest import SetStage
from tests.support.actors import CALL_S, Desk, Liaison, Matter, Staff, seen_and_heard
from tests.support.chromium import REFUSED
from tests.support.stage import Stage

WAIT_MS = CALL_S * 1000
GRIEVANCE = Matter(kind="grievance", summary="村东水渠去年秋天塌了一段。")
CALL_API = "([path, body]) => import('/static/js/lib/api.js').then(({api}) => api('POST', path, body))"


async def send(who: Staff, path: str, body: dict[str, object]) -> None:
    """Do by the API what has a page of its own elsewhere."""
    await who.window.page.evaluate(CALL_API, [path, body])


def person(stage: Stage, user: str) -> str:
    (row,) = stage.program.query("SELECT id FROM person WHERE username = ?", user)
    return str(row["id"])


async def choose_department(host: Desk, name: str) -> None:
    await host.invites("department_liaison")
    await host.by("invite-unit").select_option(label=name)


async def test_through_leave_and_acting_the_right_browser_rings_and_comes_on_hold(
    stage_with: SetStage,
) -> None:
    async with stage_with() as stage:
        office = await stage.ledger("office1")
        away, deputy = person(stage, "liaison-land"), person(stage, "liaison-agriculture")
        now = datetime.now(UTC)
        times = {
            "starts_at": (now - timedelta(hours=1)).isoformat(),
            "ends_at": (now + timedelta(hours=8)).isoformat(),
        }
        await send(office, "/api/v1/rosters/leaves", {"person": away, **times})
        await send(office, "/api/v1/rosters/actings", {"person": away, "deputy": deputy, **times})
        on_leave, acting = await stage.liaison("liaison-land"), await stage.liaison("liaison-agriculture")
        terminal, host = await stage.terminal(), await stage.desk()
        await terminal.come_direct(GRIEVANCE)
        visit = await host.accept()
        await host.is_connected()

        # The dialog says who that is right now, and why.
        await choose_department(host, "自然资源局")
        choice = host.by("invite-person").first
        await expect(choice).to_have_attribute("data-person", deputy)
        await expect(choice).to_contain_text("代石砚平")
        await host.by("invite-send").click()

        # The deputy's browser rings, with an alias and the kind of matter; the other one is silent.
        await acting.is_rung()
        brief = acting.by("liaison-brief")
        await expect(brief).to_contain_text("来访人 A-")
        await expect(brief).not_to_contain_text(GRIEVANCE.summary)
        await on_leave.is_not_rung()
        await acting.by("liaison-accept").click()

        # They wait: nobody sees or hears them, and they see and hear nobody.
        await expect(acting.by("liaison-held")).to_be_visible(timeout=WAIT_MS)
        toast = host.by("asked-toast")
        await expect(toast).to_have_attribute("data-state", "held", timeout=WAIT_MS)
        await shown_on_hold(acting)
        await toast.get_by_test_id("held-admit").click()
        await expect(acting.by("liaison-held")).to_be_hidden(timeout=WAIT_MS)
        await acting.is_connected(slots={0, 1})
        await seen_and_heard(terminal.window, slots={0, 1})

        await acting.by("leave-call").click()
        await host.finish()
        (row,) = stage.program.query(
            "SELECT person_id, instead_of, joined_at, left_at FROM attendance WHERE visit_id = ?", visit
        )
        assert (row["person_id"], row["instead_of"]) == (deputy, "石砚平")
        assert row["joined_at"]
        assert row["left_at"]


async def shown_on_hold(liaison: Liaison) -> None:
    """See that no picture of anybody moves while one is on hold."""
    media = await liaison.window.media()
    assert all(slot.frames == 0 for slot in media.slots.values()), media


async def test_who_declines_is_passed_over_and_the_office_writes_down_why(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        liaison, terminal, host = (
            await stage.liaison("liaison-agriculture"),
            await stage.terminal(),
            await stage.desk(),
        )
        await terminal.come_direct(GRIEVANCE)
        visit = await host.accept()
        await host.is_connected()
        chosen = person(stage, "liaison-agriculture")

        await choose_department(host, "农业农村局")
        await host.window.page.locator(f'[data-testid="invite-person"][data-person="{chosen}"]').click()
        await host.by("invite-summary").check()
        await host.by("invite-send").click()
        await liaison.is_rung()
        await expect(liaison.by("liaison-brief")).to_contain_text(GRIEVANCE.summary)
        await liaison.by("liaison-decline").click()
        await liaison.is_not_rung()

        # One press asks the next of the chain; here there is none, and that is said in words.
        toast = host.by("asked-toast")
        await expect(toast).to_have_attribute("data-state", "declined", timeout=WAIT_MS)
        host.window.tolerate(REFUSED)
        await toast.get_by_test_id("invite-next").click()
        await expect(host.by("asked-failure")).to_contain_text("请改请其他岗位", timeout=WAIT_MS)
        await host.finish()

        office = await stage.ledger("office1")
        await office.window.open("/attendance")
        unit = office.window.page.locator('[data-testid="attendance-unit"][data-unit="农业农村局"]')
        declined = unit.locator('[data-presence="declined"]').first
        await declined.locator("select").select_option("other_duty")
        await declined.get_by_role("button").click()
        await expect(unit.locator('[data-presence="declined"]').first).to_contain_text("另有公务")
        (row,) = stage.program.query("SELECT absence FROM attendance WHERE visit_id = ?", visit)
        assert row["absence"] == "other_duty"
