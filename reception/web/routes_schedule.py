"""Rows of the table of routes: calendar, rosters, appointments."""

from reception.web.api import appointments
from reception.web.api.bodies import Nothing
from reception.web.audience import BOOKERS, COUNTY, LEDGER, OFFICE, TERMINAL, Route, V
from reception.web.routes_board import BOARD
from reception.web.routes_calendar import CALENDAR
from reception.web.routes_rosters import ROSTERS
from reception.web.shapes import appointments as shapes

_APPOINTMENT = f"{V}/appointments/{{appointment}}"
_view = shapes.AppointmentView

APPOINTMENTS: tuple[Route, ...] = (
    Route(
        "POST",
        f"{V}/appointments",
        appointments.hold,
        BOOKERS,
        "hold_appointment",
        shapes.Book,
        _view,
        True,
    ),
    Route(
        "POST",
        f"{_APPOINTMENT}/request",
        appointments.complete,
        BOOKERS,
        "request_appointment",
        Nothing,
        _view,
        True,
    ),
    Route(
        "POST",
        f"{_APPOINTMENT}/approve",
        appointments.approve,
        COUNTY,
        "approve_appointment",
        Nothing,
        _view,
        True,
    ),
    Route(
        "POST",
        f"{_APPOINTMENT}/reject",
        appointments.reject,
        COUNTY,
        "reject_appointment",
        shapes.Reject,
        _view,
        True,
    ),
    Route(
        "POST",
        f"{_APPOINTMENT}/move",
        appointments.move,
        BOOKERS,
        "move_appointment",
        shapes.MoveAppointment,
        _view,
        True,
    ),
    Route(
        "POST",
        f"{_APPOINTMENT}/cancel",
        appointments.cancel,
        BOOKERS,
        "cancel_appointment",
        shapes.CancelAppointment,
        _view,
        True,
    ),
    Route(
        "POST",
        f"{_APPOINTMENT}/arrive",
        appointments.arrive,
        BOOKERS,
        "arrive_for_appointment",
        Nothing,
        _view,
        True,
    ),
    Route(
        "POST",
        f"{_APPOINTMENT}/no-show",
        appointments.no_show,
        LEDGER,
        "confirm_no_show",
        shapes.NoShow,
        _view,
        True,
    ),
    Route(
        "POST", f"{_APPOINTMENT}/done", appointments.done, COUNTY, "close_appointment", Nothing, _view, True
    ),
    Route(
        "POST",
        f"{V}/room-blocks",
        appointments.block_room,
        OFFICE,
        "block_room",
        shapes.BlockRoom,
        shapes.RoomBlocked,
        True,
    ),
    Route(
        "POST",
        f"{V}/room-blocks/{{block}}/lift",
        appointments.lift_block,
        OFFICE,
        "lift_room_block",
        Nothing,
        shapes.RoomUnblocked,
        True,
    ),
    Route(
        "POST",
        f"{V}/officials/{{person}}/reallocate",
        appointments.reallocate,
        OFFICE,
        "reallocate_day",
        shapes.Reallocate,
        shapes.DayReallocated,
        True,
    ),
    Route(
        "GET",
        f"{V}/appointments/missed",
        appointments.show_missed,
        COUNTY,
        "show_missed",
        None,
        shapes.MissedToday,
    ),
    Route(
        "GET",
        f"{V}/terminal/appointments",
        appointments.show_expected,
        TERMINAL,
        "show_expected",
        None,
        shapes.ExpectedToday,
    ),
)

SCHEDULE: tuple[Route, ...] = APPOINTMENTS + BOARD + CALENDAR + ROSTERS
