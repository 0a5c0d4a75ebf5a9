"""Writing down that somebody asked for what is not theirs: the refusal stands, and so does its trace."""

from aiohttp import web

from reception.keys import EDGE
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.web.principals import signed_in


async def write_denial(request: web.Request, action: AuditAction, object_type: str, object_id: str) -> None:
    """Append a denied attempt of the signed-in principal, in a transaction of its own."""
    login = signed_in(request)
    if login is None:
        return
    actor = login.actor.seat

    async def use_case(work: Work) -> None:
        await work.record_about(actor, action, object_type, object_id, result="deny", reason="not_allowed")

    await request.app[EDGE].run(use_case)
