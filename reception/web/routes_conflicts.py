"""Rows of the table of routes: conflicts of interest."""

from reception.web.api import bodies as _b
from reception.web.api import conflicts
from reception.web.audience import BUSINESS, COUNTY, DESK, LEADERS, Route, V, deed, read
from reception.web.pages import ties
from reception.web.shapes import conflicts as _c

CONFLICTS: tuple[Route, ...] = (
    Route("POST", "/account/postings", ties.declare_posting, BUSINESS, "declare_posting"),
    Route("POST", "/account/relatives", ties.declare_relative, BUSINESS, "declare_relative"),
    Route("GET", "/recusals", ties.show_recusals, LEADERS, "recusals_page"),
    Route("POST", "/recusals/{recusal}/decide", ties.decide_recusal, LEADERS, "decide_recusal_form"),
    read(f"{V}/visits/{{visit}}/accused", conflicts.show_accused, DESK, "show_accused", _c.CaseAccusedView),
    deed(
        f"{V}/visits/{{visit}}/accused",
        conflicts.add_accused,
        DESK,
        "add_accused",
        _c.AccusedBody,
        _c.AccusedChanged,
    ),
    deed(
        f"{V}/visits/{{visit}}/accused/{{accused}}/remove",
        conflicts.remove_accused,
        DESK,
        "remove_accused",
        _b.Nothing,
        _c.AccusedChanged,
    ),
    deed(
        f"{V}/visits/{{visit}}/recusal",
        conflicts.ask_recusal,
        COUNTY,
        "ask_recusal",
        _c.RecusalBody,
        _c.RecusalAsked,
    ),
    read(f"{V}/recusals", conflicts.list_recusals, LEADERS, "list_recusals", _c.OpenRecusalsView),
    deed(
        f"{V}/recusals/{{recusal}}/decide",
        conflicts.decide_recusal,
        LEADERS,
        "decide_recusal",
        _c.DecideRecusal,
        _c.RecusalDecided,
    ),
)
