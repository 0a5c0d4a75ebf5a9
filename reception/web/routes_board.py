"""Rows of the table of routes: the week's board, its plain forms, the day sheet."""

from reception.web.api import schedule as api
from reception.web.audience import LEDGER, OFFICE, SCHEDULE_READERS, Route, V, read
from reception.web.pages import schedule, schedule_forms
from reception.web.shapes.schedule import BoardView

BOARD: tuple[Route, ...] = (
    read(f"{V}/schedule", api.show, SCHEDULE_READERS, "show_schedule", BoardView),
    Route("GET", "/schedule", schedule.show, SCHEDULE_READERS, "schedule_page"),
    Route("GET", "/schedule/day-sheet/{room}", schedule.show_day_sheet, LEDGER, "day_sheet"),
    Route("POST", "/schedule/appointments", schedule_forms.book, LEDGER, "book_form"),
    Route(
        "POST",
        "/schedule/appointments/{appointment}/{deed}",
        schedule_forms.change,
        LEDGER,
        "change_appointment_form",
    ),
    Route("POST", "/schedule/room-blocks", schedule_forms.block, OFFICE, "block_room_form"),
    Route("POST", "/schedule/room-blocks/{block}/lift", schedule_forms.lift, OFFICE, "lift_block_form"),
    Route("POST", "/schedule/reallocate", schedule_forms.reallocate, OFFICE, "reallocate_form"),
)
