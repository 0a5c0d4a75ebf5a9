"""What every story stands on: one seeded county, one playwright, a program and windows of its own."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.chromium import Chromium, chromium_for_session
from tests.support.program import seeded_data
from tests.support.stage import Stage, set_stage

HERE = Path(__file__).parent
SHOTS = HERE / "shots"

SetStage = Callable[..., AbstractAsyncContextManager[Stage]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Playwright lives on one event loop, so do all stories."""
    for item in items:
        if not item.path.is_relative_to(HERE):
            continue
        item.add_marker(pytest.mark.browser)
        if item.get_closest_marker("asyncio"):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def county() -> Iterator[Path]:
    """A data directory with the demo county."""
    with seeded_data() as data:
        yield data


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def chromium() -> AsyncIterator[Chromium]:
    """Playwright and the browsers, started when the first window needs them."""
    async with chromium_for_session() as chromium:
        yield chromium


@pytest.fixture
def stage_with(chromium: Chromium, county: Path, request: pytest.FixtureRequest) -> SetStage:
    """Run the program with settings of the story's own: `async with stage_with(ring_s=2) as stage`."""
    failed = SHOTS / "failed" / re.sub(r"\W+", "-", request.node.name).strip("-")

    def run(**settings: object) -> AbstractAsyncContextManager[Stage]:
        named = {"countdown_s": 1, **settings}
        return set_stage(chromium, county, {name: str(value) for name, value in named.items()}, failed=failed)

    return run
