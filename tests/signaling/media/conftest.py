"""Fixtures of the media tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from signaling.media.plane import RelayPlane
from tests.signaling.media.rig import RelayProcess, relay_plane, relay_process

# How long one example takes says more about what else the machine does than about the code.
settings.register_profile("media", deadline=None)
settings.load_profile("media")


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[RelayProcess]:
    async with relay_process(tmp_path) as process:
        yield process


@pytest.fixture
async def plane(relay: RelayProcess) -> AsyncIterator[RelayPlane]:
    async with relay_plane(relay) as client:
        yield client
