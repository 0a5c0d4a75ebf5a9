"""Routes of repeat visits."""

from reception.domain.roles import Role
from reception.web.api import repeats
from reception.web.api.bodies import Nothing
from reception.web.audience import DESK, Audience, Route, V, deed, read
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
    read(f"{V}/visits/{{visit}}/repeats", repeats.show_repeats, DESK, "show_repeats", shapes.RepeatsView),
    deed(
        f"{V}/visits/{{visit}}/repeats/search",
        repeats.look_again,
        JUDGES,
        "search_repeats",
        Nothing,
        shapes.LookedAgain,
    ),
    deed(f"{_LINK}/confirm", repeats.confirm, JUDGES, "confirm_repeat", Nothing, shapes.LinkMoved),
    deed(f"{_LINK}/reject", repeats.reject, JUDGES, "reject_repeat", Nothing, shapes.LinkMoved),
    deed(f"{_LINK}/unlink", repeats.unlink, JUDGES, "unlink_repeat", Nothing, shapes.LinkMoved),
    deed(f"{_LINK}/excuse", repeats.excuse, DESK, "excuse_rung", shapes.ExcuseBody, shapes.Kept),
    deed(f"{_LINK}/alone", repeats.be_alone, JUDGES, "be_alone", shapes.AloneBody, shapes.Kept),
    deed(
        f"{_LINK}/handling", repeats.keep_handling, JUDGES, "keep_handling", shapes.HandlingBody, shapes.Kept
    ),
    read(f"{_LINK}/handling", repeats.show_handling, JUDGES, "show_handling", shapes.AnswersView),
    read(f"{V}/handling", repeats.show_totals, HEARERS, "show_totals", shapes.TotalsView),
    deed(
        f"{V}/cases/{{number}}/assignment",
        repeats.assign,
        ASSIGNERS,
        "assign_case",
        shapes.AssignBody,
        shapes.AssignmentView,
    ),
    read(f"{V}/hearings", repeats.list_hearings, HEARERS, "list_hearings", shapes.HearingsView),
    deed(
        f"{_HEARING}/day", repeats.plan_hearing, HEARERS, "plan_hearing", shapes.HearingDayBody, shapes.Kept
    ),
    deed(
        f"{_HEARING}/minutes",
        repeats.hold_hearing,
        MAIN_LEADER,
        "hold_hearing",
        shapes.HearingBody,
        shapes.Kept,
    ),
    deed(
        f"{V}/ladder", repeats.adopt_ladder, OFFICE, "adopt_ladder", shapes.LadderBody, shapes.LadderAdopted
    ),
)
