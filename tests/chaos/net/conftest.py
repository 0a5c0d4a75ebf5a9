"""What every test of the network stands on: a seeded county, one playwright, speech for the microphones."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Playwright

from tests.chaos.net.speech import write_speech
from tests.chaos.net.stage import patient_playwright
from tests.support.program import seeded_data

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Playwright lives on one event loop, so does everything that drives a browser."""
    for item in items:
        if item.path.is_relative_to(HERE) and item.get_closest_marker("asyncio"):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def county() -> Iterator[Path]:
    """A data directory with the demo county."""
    with seeded_data() as data:
        yield data


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def playwright_driver() -> AsyncIterator[Playwright]:
    """Playwright; browsers are started behind the lines."""
    async with patient_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the microphones hear."""
    return write_speech(tmp_path_factory.mktemp("speech") / "speech.wav")
