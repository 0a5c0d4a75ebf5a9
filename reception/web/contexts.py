"""What a template sees: a few common names, and the page's own data."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from aiohttp import web
from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from reception.domain.actors import Officer
from reception.keys import CATALOGUES, SETTINGS, TEMPLATES
from reception.services.work import OFFICE_TIME
from reception.web.audience import ADMINS, ATTENDANCE, DESK, LEADERS, LEDGER, LIAISON, SCHEDULE_READERS
from reception.web.principals import roles_of, signed_in
from reception.web.words import language, say

_FOLDER = Path(__file__).parent.parent / "templates"


def make_templates() -> Environment:
    """Build the template environment; a name that is not given is an error, not an empty place."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        when=_when, clock=clock, hour=hour, day=_day, office_date=office_date, minutes=minutes
    )
    return environment


def when(moment: datetime | None, lang: str = "zh") -> str:
    """Write a point in time, office time: `2026年3月2日 09:00`, in English `2 March 2026, 09:00`."""
    if moment is None:
        return "—"
    local = moment.astimezone(OFFICE_TIME)
    return f"{day(local.date(), lang)}{', ' if lang == 'en' else ' '}{local:%H:%M}"


def clock(moment: datetime | None) -> str:
    """Write the time of day as `09:00:12`, office time."""
    return "—" if moment is None else f"{moment.astimezone(OFFICE_TIME):%H:%M:%S}"


def hour(moment: datetime | None) -> str:
    """Write the time of day as `09:00`, office time."""
    return "—" if moment is None else f"{moment.astimezone(OFFICE_TIME):%H:%M}"


def office_date(moment: datetime) -> str:
    """Write the office's date as an address wants it, `2026-03-02`."""
    return moment.astimezone(OFFICE_TIME).date().isoformat()


def day(value: date | datetime | None, lang: str = "zh") -> str:
    """Write an office date: `2026年3月2日`, in English `2 March 2026`."""
    if value is None:
        return "—"
    if isinstance(value, datetime):
        value = value.astimezone(OFFICE_TIME).date()
    return format_date(value, "d MMMM y", "en") if lang == "en" else format_date(value, "y年M月d日", "zh")


@pass_context
def _when(context: Context, moment: datetime | None) -> str:
    return when(moment, context["lang"])


@pass_context
def _day(context: Context, value: date | datetime | None) -> str:
    return day(value, context["lang"])


def minutes(length: timedelta | float | None) -> str:
    """Write a length in whole minutes, at least 1; a number is seconds."""
    if length is None:
        return "—"
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    return str(max(1, round(seconds / 60)))


def render(
    request: web.Request, template: str, page: Mapping[str, object], *, status: int = 200
) -> web.Response:
    """Render a page in the request's language."""
    locale = language(request)
    text = (
        request.app[TEMPLATES]
        .get_template(template)
        .render(
            **{
                "_": lambda message: request.app[CATALOGUES].say(locale, message),
                "lang": "en" if locale == "en" else "zh",
                "csrf_token": _csrf_token(request),
                "principal": _principal(request),
                "nav": _navigation(request),
                "demo": request.app[SETTINGS].demo,
                "words": request.app[CATALOGUES].for_scripts(locale),
                "path": request.path,
                "request_id": None,
                **page,
            }
        )
    )
    return web.Response(text=text, content_type="text/html", status=status)


def _csrf_token(request: web.Request) -> str:
    login = signed_in(request)
    return (login and login.csrf_token) or ""


def _principal(request: web.Request) -> dict[str, object] | None:
    login = signed_in(request)
    if login is None or not isinstance(login.actor, Officer):
        return None
    actor = login.actor
    return {
        "person": actor.person,
        "username": actor.username,
        "name": actor.name,
        "post": actor.post,
        "roles": sorted(actor.roles),
        "seat": actor.seat,
    }


def _navigation(request: web.Request) -> list[tuple[str, str]]:
    """Return the pages that this principal may open, in the order of the header."""
    pages = (
        ("/desk", "nav.desk", DESK),
        ("/liaison", "nav.liaison", LIAISON),
        ("/cases", "nav.cases", LEDGER),
        ("/schedule", "nav.schedule", SCHEDULE_READERS),
        ("/attendance", "nav.attendance", ATTENDANCE),
        ("/recusals", "nav.recusals", LEADERS),
        ("/admin", "nav.admin", ADMINS),
        ("/account", "nav.account", None),
    )
    roles = roles_of(request)
    return [
        (path, say(request, code))
        for path, code, audience in pages
        if (audience is None and roles) or (audience is not None and audience.admits(roles))
    ]
