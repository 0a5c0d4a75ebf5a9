"""API of the week's board."""

from datetime import date, timedelta

from aiohttp import web

from reception.domain.errors import BadInput
from reception.keys import EDGE
from reception.services.schedule_view import LONGEST, SHOWN, Board, Wanted, show_board
from reception.web.commands import answered, as_answer
from reception.web.principals import officer
from reception.web.shapes.schedule import (
    BandView,
    BlockView,
    BoardRowView,
    BoardView,
    CardView,
    DayColumnView,
)


async def show(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/schedule?from=&until=&show=&township=`: the board of some days, `until` not included."""
    actor, wanted = officer(request), wanted_of(request)
    board = await request.app[EDGE].read(lambda work: show_board(work, actor, wanted))
    return answered(board_view(board))


def wanted_of(request: web.Request) -> Wanted:
    """Read from the address which part of the board is asked for.

    Raises:
        BadInput: no dates, or more days than are shown at once.
    """
    start, until = _date(request, "from"), _date(request, "until")
    faults = {name: "wrong" for name, day in (("from", start), ("until", until)) if day is None}
    if start is None or until is None:
        raise BadInput(faults)
    if not timedelta(0) < until - start <= LONGEST:
        raise BadInput({"until": "out_of_range"})
    shown = request.query.get("show", "")
    return Wanted(
        start,
        until,
        township=request.query.get("township", "")[:64],
        show=shown if shown in SHOWN else "",
    )


def _date(request: web.Request, name: str) -> date | None:
    try:
        return date.fromisoformat(request.query.get(name, ""))
    except ValueError:
        return None


def board_view(board: Board) -> BoardView:
    """Copy a board into its answer."""
    return BoardView(
        start=board.start,
        until=board.until,
        today=board.today,
        now=board.now,
        opens=f"{board.opens:%H:%M}",
        closes=f"{board.closes:%H:%M}",
        days=as_answer(list[DayColumnView], board.days),
        rows=as_answer(list[BoardRowView], board.rows),
        bands=as_answer(list[BandView], board.bands),
        cards=as_answer(list[CardView], board.cards),
        blocks=as_answer(list[BlockView], board.blocks),
        may=board.may,
    )
