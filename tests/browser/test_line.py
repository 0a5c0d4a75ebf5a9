"""The line is cut under a page: it says so, loses nothing, comes back; and a second tab takes over."""

from playwright.async_api import Locator, expect

from tests.browser.conftest import SetStage
from tests.support.actors import Desk, Terminal
from tests.support.cable import Cable
from tests.support.stage import Stage

SAID_MS = 5000
BACK_MS = 20_000


async def in_call(stage: Stage) -> tuple[Terminal, Desk, Cable]:
    """A call with the cable in the desk's line."""
    cable, terminal = Cable(), await stage.terminal()
    desk = await stage.desk()
    await cable.put_between(desk.window)
    await desk.window.page.reload()
    await desk.is_("ready")
    await terminal.come_direct()
    await desk.accept()
    await desk.is_connected()
    await terminal.is_connected()
    return terminal, desk, cable


def lines(actor: Desk | Terminal, text: str) -> Locator:
    """Lines of the conversation with this text."""
    return actor.window.page.locator(".chat-line", has_text=text)


async def test_a_cut_line_is_said_calmly_and_nothing_is_lost(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        terminal, desk, cable = await in_call(stage)
        banner = desk.by("line-lost")

        # When the desk's line is cut, the banner counts, and what is typed waits
        await cable.cut()
        await expect(banner).to_be_visible(timeout=SAID_MS)
        await expect(banner).to_contain_text("0:0")
        await desk.type_in_chat("写于断线时")
        await terminal.type_in_chat("说于对方断线时")

        # And when it is whole again, a press brings it back at once, and every line stands once on both sides
        cable.mend()
        await desk.by("line-retry").click()
        await expect(banner).to_be_hidden(timeout=SAID_MS)
        for actor in (desk, terminal):
            for text in ("写于断线时", "说于对方断线时"):
                await expect(lines(actor, text)).to_have_count(1, timeout=BACK_MS)
        kept = stage.program.query(
            "SELECT 1 FROM chat_line JOIN visit ON visit.id = visit_id"
            " WHERE visited_on = (SELECT max(visited_on) FROM visit)"
        )
        assert len(kept) == 2
        await desk.is_connected()
        await terminal.is_connected()
        await desk.finish()


async def test_a_second_tab_takes_over_and_the_old_one_falls_silent(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        terminal, desk = await stage.terminal(), await stage.desk()
        await terminal.come_direct()
        await desk.accept()
        await desk.is_connected()
        old = desk.window.page

        second = await desk.window.context.new_page()
        await second.goto(f"{stage.program.origin}/desk")
        await expect(desk.by("desk-closed")).to_be_visible()
        media = await desk.window.media()
        assert media.state in ("closed", "none")
        sent = media.frames_sent
        desk.window.page = second
        await desk.is_connected()

        # The old tab may ask for its place back; then the newer one is the one that is closed
        desk.window.page = old
        assert (await desk.window.media()).frames_sent == sent
        await desk.by("take-back").click()
        await expect(desk.by("desk-closed")).to_be_hidden()
        await desk.is_connected()
        await expect(second.get_by_test_id("desk-closed")).to_be_visible()
        await terminal.is_connected()
        await expect(terminal.by("peer-tile")).to_have_count(1)
        await desk.finish()
