"""The week's board: rooms and officials, who is on when, who is expected where; each viewer's own cut of it.

Nothing here names a petitioner: what an appointment says of itself is its ticket and what it is for.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from reception.domain.actors import Officer
from reception.domain.board import BoardSight, Detail, board_sight
from reception.domain.roles import COUNTY
from reception.services.board_bands import Band, bands_between
from reception.services.board_deeds import Viewer, deeds_of, may_on_board
from reception.services.board_guard import guarded_cases
from reception.services.work import OFFICE_TIME, Work
from reception.store.tables import PersonRow, PlaceRow, RoleGrantRow, UnitRow
from scheduling.domain.appointments import CLAIMS, AppointmentState
from scheduling.domain.calendar import Day
from scheduling.domain.slots import Span, of_person, of_room
from scheduling.store import calendars
from scheduling.store.appointment_tables import AppointmentRow, RoomBlockRow
from scheduling.store.appointments import Appointments, plan_of

OPENS, CLOSES = time(8, 30), time(17, 30)  # what the board shows at least; a card outside widens it
LONGEST = timedelta(days=28)
SHOWN = ("rooms", "people")
_SHOWN = CLAIMS | {AppointmentState.DONE, AppointmentState.NO_SHOW}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the board is asked for.

    Attributes:
        until: the day after the last one.
        township: only its rooms; empty for all.
        show: only `rooms` or only `people`; empty for both.
    """

    start: date
    until: date
    township: str = ""
    show: str = ""

    @property
    def span(self) -> Span:
        """The same as moments."""
        return Span(midnight(self.start), midnight(self.until))

    @property
    def days(self) -> list[date]:
        """Its days, in order."""
        return [self.start + timedelta(days=n) for n in range((self.until - self.start).days)]


@dataclass(frozen=True, slots=True)
class DayColumn:
    """One day of the board."""

    on: date
    kind: str
    name: str | None
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One row: a room, somebody of the staff, or a post that is not filled.

    Attributes:
        note: the post of a person, township and door plate of a room, the role of a post.
        has_sheet: the viewer may print the day sheet of this room.
    """

    id: str
    kind: str
    title: str
    note: str
    has_sheet: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """An appointment as one viewer sees it.

    Attributes:
        key: names the card on this board.
        appointment: None where only "occupied" is told: then nothing below leads to who or what it is.
        rows: where it is drawn.
        busy_from: when the briefing of the officials begins; `busy_until` when their wrap-up ends.
        where: the room in words; `who` the officials.
        may: what the viewer may do with it now.
    """

    key: str
    appointment: str | None
    rows: tuple[str, ...]
    state: str
    starts_at: datetime
    ends_at: datetime
    busy_from: datetime
    busy_until: datetime
    kind: str | None = None
    ticket: str | None = None
    room: str | None = None
    official: str | None = None
    liaison: str | None = None
    where: str = ""
    who: str = ""
    version: int = 0
    may: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A room out of use; `block` None where the viewer can not lift it."""

    key: str
    block: str | None
    row: str
    reason: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that the page shows."""

    start: date
    until: date
    now: datetime
    opens: time
    closes: time
    days: tuple[DayColumn, ...]
    rows: tuple[BoardRow, ...]
    bands: tuple[Band, ...]
    cards: tuple[Card, ...]
    blocks: tuple[Block, ...]
    may: tuple[str, ...]

    @property
    def today(self) -> date:
        """The office's date."""
        return self.now.astimezone(OFFICE_TIME).date()


@dataclass(slots=True)
class _Names:
    """Words for ids: rooms with their township, people with their post."""

    rooms: dict[str, PlaceRow] = field(default_factory=dict)
    people: dict[str, PersonRow] = field(default_factory=dict)
    units: dict[str, UnitRow] = field(default_factory=dict)
    officials: list[str] = field(default_factory=list)  # who holds a county role, in the order of the rows

    def unit_of_room(self, room: str) -> str:
        """Return the township of a room; nothing for a room that is gone."""
        place = self.rooms.get(room)
        return place.unit_id if place else ""

    def person(self, person: str) -> str:
        """Return somebody's name; a dash for an account that is gone."""
        row = self.people.get(person)
        return row.name if row else "—"


