"""The relay sends nothing to an address that an offer names (threat T07)."""

import asyncio
import json
import os
import sys

import pytest


async def heard(answerer: str) -> dict[str, int]:
    """What the canaries of a network of its own have heard."""
    own = ["--net"] if os.geteuid() == 0 else ["--net", "--map-root-user"]
    process = await asyncio.create_subprocess_exec(
        *("unshare", *own, sys.executable, "-m", "tests.signaling.media.canaries", answerer),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    found: dict[str, int] = json.loads(said)
    return found


async def test_no_address_of_an_offer_hears_anything_from_the_relay() -> None:
    assert await heard("relay") == {}


async def test_a_stock_peer_is_heard_by_the_same_canaries() -> None:
    found = await heard("naive")

    assert sum(found.values()) > 0
    assert any(not name.startswith(("127.", "::1")) for name in found)


@pytest.mark.parametrize("answerer", ["nobody"])
async def test_a_run_that_fails_is_not_taken_for_silence(answerer: str) -> None:
    with pytest.raises(AssertionError):
        await heard(answerer)
