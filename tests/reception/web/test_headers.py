"""Security headers stand on every answer: pages, API, redirects, refusals, files, defects."""

import re
from http.cookies import SimpleCookie

import pytest
from aiohttp import web

from reception.domain.roles import Role
from reception.keys import EDGE, PEOPLE
from reception.services import accounts
from reception.services.work import Work
from reception.web.audience import Route
from reception.web.requests import MAX_BODY_BYTES
from reception.web.routes import API, ROUTE_TABLE
from tests.reception.web.test_audiences import PLACES, PRINCIPALS, client_of
from tests.support.clients import Client, House, Reply

pytestmark = pytest.mark.asyncio(loop_scope="module")


def assert_hardened(reply: Reply, *, is_file: bool = False) -> None:
    """Check every header that an answer of this service carries."""
    policy = dict(
        part.strip().partition(" ")[::2] for part in reply.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert not any("unsafe" in value for value in policy.values())
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert reply.headers["Referrer-Policy"] in {"no-referrer", "same-origin"}
    assert re.search(r"camera=\(self\), microphone=\(self\)", reply.headers["Permissions-Policy"])
    assert reply.headers["Cache-Control"] == ("no-cache" if is_file else "no-store")
    assert re.fullmatch(r"[0-9a-f]{16}", reply.headers["X-Request-Id"])


@pytest.mark.parametrize("route", ROUTE_TABLE, ids=lambda route: str(route.name))
async def test_every_route_answers_with_every_header(shared_house: House, route: Route) -> None:
    path = route.path.format(**PLACES)
    for principal in PRINCIPALS[:4]:
        client = await client_of(shared_house, principal)

        if route in API:
            reply = await client.send(route.method, path, json_body={})
        else:
            reply = await client.send(route.method, path, form={})

        assert_hardened(reply)


async def test_what_is_not_found_not_allowed_or_too_large_has_them_too(shared_house: House) -> None:
    officer, stranger = await shared_house.officer(), shared_house.stranger()

    replies = [
        await stranger.get("/nothing"),
        await stranger.get("/api/v1/nothing"),
        await stranger.send("DELETE", "/desk"),
        await officer.get("/admin"),
        await officer.post("/api/v1/duty/on", headers={"Origin": "https://evil.example"}),
        await officer.send("POST", "/api/v1/duty/on", raw=b"x" * (MAX_BODY_BYTES + 1)),
        await officer.post("/api/v1/duty/on", {"unknown": 1}),
    ]

    assert [reply.status for reply in replies] == [404, 404, 405, 403, 403, 400, 400]
    for reply in replies:
        assert_hardened(reply)


async def test_redirects_have_them_too(shared_house: House) -> None:
    officer, stranger = await shared_house.officer(), shared_house.stranger()

    replies = [
        await stranger.get("/"),
        await stranger.get("/desk"),
        await officer.get("/"),
        await officer.submit("/language", lang="en", next="/desk"),
        await officer.submit("/logout"),
    ]

    assert [reply.status for reply in replies] == [302] * 5
    for reply in replies:
        assert_hardened(reply)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/static/css/base.css", 200),
        ("/static/js/lib/api.js", 200),
        ("/static/js/nothing.js", 404),
        ("/static/js/", 403),
        ("/static/js/../../pyproject.toml", 404),
        ("/static/js/%2e%2e/%2e%2e/pyproject.toml", 404),
        ("/static/package.json", 404),
    ],
)
async def test_files_have_them_and_nothing_but_files_is_served(
    shared_house: House, path: str, status: int
) -> None:
    reply = await shared_house.stranger().get(path)

    assert reply.status == status
    if ".." not in path and "%2e" not in path:
        assert_hardened(reply, is_file=True)


async def test_a_defect_has_them_and_tells_nothing_of_itself(
    shared_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = await shared_house.officer()

    async def broken(*_: object) -> web.StreamResponse:
        raise RuntimeError("the secret cause")

    monkeypatch.setattr(type(shared_house.app[EDGE]), "read", broken)
    page, answer = await officer.get("/desk"), await officer.get("/api/v1/desk")
    monkeypatch.undo()

    for reply in (page, answer):
        assert reply.status == 500
        assert "the secret cause" not in reply.text
        assert "Traceback" not in reply.text
        assert_hardened(reply)
    assert answer.code == "internal"


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(shared_house: House) -> None:
    client = shared_house.stranger()
    name = "cookieperson"
    await set_up(shared_house, name)

    reply = await client.submit(
        "/login", user=name, password="a long enough phrase", totp="", next="/account"
    )

    assert (reply.status, reply.headers["Location"]) == (302, "/account")
    morsel = SimpleCookie(reply.headers["Set-Cookie"])["reception_session"]
    assert morsel["httponly"]
    assert morsel["samesite"] == "Strict"
    assert morsel["path"] == "/"
    assert not morsel["max-age"]
    signed_in = Client(client.session, client.origin, {"Cookie": f"reception_session={morsel.value}"})
    page = await signed_in.get("/account")
    assert page.status == 200
    token = re.search(r'<meta name="csrf" content="([^"]+)"', page.text)
    assert token
    signed_in.headers["X-CSRF-Token"] = token[1]
    assert (await signed_in.submit("/logout")).headers["Location"] == "/login"
    assert (await signed_in.get("/account")).status == 302


async def set_up(house: House, username: str) -> None:
    """Make an account whose password is known."""
    password = await house.app[PEOPLE].passwords.hash("a long enough phrase")
    new = accounts.NewPerson(username, "赵试用", "工作人员", house.county.organ, password)

    async def create(work: Work) -> None:
        person = await accounts.create_person(work, None, new)
        await accounts.grant_role(work, None, person, Role.PETITION_OFFICE)

    await house.county.edge.run(create)


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
async def test_no_link_sends_somebody_elsewhere_after_choosing_a_language(
    shared_house: House, target: str
) -> None:
    reply = await shared_house.stranger().submit("/language", lang="en", next=target)

    assert (reply.status, reply.headers["Location"]) == (302, "/")


async def test_pages_carry_no_inline_script_or_style(shared_house: House) -> None:
    pages = [
        await shared_house.stranger().get("/login"),
        await shared_house.stranger().get("/terminal"),
        *[
            await (await shared_house.officer(role)).get(path)
            for role, path in (
                (Role.COUNTY_DUTY_OFFICER, "/desk"),
                (Role.PETITION_OFFICE, "/cases"),
                (Role.SYS_ADMIN, "/admin"),
                (Role.SECURITY_ADMIN, "/admin"),
                (Role.AUDIT_ADMIN, "/admin/audit"),
                (Role.AUDIT_ADMIN, "/account"),
            )
        ],
    ]

    for page in pages:
        assert page.status == 200
        for tag in re.findall(r"<script\b[^>]*>", page.text):
            assert " src=" in tag or 'type="application/json"' in tag, tag
        assert "<style" not in page.text
        assert not re.search(r"<[^>]+\s(?:style|on[a-z]+)=", page.text)
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", page.text)
