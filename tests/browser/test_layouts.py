"""The stage with two to six people: the product's pages and components, a scripted room, boxes measured."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Any, Literal, Self

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from reception.web.contexts import make_templates
from reception.web.i18n import Catalogues
from tests.browser.conftest import SHOTS
from tests.support.chromium import HALL, LAPTOP, Chromium, Window
from tests.support.program import ROOT

SCRIPT = Path(__file__).parent / "layouts.js"
PHONE = (390, 844)

Page = Literal["terminal", "desk", "liaison", "join"]
Kept = dict[str, "Box"]

# Who comes, in this order; the page's own person is added to them.
OTHERS: dict[Page, tuple[str, ...]] = {
    "terminal": ("p-1", "p-2", "p-3", "p-4", "g-2"),
    "desk": ("t-1", "p-2", "p-3", "p-4", "g-2"),
    "liaison": ("t-1", "p-1", "p-2", "p-4", "g-2"),
    "join": ("t-1", "p-1", "p-2", "p-3", "p-4"),
}
INTERPRETER = "g-1"
# Puts words on the stage.
PRIVATE = {seat: {"private": True} for seat in ("t-1", "p-1", "p-3", "g-2")}
SCREENS: list[tuple[Page, tuple[int, int]]] = [
    ("terminal", HALL),
    ("terminal", LAPTOP),
    ("desk", HALL),
    ("desk", LAPTOP),
    ("liaison", LAPTOP),
    ("liaison", PHONE),
    ("join", PHONE),
]

# Of which rooms, by how many others are in them, there are pictures to look at.
PICTURED = {("zh", ""): {1, 5}, ("en", "large"): {5}}

SMALLEST = (90, 60)
SMALLEST_LETTERS = 13.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the screen, in CSS px."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """From the left to the right edge."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From the top to the bottom edge."""
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """In square px."""
        return self.width * self.height

    def holds(self, other: Self, *, slack: float = 1.0) -> bool:
        """Say whether the other lies inside."""
        return (
            self.left <= other.left + slack
            and self.top <= other.top + slack
            and other.right <= self.right + slack
            and other.bottom <= self.bottom + slack
        )

    def meets(self, other: Self) -> bool:
        """Say whether the two have more in common than an edge."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide > 1 and high > 1

    def middle(self) -> "Box":
        """The middle half both ways, where a face is."""
        wide, high = self.width / 4, self.height / 4
        return Box(self.left + wide, self.top + high, self.right - wide, self.bottom - high)


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture with its words."""

    seat: str
    place: str
    box: Box
    name: Box
    text_px: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands where."""

    stage: Box
    view: Box
    own: Tile
    tiles: tuple[Tile, ...]
    words: tuple[Box, ...]
    bars: tuple[Box, ...]

    @property
    def strip(self) -> tuple[Tile, ...]:
        """Everybody but the large one and oneself."""
        return tuple(tile for tile in self.tiles if tile.place != "main")

    @property
    def main(self) -> Tile:
        """The large picture."""
        (main,) = (tile for tile in self.tiles if tile.place == "main")
        return main

    def kept(self) -> Kept:
        """Boxes that may not move while people come and go."""
        return {tile.seat: tile.box for tile in (*self.strip, self.own)}


@dataclass(frozen=True, slots=True)
class Room:
    """A page in a call whose people a test chooses."""

    page: Page
    window: Window

    async def enter(self, seats: Sequence[str], **extra: object) -> Seen:
        """Let exactly these be there beside oneself, and look."""
        read: dict[str, Any] = await self.window.page.evaluate(
            "([seats, extra]) => { room.enter(seats, extra); return room.measure(); }", [list(seats), extra]
        )
        return Seen(
            stage=Box(**read["stage"]),
            view=Box(**read["view"]),
            own=_tile(read["own"]),
            tiles=tuple(_tile(tile) for tile in read["tiles"]),
            words=tuple(Box(**words) for words in read["words"]),
            bars=tuple(Box(**bar) for bar in read["bars"]),
        )

    async def resize(self, size: tuple[int, int], *, text: str) -> None:
        """Change the screen and the size of its letters."""
        await self.window.page.set_viewport_size({"width": size[0], "height": size[1]})
        await self.window.page.evaluate("(text) => { document.documentElement.dataset.text = text; }", text)

    async def forget(self) -> None:
        """Let everybody go, and with them the places that they had."""
        await self.window.page.evaluate("() => room.forget()")

    @asynccontextmanager
    async def with_style(self, style: str) -> AsyncIterator[None]:
        """Change the looks for a while."""
        tag = await self.window.page.add_style_tag(content=style)
        yield
        await tag.evaluate("(tag) => tag.remove()")

    async def shoot(self, name: str) -> None:
        """Take a picture for people to look at, once every person has a picture."""
        await self.window.page.wait_for_function(
            "() => [...document.querySelectorAll('[data-video=true] video')].every((v) => v.videoWidth > 0)"
        )
        SHOTS.mkdir(parents=True, exist_ok=True)
        await self.window.page.screenshot(path=SHOTS / f"layout-{name}.png")


def _tile(read: dict[str, Any]) -> Tile:
    return Tile(read["seat"], read["place"], Box(**read["box"]), Box(**read["name"]), read["text_px"])


def faults(seen: Seen) -> list[str]:
    """Everything that is cut off, too small or covered on one screen."""
    outside = [f"outside the screen: {box}" for box in (seen.stage, *seen.bars) if not seen.view.holds(box)]
    each = [fault for tile in (*seen.tiles, seen.own) for fault in _faults_of(tile, seen)]
    return outside + each + list(_covered(seen))


def _faults_of(tile: Tile, seen: Seen) -> Iterator[str]:
    if not seen.stage.holds(tile.box):
        yield f"{tile.seat} is cut off"
    if not tile.box.holds(tile.name):
        yield f"the name of {tile.seat} is cut off"
    if tile.box.width < SMALLEST[0] or tile.box.height < SMALLEST[1] or tile.text_px < SMALLEST_LETTERS:
        yield f"{tile.seat} is too small: {tile.box.width:.0f}x{tile.box.height:.0f}"
    if any(words.meets(tile.name) for words in seen.words):
        yield f"words stand on the name of {tile.seat}"
    if tile in seen.strip and tile.box.area * 2 > seen.main.box.area:
        yield f"{tile.seat} is as large as the large one"


def _covered(seen: Seen) -> Iterator[str]:
    """Of two people, the own picture may stand on the other's, but on neither face nor name."""
    for one, two in combinations((*seen.tiles, seen.own) if seen.strip else seen.tiles, 2):
        if one.box.meets(two.box):
            yield f"{one.seat} and {two.seat} cover each other"
    main, own = seen.main, seen.own.box
    if own.meets(main.name) or own.meets(main.box.middle()):
        yield "the own picture covers the other's face or name"


