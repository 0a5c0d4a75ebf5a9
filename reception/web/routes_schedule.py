"""Rows of the table of routes: calendar, rosters, appointments."""

from reception.web.audience import Route

SCHEDULE: tuple[Route, ...] = ()
