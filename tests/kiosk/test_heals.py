"""A terminal heals from what kills its browser, and shows nothing but its page, with what is shipped.

`KIOSK_ROUNDS=10` kills renderer and browser ten times each; one round is the usual.
"""

import asyncio
import contextlib
import os
import signal
import time

import psutil
import pytest
from playwright.async_api import Error, Page

from tests.kiosk.conftest import Kiosk
from tests.support.program import Program

ROUNDS = int(os.environ.get("KIOSK_ROUNDS", "1"))
BACK_S = 20.0
HANGING_BACK_S = 75.0  # 45 s of silence, an orderly end, a start
# With one kill a round, and a start on a machine that does other things.
pytestmark = pytest.mark.timeout(120 + 60 * ROUNDS)


def kill(*processes: psutil.Process) -> float:
    """Kill as a crash does; return when."""
    for process in processes:
        process.send_signal(signal.SIGKILL)
    return time.monotonic()


async def test_a_terminal_is_idle_again_after_every_crash_and_shows_nothing_else(
    kiosk: Kiosk, program: Program
) -> None:
    await kiosk.enrol(await program.enrolment_code("QH01"))
    took: dict[str, list[float]] = {"renderer": [], "browser": []}

    for _ in range(ROUNDS):
        for what, seconds in took.items():
            await kiosk.let_go()
            browser = kiosk.browser_process()
            assert browser is not None
            killed_at = kill(*(kiosk.renderers() if what == "renderer" else [browser]))
            await kiosk.is_idle(within_s=BACK_S)
            seconds.append(time.monotonic() - killed_at)

    print({what: [round(one, 1) for one in seconds] for what, seconds in took.items()})  # noqa: T201 - figures
    assert max(took["renderer"] + took["browser"]) < BACK_S
    assert kiosk.log.count("reason=renderer_gone") == ROUNDS
    assert kiosk.log.count("reason=browser_gone") == ROUNDS
    await _shows_nothing_else(kiosk, program)


async def shown_at(page: Page, address: str, *wanted: str) -> str:
    """Try to go somewhere and return what stands in the page afterwards.

    Args:
        wanted: beginnings of an end of the waiting; a refusal is a second navigation, to the error page.
    """
    with contextlib.suppress(Error):  # how a refusal looks to the tool differs from scheme to scheme
        await page.goto(address, timeout=5000)
    shown, deadline = "", time.monotonic() + 10
    while not shown.startswith(wanted) and time.monotonic() < deadline:
        with contextlib.suppress(Error):
            shown = await page.evaluate("`${location.href} ${document.body?.innerText ?? ''}`")
        await asyncio.sleep(0.1)
    return shown


async def _shows_nothing_else(kiosk: Kiosk, program: Program) -> None:
    page = await kiosk.page()
    allowed = ("chrome-error:", f"{program.origin}/terminal ")
    for address in (
        "file:///etc/passwd",
        f"view-source:{program.origin}/terminal",
        "https://reception.county.example/",
        "chrome://settings",
        "chrome://version",
        "data:text/html,hello",
        "javascript:document.body.replaceChildren('reached')",
    ):
        shown = await shown_at(page, address, *allowed)
        assert shown.startswith(allowed), shown
        assert not any(sign in shown for sign in ("root:", "<!doctype", "hello", "reached")), shown
    await page.goto(f"{program.origin}/terminal")
    await kiosk.is_idle(within_s=BACK_S)

    # Camera and microphone without a question, and nothing else.
    page = await kiosk.page()
    states = await page.evaluate(
        """async () => Object.fromEntries(await Promise.all(
             ["camera", "microphone", "notifications", "geolocation"].map(
               async (name) => [name, (await navigator.permissions.query({name})).state])))"""
    )
    assert states == {
        "camera": "granted",
        "microphone": "granted",
        "notifications": "denied",
        "geolocation": "denied",
    }


async def test_without_the_policies_another_page_would_be_shown(bare_kiosk: Kiosk) -> None:
    page = await bare_kiosk.page()

    assert "root:" in await shown_at(page, "file:///etc/passwd", "file:")


@pytest.mark.long
async def test_a_page_that_hangs_is_started_anew(kiosk: Kiosk, program: Program) -> None:
    await kiosk.enrol(await program.enrolment_code("QH02"))
    await kiosk.let_go()

    for process in kiosk.renderers():
        process.send_signal(signal.SIGSTOP)

    await kiosk.is_idle(within_s=HANGING_BACK_S)
    assert kiosk.log.count("reason=page_silent") == 1
