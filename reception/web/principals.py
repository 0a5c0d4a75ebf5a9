"""Who sent a request: a cookie's officer or guest, a bearer's terminal, or nobody."""

from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web

from reception.domain.actors import Actor, Guest, Officer, Terminal
from reception.domain.errors import NotAllowed, Refusal
from reception.domain.roles import Role

A = TypeVar("A", Officer, Terminal, Guest)


class SignedOut(Refusal):
    """No valid login came with the request."""

    code = "signed_out"


@dataclass(frozen=True, slots=True)
class Login:
    """A signed-in principal with what the page needs to send unsafe requests."""

    actor: Actor
    # None where no other page can send the login: a terminal's bearer, and a guest's cookie, which
    # goes to JSON routes alone, from pages of our own origin alone.
    csrf_token: str | None


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
    return _actor(request, Officer)


def terminal(request: web.Request) -> Terminal:
    """Return the terminal; the audience of the route has let nobody else through."""
    return _actor(request, Terminal)


def guest(request: web.Request) -> Guest:
    """Return the guest; the audience of the route has let nobody else through."""
    return _actor(request, Guest)


def _actor(request: web.Request, kind: type[A]) -> A:
    login = signed_in(request)
    if login is None:
        raise SignedOut
    if not isinstance(login.actor, kind):
        raise NotAllowed
    return login.actor
