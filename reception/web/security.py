"""What every request passes: an id, headers, the login, the same-origin check, the audience."""

import hmac
import logging
import secrets
import time

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from reception.domain.errors import NotAllowed
from reception.keys import DEVICES, EDGE, PEOPLE, ROUTES, SETTINGS
from reception.services import guests
from reception.store.audit import AuditAction
from reception.store.faults import is_unavailable
from reception.web.audience import GUEST_PATH, Handler
from reception.web.denials import write_denial
from reception.web.principals import LOGIN, Login, SignedOut, roles_of, signed_in
from reception.web.requests import UNSAFE, BadOrigin, refuse_foreign_origin

logger = logging.getLogger(__name__)
access_log = logging.getLogger("reception.access")

SESSION_COOKIE = "reception_session"
SECURE_SESSION_COOKIE = "__Host-reception_session"
GUEST_COOKIE = "reception_guest"
SECURE_GUEST_COOKIE = "__Secure-reception_guest"  # `__Host-` would go to every path
TERMINAL_SCHEME = "Terminal "

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:;"
    " connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none';"
    " require-trusted-types-for 'script'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: under it a browser sends `Origin: null` with our own forms, too.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), display-capture=()",
    "X-Frame-Options": "DENY",
}
_STATIC = "/static/"


@web.middleware
async def with_request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log a request without personal data: method, route pattern, status, duration; no path, no address."""
    started = time.perf_counter()
    request_id = secrets.token_hex(8)
    try:
        response = await handler(request)
    except web.HTTPException as redirect:
        _log_access(request, redirect, request_id, started)
        raise
    _log_access(request, response, request_id, started)
    return response


def _log_access(request: web.Request, response: web.StreamResponse, request_id: str, started: float) -> None:
    if not response.prepared:
        response.headers["X-Request-Id"] = request_id
    resource = request.match_info.route.resource
    access_log.info(
        "request id=%s method=%s route=%s status=%d ms=%.1f",
        request_id,
        request.method,
        resource.canonical if resource else "-",
        response.status,
        (time.perf_counter() - started) * 1000,
    )


@web.middleware
async def with_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Put the security headers on every answer, errors, redirects and files included."""
    try:
        response = await handler(request)
    except web.HTTPException as redirect:  # a redirect is raised, everything else is returned
        _put_headers(request, redirect)
        raise
    if not response.prepared:  # an upgraded socket is on its way already
        _put_headers(request, response)
    return response


def _put_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
    if request.app[SETTINGS].is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.path.startswith(_STATIC):
        # Revalidated each time: a terminal must never run yesterday's script against today's server.
        response.headers["Cache-Control"] = "no-cache"
    else:
        response.headers["Cache-Control"] = "no-store"


@web.middleware
async def with_login(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who sent the request."""
    if not request.path.startswith(_STATIC):
        login = await _login_of(request)
        if login is not None:
            request[LOGIN] = login
    return await handler(request)


async def _login_of(request: web.Request) -> Login | None:
    if request.path == GUEST_PATH or request.path.startswith(f"{GUEST_PATH}/"):
        return await _guest_of(request)
    bearer = request.headers.get("Authorization", "")
    if bearer.startswith(TERMINAL_SCHEME):
        devices = request.app[DEVICES]
        token = bearer.removeprefix(TERMINAL_SCHEME)
        found = await request.app[EDGE].read(lambda work: devices.authenticate(work, token))
        return Login(found.terminal, None) if found else None
    secret = request.cookies.get(session_cookie(request), "")
    if not secret:
        return None
    people = request.app[PEOPLE]
    login = await request.app[EDGE].read(lambda work: people.authenticate(work, secret))
    if login is None:
        return None
    if login.is_due:
        await _note_seen(request, login.actor.login)
    return Login(login.actor, login.csrf_token)


async def _guest_of(request: web.Request) -> Login | None:
    """Return the guest of a request; here no other login counts, and nowhere else does this one."""
    secret = request.cookies.get(guest_cookie(request), "")
    if not secret:
        return None
    actor = await request.app[EDGE].read(lambda work: guests.authenticate(work, secret))
    return Login(actor, None) if actor else None


async def _note_seen(request: web.Request, login: str) -> None:
    people = request.app[PEOPLE]
    try:
        await request.app[EDGE].run(lambda work: people.seen(work, login))
    except SQLAlchemyError as error:
        # Reading goes on while nothing can be written; the next request notes it.
        if not is_unavailable(error):
            raise
        logger.warning("login.not_noted error=%s", type(error).__name__)


def session_cookie(request: web.Request) -> str:
    """Return the cookie's name: `__Host-` needs TLS, which loopback does not have."""
    return SECURE_SESSION_COOKIE if request.app[SETTINGS].is_secure else SESSION_COOKIE


def guest_cookie(request: web.Request) -> str:
    """Return the name of a guest's cookie."""
    return SECURE_GUEST_COOKIE if request.app[SETTINGS].is_secure else GUEST_COOKIE


@web.middleware
async def same_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse unsafe requests of other sites' pages, and those without this page's token."""
    if request.method in UNSAFE:
        refuse_foreign_origin(request, request.app[SETTINGS].origins)
        login = signed_in(request)
        if login is not None and login.csrf_token is not None:
            sent = request.headers.get("X-CSRF-Token") or await _token_in_form(request)
            if not hmac.compare_digest(sent.encode(), login.csrf_token.encode()):
                raise BadOrigin
    return await handler(request)


async def _token_in_form(request: web.Request) -> str:
    if request.content_type != "application/x-www-form-urlencoded":
        return ""
    return str((await request.post()).get("csrf_token", ""))


@web.middleware
async def audience_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through to its route only if the route is for this principal."""
    name = request.match_info.route.name
    route = request.app[ROUTES].get(name or "")
    if route is None:
        if request.path.startswith(_STATIC) or request.match_info.http_exception is not None:
            return await handler(request)
        raise NotAllowed
    if not route.audience.is_public and signed_in(request) is None:
        raise SignedOut
    if not route.audience.admits(roles_of(request)):
        await write_denial(request, AuditAction.ACCESS_DENIED, "route", route.name)
        raise NotAllowed
    return await handler(request)
