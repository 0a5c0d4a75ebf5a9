"""An appointment that goes past the township is as unknown to it as one that never was: byte for byte."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest
from sqlalchemy import select

from reception.domain.roles import Role
from reception.services.work import Work
from reception.store.tables import VisitRow
from reception.web.audience import Route
from reception.web.routes import API, ROUTE_TABLE
from scheduling.domain.appointments import AppointmentState
from tests.support.appointed import Appointed
from tests.support.clients import House, OfficerClient, Reply
from tests.support.factories import NOW

UNKNOWN = "A" * 22
DEEDS = ("request", "approve", "reject", "move", "cancel", "arrive", "no_show", "done")
FORM = {
    "starts": "2026-03-02T15:00",
    "version": "1",
    "side": "citizen",
    "reason": "unreachable",
}
BODIES: Mapping[str, Mapping[str, object]] = {
    "reject_appointment": {"reason": "other_unit"},
    "move_appointment": {"starts_at": "2026-03-02T07:00:00Z", "version": 1},
    "cancel_appointment": {"reason": "citizen_asked"},
    "confirm_no_show": {"side": "citizen", "reason": "unreachable"},
}
# Names the request, not what was found.
UNLIKE = frozenset({"date", "x-request-id"})

Answers = dict[str, tuple[int, list[tuple[str, str]], str]]


def requests() -> Iterator[tuple[Route | None, str]]:
    """Every request that names an appointment, from the table of routes, and the panel beside the board."""
    yield None, "/schedule?appointment={appointment}"
    for route in ROUTE_TABLE:
        if "{appointment}" in route.path:
            for deed in DEEDS if "{deed}" in route.path else ("",):
                yield route, route.path.replace("{deed}", deed)


async def answers(client: OfficerClient, appointment: str) -> Answers:
    """Send all of them, whole and empty; return what came back, with the guessed id masked."""
    found: Answers = {}
    for route, pattern in requests():
        path = pattern.format(appointment=appointment)
        if route is None:
            found[pattern] = _plain(await client.get(path), appointment)
        elif route in API:
            found[pattern] = _plain(await client.post(path, BODIES.get(route.name, {})), appointment)
        else:
            found[pattern] = _plain(await client.submit(path, **FORM), appointment)
            found[f"{pattern} (empty)"] = _plain(await client.submit(path), appointment)
    return found


def _plain(reply: Reply, guess: str) -> tuple[int, list[tuple[str, str]], str]:
    heads = sorted(
        (name, value.replace(guess, UNKNOWN))
        for name, value in reply.headers.items()
        if name.lower() not in UNLIKE
    )
    body = reply.text.replace(guess, UNKNOWN).replace(reply.headers["X-Request-Id"], "<request>")
    return reply.status, heads, body


async def appointed(house: House, state: AppointmentState, *, direct: bool) -> Appointed:
    """Return an appointment on the case of a visit that went past the township, or through it."""
    visit = await house.county.visit(direct=direct)
    one = await Appointed.at(house.county, NOW)

    async def case_of(work: Work) -> str | None:
        return await work.session.scalar(select(VisitRow.case_id).where(VisitRow.id == visit.id))

    hold = NOW + timedelta(minutes=5) if state is AppointmentState.HELD else None
    await one.change(case_id=await house.county.read(case_of), state=state, hold_until=hold)
    return one


STATES = ("held", "requested", "approved", "arrived", "done")


@pytest.mark.parametrize("state", STATES)
async def test_a_direct_appointment_answers_its_township_like_an_unknown_one(
    house: House, state: str
) -> None:
    township = await house.officer(Role.TOWNSHIP_OFFICER)
    hidden = await appointed(house, AppointmentState(state), direct=True)

    told = await answers(township, hidden.id)

    assert told == await answers(township, UNKNOWN)
    assert (await hidden.row()).state == state


@pytest.mark.parametrize("state", STATES)
async def test_the_comparison_finds_an_appointment_that_does_exist_for_the_township(
    house: House, state: str
) -> None:
    township = await house.officer(Role.TOWNSHIP_OFFICER)
    shown = await appointed(house, AppointmentState(state), direct=False)

    told, unknown = await answers(township, shown.id), await answers(township, UNKNOWN)

    unlike = {pattern for pattern in told if told[pattern] != unknown[pattern]}
    assert "/schedule?appointment={appointment}" in unlike
    assert "/api/v1/appointments/{appointment}/cancel" in unlike


async def test_the_county_still_acts_on_a_direct_appointment(house: House) -> None:
    office = await house.officer(Role.PETITION_OFFICE)
    hidden = await appointed(house, AppointmentState.REQUESTED, direct=True)

    reply = await office.post(f"/api/v1/appointments/{hidden.id}/approve")

    assert (reply.status, reply.json["state"]) == (200, "approved")
