"""The calendar's page: a year at a glance, and for the office the forms that keep it; feeds of rooms."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from http import HTTPStatus

from aiohttp import web
from sqlalchemy import select

from reception.domain.access import can, may
from reception.domain.actors import Officer
from reception.domain.errors import BadInput
from reception.domain.policy import Action
from reception.domain.roles import COUNTY, Role
from reception.keys import EDGE
from reception.services import calendar, deadlines, feeds, outbox
from reception.services.feeds import FeedKind
from reception.services.work import Work
from reception.store.tables import PlaceRow, UnitRow
from reception.web.api.calendar import feed_address
from reception.web.calendar_view import HoursRow, holidays_of, hours_row, months_of, read_hours
from reception.web.contexts import render
from reception.web.errors import status_of
from reception.web.principals import officer
from reception.web.words import say
from scheduling.domain.announced import announced_years
from scheduling.domain.calendar import Calendar, DayKind, NamedDay
from scheduling.domain.forecast import Holiday
from scheduling.domain.hours import Hours
from scheduling.store import calendars, opening

PATH = "/schedule/calendar"
FIRST_YEAR, LAST_YEAR = 2004, 2100
NOTICE_MOST = 8000  # characters of a pasted notice


@dataclass(frozen=True, slots=True)
class TypedHours:
    """A week that was typed and does not hold, given back to be corrected."""

    unit: str
    days: tuple[str, ...]
    faults: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Said:
    """What the page says beside the calendar itself: what a form came to.

    Attributes:
        faults: field to code.
        notice: the pasted text, given back to be corrected.
        moved: how many deadlines changed; None when nothing was saved.
        issued: `room` and its new feed's `address`, shown once.
    """

    faults: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""
    year: int | None = None
    moved: int | None = None
    is_loaded: bool = False
    is_kept: bool = False
    issued: Mapping[str, str] | None = None
    hours: TypedHours | None = None


async def show(request: web.Request) -> web.StreamResponse:
    """`GET /schedule/calendar?year=`."""
    may(officer(request), Action.SEE_CALENDAR)
    return await _page(request, _said(request))


async def edit_day(request: web.Request) -> web.StreamResponse:
    """`POST /schedule/calendar/day`."""
    actor, form = officer(request), await request.post()
    try:
        day = _date(str(form.get("day", "")))
        named = _named(str(form.get("kind", "")), str(form.get("name", "")))
        moved = await request.app[EDGE].run(lambda work: calendar.edit_day(work, actor, day, named))
    except BadInput as refusal:
        return await _page(request, Said(faults=refusal.fields), status=status_of(refusal))
    raise web.HTTPSeeOther(f"{PATH}?year={day.year}&day={day}&moved={len(moved)}")


async def load_notice(request: web.Request) -> web.StreamResponse:
    """`POST /schedule/calendar/notice`: typed, pasted, or what the installation brings along."""
    actor, form = officer(request), await request.post()
    typed = str(form.get("notice", ""))[:NOTICE_MOST]
    year = _year(str(form.get("year", "")))
    try:
        if form.get("source") == "published":
            moved = await request.app[EDGE].run(lambda work: calendar.load_published(work, actor, year))
        else:
            words = _notice_words(request)
            moved = await request.app[EDGE].run(
                lambda work: calendar.load_typed_notice(work, actor, year, typed, words)
            )
    except BadInput as refusal:
        said = Said(faults=refusal.fields, notice=typed, year=year)
        return await _page(request, said, status=status_of(refusal))
    raise web.HTTPSeeOther(f"{PATH}?year={year}&moved={len(moved)}&loaded=1")


async def keep_hours(request: web.Request) -> web.StreamResponse:
    """`POST /schedule/calendar/hours/{unit}`."""
    actor, form, unit = officer(request), await request.post(), request.match_info["unit"]
    hours: Hours | None = None
    if form.get("usual") is None:
        typed = tuple(str(form.get(f"day{number}", ""))[:60] for number in range(7))
        hours, faults = read_hours(typed)
        if faults:
            said = Said(hours=TypedHours(unit, typed, faults))
            return await _page(request, said, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    await request.app[EDGE].run(lambda work: calendar.keep_hours(work, actor, unit, hours))
    raise web.HTTPSeeOther(f"{PATH}?kept=1#hours")


async def change_room_feed(request: web.Request) -> web.StreamResponse:
    """`POST /schedule/calendar/rooms/{place}/feed`: a new address, shown once, or none any more."""
    actor, form, place = officer(request), await request.post(), request.match_info["place"]
    if form.get("action") == "revoke":
        await request.app[EDGE].run(lambda work: feeds.revoke(work, actor, FeedKind.ROOM, place))
        raise web.HTTPSeeOther(f"{PATH}#feeds")
    secret = await request.app[EDGE].run(lambda work: feeds.issue(work, actor, FeedKind.ROOM, place))
    issued = {"room": place, "address": feed_address(request, secret)}
    return await _page(request, Said(issued=issued))


def _said(request: web.Request) -> Said:
    """Take from the address what the request before came to."""
    moved = request.query.get("moved", "")
    return Said(
        moved=int(moved) if moved.isascii() and moved.isdigit() and len(moved) < 6 else None,
        is_loaded="loaded" in request.query,
        is_kept="kept" in request.query,
    )


async def _page(request: web.Request, said: Said, *, status: int = HTTPStatus.OK) -> web.Response:
    actor = officer(request)

    async def read(work: Work) -> dict[str, object]:
        known = await calendars.load(work.session)
        shown = said.year or _asked_year(request, work.today)
        is_county = bool(actor.roles & COUNTY)
        return {
            "year": shown,
            "first_year": FIRST_YEAR,
            "last_year": LAST_YEAR,
            "is_announced": shown in known.announced,
            "is_published": shown in announced_years(),
            "months": months_of(known, shown, work.today),
            "holidays": holidays_of(known, shown),
            "may_keep": can(actor, Action.KEEP_CALENDAR),
            "kinds": [kind.value for kind in DayKind],
            "names": [name.value for name in Holiday],
            "chosen": _chosen(request, known),
            "provisional": await deadlines.provisional_count(work) if is_county else None,
            "changes": await deadlines.moved_lately(work) if is_county else [],
            "undelivered": await outbox.undelivered(work) if is_county else 0,
            "hours": await _hours(work, actor, said.hours),
            "rooms": await _rooms(work, actor),
            "said": said,
        }

    return render(request, "pages/calendar.html", await request.app[EDGE].read(read), status=status)


async def _hours(work: Work, actor: Officer, typed: TypedHours | None) -> list[HoursRow]:
    """List the units' hours: all of them for the county, one's own elsewhere."""
    query = (
        select(UnitRow.id, UnitRow.name)
        .where(UnitRow.kind.in_(calendar.WITH_HOURS))
        .order_by(UnitRow.kind, UnitRow.position, UnitRow.name)
    )
    if not actor.roles & COUNTY:
        query = query.where(UnitRow.id == actor.unit)
    own = await opening.own_hours(work.session)
    rows = [hours_row(unit, name, own.get(unit)) for unit, name in await work.session.execute(query)]
    if typed is None:
        return rows
    return [
        replace(row, days=typed.days, faults=typed.faults) if row.unit == typed.unit else row for row in rows
    ]


async def _rooms(work: Work, actor: Officer) -> list[dict[str, object]]:
    """List the rooms whose feed this officer may give out."""
    if not can(actor, Action.SUBSCRIBE_ROOM):
        return []
    query = select(PlaceRow.id, PlaceRow.name).order_by(PlaceRow.code)
    if Role.TOWNSHIP_OFFICER in actor.roles:
        query = query.where(PlaceRow.unit_id == actor.unit)
    rooms = (await work.session.execute(query)).all()
    issued = await feeds.open_feeds(work, FeedKind.ROOM, [room for room, _ in rooms])
    return [
        {"id": room, "name": name, "since": issued[room].created_at if room in issued else None}
        for room, name in rooms
    ]


def _notice_words(request: web.Request) -> dict[str, str]:
    """Return what people write for `off`, `work` and the holidays, in the request's language."""
    holidays = {say(request, f"holiday.{name}"): name.value for name in Holiday}
    return {
        say(request, "notice.off"): "off",
        say(request, "notice.work"): "work",
        say(request, "notice.to"): "",
        **holidays,
    }


def _chosen(request: web.Request, known: Calendar) -> dict[str, str]:
    """Return the day that was pointed at, as it is now; nothing chosen is a holiday to come."""
    try:
        day = _date(request.query.get("day", ""))
    except BadInput:
        return {"day": "", "kind": DayKind.HOLIDAY, "name": ""}
    found = known.kind_of(day)
    return {"day": day.isoformat(), "kind": found.kind, "name": found.name or ""}


def _asked_year(request: web.Request, today: date) -> int:
    asked = request.query.get("year", "")
    if asked.isascii() and asked.isdigit() and FIRST_YEAR <= int(asked) <= LAST_YEAR:
        return int(asked)
    return today.year


def _year(written: str) -> int:
    if not (written.isascii() and written.isdigit() and FIRST_YEAR <= int(written) <= LAST_YEAR):
        raise BadInput({"year": "range"})
    return int(written)


def _date(written: str) -> date:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise BadInput({"day": "not_a_date"}) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadInput({"day": "range"})
    return day


def _named(kind: str, name: str) -> NamedDay:
    try:
        return NamedDay(DayKind(kind), Holiday(name) if name else None)
    except ValueError:
        raise BadInput({"kind": "unknown"}) from None
