"""A terminal is one browser on one machine: a copied disk or a revoked device gets nowhere."""

import shutil
from pathlib import Path

from playwright.async_api import expect

from tests.browser.conftest import SetStage
from tests.support.actors import Terminal
from tests.support.chromium import REFUSED

WITHIN_MS = 5000


async def test_a_copied_browser_profile_is_no_terminal(stage_with: SetStage, tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    async with stage_with() as stage:
        origin = stage.program.origin
        terminal = Terminal(await stage.chromium.profile_window(origin, "original", original))
        await terminal.enrol(await stage.program.enrolment_code("QH01"))
        # Chromium's lock names the machine; a thief who copies a disk leaves it out.
        shutil.copytree(original, copy, ignore=shutil.ignore_patterns("Singleton*"))

        # While the true terminal runs, its copy is refused.
        thief = Terminal(await stage.chromium.profile_window(origin, "copy", copy))
        thief.window.tolerate(REFUSED)
        await thief.window.open("/terminal")
        refused = thief.by("device-refused")
        await expect(refused).to_be_visible(timeout=WITHIN_MS)
        await expect(refused).to_have_attribute("data-code", "device_in_use")

        # Once the true terminal has gone on, the copy is known for what it is, even when the other is off.
        for _ in range(2):
            await terminal.window.page.reload()
            await terminal.is_idle()
        await terminal.window.page.goto("about:blank")
        await thief.window.page.reload()
        await expect(refused).to_have_attribute("data-code", "device_cloned", timeout=WITHIN_MS)

        # And the true one still is the terminal of its room.
        await terminal.window.open("/terminal")
        await terminal.is_idle()


async def test_a_revoked_device_is_refused_where_it_stands(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        terminal, admin = await stage.terminal("QH01"), await stage.admin()
        terminal.window.tolerate(REFUSED)

        await admin.revoke_device("QH01")

        refused = terminal.by("device-refused")
        await expect(refused).to_be_visible(timeout=WITHIN_MS)
        await expect(refused).to_have_attribute("data-code", "device_revoked")
        await terminal.window.page.reload()
        await expect(refused).to_have_attribute("data-code", "device_revoked", timeout=WITHIN_MS)
