"""Who is on a post and why, for whoever has to find somebody: now, over a time, and how well it is filled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import exists, select

from reception.domain.ids import PersonId
from reception.domain.roles import Role
from reception.services.work import OFFICE_TIME, Work
from reception.store.tables import PersonRow, RoleGrantRow, UnitRow
from scheduling.domain.calendar import Calendar
from scheduling.domain.hours import USUAL, Hours, open_spans
from scheduling.domain.report import Coverage, coverage, filled, merged, within
from scheduling.domain.roster import (
    Facts,
    Leave,
    OnPost,
    Post,
    Span,
    Stretch,
    Why,
    resolve,
    serving,
)
from scheduling.domain.rotation import shifts
from scheduling.store import calendars, opening
from scheduling.store.roster_shifts import rotations
from scheduling.store.roster_tables import ContactChannelRow, LeaderDayRow, LeaveRow
from scheduling.store.rosters import Book, facts_of, facts_query, open_book, posts

LOOK_AHEAD = timedelta(hours=36)  # how far the answer to "until when" reaches
# In which order posts are shown: whoever receives first.
_ORDER = (
    Role.COUNTY_DUTY_OFFICER,
    Role.SECTION_DIRECTOR,
    Role.BRANCH_LEADER,
    Role.MAIN_LEADER,
    Role.DEPARTMENT_LIAISON,
    Role.PETITION_OFFICE,
    Role.TOWNSHIP_OFFICER,
)
_ALWAYS = Span(datetime(1970, 1, 1, tzinfo=UTC), None)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody to ring for a post.

    Attributes:
        why: a `scheduling.domain.roster.Why`; `deputy` is somebody behind those who are on the post.
        instead_of: name of the person this one stands in for.
        is_reachable: a page is open, or some other channel is known to work.
        is_present: a page is open right now, so that a bell is heard.
        until: when this is known to end.
    """

    person: PersonId
    name: str
    post: str
    why: str
    instead_of: str | None
    is_reachable: bool
    is_present: bool
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of somebody's time on a board.

    Attributes:
        person: None in a gap.
        kind: `shift`, `leader_day`, `leave` or `gap`.
        why: reason of a shift, kind of a leave; empty otherwise.
        instead_of: name of the person stood in for.
    """

    person: PersonId | None
    name: str
    kind: str
    post_role: str
    post_unit: str
    starts_at: datetime
    ends_at: datetime
    why: str
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class PostReport:
    """How well one post is filled in a period."""

    post: Post
    unit_name: str
    coverage: Coverage


async def who_now(
    work: Work, role: Role, unit: str, *, present: frozenset[PersonId], at: datetime | None = None
) -> list[Candidate]:
    """Return whom to ring for a post, in order; one statement, whatever the roster looks like.

    Args:
        present: people whose page is connected.
        at: the moment; now by default.

    Returns:
        Nobody on leave and no closed account.  Empty when nobody is on the post.
    """
    moment = at or work.now
    holders = (
        select(PersonRow.id)
        .join(RoleGrantRow, RoleGrantRow.person_id == PersonRow.id)
        .where(RoleGrantRow.role == role, PersonRow.unit_id == unit, PersonRow.is_active)
    )
    facts = facts_query(Post(role, unit), moment, moment + LOOK_AHEAD, holders).subquery()
    works = exists().where(ContactChannelRow.person == facts.c.person, ContactChannelRow.works)
    rows = (
        await work.session.execute(
            select(
                facts, PersonRow.name, PersonRow.post, PersonRow.is_active, works.label("works")
            ).outerjoin(PersonRow, PersonRow.id == facts.c.person)
        )
    ).all()
    people = {row.person: row for row in rows if row.why == "person"}
    closed = [Leave(person, _ALWAYS) for person, row in people.items() if not row.is_active]
    found = facts_of(rows)
    on = resolve(Facts(found.turns, (*found.leaves, *closed), found.actings), moment)
    return [
        Candidate(
            person=PersonId(entry.person),
            name=people[entry.person].name,
            post=people[entry.person].post,
            why=entry.why.value,
            instead_of=people[entry.instead_of].name if entry.instead_of in people else None,
            is_reachable=entry.person in present or people[entry.person].works,
            is_present=entry.person in present,
            until=entry.until,
        )
        for entry in on
    ]


def day_begins(day: date) -> datetime:
    """Return the moment at which an office date begins."""
    return datetime.combine(day, time(), OFFICE_TIME)


@dataclass(frozen=True, slots=True)
class Plan:
    """All rosters of a period, read once.

    Attributes:
        posts: every post that has a roster, in the order of the units.
        names: of people, units and posts held, by id.
        expected: per post, when somebody should be there.
    """

    start: datetime
    end: datetime
    posts: Sequence[Post]
    book: Book
    people: Mapping[str, str]
    units: Mapping[str, str]
    expected: Mapping[Post, Sequence[Span]]

    def filled(self, post: Post, start: datetime, end: datetime) -> list[Stretch]:
        """Return who is on a post in a part of the period, within the times at which somebody should be."""
        return list(filled(self.book.facts(post), merged(within(self.expected[post], start, end))))

    def coverage(self, post: Post) -> Coverage:
        """Return how well a post is filled."""
        return coverage(self.book.facts(post), self.expected[post])

    def on(self, post: Post, at: datetime) -> tuple[OnPost, ...]:
        """Return who is on a post at a moment of the period."""
        return resolve(self.book.facts(post), at)


async def plan(work: Work, start: datetime, end: datetime) -> Plan:
    """Read the rosters of all posts in a period, with a dozen statements however many posts there are."""
    session = work.session
    people = (await session.execute(select(PersonRow.id, PersonRow.name, PersonRow.is_active))).all()
    units = (await session.execute(select(UnitRow.id, UnitRow.name, UnitRow.position))).all()
    place = {unit: position for unit, _, position in units}
    order = {role.value: number for number, role in enumerate(_ORDER)}
    known = sorted(
        (post for post in await posts(session) if post.role in order),
        key=lambda post: (order[post.role], place.get(post.unit, 0), post.unit),
    )
    closed = {person: _ALWAYS for person, _, is_active in people if not is_active}
    book = await open_book(session, start, end, away=closed)
    return Plan(
        start,
        end,
        known,
        book,
        {person: name for person, name, _ in people},
        {unit: name for unit, name, _ in units},
        await _expected(work, known, book, start, end),
    )


async def _expected(
    work: Work, known: Iterable[Post], book: Book, start: datetime, end: datetime
) -> dict[Post, list[Span]]:
    """Say when somebody should be on each post: its shifts, or else its unit's hours.

    Shifts that were dealt say it, whoever has them; a rotation that has lost its
    last member says it by its rule.
    """
    calendar, hours = await calendars.load(work.session), await opening.own_hours(work.session)
    expected: dict[Post, list[Span]] = {}
    for one in await rotations(work.session):
        spans = expected.setdefault(one.post, [])
        if not one.members:
            first, last = (moment.astimezone(OFFICE_TIME).date() for moment in (start, end))
            dealt = shifts(one, first, last, zone=OFFICE_TIME, is_working_day=calendar.is_working_day)
            spans += [shift.span for shift in dealt]
    days, open_spans_of = list(_days(start, end)), dict[Hours, list[Span]]()
    for post in known:
        if post in expected:
            expected[post] += [turn.span for turn in book.turns.get(post, []) if turn.why is Why.SHIFT]
            continue
        week = hours.get(post.unit, USUAL)
        if week not in open_spans_of:
            open_spans_of[week] = [span for day in days for span in _open(week, calendar, day)]
        expected[post] = open_spans_of[week]
    return {post: list(within(spans, start, end)) for post, spans in expected.items()}


def _open(week: Hours, calendar: Calendar, day: date) -> list[Span]:
    return [
        Span(datetime.combine(day, opens, OFFICE_TIME), datetime.combine(day, closes, OFFICE_TIME))
        for opens, closes in open_spans(week, calendar, day)
    ]


def _days(start: datetime, end: datetime) -> Iterable[date]:
    day = start.astimezone(OFFICE_TIME).date()
    while day_begins(day) < end:
        yield day
        day += timedelta(days=1)


async def bands_between(work: Work, from_: date, until: date) -> list[Band]:
    """Return what a board shows from one office date up to but not including another, earliest first.

    A post with a standing holder gives a band only where something is out of the ordinary.
    """
    start, end = day_begins(from_), day_begins(until)
    found = await plan(work, start, end)
    bands = [band for post in found.posts for band in bands_of(found, post)]
    bands += await leader_days(work, start, end, found.people)
    leaves = select(LeaveRow).where(
        LeaveRow.state == "granted", LeaveRow.starts_at < end, LeaveRow.ends_at > start
    )
    for row in await work.session.scalars(leaves):
        name = found.people.get(row.person, "")
        bands.append(Band(PersonId(row.person), name, "leave", "", "", row.starts_at, row.ends_at, row.kind))
    return sorted(bands, key=lambda band: (band.starts_at, band.post_role, band.post_unit, band.name))


def bands_of(found: Plan, post: Post) -> list[Band]:
    """Return the bands of one post: who has a shift, stands in or changed, and where nobody is."""
    bands = []
    for stretch in found.filled(post, found.start, found.end):
        times = (stretch.start, stretch.end)
        if not stretch.on:
            bands.append(Band(None, "", "gap", post.role, post.unit, *times, ""))
        for entry in serving(stretch.on):
            if entry.why is Why.STANDING:
                continue
            person, name = PersonId(entry.person), found.people.get(entry.person, "")
            replaced = found.people.get(entry.instead_of or "")
            bands.append(Band(person, name, "shift", post.role, post.unit, *times, entry.why.value, replaced))
    return bands


async def leader_days(work: Work, start: datetime, end: datetime, names: Mapping[str, str]) -> list[Band]:
    """Return the leaders' reception days of a period, earliest first."""
    row = LeaderDayRow
    query = select(row).where(row.cancelled_at.is_(None), row.starts_at < end, row.ends_at > start)
    return [
        Band(
            PersonId(found.person),
            names.get(found.person, ""),
            "leader_day",
            "",
            "",
            found.starts_at,
            found.ends_at,
            "",
        )
        for found in await work.session.scalars(query.order_by(row.starts_at, row.person))
    ]


async def report(work: Work, from_: date, to: date) -> list[PostReport]:
    """Say how well every post is filled from one office date to another, both included."""
    found = await plan(work, day_begins(from_), day_begins(to + timedelta(days=1)))
    return [
        PostReport(post, found.units.get(post.unit, post.unit), found.coverage(post)) for post in found.posts
    ]
