"""Rows of the table of routes: repeat visits."""

from reception.web.audience import Route

REPEATS: tuple[Route, ...] = ()