def midnight(day: date) -> datetime:
    """Return when an office day begins."""
    return datetime.combine(day, time(), OFFICE_TIME)


async def show_board(work: Work, actor: Officer, wanted: Wanted) -> Board:
    """Return the board of some days as `actor` may see it.

    Raises:
        NotAllowed: no role of the actor lets them see the board.
    """
    sight = board_sight(actor.roles, unit=actor.unit, person=actor.person)
    names = await _names(work)
    store = Appointments(work.session)
    appointments = [row for row in await store.between(wanted.span) if _is_shown(row, work.now)]
    cases = {row.case_id for row in appointments if row.case_id}
    guarded = await guarded_cases(work, actor, sight, cases)
    cards = list(_cards(Viewer(actor, work.now), sight, names, appointments, guarded))
    units = {unit.id: unit.name for unit in names.units.values()}
    bands = _seen_bands(actor, sight, await bands_between(work, wanted.start, wanted.until, units))
    rooms = _rooms(sight, names, wanted, cards)
    blocks = _blocks(sight, names, await store.blocks(wanted.span, rooms=[room.id for room in rooms]))
    rows = [
        *_post_rows(bands),
        *(_room_row(sight, names, room) for room in rooms),
        *_people_rows(sight, names, cards, bands),
    ]
    rows = [row for row in rows if _is_wanted(row, wanted.show)]
    drawn = {row.id for row in rows}
    cards = [card for card in cards if drawn.intersection(card.rows)]
    calendar = await calendars.load(work.session)
    opens, closes = _hours(cards)
    return Board(
        start=wanted.start,
        until=wanted.until,
        now=work.now,
        opens=opens,
        closes=closes,
        days=tuple(_column(day, calendar.kind_of(day)) for day in wanted.days),
        rows=tuple(rows),
        bands=tuple(band for band in bands if band.row in drawn),
        cards=tuple(cards),
        blocks=tuple(blocks),
        may=may_on_board(actor),
    )


def _is_wanted(row: BoardRow, show: str) -> bool:
    return {"rooms": row.kind == "room", "people": row.kind != "room"}.get(show, True)


def _is_shown(row: AppointmentRow, now: datetime) -> bool:
    if row.state == AppointmentState.HELD:
        return row.hold_until is not None and row.hold_until > now
    return row.state in _SHOWN


async def _names(work: Work) -> _Names:
    names = _Names()
    names.units = {unit.id: unit for unit in await work.session.scalars(select(UnitRow))}
    places = await work.session.scalars(select(PlaceRow).order_by(PlaceRow.code))
    names.rooms = {place.id: place for place in places}
    people = await work.session.scalars(select(PersonRow).where(PersonRow.is_active))
    names.people = {person.id: person for person in people}
    granted = select(RoleGrantRow.person_id).where(RoleGrantRow.role.in_(COUNTY)).distinct()
    county = set(await work.session.scalars(granted)) & names.people.keys()

    def place(person: str) -> tuple[int, str]:
        row = names.people[person]
        return names.units[row.unit_id].position, row.username

    names.officials = sorted(county, key=place)
    return names


def _seen_bands(actor: Officer, sight: BoardSight, bands: list[Band]) -> list[Band]:
    if sight.sees_all:
        return bands
    if sight.township is not None:
        # Who is on at the county, and the leaders' days, are published to the townships; who is away is not.
        return [band for band in bands if band.kind in ("shift", "leader_day") and band.is_county]
    return [band for band in bands if band.row == of_person(actor.person)]


def _cards(
    viewer: Viewer,
    sight: BoardSight,
    names: _Names,
    appointments: Sequence[AppointmentRow],
    guarded: Collection[str],
) -> Iterator[Card]:
    for number, row in enumerate(appointments):
        plan = plan_of(row)
        unit = names.unit_of_room(row.room_id)
        detail = sight.detail(room_unit=unit, people=plan.people)
        if row.case_id in guarded and detail is Detail.FULL:
            detail = Detail.OCCUPIED
        if detail is Detail.FULL:
            yield _full_card(viewer, names, row)
        elif detail is Detail.OCCUPIED:
            # A card for each row: that the two belong together would tell who receives where.
            spans = [
                (of_room(plan.room), plan.meeting),
                *((of_person(one), plan.whole) for one in plan.people),
            ]
            for place, (resource, span) in enumerate(spans):
                yield Card(
                    key=f"occupied-{number}-{place}",
                    appointment=None,
                    rows=(resource,),
                    state="occupied",
                    starts_at=span.start,
                    ends_at=span.end,
                    busy_from=span.start,
                    busy_until=span.end,
                )


