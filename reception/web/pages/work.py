"""Pages of the daily work: terminal, desk, ledger, case."""

from aiohttp import web
from sqlalchemy import select

from reception.domain.visits import VisitState
from reception.keys import EDGE, SETTINGS
from reception.services import attendance, deadlines, record, repeat_view
from reception.services.line_record import lines_of
from reception.services.sight import sight_of
from reception.services.work import Work
from reception.store.tables import PlaceRow, UnitRow
from reception.web.api.desk import desk_view
from reception.web.api.record import filter_of
from reception.web.commands import as_json
from reception.web.contexts import render
from reception.web.principals import officer


async def show_terminal(request: web.Request) -> web.StreamResponse:
    """`GET /terminal`: an empty shell; what it shows comes by the device's own proof."""
    return render(request, "pages/terminal.html", {"county_phone": request.app[SETTINGS].county_phone})


async def show_desk(request: web.Request) -> web.StreamResponse:
    """`GET /desk`."""
    settings = request.app[SETTINGS]
    return render(
        request,
        "pages/desk.html",
        {
            "desk": as_json(await desk_view(request, officer(request))),
            "county_phone": settings.county_phone,
            "rooms": await request.app[EDGE].read(_rooms) if settings.demo else [],
        },
    )


async def _rooms(work: Work) -> list[dict[str, str]]:
    query = select(PlaceRow.code, PlaceRow.name).order_by(PlaceRow.code)
    return [{"code": code, "name": name} for code, name in await work.session.execute(query)]


async def list_cases(request: web.Request) -> web.StreamResponse:
    """`GET /cases`: the ledger, with its filters in the address."""
    actor, wanted = officer(request), filter_of(request)
    edge = request.app[EDGE]
    page = await edge.read(lambda work: record.list_cases(work, actor, wanted))
    return render(
        request,
        "pages/cases.html",
        {
            "page": page,
            "filter": wanted,
            "townships": await edge.read(_townships) if sight_of(actor).township is None else [],
            "states": [state.value for state in VisitState],
            "page_size": record.PAGE_SIZE,
            "is_provisional": await edge.read(deadlines.provisional_days),
        },
    )


async def _townships(work: Work) -> list[dict[str, str]]:
    query = select(UnitRow.id, UnitRow.name).where(UnitRow.kind == "township").order_by(UnitRow.position)
    return [{"id": unit, "name": name} for unit, name in await work.session.execute(query)]


async def show_case(request: web.Request) -> web.StreamResponse:
    """`GET /cases/{number}`; the reading is written to the audit chain."""
    actor, number = officer(request), request.match_info["number"]
    told = await request.app[EDGE].run(lambda work: record.read_case(work, actor, number))
    lines = await request.app[EDGE].read(lambda work: lines_of(work, [visit.id for visit in told.visits]))
    repeats = await request.app[EDGE].read(lambda work: repeat_view.of_case(work, actor, number))
    asked = await request.app[EDGE].read(
        lambda work: attendance.asked_into(work, [visit.id for visit in told.visits])
    )
    page = {"case": told, "lines": lines, "repeats": repeats, "asked": asked}
    page["is_provisional"] = await request.app[EDGE].read(deadlines.provisional_days)
    return render(request, "pages/case.html", page)
