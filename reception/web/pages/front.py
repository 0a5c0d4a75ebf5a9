"""Pages before and around the work: front door, sign-in, sign-out, language."""

from aiohttp import web

from reception.domain.errors import Refusal
from reception.keys import EDGE, PEOPLE, SETTINGS
from reception.services.attempts import SignInDelayed
from reception.services.denials import TooManyAttempts, settled
from reception.services.people import SignedIn
from reception.web.audience import ADMINS, DESK, LEDGER, LIAISON
from reception.web.browsers import family_of
from reception.web.contexts import render
from reception.web.errors import status_of
from reception.web.i18n import LANGUAGE_COOKIE
from reception.web.principals import officer, roles_of
from reception.web.security import session_cookie
from reception.web.sockets import close_logins

CHOICE_MAX_AGE_S = 365 * 24 * 3600
CHOICE_FIELD = "lang"


async def front_door(request: web.Request) -> web.StreamResponse:
    """`GET /`: send each to their place."""
    roles = roles_of(request)
    for path, audience in (("/desk", DESK), ("/liaison", LIAISON), ("/cases", LEDGER), ("/admin", ADMINS)):
        if audience.admits(roles):
            raise web.HTTPFound(path)
    raise web.HTTPFound("/account" if roles else "/login")


async def show_login(request: web.Request) -> web.StreamResponse:
    """`GET /login`."""
    return _login_page(request, next_path=request.query.get("next", ""))


async def sign_in(request: web.Request) -> web.StreamResponse:
    """`POST /login`: user name, password, and the one-time password where one is set up."""
    form = await request.post()
    user, next_path = str(form.get("user", ""))[:64], str(form.get("next", ""))
    try:
        signed_in = await _sign_in(
            request, user, str(form.get("password", ""))[:256], str(form.get("totp", ""))[:8]
        )
    except Refusal as refusal:
        return _login_page(
            request, error=refusal.code, user=user, next_path=next_path, status=_login_status(refusal)
        )
    response = web.HTTPFound(safe_path(next_path))
    response.set_cookie(
        session_cookie(request),
        signed_in.secret,
        httponly=True,
        samesite="Strict",
        secure=request.app[SETTINGS].is_secure,
        path="/",
    )
    raise response


async def _sign_in(request: web.Request, user: str, password: str, code: str) -> SignedIn:
    edge, people = request.app[EDGE], request.app[PEOPLE]
    candidate = await edge.read(lambda work: people.candidate(work, user, request.remote or ""))
    proof = await people.prove(candidate, password)
    browser = family_of(request.headers.get("User-Agent", ""))
    return settled(
        await edge.run(lambda work: people.sign_in(work, proof, one_time_code=code, browser=browser))
    )


def _login_status(refusal: Refusal) -> int:
    if isinstance(refusal, SignInDelayed | TooManyAttempts):
        return status_of(refusal)
    return 401


def _login_page(
    request: web.Request, *, error: str | None = None, user: str = "", next_path: str = "", status: int = 200
) -> web.Response:
    page: dict[str, object] = {"error": error, "fields": {}, "user": user, "next": next_path}
    return render(request, "pages/login.html", page, status=status)


def safe_path(path: str) -> str:
    """Return a path of this site, or `/`: never an address elsewhere that somebody put into a link."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


async def sign_out(request: web.Request) -> web.StreamResponse:
    """`POST /logout`: end the session and everything that hangs on it."""
    actor, people = officer(request), request.app[PEOPLE]
    closed = await request.app[EDGE].run(lambda work: people.sign_out(work, actor))
    await close_logins(request, closed)
    response = web.HTTPFound("/login")
    response.del_cookie(session_cookie(request), path="/")
    raise response


async def choose_language(request: web.Request) -> web.StreamResponse:
    """`POST /language`: keep the choice in a cookie."""
    form = await request.post()
    response = web.HTTPFound(safe_path(str(form.get("next", "/"))))
    response.set_cookie(
        LANGUAGE_COOKIE,
        "en" if form.get(CHOICE_FIELD) == "en" else "zh",
        max_age=CHOICE_MAX_AGE_S,
        samesite="Lax",
        secure=request.app[SETTINGS].is_secure,
        path="/",
    )
    raise response
