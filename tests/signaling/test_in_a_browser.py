"""The page's connection in Chromium against the hub: opening, a call, a torn socket, a take-over."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright

from signaling.keys import TICKETS
from signaling.messages import ChatLine
from signaling.tokens import Claims
from tests.signaling.peers import MEMBERS, OFFICER, ROOM, TERMINAL, World, a_world

STATIC = Path(__file__).parents[2] / "static" / "js"
OPEN = """async () => {
  const { SignalingConnection } = await import("/js/signaling/connection.js");
  const getTicket = async () => (await fetch("/ticket", { method: "POST" })).text();
  const url = location.origin.replace("http", "ws") + "/ws";
  const connection = new SignalingConnection({ url, getTicket });
  globalThis.seen = { connection, states: [], messages: [] };
  connection.addEventListener("state", ({ detail }) => {
    seen.states.push(detail);
    if (detail.state === "open") void connection.command({ type: "join", room: "visit-1" });
  });
  connection.addEventListener("message", ({ detail }) => seen.messages.push(detail));
  connection.resume();
}"""
SAY = """() => {
  seen.line = seen.connection.command({ type: "chat", room: "visit-1", text: "听得清吗" });
}"""

pytestmark = pytest.mark.browser


async def give_ticket(request: web.Request) -> web.Response:
    return web.Response(text=request.app[TICKETS].issue(Claims(OFFICER, "login-page")))


async def blank(_request: web.Request) -> web.Response:
    return web.Response(text="<!doctype html><title>page</title>", content_type="text/html")


@asynccontextmanager
async def a_page(world: World) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(str(world.client.make_url("/page")))
        yield page
        await browser.close()


def page_routes(app: web.Application) -> None:
    app.add_routes([web.post("/ticket", give_ticket), web.get("/page", blank), web.static("/js", STATIC)])


async def test_a_page_talks_loses_its_socket_and_goes_on_where_it_was() -> None:
    async with a_world(extend=page_routes) as world, a_page(world) as page:
        await world.hub.open_room(ROOM, MEMBERS, 0)
        terminal = await world.joined(TERMINAL)
        await page.evaluate(OPEN)
        await world.observer.has_noted("joined", ROOM, OFFICER)
        world.observer.chat_may_end.clear()
        await page.evaluate(SAY)
        await world.observer.chat_begun.wait()

        await world.hub.close_seat(OFFICER, 4408, "silent")
        await world.observer.has_seen(lambda noted: noted.count(("joined", ROOM, OFFICER)) == 2)
        world.observer.chat_may_end.set()
        answer = await page.evaluate("() => seen.line")

        assert answer["ok"] is True
        assert (await terminal.expect(ChatLine)).text == "听得清吗"
        assert world.observer.lines == ["听得清吗"]
        states = await page.evaluate("() => seen.states.map(({ state, code }) => [state, code])")
        assert states == [["waiting", 0], ["open", 0], ["waiting", 4408], ["open", 0]]
        await page.wait_for_function("() => seen.messages.some(({ type }) => type === 'chat')")


async def test_a_probe_finds_the_page_and_a_second_page_takes_the_seat_for_good() -> None:
    async with a_world(extend=page_routes) as world, a_page(world) as first:
        await world.hub.open_room(ROOM, MEMBERS, 0)
        await first.evaluate(OPEN)
        await world.observer.has_noted("joined", ROOM, OFFICER)
        assert await world.hub.probe(OFFICER) is True

        second = await first.context.new_page()
        await second.goto(str(world.client.make_url("/page")))
        await second.evaluate(OPEN)
        await first.wait_for_function("() => seen.connection.state === 'closed'")
        await second.wait_for_function("() => seen.messages.some(({ type }) => type === 'room_state')")

        last = await first.evaluate("() => seen.states.at(-1)")
        assert (last["code"], last["reason"]) == (4409, "taken_over")
        assert await world.hub.probe(OFFICER) is True
        view = world.hub.room(ROOM)
        assert view is not None
        assert view.present == {OFFICER}
