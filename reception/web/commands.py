"""Unsafe API requests: run once, answered as often as they are asked."""

import json
from collections.abc import Awaitable, Callable
from types import UnionType
from typing import TypeVar

import msgspec
from aiohttp import web

from reception.failpoints import reach
from reception.keys import EDGE
from reception.services.work import Work
from reception.store.idempotency import StoredAnswer, recall, remember
from reception.web.api.answers import Answer
from reception.web.principals import SignedOut, signed_in
from reception.web.requests import idempotency_key, request_hash

T = TypeVar("T")


async def run_once(
    request: web.Request, use_case: Callable[[Work], Awaitable[Answer]], *, status: int = 200, key: str = ""
) -> web.Response:
    """Run a use case for a request that may be repeated.

    The answer is stored in the transaction of the effect.  A repeated request
    gets the stored answer; the same key with another body is refused.  Answers
    of such routes hold ids and codes only, so nothing personal is stored here.

    Args:
        key: what a plain form carries in place of the header.
    """
    login = signed_in(request)
    if login is None:
        raise SignedOut
    scope, digest = login.actor.login, await request_hash(request)
    key = idempotency_key(request, key)

    async def once(work: Work) -> StoredAnswer:
        stored = await recall(work.session, scope, key, digest)
        if stored is not None:
            return stored
        answer = await use_case(work)
        fresh = StoredAnswer(status, msgspec.json.encode(answer).decode())
        await remember(work.session, scope, key, digest, fresh, at=work.now)
        reach("answer.after_remember")
        return fresh

    stored = await request.app[EDGE].run(once)
    reach("answer.before_send")
    return _Answer(text=stored.body, status=stored.status, content_type="application/json")


class _Answer(web.Response):
    async def write_eof(self, data: bytes = b"") -> None:
        await super().write_eof(data)
        reach("answer.after_send")


def answered(answer: Answer, *, status: int = 200) -> web.Response:
    """Return a JSON answer."""
    return web.Response(body=msgspec.json.encode(answer), status=status, content_type="application/json")


def as_answer(kind: type[T] | UnionType, told: object) -> T:
    """Copy what a service told into the shape of an answer: only the fields named there get out."""
    return msgspec.convert(told, kind, from_attributes=True)


def as_json(answer: object) -> str:
    """Write data for a `<script type="application/json">`: no character that could end the element."""
    text = json.dumps(msgspec.to_builtins(answer), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
