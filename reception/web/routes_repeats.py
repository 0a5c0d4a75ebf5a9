"""Routes of repeat visits."""

from reception.domain.roles import Role
from reception.web.api import repeats
from reception.web.api.bodies import Nothing
from reception.web.audience import DESK, Audience, Route, V
from reception.web.shapes import repeats as shapes

# Narrower than the desk: a handler does not even reach the routes of the question about the handling.
ASSIGNERS = Audience(is_public=False, roles=frozenset({Role.PETITION_OFFICE, Role.SECTION_DIRECTOR}))
OFFICE = Audience(is_public=False, roles=frozenset({Role.PETITION_OFFICE}))
JUDGES = Audience(is_public=False, roles=frozenset({Role.COUNTY_DUTY_OFFICER, Role.PETITION_OFFICE}))
HEARERS = Audience(is_public=False, roles=frozenset({Role.PETITION_OFFICE, Role.MAIN_LEADER}))
MAIN_LEADER = Audience(is_public=False, roles=frozenset({Role.MAIN_LEADER}))

_LINK = f"{V}/repeat-links/{{link}}"
_HEARING = f"{V}/hearings/{{hearing}}"

REPEATS: tuple[Route, ...] = (
    Route(
        "GET",
        f"{V}/visits/{{visit}}/repeats",
        repeats.show_repeats,
        DESK,
        "show_repeats",
        None,
        shapes.RepeatsView,
    ),
    Route(
        "POST",
        f"{V}/visits/{{visit}}/repeats/search",
        repeats.look_again,
        JUDGES,
        "search_repeats",
        Nothing,
        shapes.LookedAgain,
        True,
    ),
    Route(
        "POST",
        f"{_LINK}/confirm",
        repeats.confirm,
        JUDGES,
        "confirm_repeat",
        Nothing,
        shapes.LinkMoved,
        True,
    ),
    Route(
        "POST", f"{_LINK}/reject", repeats.reject, JUDGES, "reject_repeat", Nothing, shapes.LinkMoved, True
    ),
    Route(
        "POST", f"{_LINK}/unlink", repeats.unlink, JUDGES, "unlink_repeat", Nothing, shapes.LinkMoved, True
    ),
    Route(
        "POST",
        f"{_LINK}/excuse",
        repeats.excuse,
        DESK,
        "excuse_rung",
        shapes.ExcuseBody,
        shapes.Kept,
        True,
    ),
    Route(
        "POST", f"{_LINK}/alone", repeats.be_alone, JUDGES, "be_alone", shapes.AloneBody, shapes.Kept, True
    ),
    Route(
        "POST",
        f"{_LINK}/handling",
        repeats.keep_handling,
        JUDGES,
        "keep_handling",
        shapes.HandlingBody,
        shapes.Kept,
        True,
    ),
    Route(
        "GET", f"{_LINK}/handling", repeats.show_handling, JUDGES, "show_handling", None, shapes.AnswersView
    ),
    Route("GET", f"{V}/handling", repeats.show_totals, HEARERS, "show_totals", None, shapes.TotalsView),
    Route(
        "POST",
        f"{V}/cases/{{number}}/assignment",
        repeats.assign,
        ASSIGNERS,
        "assign_case",
        shapes.AssignBody,
        shapes.AssignmentView,
        True,
    ),
    Route("GET", f"{V}/hearings", repeats.list_hearings, HEARERS, "list_hearings", None, shapes.HearingsView),
    Route(
        "POST",
        f"{_HEARING}/day",
        repeats.plan_hearing,
        HEARERS,
        "plan_hearing",
        shapes.HearingDayBody,
        shapes.Kept,
        True,
    ),
    Route(
        "POST",
        f"{_HEARING}/minutes",
        repeats.hold_hearing,
        MAIN_LEADER,
        "hold_hearing",
        shapes.HearingBody,
        shapes.Kept,
        True,
    ),
    Route(
        "POST",
        f"{V}/ladder",
        repeats.adopt_ladder,
        OFFICE,
        "adopt_ladder",
        shapes.LadderBody,
        shapes.LadderAdopted,
        True,
    ),
)
