"""Rows of the table of routes: conflicts of interest."""

from reception.web.audience import Route

CONFLICTS: tuple[Route, ...] = ()
