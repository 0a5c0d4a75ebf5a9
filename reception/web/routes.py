"""The one table of routes: method, path, handler, audience, name, and for the API its body and answer."""

from aiohttp import web

from reception.web import health, openapi
from reception.web.api import answers, bodies, call, demo, desk, devices, ice, line, record, terminal
from reception.web.audience import (
    ADMINS,
    ASKED_IN,
    AUDIT_ADMIN,
    COUNTY,
    DESK,
    DEVICE_ADMIN,
    IN_CALL,
    LEDGER,
    PUBLIC,
    SECURITY_ADMIN,
    SOCKET,
    STAFF,
    SYS_ADMIN,
    TERMINAL,
    Route,
    V,
    deed,
    read,
)
from reception.web.pages import account, admin, front, work
from reception.web.routes_calls import CALLS
from reception.web.routes_conflicts import CONFLICTS
from reception.web.routes_repeats import REPEATS
from reception.web.routes_schedule import SCHEDULE
from signaling.web import open_socket

PAGES = (
    Route("GET", "/", front.front_door, PUBLIC, "front_door"),
    Route("GET", "/login", front.show_login, PUBLIC, "show_login"),
    Route("POST", "/login", front.sign_in, PUBLIC, "sign_in"),
    Route("POST", "/logout", front.sign_out, STAFF, "sign_out"),
    Route("POST", "/language", front.choose_language, PUBLIC, "choose_language"),
    Route("GET", "/terminal", work.show_terminal, PUBLIC, "terminal_page"),
    Route("GET", "/desk", work.show_desk, DESK, "desk_page"),
    Route("GET", "/cases", work.list_cases, LEDGER, "cases_page"),
    Route("GET", "/cases/{number}", work.show_case, LEDGER, "case_page"),
    Route("GET", "/account", account.show, STAFF, "account_page"),
    Route("POST", "/account/sessions/{login}/revoke", account.revoke, STAFF, "revoke_own_session"),
    Route("POST", "/account/totp", account.enrol_totp, STAFF, "enrol_totp"),
    Route("GET", "/admin", admin.show, ADMINS, "admin_page"),
    Route("POST", "/admin/places/{place}/enrolment-code", admin.issue_code, DEVICE_ADMIN, "issue_code"),
    Route("POST", "/admin/devices/{device}/revoke", admin.revoke_device, DEVICE_ADMIN, "revoke_device"),
    Route("POST", "/admin/people/{person}/roles", admin.change_role, SECURITY_ADMIN, "change_role"),
    Route(
        "POST",
        "/admin/people/{person}/sessions/revoke",
        admin.revoke_sessions,
        SECURITY_ADMIN,
        "revoke_sessions",
    ),
    Route("POST", "/admin/calls/{visit}/stop", admin.stop_call, SYS_ADMIN, "stop_call_form"),
    Route("GET", "/admin/audit", admin.show_audit, AUDIT_ADMIN, "audit_page"),
    Route("POST", "/admin/audit/verify", admin.verify_audit, AUDIT_ADMIN, "verify_audit"),
    Route("GET", "/healthz", health.healthz, PUBLIC, "healthz"),
    Route("GET", "/readyz", health.readyz, PUBLIC, "readyz"),
    Route("GET", "/ws", open_socket, PUBLIC, "socket"),  # the hub asks for the ticket
    Route("GET", "/api/openapi.json", openapi.show, PUBLIC, "openapi"),
)


_a, _b = answers, bodies

