"""A page of an older build reloads by itself: when nobody is there, and never in a visit."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Playwright, expect

from tests.support import program as support
from tests.support.actors import Terminal
from tests.support.chromium import EXECUTABLE, KIOSK_ARGUMENTS, Window
from tests.support.program import Program, new_home

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "__pycache__", "tests", ".mypy_cache", "docs"
)
JUMP_MS = 20_000  # longer than the page waits for somebody to touch it
BUILD_WITHIN_MS = 30_000


@pytest_asyncio.fixture(loop_scope="session")
async def served_from_a_copy(
    county: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Program]:
    """The program out of a tree of its own, in which a file that pages load can change."""
    tree = tmp_path / "tree"
    shutil.copytree(support.ROOT, tree, ignore=LEFT_OUT)
    monkeypatch.setattr(support, "ROOT", tree)
    async with support.running_program(county) as program:
        yield program


async def new_build(program: Program) -> None:
    """Put another version in place, as an update does."""
    await program.stop()
    with (support.ROOT / "static" / "css" / "tokens.css").open("a") as css:
        css.write("\n/* a newer version */\n")
    await program.start()


async def passes(page: Page, times: int) -> None:
    """Let the page's clock jump, each time further than its pauses."""
    for _ in range(times):
        await page.clock.fast_forward(JUMP_MS)
        await expect(page.get_by_test_id("link-state")).to_have_attribute(
            "data-state", "open", timeout=BUILD_WITHIN_MS
        )


async def test_a_new_build_waits_for_the_end_of_the_visit(
    playwright: Playwright, served_from_a_copy: Program
) -> None:
    program, home = served_from_a_copy, new_home()
    context = await playwright.chromium.launch_persistent_context(
        home, executable_path=EXECUTABLE, args=list(KIOSK_ARGUMENTS), locale="zh-CN"
    )
    try:
        page = context.pages[0]
        await page.clock.install()
        terminal = Terminal(Window("terminal", program.origin, context, page))
        await terminal.enrol(await program.enrolment_code("QH01"))
        await terminal.come_direct()
        await page.evaluate("globalThis.isOldPage = true")

        await new_build(program)
        await expect(terminal.by("link-state")).to_have_attribute(
            "data-state", "open", timeout=BUILD_WITHIN_MS
        )
        await passes(page, 3)
        assert await page.evaluate("globalThis.isOldPage") is True

        # The same reason, once the visit is over
        await terminal.by("cancel-wait").click()
        await terminal.by("ask-yes").click()
        await terminal.by("finish-visit").click()
        await expect(terminal.by("terminal-idle")).to_be_visible()
        await page.clock.fast_forward(JUMP_MS)
        await page.clock.fast_forward(JUMP_MS)
        await page.wait_for_function("globalThis.isOldPage === undefined", timeout=BUILD_WITHIN_MS)
        await terminal.is_idle()
    finally:
        await context.close()
        shutil.rmtree(home, ignore_errors=True)
