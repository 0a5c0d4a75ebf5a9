"""Rows of the table of routes: rosters, their requests and their page."""

from reception.web.api import rosters as api
from reception.web.api.bodies import Nothing
from reception.web.audience import OFFICE, SCHEDULE_READERS, Route, V, deed, read
from reception.web.pages import rosters as page
from reception.web.shapes import rosters as shapes

_R = f"{V}/rosters"
_changed = shapes.RosterChanged

_ASKED = tuple(
    deed(f"{_R}/swaps/{{swap}}/{word}", api.settle_swap, SCHEDULE_READERS, name, Nothing, _changed)
    for word, name in (("accept", "accept_swap"), ("decline", "decline_swap"), ("withdraw", "withdraw_swap"))
) + tuple(
    deed(f"{_R}/leaves/{{leave}}/{word}", api.settle_leave, audience, name, Nothing, _changed)
    for word, name, audience in (
        ("grant", "grant_leave", OFFICE),
        ("decline", "decline_leave", OFFICE),
        ("withdraw", "withdraw_leave", SCHEDULE_READERS),
    )
)
_CANCELLED = tuple(
    deed(f"{_R}/{kinds}/{{change}}/cancel", api.cancel, OFFICE, name, Nothing, _changed)
    for kinds, name in (
        ("overrides", "cancel_override"),
        ("actings", "cancel_acting"),
        ("leader-days", "cancel_leader_day"),
    )
)

ROSTERS: tuple[Route, ...] = (
    read(f"{_R}/who", api.show_who, SCHEDULE_READERS, "show_who", shapes.WhoView),
    read(f"{_R}/report", api.show_report, OFFICE, "show_roster_report", shapes.RosterReport),
    deed(f"{_R}/rotations", api.add_rotation, OFFICE, "add_rotation", shapes.RotationBody, _changed),
    deed(
        f"{_R}/rotations/{{rotation}}",
        api.change_rotation,
        OFFICE,
        "change_rotation",
        shapes.RotationChange,
        _changed,
    ),
    deed(
        f"{_R}/overrides", api.add_override, SCHEDULE_READERS, "add_override", shapes.OverrideBody, _changed
    ),
    deed(f"{_R}/standing", api.set_standing, OFFICE, "set_standing", shapes.StandingBody, _changed),
    deed(f"{_R}/swaps", api.ask_swap, SCHEDULE_READERS, "ask_swap", shapes.SwapBody, _changed),
    deed(f"{_R}/leaves", api.ask_leave, SCHEDULE_READERS, "ask_leave", shapes.LeaveBody, _changed),
    deed(f"{_R}/actings", api.add_acting, OFFICE, "add_acting", shapes.ActingBody, _changed),
    deed(f"{_R}/leader-days", api.add_leader_day, OFFICE, "add_leader_day", shapes.LeaderDayBody, _changed),
    deed(f"{_R}/channels", api.check_channel, OFFICE, "check_channel", shapes.ChannelBody, _changed),
    *_ASKED,
    *_CANCELLED,
    Route("GET", "/schedule/rosters", page.show, SCHEDULE_READERS, "rosters_page"),
    Route("POST", "/schedule/rosters/{form}", page.submit, SCHEDULE_READERS, "rosters_form"),
)
