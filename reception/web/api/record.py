"""API of the record: ledger, case, unseal."""

from aiohttp import web

from reception.domain.errors import NotAllowed
from reception.keys import EDGE
from reception.services import record
from reception.store.audit import AuditAction
from reception.web.api.answers import (
    CaseLineView,
    CasePageView,
    CaseRecord,
    PersonView,
    Unsealed,
)
from reception.web.api.bodies import Unseal
from reception.web.commands import answered, as_answer
from reception.web.denials import write_denial
from reception.web.principals import officer
from reception.web.requests import body_of

UNSEALED_FOR_S = 60


def filter_of(request: web.Request) -> record.CaseFilter:
    """Read the ledger's filter from the address; a page that is no number is the first."""
    page = request.query.get("page", "1")
    return record.CaseFilter(
        number=request.query.get("q", "").strip()[:40],
        state=request.query.get("state", "")[:40],
        township=request.query.get("township", "")[:64],
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


async def list_cases(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/cases?q=&state=&township=&page=`."""
    actor, wanted = officer(request), filter_of(request)
    page = await request.app[EDGE].read(lambda work: record.list_cases(work, actor, wanted))
    return answered(
        CasePageView(
            lines=as_answer(list[CaseLineView], page.lines),
            total=page.total,
            page=page.page,
            page_size=record.PAGE_SIZE,
        )
    )


async def show_case(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/cases/{number}`; the reading is written to the audit chain."""
    actor, number = officer(request), request.match_info["number"]
    told = await request.app[EDGE].run(lambda work: record.read_case(work, actor, number))
    return answered(as_answer(CaseRecord, told))


async def unseal(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/cases/{number}/unseal`: who came, for somebody who says why.

    Not replayed from a stored answer, because the answer must not be stored;
    each repetition is one more line of the audit chain.
    """
    actor, body = officer(request), await body_of(request, Unseal)
    number = request.match_info["number"]
    try:
        people = await request.app[EDGE].run(
            lambda work: record.unseal(work, actor, number, reason=body.reason, note=body.note)
        )
    except NotAllowed:
        await write_denial(request, AuditAction.UNSEAL_REFUSED, "case", number)
        raise
    return answered(Unsealed(people=as_answer(list[PersonView], people), expires_s=UNSEALED_FOR_S))
