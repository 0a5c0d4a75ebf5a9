"""Pages of those who are asked in: a department's liaison, and the office's list of who came."""

from datetime import timedelta

from aiohttp import web

from reception.domain.attendance import Absence
from reception.keys import EDGE, SETTINGS
from reception.services import attendance
from reception.services.work import Work
from reception.web.api.invitations import liaison_view
from reception.web.commands import as_json
from reception.web.contexts import render
from reception.web.principals import officer

SHOWN = timedelta(days=90)


async def show_liaison(request: web.Request) -> web.StreamResponse:
    """`GET /liaison`."""
    page = {
        "liaison": as_json(await liaison_view(request)),
        "county_phone": request.app[SETTINGS].county_phone,
    }
    return render(request, "pages/liaison.html", page)


async def show_attendance(request: web.Request) -> web.StreamResponse:
    """`GET /attendance`: per unit, who should have come in the last 90 days, who did, and why not."""
    actor = officer(request)

    async def read(work: Work) -> list[attendance.UnitLine]:
        return await attendance.by_unit(work, actor, work.now - SHOWN, work.now + timedelta(days=1))

    page = {"units": await request.app[EDGE].read(read), "days": SHOWN.days, "absences": list(Absence)}
    return render(request, "pages/attendance.html", page)


async def confirm_absence(request: web.Request) -> web.StreamResponse:
    """`POST /attendance/{attendance}/absence`: a person says why somebody did not come."""
    actor, form = officer(request), await request.post()
    chosen, reason = request.match_info["attendance"], str(form.get("reason", ""))
    await request.app[EDGE].run(lambda work: attendance.confirm_absence(work, actor, chosen, reason))
    raise web.HTTPFound("/attendance")