def _full_card(viewer: Viewer, names: _Names, row: AppointmentRow) -> Card:
    plan = plan_of(row)
    room = names.rooms.get(row.room_id)
    return Card(
        key=row.id,
        appointment=row.id,
        rows=(of_room(plan.room), *map(of_person, plan.people)),
        state=row.state,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        busy_from=plan.whole.start,
        busy_until=plan.whole.end,
        kind=row.kind,
        ticket=row.ticket,
        room=row.room_id,
        official=row.official_id,
        liaison=row.liaison_id,
        where=room.name if room else "—",
        who="、".join(map(names.person, plan.people)),
        version=row.version,
        may=deeds_of(viewer, row, room_unit=names.unit_of_room(row.room_id)),
    )


def _rooms(sight: BoardSight, names: _Names, wanted: Wanted, cards: Iterable[Card]) -> list[PlaceRow]:
    rooms = list(names.rooms.values())
    if sight.only_for is not None:
        taken = {card.room for card in cards}
        rooms = [room for room in rooms if room.id in taken]
    if wanted.township:
        rooms = [room for room in rooms if room.unit_id == wanted.township]
    # A township's own rooms come first.
    return sorted(rooms, key=lambda room: room.unit_id != sight.township)


def _room_row(sight: BoardSight, names: _Names, room: PlaceRow) -> BoardRow:
    note = f"{names.units[room.unit_id].name} · {room.code}"
    is_own = sight.sees_all or room.unit_id == sight.township
    return BoardRow(of_room(room.id), "room", room.name, note, has_sheet=is_own)


def _people_rows(
    sight: BoardSight, names: _Names, cards: Iterable[Card], bands: Iterable[Band]
) -> Iterator[BoardRow]:
    shown = list(names.officials)
    if sight.only_for is not None:
        shown = [sight.only_for]
    elif sight.sees_all:
        # Whoever else of a department or township has something to do this week.
        mentioned = {band.row for band in bands if band.kind == "leader_day"}
        mentioned |= {row for card in cards for row in card.rows}
        shown += sorted(
            person for person in names.people if of_person(person) in mentioned and person not in set(shown)
        )
    for person in shown:
        row = names.people.get(person)
        if row is not None:
            yield BoardRow(of_person(person), "person", row.name, row.post)


def _post_rows(bands: Iterable[Band]) -> Iterator[BoardRow]:
    """Give every post that lacks somebody a row of its own, above all others."""
    seen = set()
    for band in bands:
        if band.kind == "gap" and band.row not in seen:
            seen.add(band.row)
            yield BoardRow(band.row, "post", band.unit_name, band.role)


def _blocks(sight: BoardSight, names: _Names, rows: Iterable[RoomBlockRow]) -> Iterator[Block]:
    for number, row in enumerate(rows):
        is_own = sight.sees_all or names.unit_of_room(row.room_id) == sight.township
        yield Block(
            key=str(number),
            block=row.id if is_own else None,
            row=of_room(row.room_id),
            reason=row.reason,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
        )


def _hours(cards: Iterable[Card]) -> tuple[time, time]:
    """Return the hours that the board has to show: whole half hours around everything on it."""
    opens, closes = OPENS, CLOSES
    for card in cards:
        start, end = (moment.astimezone(OFFICE_TIME) for moment in (card.busy_from, card.busy_until))
        opens = min(opens, time(start.hour, 30 if start.minute >= 30 else 0))
        later = end + timedelta(minutes=29)
        closes = max(closes, time(later.hour, 30 if later.minute >= 30 else 0))
    return opens, closes


def _column(on: date, day: Day) -> DayColumn:
    return DayColumn(on, day.kind.value, day.name.value if day.name else None, day.is_provisional)
