"""Rows of the table of routes: who is brought into a call, and what is done there."""

from reception.web.audience import Route

CALLS: tuple[Route, ...] = ()
