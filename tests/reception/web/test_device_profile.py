"""A terminal's devices are kept on the server: its own only, bounded, and found again after a replacement."""

from typing import Any

import pytest

from tests.support.clients import House
from tests.support.factories import FrozenClock

PATH = "/api/v1/terminal/device-profile"
CAMERA = {"label": "Hall camera (1234:5678)", "group": "g1"}
SPEAKER = {"label": "Hall loudspeaker", "group": ""}
NOTHING = {"camera": None, "microphone": None, "speaker": None}


async def test_a_new_terminal_has_chosen_nothing(house: House) -> None:
    terminal = await house.terminal()

    assert (await terminal.get(PATH)).json == NOTHING


async def test_what_was_chosen_last_is_kept(house: House) -> None:
    terminal = await house.terminal()

    await terminal.put(PATH, {"camera": CAMERA})
    kept = await terminal.put(PATH, {"camera": CAMERA, "speaker": SPEAKER})

    assert kept.status == 200
    assert (await terminal.get(PATH)).json == {**NOTHING, "camera": CAMERA, "speaker": SPEAKER}


async def test_a_terminal_that_replaces_another_in_its_room_begins_with_its_devices(
    house: House, clock: FrozenClock
) -> None:
    first = await house.terminal()
    await first.put(PATH, {"camera": CAMERA})
    clock.advance(hours=1)
    second = house.page_of(await house.county.terminal(room=first.enrolled.actor.place))

    assert (await second.get(PATH)).json == {**NOTHING, "camera": CAMERA}
    await second.put(PATH, {"speaker": SPEAKER})
    assert (await second.get(PATH)).json == {**NOTHING, "speaker": SPEAKER}
    assert (await first.get(PATH)).json == {**NOTHING, "camera": CAMERA}


async def test_a_terminal_elsewhere_sees_nothing_of_it(house: House) -> None:
    await (await house.terminal()).put(PATH, {"camera": CAMERA})

    assert (await (await house.terminal()).get(PATH)).json == NOTHING


async def test_an_officer_has_no_terminal_profile(house: House) -> None:
    officer = await house.officer()

    assert (await officer.get(PATH)).status == 403
    assert (await officer.put(PATH, NOTHING)).status == 403


@pytest.mark.parametrize(
    "body",
    [
        {"camera": {"label": "x" * 201, "group": ""}},  # longer than any label
        {"camera": {"label": "", "group": "g"}},  # a device without a name is none
        {"camera": {"label": "x", "group": "g" * 129}},
        {"camera": {"label": "x", "group": "g", "id": "1"}},  # a field that is not kept
        {"screen": {"label": "x", "group": "g"}},  # a kind that is not kept
        {"camera": "Hall camera"},
    ],
)
async def test_a_profile_is_bounded(house: House, body: dict[str, Any]) -> None:
    terminal = await house.terminal()

    assert 400 <= (await terminal.put(PATH, body)).status < 500
    assert (await terminal.get(PATH)).json == NOTHING
