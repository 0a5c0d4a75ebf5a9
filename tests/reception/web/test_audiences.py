"""Every route with every kind of principal: who is not in the audience does not get in."""

from collections.abc import Iterator

import pytest
from aiohttp import web

from reception.domain.roles import Role
from reception.web.audience import PUBLIC, Audience, Route
from reception.web.routes import API, ROUTE_TABLE
from tests.support.clients import Client, House

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGNED_OUT = "signed_out"
PRINCIPALS = (SIGNED_OUT, *(role.value for role in Role))
PLACES = {"visit": "unknown", "number": "XF2026-99999", "device": "unknown", "place": "unknown"}
PLACES |= {"person": "unknown", "login": "unknown", "guest": "unknown", "attendance": "unknown"}
PLACES |= {"unit": "unknown", "token": "unknown"}
PLACES |= {"link": "unknown", "hearing": "unknown"}
PLACES |= {"rotation": "unknown", "swap": "unknown", "leave": "unknown"}
PLACES |= {"change": "unknown", "form": "unknown"}
PLACES |= {"accused": "unknown", "recusal": "unknown"}
PLACES |= {"appointment": "unknown", "block": "unknown"}
PLACES |= {"deed": "unknown", "room": "unknown"}


def cells() -> Iterator[object]:
    for route in ROUTE_TABLE:
        for principal in PRINCIPALS:
            yield pytest.param(route, principal, id=f"{route.name}-{principal}")


async def client_of(house: House, principal: str) -> Client:
    """Return a client of its own for a cell: some routes end the session that they are asked with."""
    if principal == SIGNED_OUT:
        return house.stranger()
    if principal == Role.TERMINAL:
        return await house.terminal()
    if principal == Role.GUEST:
        return await house.lobby()
    return await house.officer(Role(principal))


def expected(audience: Audience, principal: str) -> str:
    """Say what the table promises: `in`, `forbidden` or `sign in first`."""
    if audience.is_public:
        return "in"
    if principal == SIGNED_OUT:
        return "sign in first"
    if (principal == Role.GUEST) != (Role.GUEST in audience.roles):
        return "sign in first"  # a guest's cookie is nobody's elsewhere, and nobody else's counts in its path
    return "in" if Role(principal) in audience.roles else "forbidden"


@pytest.mark.parametrize(("route", "principal"), list(cells()))
async def test_a_route_lets_in_its_audience_and_nobody_else(
    shared_house: House, route: Route, principal: str
) -> None:
    client = await client_of(shared_house, principal)
    path = route.path.format(**PLACES)

    if route.method == "GET":
        reply = await client.get(path)
    elif route in API:
        reply = await client.send(route.method, path, json_body={})
    else:
        reply = await client.submit(path)

    found = {401: "sign in first", 403: "forbidden"}.get(reply.status, "in")
    if reply.status == 302 and reply.headers["Location"].startswith("/login?next="):
        found = "sign in first"
    if route.name == "sign_in" and reply.status == 401:
        found = "in"  # the form answers: name or password is wrong
    assert found == expected(route.audience, principal), reply.status
    assert reply.status < 500, reply.text


async def test_the_application_answers_on_the_routes_of_the_table_and_static_files_alone(
    shared_house: House,
) -> None:
    routes = shared_house.app.router.routes()

    served = {(route.method, route.resource.canonical) for route in routes if route.resource}

    pages = {(method, path) for method, path in served if not path.startswith("/static/")}
    assert pages == {(route.method, route.path) for route in ROUTE_TABLE}
    assert {method for method, _ in served - pages} == {"GET", "HEAD"}
    assert len({route.name for route in ROUTE_TABLE}) == len(ROUTE_TABLE)


async def test_a_route_without_an_audience_can_not_be_written() -> None:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response()

    with pytest.raises(TypeError, match="audience"):
        Route("GET", "/open", handler, name="open")  # type: ignore[call-arg]


@pytest.mark.parametrize("principal", PRINCIPALS)
async def test_an_unknown_route_is_not_found_by_anybody(shared_house: House, principal: str) -> None:
    client = await client_of(shared_house, principal)

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        for path in ("/api/v1/nothing", "/nothing", "/api/v1/visits/a/b/c"):
            reply = await client.send(method, path)
            assert reply.status == 404, (method, path)


async def test_a_route_takes_its_own_method_only(shared_house: House) -> None:
    officer = await shared_house.officer()

    assert (await officer.send("DELETE", "/api/v1/desk")).code == "method_not_allowed"
    assert (await officer.send("DELETE", "/desk")).status == 405


async def test_roles_are_read_anew_with_every_request(shared_house: House) -> None:
    officer = await shared_house.officer(Role.PETITION_OFFICE)
    security = await shared_house.officer(Role.SECURITY_ADMIN)
    assert (await officer.get("/api/v1/desk")).status == 200

    await security.submit(
        f"/admin/people/{officer.actor.person}/roles", role="petition_office", action="revoke"
    )

    assert (await officer.get("/api/v1/desk")).status == 401


async def test_a_bearer_that_nobody_issued_opens_nothing(shared_house: House) -> None:
    client = shared_house.stranger()

    for value in ("Terminal ", "Terminal x", "Bearer x", "Terminal  x", "terminal x"):
        reply = await client.get("/api/v1/terminal", headers={"Authorization": value})
        assert reply.code == "signed_out", value


async def test_a_cookie_does_not_lend_a_terminal_an_officers_rights(shared_house: House) -> None:
    terminal, officer = await shared_house.terminal(), await shared_house.officer()

    reply = await terminal.get("/api/v1/desk", headers={"Cookie": officer.headers["Cookie"]})

    assert reply.code == "not_allowed"


@pytest.mark.asyncio(loop_scope="function")
async def test_a_session_runs_out_by_rest_and_in_any_case(house: House) -> None:
    officer = await house.officer()
    house.county.clock.advance(minutes=59)
    assert (await officer.get("/api/v1/desk")).status == 200
    house.county.clock.advance(minutes=61)
    assert (await officer.get("/api/v1/desk")).status == 401

    busy = await house.officer()
    for _ in range(12):
        house.county.clock.advance(minutes=50)
        last = await busy.get("/api/v1/desk")
    assert last.status == 401, "ten hours are over, however busy they were"


async def test_a_public_audience_admits_everybody() -> None:
    assert PUBLIC.admits([])
    assert all(PUBLIC.admits([role]) for role in Role)
