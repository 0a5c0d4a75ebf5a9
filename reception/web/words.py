"""Sentences for a request, in its language."""

from aiohttp import web

from reception.keys import CATALOGUES, SETTINGS
from reception.web.i18n import locale_of


def language(request: web.Request) -> str:
    """Return the locale of a request."""
    return locale_of(request, request.app[SETTINGS].language)


def say(request: web.Request, message: str) -> str:
    """Return the sentence of a code in the request's language."""
    return request.app[CATALOGUES].say(language(request), message)
