"""The calendar over the API: days, time limits, edits, notices; and feeds for calendar programs."""

from datetime import date, timedelta
from http import HTTPStatus

from aiohttp import web

from reception.domain.access import may
from reception.domain.errors import BadInput, NotFound
from reception.domain.policy import Action
from reception.keys import CATALOGUES, EDGE, SETTINGS
from reception.services import calendar, feeds
from reception.services.work import Work
from reception.web.commands import answered, run_once
from reception.web.principals import officer
from reception.web.requests import body_of
from reception.web.shapes.calendar import (
    CalendarChanged,
    DaysView,
    DayView,
    DueView,
    NamedDayBody,
    NoticeBody,
)
from scheduling.domain.calendar import Calendar, NamedDay, Unit, due_date, first_day_of_notice
from scheduling.store import calendars

FIRST_YEAR, LAST_YEAR = 2000, 2100
MOST_DAYS = 400
MOST_LONG = 1000


async def show_days(request: web.Request) -> web.Response:
    """`GET /api/v1/calendar/days?from=&to=`, both included."""
    may(officer(request), Action.SEE_CALENDAR)
    first, last = _date(request, "from"), _date(request, "to")
    if not first <= last <= first + timedelta(days=MOST_DAYS):
        raise BadInput({"to": "range"})
    known = await request.app[EDGE].read(_load)
    days = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    found = [(day, known.kind_of(day)) for day in days]
    return answered(
        DaysView(
            days=[
                DayView(day=day, kind=what.kind, name=what.name, is_provisional=what.is_provisional)
                for day, what in found
            ]
        )
    )


async def show_due(request: web.Request) -> web.Response:
    """`GET /api/v1/calendar/due?start=&n=&unit=`."""
    may(officer(request), Action.SEE_CALENDAR)
    start, written = _date(request, "start"), request.query.get("n", "")
    if not (written.isascii() and written.isdigit() and 1 <= int(written) <= MOST_LONG):
        raise BadInput({"n": "range"})
    try:
        unit = Unit(request.query.get("unit", ""))
    except ValueError:
        raise BadInput({"unit": "unknown"}) from None
    due = due_date(start, int(written), unit, await request.app[EDGE].read(_load))
    return answered(
        DueView(start=start, n=int(written), unit=unit, day=due.day, is_provisional=due.is_provisional)
    )


async def edit_day(request: web.Request) -> web.Response:
    """`POST /api/v1/calendar/days`: make one day what the office says."""
    actor, body = officer(request), await body_of(request, NamedDayBody)
    _within(body.day, "day")

    async def edit(work: Work) -> CalendarChanged:
        moved = await calendar.edit_day(work, actor, body.day, NamedDay(body.kind, body.name))
        return CalendarChanged(moved=len(moved))

    return await run_once(request, edit)


async def load_notice(request: web.Request) -> web.Response:
    """`POST /api/v1/calendar/notices`: put the notice for a year in force."""
    actor, body = officer(request), await body_of(request, NoticeBody)
    first, last = first_day_of_notice(body.year), date(body.year, 12, 31)
    faults = {
        f"days.{index}.day": "other_year"
        for index, named in enumerate(body.days)
        if not first <= named.day <= last
    }
    if faults:
        raise BadInput(faults)
    days = {named.day: NamedDay(named.kind, named.name) for named in body.days}

    async def load(work: Work) -> CalendarChanged:
        return CalendarChanged(moved=len(await calendar.load_notice(work, actor, body.year, days)))

    return await run_once(request, load)


async def show_feed(request: web.Request) -> web.Response:
    """`GET /feeds/{token}.ics`: what a calendar program asks for again and again."""
    locale, catalogues = request.app[SETTINGS].language, request.app[CATALOGUES]
    words = feeds.Words(
        summary=catalogues.say(locale, "reminder.summary"),
        mine=catalogues.say(locale, "feed.person"),
        room=catalogues.say(locale, "feed.room"),
    )
    secret = request.match_info["token"]
    try:
        text = await request.app[EDGE].read(lambda work: feeds.read(work, secret, words))
    except NotFound:
        return web.Response(status=HTTPStatus.NOT_FOUND)  # a calendar program reads no page
    return web.Response(
        body=text,
        content_type="text/calendar",
        charset="utf-8",
        headers={"Content-Disposition": 'attachment; filename="appointments.ics"'},
    )


def feed_address(request: web.Request, secret: str) -> str:
    """Return the address to subscribe to, at the origin of the page that asked for it."""
    # Behind a proxy the request itself does not know; a page's origin has been compared with ours.
    origin = request.headers.get("Origin") or str(request.url.origin())
    return f"{origin}/feeds/{secret}.ics"


async def _load(work: Work) -> Calendar:
    return await calendars.load(work.session)


def _date(request: web.Request, name: str) -> date:
    try:
        day = date.fromisoformat(request.query.get(name, ""))
    except ValueError:
        raise BadInput({name: "not_a_date"}) from None
    return _within(day, name)


def _within(day: date, name: str) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadInput({name: "range"})
    return day
