"""Reading a request: its origin, its body, its idempotency key."""

import hashlib
from typing import TypeVar

import msgspec
from aiohttp import web

from reception.domain.errors import BadInput, Refusal

T = TypeVar("T")

MAX_BODY_BYTES = 64 * 1024
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class BadOrigin(Refusal):
    """The request was sent by a page that is not ours, or without this page's token."""

    code = "bad_origin"


class BadBody(Refusal):
    """The body is not what the route takes: not JSON, an unknown field, or a value of another kind."""

    code = "bad_body"


class KeyMissing(Refusal):
    """An unsafe API request carries no usable Idempotency-Key, so it could not be repeated safely."""

    code = "idempotency_key_missing"


class TooLarge(Refusal):
    """The body is larger than any form of the service."""

    code = "too_large"


async def body_of(request: web.Request, kind: type[T]) -> T:
    """Read the JSON body as a struct.

    Raises:
        BadBody: not JSON, an unknown or missing field, a value of another type.
    """
    if request.content_type != "application/json":
        raise BadBody
    raw = await request.read()
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise _field_fault(str(error)) from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise BadBody from None


def _field_fault(complaint: str) -> Refusal:
    """Turn msgspec's `Expected …, got … - at `$.a[0].b`` into a field fault where it names a field."""
    _, found, path = complaint.partition(" - at `$.")
    if not found:
        return BadBody()
    field = path.rstrip("`").replace("[...]", "").replace("[", ".").replace("]", "")
    return BadInput({field: "too_long" if "length <=" in complaint else "wrong"})


def refuse_foreign_origin(request: web.Request, origins: frozenset[str]) -> None:
    """Refuse an unsafe request that another site's page sent.

    A browser names the page's origin, and newer ones its relation to us; a client that is no
    browser names neither, and carries no cookie that somebody could abuse.
    """
    origin = request.headers.get("Origin")
    if origin is not None and origin not in origins:
        raise BadOrigin
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise BadOrigin


def idempotency_key(request: web.Request, kept: str = "") -> str:
    """Return the request's Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header-07).

    Args:
        kept: the key that a form without a script carries in a field; it stands for the header.
    """
    key = kept or request.headers.get("Idempotency-Key", "")
    if not 8 <= len(key) <= 64 or not key.isascii() or not key.isprintable():
        raise KeyMissing
    return key


async def request_hash(request: web.Request) -> str:
    """Hash what makes a request the same request: method, path and body."""
    digest = hashlib.sha256(f"{request.method}\n{request.path}\n".encode())
    digest.update(await request.read())
    return digest.hexdigest()
