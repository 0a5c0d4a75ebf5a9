"""Languages: catalogues from .po files, Chinese sentences as source, codes translated in both."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

from aiohttp import web
from babel.messages.pofile import read_po

LOCALES = ("zh_CN", "en")
LANGUAGE_COOKIE = "reception_language"
_FOLDER = Path(__file__).parent.parent / "locale"
# A code (`refusal.not_found`), as opposed to a Chinese source sentence; scripts say nothing but codes.
_CODE = re.compile(r"[a-z_]+(\.[A-Za-z0-9_]+)+")


@dataclass(frozen=True, slots=True)
class Catalogues:
    """Sentences per locale, each read when it is first asked for: pages wait for a server that starts."""

    folder: Path

    @classmethod
    def load(cls, folder: Path = _FOLDER) -> Self:
        """Take a folder with a `messages.po` per locale."""
        return cls(folder)

    def say(self, locale: str, message: str) -> str:
        """Return the sentence of a code or of a Chinese source sentence; itself where there is none."""
        return self._sentences(locale).get(message) or message

    def for_scripts(self, locale: str) -> dict[str, str]:
        """Return the sentences that the page's scripts may use."""
        return {code: sentence for code, sentence in self._sentences(locale).items() if _CODE.fullmatch(code)}

    def _sentences(self, locale: str) -> Mapping[str, str]:
        return _read(self.folder, locale)


@cache
def _read(folder: Path, locale: str) -> dict[str, str]:
    with (folder / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file)
    return {str(message.id): str(message.string) for message in catalogue if message.id and message.string}


def locale_of(request: web.Request, default: str) -> str:
    """Return the language this browser asked for: by its cookie, or by `?lang=` of the address."""
    asked = request.query.get("lang") or request.cookies.get(LANGUAGE_COOKIE, "")
    return {"en": "en", "zh": "zh_CN", "zh_CN": "zh_CN"}.get(asked, default)
