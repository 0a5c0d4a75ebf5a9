"""One world per test, closed and searched for forgotten tasks afterwards."""

from collections.abc import AsyncIterator

import pytest

from tests.signaling.peers import World, a_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as running:
        yield running
