"""Another site's page can not act for somebody who is signed in."""

import pytest

from reception.domain.roles import Role
from reception.web.audience import GUEST_PATH, Audience, Route
from reception.web.requests import UNSAFE
from reception.web.routes import API, ROUTE_TABLE
from tests.reception.web.test_audiences import PLACES
from tests.support.clients import Client, House, Reply

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNSAFE_ROUTES = [route for route in ROUTE_TABLE if route.method in UNSAFE]

# What another site's page could make a browser send; the cookie is on it in every case.
FORGERIES: dict[str, dict[str, str]] = {
    "no_token": {"X-CSRF-Token": ""},
    "wrong_token": {"X-CSRF-Token": "x" * 43},
    "token_not_ascii": {"X-CSRF-Token": "é"},
    "foreign_origin": {"Origin": "https://evil.example"},
    "null_origin": {"Origin": "null"},
    "subdomain": {"Origin": "http://evil.127.0.0.1"},
    "other_scheme": {"Origin": "https://{host}"},
    "other_port": {"Origin": "http://127.0.0.1:1"},
    "suffix": {"Origin": "http://{host}.evil.example"},
    "cross_site": {"Sec-Fetch-Site": "cross-site"},
    "same_site": {"Sec-Fetch-Site": "same-site"},
}
ABOUT_THE_TOKEN = {"no_token", "wrong_token", "token_not_ascii"}


async def insider(house: House, audience: Audience) -> Client:
    """Return somebody whom the route is for, so that nothing but the forgery can refuse the request."""
    if audience.is_public:
        return await house.officer()
    role = min(audience.roles)
    if role is Role.GUEST:
        return await house.lobby()
    return await house.terminal() if role is Role.TERMINAL else await house.officer(role)


async def ask(client: Client, route: Route, headers: dict[str, str]) -> Reply:
    path = route.path.format(**PLACES)
    if route in API:
        return await client.send(route.method, path, json_body={}, headers=headers)
    if "X-CSRF-Token" in headers:
        client = Client(
            client.session, client.origin, {**client.headers, "X-CSRF-Token": headers["X-CSRF-Token"]}
        )
    return await client.send(route.method, path, form={}, headers=headers)


@pytest.mark.parametrize("route", UNSAFE_ROUTES, ids=lambda route: str(route.name))
async def test_a_forged_request_is_refused_and_changes_nothing(shared_house: House, route: Route) -> None:
    client = await insider(shared_house, route.audience)
    host = shared_house.origin.removeprefix("http://")
    # A terminal has no cookie; in a guest's path no cookie counts but the guest's, which goes nowhere else.
    has_cookie = "X-CSRF-Token" in client.headers and not route.path.startswith(GUEST_PATH)
    before = await shared_house.county.rows()

    for forgery, forged in FORGERIES.items():
        if has_cookie or forgery not in ABOUT_THE_TOKEN:
            headers = {name: value.format(host=host) for name, value in forged.items()}
            reply = await ask(client, route, headers)
            assert reply.status == 403, forgery
            assert route not in API or reply.code == "bad_origin", forgery

    assert await shared_house.county.rows() == before


async def test_the_sites_own_pages_get_through(shared_house: House) -> None:
    officer = await shared_house.officer()
    port = shared_house.origin.rpartition(":")[2]

    for headers in (
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": f"http://localhost:{port}"},
        {"Origin": ""},  # no browser: nobody could have lured it
    ):
        reply = await officer.post("/api/v1/ws-ticket", headers=headers)
        assert reply.status == 200, headers


async def test_one_persons_token_does_not_serve_another(shared_house: House) -> None:
    first, second = await shared_house.officer(), await shared_house.officer()

    reply = await first.post("/api/v1/ws-ticket", headers={"X-CSRF-Token": second.headers["X-CSRF-Token"]})

    assert reply.code == "bad_origin"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
async def test_what_a_plain_form_could_send_is_no_api_request(shared_house: House, content_type: str) -> None:
    officer = await shared_house.officer()

    for route in API:
        if route.method in UNSAFE and Role.COUNTY_DUTY_OFFICER in route.audience.roles:
            reply = await officer.send(
                route.method,
                route.path.format(**PLACES),
                raw=b"{}",
                headers={"Content-Type": content_type},
            )
            assert reply.code == "bad_body", route.name