def moved(before: Seen, after: Seen) -> list[str]:
    """Who stands elsewhere than before, of those who stayed."""
    was, now = before.kept(), after.kept()
    return [
        seat
        for seat in was.keys() & now.keys()
        if not (was[seat].holds(now[seat], slack=1.5) and now[seat].holds(was[seat], slack=1.5))
    ]


def is_first(seen: Seen) -> bool:
    """Say whether the interpreter stands at the head of the strip, before everybody else."""
    (first,) = (tile.box for tile in seen.strip if tile.seat == INTERPRETER)
    others = [tile.box for tile in seen.strip if tile.box is not first]
    above = all(first.bottom <= box.top + 1 for box in others if box.left >= first.left - 1)
    left_of = all(first.right <= box.left + 1 for box in others if box.top >= first.top - 1)
    return above or left_of


@asynccontextmanager
async def pages() -> AsyncIterator[str]:
    """Serve the product's templates, styles and scripts; only each page's own script is the test's."""
    templates, catalogues = make_templates(), Catalogues.load()
    officer = {"username": "duty1", "name": "沈禾清", "post": "值班接访员", "roles": [], "seat": "p-1"}

    async def page(request: web.Request) -> web.Response:
        locale = "en" if request.query.get("lang") == "en" else "zh_CN"
        name = request.match_info["page"]
        text = templates.get_template(f"pages/{name}.html").render(
            _=lambda message: catalogues.say(locale, message),
            lang="en" if locale == "en" else "zh",
            csrf_token="",
            principal=officer if name in {"desk", "liaison"} else None,
            nav=[(f"/{name}", catalogues.say(locale, "接访台"))],
            demo=True,
            rooms=[],
            words=catalogues.for_scripts(locale),
            path=request.path,
            county_phone="0999-1234567",
            desk="{}",
            liaison="{}",
        )
        text = re.sub(r"/static/js/pages/(terminal|desk|liaison|join)\.js", "/layouts.js", text)
        return web.Response(text=text, content_type="text/html")

    async def script(_request: web.Request) -> web.Response:
        return web.Response(text=SCRIPT.read_text(), content_type="text/javascript")

    app = web.Application()
    app.add_routes([web.get("/layouts.js", script), web.static("/static", ROOT / "static")])
    app.add_routes([web.get("/{page}", page)])
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


