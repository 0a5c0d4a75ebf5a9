"""Two languages: chosen by cookie or address, the same on pages, in the API and for scripts."""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reception.domain.roles import Role
from reception.web.i18n import LOCALES, Catalogues
from tests.support.clients import House, a_house
from tests.support.factories import FrozenClock

CATALOGUES = Catalogues.load()
CJK = re.compile("[\u3400-\u9fff]")
PAGES = {
    "/desk": Role.COUNTY_DUTY_OFFICER,
    "/cases": Role.PETITION_OFFICE,
    "/account": Role.DEPARTMENT_LIAISON,
    "/admin": Role.SYS_ADMIN,
    "/admin/audit": Role.AUDIT_ADMIN,
}


@pytest.fixture
async def house(tmp_path: Path, migrated_sqlite: Path, clock: FrozenClock) -> AsyncIterator[House]:
    """The application with a database of its own."""
    shutil.copy(migrated_sqlite, tmp_path / "reception.db")
    async with a_house(tmp_path, clock) as running:
        yield running


def words_of(page: str) -> str:
    """Return what a person reads: no markup, no words for scripts."""
    body = re.sub(r"<script.*?</script>|<!--.*?-->", "", page, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", body)


def test_a_message_without_a_sentence_says_itself() -> None:
    assert CATALOGUES.say("en", "refusal.nothing_like_it") == "refusal.nothing_like_it"


@pytest.mark.parametrize("locale", LOCALES)
def test_scripts_get_codes_and_no_sentence_of_a_page(locale: str) -> None:
    words = CATALOGUES.for_scripts(locale)

    assert words["refusal.not_found"]
    assert not [code for code in words if CJK.search(code)]


@pytest.mark.parametrize(
    ("query", "cookie", "lang"),
    [
        ("", "", "zh-CN"),
        ("", "en", "en"),
        ("", "zh", "zh-CN"),
        ("", "fr", "zh-CN"),  # what nobody speaks is as if nothing was asked
        ("?lang=en", "", "en"),
        ("?lang=zh", "en", "zh-CN"),  # the address wins over the cookie
        ("?lang=%00", "en", "zh-CN"),
    ],
)
async def test_a_page_speaks_the_language_that_was_asked_for(
    house: House, query: str, cookie: str, lang: str
) -> None:
    headers = {"Cookie": f"reception_language={cookie}"} if cookie else {}

    page = await house.stranger().get(f"/login{query}", headers=headers)

    found = re.search(r'<html lang="([^"]+)"', page.text)
    assert found
    assert found[1] == lang or (lang, found[1]) == ("zh-CN", "zh")


@pytest.mark.parametrize(("path", "role"), PAGES.items())
async def test_an_english_page_holds_no_chinese_but_names(house: House, path: str, role: Role) -> None:
    client = await house.officer(role)

    page = await client.get(f"{path}?lang=en")

    assert page.status == 200
    names = ("中文", "清河县纪委监委", "东河镇", "西山乡", client.actor.name, client.actor.post, "视频接访室")
    text = words_of(page.text)
    for name in names:
        text = text.replace(name, "")
    assert CJK.findall(text) == []


async def test_the_terminals_page_and_the_error_page_are_english_throughout(house: House) -> None:
    for path in ("/terminal?lang=en", "/login?lang=en", "/nothing?lang=en"):
        text = words_of((await house.stranger().get(path)).text).replace("中文", "")

        assert CJK.findall(text) == [], path


async def test_no_page_shows_a_code_in_place_of_a_sentence(house: House) -> None:
    for path, role in PAGES.items():
        client = await house.officer(role)
        for query in ("", "?lang=en"):
            text = words_of((await client.get(path + query)).text)
            shown = re.findall(r"\b(?:refusal|field|state|role|nav|js|audit|unseal|why)\.[a-z_]+", text)
            assert shown == [], path


async def test_the_choice_is_kept_in_a_cookie(house: House) -> None:
    reply = await house.stranger().submit("/language", lang="en", next="/login")

    assert reply.headers["Location"] == "/login"
    assert "reception_language=en" in reply.headers["Set-Cookie"]
