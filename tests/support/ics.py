"""What a calendar program reads out of an iCalendar object."""

from icalendar import Calendar, Event


def calendar_of(text: bytes) -> Calendar:
    """Parse one object."""
    found = Calendar.from_ical(text)
    assert isinstance(found, Calendar)
    return found


def events_of(text: bytes) -> list[Event]:
    """Return the events of one object, in order."""
    return [event for event in calendar_of(text).walk("VEVENT") if isinstance(event, Event)]