@asynccontextmanager
async def a_room(chromium: Chromium, page: Page, *, lang: str = "zh") -> AsyncIterator[Room]:
    async with pages() as origin:
        window = await chromium.window(origin, f"layout-{page}", kiosk=True)
        await window.open(f"/{page}?lang={lang}")
        await window.page.wait_for_function("() => globalThis.room")
        await window.page.evaluate("() => document.fonts.ready")
        yield Room(page, window)
        assert await chromium.close_windows() == []


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("page", ["terminal", "desk", "liaison", "join"])
async def test_two_to_six_people_stand_whole_and_apart(chromium: Chromium, page: Page, lang: str) -> None:
    found = []
    async with a_room(chromium, page, lang=lang) as room:
        for size, text in product((size for name, size in SCREENS if name == page), ("", "large")):
            await room.resize(size, text=text)
            pictured = PICTURED.get((lang, text), set())
            for count in range(1, 6):
                named = f"{page}-{lang}-{size[0]}{'-large' if text else ''}-{count + 1}"
                found += [f"{named}: {fault}" for fault in faults(await room.enter(OTHERS[page][:count]))]
                if count in pictured:
                    await room.shoot(named)
            for count in range(2, 6):
                named = f"{page}-{lang}-{size[0]}{'-large' if text else ''}-{count + 1}-interpreter"
                seen = await room.enter((*OTHERS[page][: count - 1], INTERPRETER), **PRIVATE)
                found += [f"{named}: {fault}" for fault in faults(seen)]
                if not is_first(seen):
                    found.append(f"{named}: the interpreter is not first")
                if count == 3 and pictured:
                    await room.shoot(named)
    assert found == []


@pytest.mark.parametrize("page", ["terminal", "desk", "liaison", "join"])
async def test_nobody_moves_when_somebody_comes_or_goes(chromium: Chromium, page: Page) -> None:
    first, second, third, fourth, fifth = OTHERS[page]
    async with a_room(chromium, page) as room:
        for size in (size for name, size in SCREENS if name == page):
            await room.resize(size, text="")
            await room.forget()
            before = await room.enter([first, second])
            for seats in (
                [first, second, third],
                [first, second, third, fourth],
                [first, second, third, fourth, INTERPRETER],
                [first, third, fourth, INTERPRETER],  # one goes: the place stays empty
                [first, third, fourth, fifth, INTERPRETER],
                [first, third, fourth, fifth],
                [first, third, fourth, fifth, second],  # six, none of them an interpreter
                [first, fourth, fifth, second],
            ):
                now = await room.enter(seats)
                assert moved(before, now) == []
                assert faults(now) == []
                before = now

            await room.forget()
            assert moved(before, await room.enter(seats)) != [], "without its memory the stage moves people"


# What a careless change could do to the stage, and what has to be said about it.
BROKEN = {
    ".own-tile { grid-area: one !important; }": "cover each other",
    ".stage-pictures { width: 140%; }": "is cut off",
    ".peer-tile figcaption { height: 0.5em; translate: 0 1.5em; }": "the name of",
    ".stage-pictures { grid-template-rows: minmax(0, 1fr) 5% !important; }": "is too small",
    ".stage-pictures { grid-template-rows: 20% minmax(0, 1fr) !important; }": "as large as the large one",
    "call-stage { min-height: 100vh !important; }": "outside the screen",
    ".stage-state { bottom: 0; width: 100%; }": "words stand on the name",
}
LAST = """
[data-place="first"] { grid-area: two !important; }
[data-place="2"] { grid-area: first !important; }
"""


async def test_broken_styles_are_convicted(chromium: Chromium) -> None:
    seats = (*OTHERS["desk"][:4], INTERPRETER)
    async with a_room(chromium, "desk") as room:
        for style, told in BROKEN.items():
            assert faults(await room.enter(seats)) == []
            async with room.with_style(style):
                assert [fault for fault in faults(await room.enter(seats)) if told in fault], style

        assert is_first(await room.enter(seats))
        async with room.with_style(LAST):
            assert not is_first(await room.enter(seats))
        async with room.with_style(".own-tile { width: 70% !important; }"):
            assert faults(await room.enter(seats[:1])) != []
