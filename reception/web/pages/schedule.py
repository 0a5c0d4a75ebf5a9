"""The schedule as a page: the week's board, the panel beside it, the day sheet of a room."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from sqlalchemy import select

from reception.domain.actors import Officer
from reception.keys import EDGE, SETTINGS
from reception.services.arrivals import missing_side
from reception.services.board_choices import ShownAppointment, choices_of, show_appointment
from reception.services.day_sheet import sheet_of
from reception.services.room_blocks import RoomBlockReason
from reception.services.schedule_view import SHOWN, Board, Card, Wanted, show_board
from reception.services.work import OFFICE_TIME, Work
from reception.store.tables import UnitRow
from reception.web.api.schedule import board_view
from reception.web.contexts import render
from reception.web.principals import officer
from scheduling.domain.appointments import CancelReason, Kind, NoShowReason, RejectReason, Side

VIEWS = ("week", "day", "list")
FORMS = ("book", "block", "reallocate")
REASONS = {
    "reject": tuple(RejectReason),
    "cancel": tuple(reason for reason in CancelReason if reason is not CancelReason.HOLD_EXPIRED),
    "absence": tuple(NoShowReason),
    "side": tuple(Side),
    "block": tuple(RoomBlockReason),
}
KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Address:
    """What the address of the schedule says; anything else in it is taken for what is usual.

    Attributes:
        monday: first day of the shown week.
        day: the day of the day view, within that week.
    """

    monday: date
    day: date
    view: str = "week"
    show: str = ""
    township: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str], today: date) -> "Address":
        """Read an address; without a week it is the present one."""
        day = _date(query.get("day", ""))
        monday = _monday(query.get("week", "")) or _week_of(day or today)
        if day is None or _week_of(day) != monday:
            day = today if _week_of(today) == monday else monday
        view, show = query.get("view", ""), query.get("show", "")
        return cls(
            monday,
            day,
            view=view if view in VIEWS else "week",
            show=show if show in SHOWN else "",
            township=query.get("township", "")[:64],
        )

    @property
    def week(self) -> str:
        """The week as the address writes it, `2026-W10`."""
        return f"{self.monday:%G-W%V}"

    @property
    def number(self) -> int:
        """The number of the week in its year."""
        return self.monday.isocalendar().week

    @property
    def sunday(self) -> date:
        """The last day of the week."""
        return self.monday + timedelta(days=6)

    def query(self, **more: str) -> str:
        """Write the query again, without what is usual, and with `more`."""
        named = {
            "week": self.week,
            "view": self.view if self.view != "week" else "",
            "day": self.day.isoformat() if self.view == "day" else "",
            "show": self.show,
            "township": self.township,
            **more,
        }
        return urlencode({name: value for name, value in named.items() if value})

    def earlier(self) -> "Address":
        """Return the day or week before."""
        return self._moved(-1)

    def later(self) -> "Address":
        """Return the day or week after."""
        return self._moved(1)

    def _moved(self, step: int) -> "Address":
        if self.view == "day":
            day = self.day + timedelta(days=step)
            return replace(self, day=day, monday=_week_of(day))
        days = timedelta(days=7 * step)
        return replace(self, monday=self.monday + days, day=self.day + days)

    def seen_as(self, view: str, day: date | None = None) -> "Address":
        """Return the same week another way."""
        return replace(self, view=view, day=day or self.day)

    @property
    def wanted(self) -> Wanted:
        """The part of the board that the page shows."""
        return Wanted(self.monday, self.monday + timedelta(days=7), self.township, self.show)


def _week_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _monday(week: str) -> date | None:
    year, _, number = week.partition("-W")
    try:
        return date.fromisocalendar(int(year), int(number), 1) if 2000 <= int(year) <= 2100 else None
    except ValueError:
        return None


def _date(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None


@dataclass(frozen=True, slots=True)
class Instead:
    """Something that would have gone: `values` are those of the form that ran into the refusal."""

    starts_at: datetime
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PanelData:
    """What stands beside the board.

    Attributes:
        kind: `appointment`, one of FORMS, or nothing.
        values: what the form holds already.
        error: code of the refusal that the form ran into; `faults` its fields.
        instead: what would have gone, nearest first.
        told: code of what just succeeded.
    """

    kind: str = ""
    appointment: ShownAppointment | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)
    instead: tuple[Instead, ...] = ()
    told: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """`GET /schedule?week=2026-W10&view=&day=&show=&township=`."""
    actor = officer(request)
    address = Address.of(request.query, _today(request))
    panel = await _panel_of(request, actor)
    return await page(request, address, panel)


async def _panel_of(request: web.Request, actor: Officer) -> PanelData:
    """Read from the address what stands beside the board."""
    query, told = request.query, request.query.get("told", "")[:40]
    chosen, form = query.get("appointment", "")[:64], query.get("form", "")
    if chosen:
        found, values = await request.app[EDGE].read(
            lambda work: _shown(work, actor, chosen, _grace(request))
        )
        return PanelData("appointment", found, values=values, told=told)
    if form in FORMS:
        day = max(Address.of(query, _today(request)).day, _today(request))
        usual = {"starts": f"{day}T09:00", "ends": f"{day}T17:30"}
        return PanelData(form, values=usual | {name: value[:64] for name, value in query.items()}, told=told)
    return PanelData(told=told)


async def _shown(
    work: Work, actor: Officer, chosen: str, grace: timedelta
) -> tuple[ShownAppointment, Mapping[str, str]]:
    """Return an appointment, and what its forms hold at first."""
    found = await show_appointment(work, actor, chosen)
    values = moved_values(found)
    if "no_show" not in found.may:
        return found, values
    side = await missing_side(work, actor, chosen, grace=grace)
    return found, {**values, "side": side, "suspected": side} if side else values


def _grace(request: web.Request) -> timedelta:
    return timedelta(minutes=request.app[SETTINGS].no_show_grace_min)


def moved_values(found: ShownAppointment) -> Mapping[str, str]:
    """Return what the form that moves an appointment holds at first."""
    return {
        "starts": f"{found.starts_at.astimezone(OFFICE_TIME):%Y-%m-%dT%H:%M}",
        "room": found.room,
        "official": found.official,
        "liaison": found.liaison or "",
        "version": str(found.version),
    }


async def page(
    request: web.Request, address: Address, panel: PanelData, *, status: int = 200
) -> web.Response:
    """Render the schedule with something beside the board."""
    actor = officer(request)

    async def read(work: Work) -> dict[str, object]:
        board = await show_board(work, actor, address.wanted)
        return {
            "board": board,
            "data": msgspec.to_builtins(board_view(board)),
            "columns": _columns(board),
            "names": {row.id: row.title for row in board.rows},
            "choices": await choices_of(work, actor),
            "townships": await township_choices(work) if len(board.rows) > 1 else [],
        }

    told = await request.app[EDGE].read(read)
    shown = {"address": address, "panel": panel, "reasons": REASONS, "kinds": KINDS}
    return render(request, "pages/schedule.html", {**told, **shown}, status=status)


async def township_choices(work: Work) -> list[dict[str, str]]:
    """Return the townships to choose from."""
    query = select(UnitRow.id, UnitRow.name).where(UnitRow.kind == "township").order_by(UnitRow.position)
    return [{"id": unit, "name": name} for unit, name in await work.session.execute(query)]


def _columns(board: Board) -> list[dict[str, object]]:
    """Sort what the list below the board says by day; a taken hour is said once, in the row of its room."""
    by_day: dict[date, list[Card]] = {day.on: [] for day in board.days}
    for card in board.cards:
        if card.appointment is not None or card.rows[0].startswith("room:"):
            by_day.setdefault(card.starts_at.astimezone(OFFICE_TIME).date(), []).append(card)
    return [{"day": day, "cards": by_day[day.on]} for day in board.days]


async def show_day_sheet(request: web.Request) -> web.StreamResponse:
    """`GET /schedule/day-sheet/{room}?date=`: one room and day on paper."""
    actor, room = officer(request), request.match_info["room"]
    on = _date(request.query.get("date", "")) or _today(request)
    sheet = await request.app[EDGE].read(lambda work: sheet_of(work, actor, room, on))
    return render(
        request, "pages/day_sheet.html", {"sheet": sheet, "room": room, "one_day": timedelta(days=1)}
    )


def _today(request: web.Request) -> date:
    return request.app[EDGE].clock().astimezone(OFFICE_TIME).date()
