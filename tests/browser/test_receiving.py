"""Other ways into a call: straight to the county, with a third person, and when nobody answers."""

from playwright.async_api import expect

from tests.browser.conftest import SetStage
from tests.support.actors import Matter, seen_and_heard
from tests.support.oracle import violations
from tests.support.scripted import scripted_terminal


async def test_who_goes_straight_to_the_county_skips_the_township_and_its_officer_leaves(
    stage_with: SetStage,
) -> None:
    async with stage_with() as stage:
        terminal, desk = await stage.terminal(), await stage.desk()

        await terminal.start_visit(direct=True)
        await terminal.register(None, Matter(kind="report"))

        # The township is not asked for an answer, but has to be gone.
        await expect(terminal.by("township-answer")).to_have_count(0)
        await terminal.declare("visitor_only")
        await terminal.by("raise-to-county").click()
        error = terminal.window.page.locator('[data-field="declaration.officer_left"] .field-error')
        await expect(error).to_be_visible()
        await terminal.by("officer-left").check()
        await terminal.raise_to_county()

        visit = await desk.accept()
        await desk.is_connected()
        await expect(desk.window.page.locator(".panel-head .badge")).to_have_text("直接向县里反映")
        assert await desk.finish() == await terminal.receipt()
        (row,) = stage.program.query("SELECT officer_left FROM declaration WHERE visit_id = ?", visit)
        assert row["officer_left"] == 1
        assert stage.program.query("SELECT 1 FROM township_answer WHERE visit_id = ?", visit) == []
        assert violations(stage.program.database) == []


async def test_a_colleague_on_duty_joins_the_call_and_everybody_sees_everybody(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        terminal = await stage.terminal()
        host, colleague = await stage.desk("duty1"), await stage.desk("duty2")
        await terminal.come_direct()
        visit = await host.accept()
        await host.is_connected()

        await host.invites_somebody()
        await colleague.by("invitation-join").click()

        await colleague.is_connected(slots={0, 1})
        for actor in (host, terminal):
            await seen_and_heard(actor.window, slots={0, 1})
            await expect(actor.by("peer-tile")).to_have_count(2)

        # A guest leaves alone; the host and the visitor go on.
        await colleague.by("leave-call").click()
        await expect(
            host.window.page.locator('[data-testid="peer-tile"][data-present="true"]')
        ).to_have_count(1)
        await seen_and_heard(host.window)
        await host.finish()
        people = stage.program.query("SELECT seat FROM participant WHERE visit_id = ?", visit)
        assert len(people) == 3
        assert violations(stage.program.database) == []


async def test_a_visit_that_nobody_answers_gets_a_dated_promise_and_stays_first(stage_with: SetStage) -> None:
    async with stage_with(ring_s=2, sweep_s=0.2) as stage:
        terminal, desk = await stage.terminal(), await stage.desk("duty1")
        await terminal.come_direct()
        visit = await desk.hears_ring()

        # Nobody answers: the bell stops, and the visitor is told who will call back, and by when.
        await expect(desk.by("incoming-ring")).to_have_count(0)
        promise = terminal.by("callback-promise")
        await expect(promise).to_be_visible()
        (row,) = stage.program.query(
            "SELECT person.post FROM promise JOIN person ON person.id = owner_id WHERE visit_id = ?", visit
        )
        await expect(promise).to_contain_text(row["post"])

        # Somebody who comes later does not overtake.
        async with scripted_terminal(
            stage.program.origin, await stage.program.enrolment_code("QH02")
        ) as later:
            await later.come_direct()
            await expect(desk.by("queue-row")).to_have_count(2)
            first = desk.by("queue-row").first
            await expect(first).to_have_attribute("data-visit", visit)
            await expect(first).to_have_attribute("data-state", "promised")

            # Whoever goes on duty afterwards can take it.
            late = await stage.desk("duty2")
            line = late.window.page.locator(f'[data-testid="queue-row"][data-visit="{visit}"]')
            await line.get_by_test_id("queue-accept").click()
            await late.is_connected()
            await terminal.is_connected()
            await late.finish()
            await later.call(f"/visits/{later.visit}/cancel", {})
        kept = stage.program.query("SELECT kept_at FROM promise WHERE visit_id = ?", visit)
        assert [one["kept_at"] is not None for one in kept] == [True]
        assert violations(stage.program.database) == []


async def test_reloading_and_a_second_tab_duplicate_nobody(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        terminal, desk = await stage.terminal(), await stage.desk()
        await terminal.come_direct()
        visit = await desk.accept()
        await desk.is_connected()

        # Given that both sides reload in the middle of the call
        await terminal.window.page.reload()
        await terminal.is_connected()
        await desk.window.page.reload()
        await desk.is_connected()
        await terminal.is_connected()

        # And the officer opens the desk once more
        second = await desk.window.context.new_page()
        await second.goto(f"{stage.program.origin}/desk")
        await expect(desk.by("desk-closed")).to_be_visible()
        desk.window.page = second
        await desk.is_connected()
        await terminal.is_connected()

        # Then there are still two people, and the record knows the gaps
        for actor in (terminal, desk):
            await expect(actor.by("peer-tile")).to_have_count(1)
        assert len(stage.program.query("SELECT 1 FROM participant WHERE visit_id = ?", visit)) == 2
        kinds = [
            row["kind"]
            for row in stage.program.query("SELECT kind FROM visit_event WHERE visit_id = ?", visit)
        ]
        assert kinds.count("answered") == 1
        assert kinds.count("live") == 1
        assert kinds.count("left") >= 2
        await desk.finish()
        assert violations(stage.program.database) == []


async def test_the_robot_calls_and_is_received_by_one_person_alone(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        desk = await stage.desk()

        await desk.by("robot-start").click()

        await expect(desk.by("incoming-ring")).to_be_visible(timeout=30_000)
        await desk.accept()
        before = await desk.is_connected()
        after = await seen_and_heard(desk.window)
        assert after.slots[0].width > 0
        assert after.slots[0].frames > before.slots[0].frames
        receipt = await desk.finish()
        assert receipt.startswith("JF")
        assert violations(stage.program.database) == []


async def test_a_call_is_received_with_the_keyboard_alone(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        desk = await stage.desk()
        keyboard = desk.window.page.keyboard

        async def tab_to(testid: str) -> None:
            for _ in range(80):
                focused = await desk.window.page.evaluate(
                    "() => document.activeElement?.dataset.testid ?? ''"
                )
                if focused == testid:
                    return
                await keyboard.press("Tab")
            raise AssertionError(f"{testid} cannot be reached with Tab")

        async with scripted_terminal(
            stage.program.origin, await stage.program.enrolment_code("QH01")
        ) as visitor:
            visit = await visitor.come_direct()
            await desk.hears_ring()
            await keyboard.press("a")
            await expect(desk.by("end-visit")).to_be_visible()
            await tab_to("end-visit")
            await keyboard.press("Enter")
            await expect(desk.by("outcome-submit")).to_be_visible()
            await expect(desk.by("outcome-code")).to_be_focused()
            await keyboard.press("ArrowDown")
            for testid in ("outcome-asked", "outcome-answer", "outcome-next"):
                await tab_to(testid)
                await keyboard.insert_text("键盘也能填写。")
            await tab_to("outcome-submit")
            await keyboard.press("Enter")
            await expect(desk.by("outcome-saved")).to_be_visible()
        (row,) = stage.program.query("SELECT state FROM visit WHERE id = ?", visit)
        assert row["state"] == "outcome_logged"
        assert violations(stage.program.database) == []
