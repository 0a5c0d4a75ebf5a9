"""Rows of the table of routes: the calendar's page and API, feeds for calendar programs."""

from reception.web.api import calendar as api
from reception.web.audience import LEDGER, OFFICE, PUBLIC, SCHEDULE_READERS, Route, V, deed, read
from reception.web.pages import account
from reception.web.pages import calendar as page
from reception.web.shapes import calendar as shapes

CALENDAR: tuple[Route, ...] = (
    Route("GET", "/schedule/calendar", page.show, SCHEDULE_READERS, "calendar_page"),
    Route("POST", "/schedule/calendar/day", page.edit_day, OFFICE, "edit_calendar_day_form"),
    Route("POST", "/schedule/calendar/notice", page.load_notice, OFFICE, "load_notice_form"),
    Route("POST", "/schedule/calendar/hours/{unit}", page.keep_hours, OFFICE, "keep_hours_form"),
    Route("POST", "/schedule/calendar/rooms/{place}/feed", page.change_room_feed, LEDGER, "change_room_feed"),
    Route("POST", "/account/feed", account.change_feed, SCHEDULE_READERS, "change_own_feed"),
    # Calendar programs do not sign in: the address is the secret.
    Route("GET", "/feeds/{token}.ics", api.show_feed, PUBLIC, "feed"),
    read(f"{V}/calendar", api.show_days, SCHEDULE_READERS, "show_calendar_days", shapes.DaysView),
    read(f"{V}/calendar/due", api.show_due, SCHEDULE_READERS, "show_due", shapes.DueView),
    deed(
        f"{V}/calendar/days",
        api.edit_day,
        OFFICE,
        "edit_calendar_day",
        shapes.NamedDayBody,
        shapes.CalendarChanged,
    ),
    deed(
        f"{V}/calendar/notices",
        api.load_notice,
        OFFICE,
        "load_notice",
        shapes.NoticeBody,
        shapes.CalendarChanged,
    ),
)
