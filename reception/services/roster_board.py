"""The rosters as their page shows them: a band of days per post, who is on now, what waits for whom."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy import select

from reception.domain.access import can
from reception.domain.actors import Officer
from reception.domain.duty import DutyState
from reception.domain.ids import PersonId
from reception.domain.policy import Action
from reception.domain.roles import COUNTY, Role
from reception.services.rosters import Band, Plan, bands_of, day_begins, leader_days, plan
from reception.services.work import OFFICE_TIME, Work
from reception.store.duty import Duty
from scheduling.domain.roster import OnPost, Post, serving
from scheduling.store import calendars
from scheduling.store.roster_tables import ContactChannelRow

DAYS = 14


@dataclass(frozen=True, slots=True)
class DayHead:
    """One column."""

    day: date
    is_off: bool
    is_today: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody in a cell; `times` only where the day is shared."""

    name: str
    why: str
    instead_of: str | None
    times: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One or more days alike.

    Attributes:
        span: how many columns it covers.
        gap: when nobody is there (`08:30–17:30`); empty without a gap.
    """

    span: int
    is_off: bool
    entries: tuple[Entry, ...]
    gap: str


@dataclass(frozen=True, slots=True)
class NowLine:
    """Somebody who is on a post now, or the next to ring."""

    person: PersonId
    name: str
    why: str
    instead_of: str | None
    until: datetime | None
    reach: str  # present | channel | none


@dataclass(frozen=True, slots=True)
class PostLine:
    """One row of the board.

    Attributes:
        expected_now: somebody should be on the post at this moment.
        gap_hours: hours without anybody within the columns.
    """

    post: Post
    unit_name: str
    now: tuple[NowLine, ...]
    expected_now: bool
    cells: tuple[Cell, ...]
    gap_hours: float


@dataclass(frozen=True, slots=True)
class DutyLine:
    """应到 and 已到 of one person: the roster says who should be there, the desk who is."""

    name: str
    is_expected: bool
    state: DutyState


@dataclass(frozen=True, slots=True)
class Board:
    """What the page shows of the rosters themselves; `duty` None for the units outside."""

    days: tuple[DayHead, ...]
    posts: tuple[PostLine, ...]
    duty: tuple[DutyLine, ...] | None
    leader_days: tuple[Band, ...]

    @property
    def groups(self) -> list[tuple[str, list[PostLine]]]:
        """The posts by role, in the order of the board."""
        return [(role, list(lines)) for role, lines in groupby(self.posts, key=lambda line: line.post.role)]


async def board(work: Work, actor: Officer, first: date, *, present: frozenset[PersonId]) -> Board:
    """Read two weeks from `first` on, as far as this person may see them.

    The units outside of the county organ see who receives, their own posts and the leaders' days.
    """
    end = day_begins(first + timedelta(days=DAYS))
    # Who is on now is read along with it, so the plan starts today at the latest and ends after tomorrow.
    found = await plan(
        work,
        min(day_begins(first), day_begins(work.today)),
        max(end, day_begins(work.today + timedelta(days=3))),
    )
    calendar = await calendars.load(work.session)
    days = tuple(
        DayHead(day, not calendar.is_working_day(day), day == work.today)
        for day in (first + timedelta(days=number) for number in range(DAYS))
    )
    reached = set(await work.session.scalars(select(ContactChannelRow.person).where(ContactChannelRow.works)))
    shown = [post for post in found.posts if _may_see(actor, post)]
    return Board(
        days,
        tuple(_post_line(found, post, days, work.now, present, reached) for post in shown),
        await _duty(work, found) if can(actor, Action.GO_ON_DUTY) and actor.roles & COUNTY else None,
        tuple(await leader_days(work, day_begins(work.today), max(end, work.now), found.people)),
    )


def _may_see(actor: Officer, post: Post) -> bool:
    return bool(actor.roles & COUNTY) or post.unit == actor.unit or post.role == Role.COUNTY_DUTY_OFFICER


def _post_line(
    found: Plan,
    post: Post,
    days: Sequence[DayHead],
    now: datetime,
    present: frozenset[PersonId],
    reached: set[str],
) -> PostLine:
    bands = bands_of(found, post)
    by_day = {day: list(of) for day, of in groupby(bands, key=lambda band: _local(band.starts_at).date())}
    start, end = day_begins(days[0].day), day_begins(days[-1].day + timedelta(days=1))
    gaps = [band for band in bands if band.kind == "gap" and start <= band.starts_at < end]
    return PostLine(
        post,
        found.units.get(post.unit, ""),
        tuple(_now_lines(found, found.on(post, now), present, reached)),
        any(span.covers(now) for span in found.expected[post]),
        tuple(_cells(by_day, days)),
        sum((gap.ends_at - gap.starts_at) / timedelta(hours=1) for gap in gaps),
    )


def _now_lines(
    found: Plan, on: Iterable[OnPost], present: frozenset[PersonId], reached: set[str]
) -> Iterator[NowLine]:
    for entry in on:
        ways = (("present", entry.person in present), ("channel", entry.person in reached), ("none", True))
        yield NowLine(
            PersonId(entry.person),
            found.people.get(entry.person, ""),
            entry.why.value,
            found.people.get(entry.instead_of or ""),
            entry.until,
            next(way for way, is_so in ways if is_so),
        )


def _cells(by_day: dict[date, list[Band]], days: Sequence[DayHead]) -> Iterator[Cell]:
    """Join neighbouring days that look alike, so that a week is one calm band."""
    single = [_cell(by_day.get(head.day, []), head) for head in days]
    for cell, alike in groupby(single):
        yield Cell(len(list(alike)), cell.is_off, cell.entries, cell.gap)


def _cell(bands: Sequence[Band], head: DayHead) -> Cell:
    by_start = groupby(bands, key=lambda band: band.starts_at)
    at_once = {tuple(Entry(band.name, band.why, band.instead_of, "") for band in of) for _, of in by_start}
    gaps = " ".join(_times(band) for band in bands if band.kind == "gap")
    if len(at_once) == 1 and not gaps:
        # The same people all day, though not through lunch: the hours would only be noise.
        return Cell(1, head.is_off, at_once.pop(), "")
    entries = tuple(
        Entry(band.name, band.why, band.instead_of, _times(band)) for band in bands if band.kind != "gap"
    )
    return Cell(1, head.is_off, entries, gaps)


def _times(band: Band) -> str:
    return f"{_local(band.starts_at):%H:%M}–{_local(band.ends_at):%H:%M}"


def _local(moment: datetime) -> datetime:
    return moment.astimezone(OFFICE_TIME)


async def _duty(work: Work, found: Plan) -> tuple[DutyLine, ...]:
    """Put who should receive visits now beside who has gone on duty."""
    there = {one.person: one for one in await Duty(work.session).on_shift()}
    posts = [post for post in found.posts if post.role == Role.COUNTY_DUTY_OFFICER]
    expected = [
        PersonId(entry.person)
        for post in posts
        if any(span.covers(work.now) for span in found.expected[post])
        for entry in serving(found.on(post, work.now))
    ]
    states = {person: one.state for person, one in there.items()}
    return tuple(
        DutyLine(found.people.get(person, ""), person in expected, states.get(person, DutyState.OFF))
        for person in dict.fromkeys([*expected, *there])
    )
