"""Refusals meet HTTP here and nowhere else."""

import logging
from datetime import UTC
from http import HTTPStatus

from aiohttp import web

from reception.domain.errors import BadInput, NotAllowed, NotFound, Refusal
from reception.domain.guests import LinkDead, LinkUsed
from reception.services.attempts import SignInDelayed
from reception.services.denials import TooManyAttempts
from reception.store.faults import is_full, is_unavailable
from reception.web.audience import Handler
from reception.web.contexts import render
from reception.web.principals import SignedOut, signed_in
from reception.web.requests import BadBody, BadOrigin, KeyMissing, TooLarge
from reception.web.words import say
from scheduling.domain.booking import SlotTaken
from scheduling.errors import SchedulingRefusal
from signaling.errors import SignalingError

logger = logging.getLogger(__name__)

API_PREFIX = "/api/"
RETRY_AFTER_S = "2"

STATUS: dict[type[Refusal], HTTPStatus] = {
    BadInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadBody: HTTPStatus.BAD_REQUEST,
    NotAllowed: HTTPStatus.FORBIDDEN,
    BadOrigin: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    SignedOut: HTTPStatus.UNAUTHORIZED,
    KeyMissing: HTTPStatus.BAD_REQUEST,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    LinkDead: HTTPStatus.GONE,
    LinkUsed: HTTPStatus.GONE,
    TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    SignInDelayed: HTTPStatus.TOO_MANY_REQUESTS,
}
# Every other refusal is a rule that said no to the present state of things.
DEFAULT_STATUS = HTTPStatus.CONFLICT


def status_of(refusal: Refusal) -> HTTPStatus:
    """Return the status of a refusal: its own, else the one of its nearest named ancestor."""
    for kind in type(refusal).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return DEFAULT_STATUS


@web.middleware
async def refusals_to_http(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a refusal with its status and code: JSON for the API, a page for people."""
    try:
        return await handler(request)
    except BadInput as refusal:
        return _answer(request, status_of(refusal), refusal.code, refusal.fields)
    except SignedOut as refusal:
        return _signed_out(request, refusal)
    except Refusal as refusal:
        return _answer(request, status_of(refusal), refusal.code)
    except SlotTaken as refusal:
        return _slot_taken(request, refusal)
    except (SchedulingRefusal, SignalingError) as error:
        return _answer(request, DEFAULT_STATUS, error.code)
    except web.HTTPException as error:
        return _http_exception(request, error)
    except Exception as error:  # the outermost loop of a request: the defect is logged, the person is told
        if is_unavailable(error):
            return _unavailable(request, error)
        logger.exception("request.defect")
        return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, "internal")


def _unavailable(request: web.Request, error: Exception) -> web.Response:
    """Disk full, database locked or away: nothing was saved, and the same request may be sent again."""
    code = "disk_full" if is_full(error) else "unavailable"
    logger.warning("database.unavailable code=%s error=%s", code, type(error).__name__)
    answer = _answer(request, HTTPStatus.SERVICE_UNAVAILABLE, code)
    answer.headers["Retry-After"] = RETRY_AFTER_S
    return answer


def _slot_taken(request: web.Request, refusal: SlotTaken) -> web.Response:
    """Offer whoever came second the nearest that is free."""
    if not request.path.startswith(API_PREFIX):
        return _answer(request, DEFAULT_STATUS, refusal.code)
    alternatives = [
        {
            "room": plan.room,
            "official": plan.official,
            "liaison": plan.liaison,
            "starts_at": plan.starts_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        }
        for plan in refusal.alternatives
    ]
    error = {
        "code": refusal.code,
        "message": say(request, f"refusal.{refusal.code}"),
        "fields": {},
        "alternatives": alternatives,
    }
    return web.json_response({"error": error}, status=DEFAULT_STATUS)


def _http_exception(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    if error.status < 400:
        raise error
    codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    return _answer(request, HTTPStatus(error.status), codes.get(error.status, "bad_request"))


def _signed_out(request: web.Request, refusal: SignedOut) -> web.StreamResponse:
    if request.path.startswith(API_PREFIX) or request.method != "GET":
        return _answer(request, HTTPStatus.UNAUTHORIZED, refusal.code)
    raise web.HTTPFound(f"/login?next={request.rel_url.path}")


def _answer(
    request: web.Request, status: HTTPStatus, code: str, fields: dict[str, str] | None = None
) -> web.Response:
    if request.path.startswith(API_PREFIX):
        error = {"code": code, "message": say(request, f"refusal.{code}"), "fields": fields or {}}
        return web.json_response({"error": error}, status=status)
    return render(
        request,
        "pages/error.html",
        {"status": int(status), "code": code, "signed_in": signed_in(request) is not None},
        status=status,
    )
