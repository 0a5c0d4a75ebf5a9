"""Somebody without an account comes into the call by a one-time link, on a telephone."""

import re

from playwright.async_api import expect

from tests.browser.conftest import SetStage
from tests.support.actors import CALL_S, Matter, OneTimeLink, seen_and_heard
from tests.support.chromium import REFUSED

GRIEVANCE = Matter(kind="grievance")


async def test_an_interpreter_comes_by_a_link_on_a_telephone_and_stays_after_a_reload(
    stage_with: SetStage,
) -> None:
    async with stage_with() as stage:
        terminal, host, phone = await stage.terminal(), await stage.desk(), await stage.phone()
        await terminal.come_direct(GRIEVANCE)
        visit = await host.accept()
        await host.is_connected()

        link = await host.makes_link("interpreter", "手语翻译")
        await expect(host.by("guest-qr")).to_have_attribute("src", re.compile("^data:image/svg"))
        await phone.opens(link)
        await phone.is_("code")
        assert "#" not in phone.window.page.url  # where somebody may read it over a shoulder
        await phone.types_code(link.code)
        await phone.is_("name")
        await phone.by("join-name").fill("陈晓语")
        await phone.by("join-submit").click()
        await phone.is_("lobby")
        await expect(phone.by("peer-tile")).to_have_count(0)

        # The host reads who waits, and lets them in with one press.
        toast = host.by("asked-toast")
        await expect(toast).to_contain_text("陈晓语", timeout=CALL_S * 1000)
        await host.window.page.keyboard.press("Escape")
        await toast.get_by_test_id("guest-admit").click()
        await phone.is_("admitted")
        await phone.is_connected(slots={0, 1})
        for actor in (host, terminal):
            await seen_and_heard(actor.window, slots={0, 1})
        tile = terminal.window.page.locator('[data-testid="peer-tile"][data-role="interpreter"]')
        await expect(tile).to_have_attribute("data-name", "手语翻译")

        # The bound browser finds its way back by itself.
        await phone.window.page.reload()
        await phone.is_connected(slots={0, 1})

        await host.finish()
        await phone.is_("over")
        (row,) = stage.program.query(
            "SELECT role, joined_at, left_at FROM attendance WHERE visit_id = ?", visit
        )
        assert row["role"] == "interpreter"
        assert row["joined_at"]
        assert row["left_at"]


async def test_a_link_is_good_once_in_one_browser_and_for_a_while(stage_with: SetStage) -> None:
    async with stage_with(guest_link_min=0.2) as stage:
        terminal, host = await stage.terminal(), await stage.desk()
        first, other, late = await stage.phone("first"), await stage.phone("other"), await stage.phone("late")
        await terminal.come_direct(GRIEVANCE)
        await host.accept()
        await host.is_connected()

        link = await host.makes_link("expert", "水利专家")
        await first.opens(link)
        await first.is_("code")

        # Another browser has the same link, and is refused in plain words.
        other.window.tolerate(REFUSED)
        await other.opens(link)
        await other.is_("over")
        await expect(other.window.page.locator("[data-over]")).to_contain_text("只能用一次")

        # Late: the host's own countdown says so, and the link does, too.
        await host.window.page.keyboard.press("Escape")
        unused = await host.makes_link("expert", "水利专家")
        await expect(host.by("guest-expiry")).to_have_attribute("data-state", "expired", timeout=20_000)
        late.window.tolerate(REFUSED)
        await late.opens(unused)
        await late.is_("over")
        await expect(late.window.page.locator("[data-over]")).to_contain_text("已经过期")

        # Half a link says that it is half a link.
        half = await stage.phone("half")
        half.window.tolerate(REFUSED)
        await half.opens(OneTimeLink(unused.path[:-4], unused.code))
        await half.is_("over")
        await expect(half.window.page.locator("[data-over]")).to_contain_text("不完整")
        await host.window.page.keyboard.press("Escape")
        await host.finish()


async def test_five_wrong_codes_end_a_link_and_a_revoked_one_opens_nothing(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        terminal, host, phone = await stage.terminal(), await stage.desk(), await stage.phone()
        await terminal.come_direct(GRIEVANCE)
        await host.accept()
        await host.is_connected()
        link = await host.makes_link("other", "家属")
        wrong = f"{(int(link.code) + 1) % 1_000_000:06d}"
        phone.window.tolerate(REFUSED)

        await phone.opens(link)
        await phone.is_("code")
        for _ in range(4):
            await phone.types_code(wrong)
            await expect(phone.by("join-failure")).to_be_visible()
        await phone.types_code(wrong)
        await phone.is_("over")
        await expect(phone.window.page.locator("[data-over]")).to_contain_text("五次")

        await host.window.page.keyboard.press("Escape")
        revoked = await host.makes_link("other", "家属")
        await host.by("guest-revoke").click()
        await expect(host.by("guest-code")).to_be_hidden()
        await phone.opens(revoked)
        await phone.is_("over")
        await expect(phone.window.page.locator("[data-over]")).to_contain_text("收回")
        await host.window.page.keyboard.press("Escape")
        await host.finish()
