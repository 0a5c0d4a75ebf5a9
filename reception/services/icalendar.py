"""Appointments as iCalendar (RFC 5545): feeds to subscribe to, and what goes along with a reminder.

The words come from the caller; nothing here has a petitioner's name to give away.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from icalendar import Calendar, Event, vCalAddress, vText

# Reserved by RFC 2606: an address that no letter can go to.
DOMAIN = "reception.invalid"
PRODUCT = "-//reception//appointments//ZH"
REFRESH = timedelta(minutes=15)

Method = Literal["PUBLISH", "REQUEST", "CANCEL"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One appointment as a calendar shows it.

    Attributes:
        summary: the same neutral words for every appointment.
        sequence: grows with every change that was told; 0 for the first.
        stamped_at: when this version was written down.
    """

    appointment: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    room: str
    ticket: str | None
    sequence: int
    stamped_at: datetime


def feed(name: str, entries: Iterable[Entry]) -> bytes:
    """Write a calendar to subscribe to.

    Args:
        name: what a calendar program shows as its title.
    """
    calendar = _calendar("PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for entry in entries:
        calendar.add_component(_event(entry, is_cancelled=False))
    text: bytes = calendar.to_ical()
    return text


def message(method: Method, entry: Entry, attendee: str) -> bytes:
    """Write what a calendar program takes from a message: put this in, change it, take it out (RFC 5546).

    Args:
        attendee: the recipient's user name.
    """
    calendar = _calendar(method)
    event = _event(entry, is_cancelled=method == "CANCEL")
    event.add("organizer", vCalAddress(f"mailto:reception@{DOMAIN}"))
    event.add("attendee", vCalAddress(f"mailto:{attendee}@{DOMAIN}"))
    calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text


def _calendar(method: Method) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def _event(entry: Entry, *, is_cancelled: bool) -> Event:
    event = Event()
    event.add("uid", f"{entry.appointment}@{DOMAIN}")
    event.add("dtstamp", entry.stamped_at)
    event.add("sequence", entry.sequence)
    event.add("dtstart", entry.starts_at)
    event.add("dtend", entry.ends_at)
    ticket = f" {entry.ticket}" if entry.ticket else ""
    event.add("summary", f"{entry.summary}{ticket}")
    event.add("location", vText(entry.room))
    event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    event.add("class", "PRIVATE")
    return event
