"""Rows of the table of routes: calendar, rosters, appointments."""

from reception.web.api import appointments
from reception.web.api.bodies import Nothing
from reception.web.audience import BOOKERS, COUNTY, LEDGER, OFFICE, TERMINAL, Route, V, deed, read
from reception.web.routes_board import BOARD
from reception.web.routes_calendar import CALENDAR
from reception.web.routes_rosters import ROSTERS
from reception.web.shapes import appointments as shapes

_APPOINTMENT = f"{V}/appointments/{{appointment}}"
_view = shapes.AppointmentView

APPOINTMENTS: tuple[Route, ...] = (
    deed(f"{V}/appointments", appointments.hold, BOOKERS, "hold_appointment", shapes.Book, _view),
    deed(f"{_APPOINTMENT}/request", appointments.complete, BOOKERS, "request_appointment", Nothing, _view),
    deed(f"{_APPOINTMENT}/approve", appointments.approve, COUNTY, "approve_appointment", Nothing, _view),
    deed(f"{_APPOINTMENT}/reject", appointments.reject, COUNTY, "reject_appointment", shapes.Reject, _view),
    deed(
        f"{_APPOINTMENT}/move", appointments.move, BOOKERS, "move_appointment", shapes.MoveAppointment, _view
    ),
    deed(
        f"{_APPOINTMENT}/cancel",
        appointments.cancel,
        BOOKERS,
        "cancel_appointment",
        shapes.CancelAppointment,
        _view,
    ),
    deed(f"{_APPOINTMENT}/arrive", appointments.arrive, BOOKERS, "arrive_for_appointment", Nothing, _view),
    deed(f"{_APPOINTMENT}/no-show", appointments.no_show, LEDGER, "confirm_no_show", shapes.NoShow, _view),
    deed(f"{_APPOINTMENT}/done", appointments.done, COUNTY, "close_appointment", Nothing, _view),
    deed(
        f"{V}/room-blocks",
        appointments.block_room,
        OFFICE,
        "block_room",
        shapes.BlockRoom,
        shapes.RoomBlocked,
    ),
    deed(
        f"{V}/room-blocks/{{block}}/lift",
        appointments.lift_block,
        OFFICE,
        "lift_room_block",
        Nothing,
        shapes.RoomUnblocked,
    ),
    deed(
        f"{V}/officials/{{person}}/reallocate",
        appointments.reallocate,
        OFFICE,
        "reallocate_day",
        shapes.Reallocate,
        shapes.DayReallocated,
    ),
    read(f"{V}/appointments/missed", appointments.show_missed, COUNTY, "show_missed", shapes.MissedToday),
    read(
        f"{V}/terminal/appointments",
        appointments.show_expected,
        TERMINAL,
        "show_expected",
        shapes.ExpectedToday,
    ),
)

SCHEDULE: tuple[Route, ...] = APPOINTMENTS + BOARD + CALENDAR + ROSTERS