CORE = (
    Route("POST", f"{V}/devices/enrol", devices.enrol, PUBLIC, "enrol_device", _b.Enrol, _a.Enrolled),
    Route(
        "POST",
        f"{V}/devices/{{device}}/challenge",
        devices.challenge,
        PUBLIC,
        "challenge_device",
        _b.Nothing,
        _a.Challenge,
    ),
    Route(
        "POST",
        f"{V}/devices/{{device}}/session",
        devices.open_session,
        PUBLIC,
        "open_device_session",
        _b.OpenDeviceSession,
        _a.DeviceSession,
    ),
    Route("POST", f"{V}/ws-ticket", devices.issue_ticket, SOCKET, "issue_ticket", _b.Nothing, _a.Ticket),
    Route(
        "POST",
        f"{V}/ice-servers",
        ice.list_ice_servers,
        SOCKET,
        "list_ice_servers",
        _b.Nothing,
        _a.IceServers,
    ),
    read(f"{V}/terminal", terminal.show_terminal, TERMINAL, "show_terminal", _a.TerminalView),
    read(
        f"{V}/terminal/device-profile",
        devices.show_profile,
        TERMINAL,
        "show_device_profile",
        _a.DeviceProfileView,
    ),
    Route(
        "PUT",
        f"{V}/terminal/device-profile",
        devices.keep_profile,
        TERMINAL,
        "keep_device_profile",
        _b.DeviceProfileBody,
        _a.DeviceProfileView,
        True,
    ),
    deed(f"{V}/visits", terminal.register, TERMINAL, "register_visit", _b.Register, _a.RegisteredVisit),
    deed(
        f"{V}/visits/{{visit}}/township-answer",
        terminal.answer_at_township,
        TERMINAL,
        "answer_at_township",
        _b.TownshipAnswerBody,
        _a.VisitMoved,
    ),
    deed(f"{V}/visits/{{visit}}/raise", terminal.raise_visit, TERMINAL, "raise_visit", _b.Raise, _a.Raised),
    deed(
        f"{V}/visits/{{visit}}/cancel", terminal.cancel, TERMINAL, "cancel_visit", _b.Nothing, _a.VisitMoved
    ),
    read(f"{V}/visits/{{visit}}/snapshot", call.show_snapshot, IN_CALL, "show_snapshot", _a.SnapshotView),
    deed(f"{V}/visits/{{visit}}/park", terminal.park, TERMINAL, "park_visit", _b.Nothing, _a.VisitMoved),
    deed(
        f"{V}/visits/{{visit}}/take-up",
        terminal.take_up,
        TERMINAL,
        "take_up_visit",
        _b.Nothing,
        _a.VisitMoved,
    ),
    deed(
        f"{V}/visits/{{visit}}/visitor-left",
        terminal.visitor_left,
        TERMINAL,
        "visitor_left",
        _b.Nothing,
        _a.VisitMoved,
    ),
    read(f"{V}/desk", desk.show_desk, DESK, "show_desk", _a.DeskView),
    deed(f"{V}/duty/on", desk.duty_on, DESK, "duty_on", _b.DutyOn, _a.DutyView),
    deed(f"{V}/duty/off", desk.duty_off, DESK, "duty_off", _b.Nothing, _a.DutyView),
    read(f"{V}/visits/{{visit}}", desk.show_panel, DESK, "show_visit", _a.CasePanel),
    deed(f"{V}/visits/{{visit}}/answer", desk.answer, DESK, "answer_visit", _b.Nothing, _a.AnsweredVisit),
    deed(f"{V}/visits/{{visit}}/decline", desk.decline, DESK, "decline_visit", _b.Nothing, _a.VisitMoved),
    deed(f"{V}/visits/{{visit}}/invite", desk.invite, DESK, "invite", _b.Invite, _a.VisitMoved),
    deed(f"{V}/visits/{{visit}}/join", desk.join, DESK, "join_visit", _b.Nothing, _a.AnsweredVisit),
    deed(f"{V}/visits/{{visit}}/end", desk.end, ASKED_IN, "end_call", _b.Nothing, _a.VisitMoved),
    deed(f"{V}/visits/{{visit}}/stop", desk.stop, SYS_ADMIN, "stop_call", _b.Nothing, _a.VisitMoved),
    read(f"{V}/visits/{{visit}}/draft", desk.show_draft, DESK, "show_draft", _a.DraftView),
    Route(
        "PUT",
        f"{V}/visits/{{visit}}/draft",
        desk.save_draft,
        DESK,
        "save_draft",
        _b.DraftBody,
        _a.DraftSaved,
        True,
    ),
    deed(
        f"{V}/visits/{{visit}}/outcome",
        desk.log_outcome,
        DESK,
        "log_outcome",
        _b.OutcomeBody,
        _a.OutcomeLogged,
    ),
    read(f"{V}/visits/{{visit}}/quality", line.show_lines, LEDGER, "show_lines", _a.LinesView),
    read(f"{V}/cases", record.list_cases, LEDGER, "list_cases", _a.CasePageView),
    read(f"{V}/cases/{{number}}", record.show_case, LEDGER, "show_case", _a.CaseRecord),
    Route("POST", f"{V}/cases/{{number}}/unseal", record.unseal, COUNTY, "unseal", _b.Unseal, _a.Unsealed),
    Route("POST", f"{V}/demo/robot", demo.start_robot, COUNTY, "start_robot", _b.RobotBody, _a.RobotStarted),
)

ROUTE_TABLE: tuple[Route, ...] = PAGES + CORE + SCHEDULE + CALLS + REPEATS + CONFLICTS
API = tuple(route for route in ROUTE_TABLE if route.path.startswith(f"{V}/"))


def add_routes(app: web.Application) -> None:
    """Put the table into an application."""
    for route in ROUTE_TABLE:
        app.router.add_route(route.method, route.path, route.handler, name=route.name)
