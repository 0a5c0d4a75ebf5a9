"""Answer of the API of the week's board."""

from datetime import date, datetime

import msgspec

from reception.web.api.answers import Answer


class DayColumnView(Answer, kw_only=True):
    """One day: what it is, and whether that is certain."""

    on: date
    kind: str
    name: str | None
    is_provisional: bool


class BoardRowView(Answer, kw_only=True):
    """One row: `room:…`, `person:…`, or `post:…` where nobody is on a post."""

    id: str
    kind: str
    title: str
    note: str
    has_sheet: bool


class BandView(Answer, kw_only=True):
    """A stretch of a row: shift, leader's day, away, gap."""

    row: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    role: str
    unit_name: str
    why: str


class CardView(Answer, kw_only=True):
    """An appointment; `appointment` null where only "occupied" is told."""

    key: str
    appointment: str | None
    rows: tuple[str, ...]
    state: str
    starts_at: datetime
    ends_at: datetime
    busy_from: datetime
    busy_until: datetime
    kind: str | None
    ticket: str | None
    room: str | None
    official: str | None
    liaison: str | None
    where: str
    who: str
    version: int
    may: tuple[str, ...]


class BlockView(Answer, kw_only=True):
    """A room out of use; `block` null where it is not for the reader to lift."""

    key: str
    block: str | None
    row: str
    reason: str
    starts_at: datetime
    ends_at: datetime


class BoardView(Answer, kw_only=True):
    """The board of some days; `until` is not included, `opens` and `closes` are office time."""

    start: date = msgspec.field(name="from")
    until: date
    today: date
    now: datetime
    opens: str
    closes: str
    days: list[DayColumnView]
    rows: list[BoardRowView]
    bands: list[BandView]
    cards: list[CardView]
    blocks: list[BlockView]
    may: tuple[str, ...]
