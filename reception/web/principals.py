"""Who sent a request: a cookie's officer, a bearer's terminal, or nobody."""

from dataclasses import dataclass

from aiohttp import web

from reception.domain.actors import Actor, Officer, Terminal
from reception.domain.errors import NotAllowed, Refusal
from reception.domain.roles import Role


class SignedOut(Refusal):
    """No valid login came with the request."""

    code = "signed_out"


@dataclass(frozen=True, slots=True)
class Login:
    """A signed-in principal with what the page needs to send unsafe requests."""

    actor: Actor
    csrf_token: str | None  # None for a terminal, whose bearer no other page can send


LOGIN = web.RequestKey("LOGIN", Login)


def signed_in(request: web.Request) -> Login | None:
    """Return the request's login, or None."""
    return request.get(LOGIN)


def roles_of(request: web.Request) -> frozenset[Role]:
    """Return the roles of the request's principal; none when signed out."""
    login = signed_in(request)
    return login.actor.roles if login else frozenset()


def officer(request: web.Request) -> Officer:
    """Return the signed-in officer; the audience of the route has let nobody else through."""
    login = signed_in(request)
    if login is None:
        raise SignedOut
    if not isinstance(login.actor, Officer):
        raise NotAllowed
    return login.actor


def terminal(request: web.Request) -> Terminal:
    """Return the terminal; the audience of the route has let nobody else through."""
    login = signed_in(request)
    if login is None:
        raise SignedOut
    if not isinstance(login.actor, Terminal):
        raise NotAllowed
    return login.actor
