"""Rosters in the database: who is on a post in one statement, and the facts of many posts over a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Row,
    Select,
    String,
    and_,
    cast,
    delete,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from scheduling.domain.roster import Acting, Facts, Leave, Post, Span, Turn, Why
from scheduling.store.base import UtcDateTime
from scheduling.store.roster_tables import (
    ActingRow,
    LeaveRow,
    RosterOverrideRow,
    RosterPostRow,
    RosterShiftRow,
    RotationRow,
    StandingHolderRow,
)

# Rows of `roster_post` that are no post: what concerns many posts at once counts up here.
ALL_ACTINGS, ALL_LEAVES = Post("acting", ""), Post("leave", "")

_NOBODY, _OPEN = cast(null(), String), cast(null(), UtcDateTime())


async def change_post(session: AsyncSession, post: Post) -> None:
    """Count a post's roster up; from here to the end of the transaction nobody else changes it."""
    version = await session.scalar(
        update(RosterPostRow)
        .where(RosterPostRow.role == post.role, RosterPostRow.unit == post.unit)
        .values(version=RosterPostRow.version + 1)
        .returning(RosterPostRow.version)
    )
    if version is None:
        session.add(RosterPostRow(role=post.role, unit=post.unit, version=1))
        await session.flush()


async def posts(session: AsyncSession) -> list[Post]:
    """Return every post that a roster was made for."""
    query = select(RosterPostRow.role, RosterPostRow.unit).where(RosterPostRow.unit != "")
    query = query.order_by(RosterPostRow.role, RosterPostRow.unit)
    return [Post(role, unit) for role, unit in await session.execute(query)]


async def changes_so_far(session: AsyncSession) -> int:
    """Return a number that every change of any roster makes larger."""
    return await session.scalar(select(func.coalesce(func.sum(RosterPostRow.version), 0))) or 0


# One post, one statement


def facts_query(
    post: Post, start: datetime, end: datetime, holders: Select[str]
) -> CompoundSelect[*tuple[Any, ...]]:
    """Ask in one statement for everything that decides who is on a post from `start` to `end`.

    Columns: why, person, instead_of, position, starts_at, ends_at.  Beside the
    turns there are rows `leave`, `acting` (with the deputy in `instead_of`) and
    `person`, one for everybody who comes into question.  `facts_of` reads them.

    Args:
        holders: who holds the role; asked only where the post has no roster at all.
    """
    turns = _turns(post, start, end, holders)
    replaced = select(RosterOverrideRow.instead_of.label("person")).where(
        _changes_within(start, end), _of(RosterOverrideRow, post), RosterOverrideRow.instead_of != ""
    )
    called = union(*(select(turn.subquery().c.person) for turn in turns), replaced).cte("called")
    chain = select(called.c.person).cte("chain", recursive=True)
    behind = select(ActingRow.deputy).join(chain, ActingRow.person == chain.c.person)
    chain = chain.union(behind.where(_acts_within(start, end)))
    return union_all(*turns, *_surroundings(chain, start, end))


def _turns(
    post: Post, start: datetime, end: datetime, holders: Select[str]
) -> tuple[Select[*tuple[Any, ...]], ...]:
    change, shift, standing, first = RosterOverrideRow, RosterShiftRow, StandingHolderRow, literal(0)
    holder = holders.subquery().c[0].label("person")
    has_roster = or_(exists().where(_of(RotationRow, post)), exists().where(_of(standing, post)))
    since = literal(start, UtcDateTime())
    return (
        select(
            change.why,
            change.person,
            change.instead_of,
            first.label("position"),
            change.starts_at,
            change.ends_at,
        ).where(_of(change, post), _changes_within(start, end)),
        select(literal(Why.SHIFT.value), shift.person, _NOBODY, first, shift.starts_at, shift.ends_at).where(
            _of(shift, post), shift.starts_at < end, shift.ends_at > start
        ),
        select(
            literal(Why.STANDING.value), standing.person, _NOBODY, standing.position, standing.since, _OPEN
        ).where(_of(standing, post), standing.since < end),
        select(literal(Why.HOLDER.value), holder, _NOBODY, first, since, _OPEN).where(~has_roster),
    )


def _surroundings(chain: CTE, start: datetime, end: datetime) -> tuple[Select[*tuple[Any, ...]], ...]:
    leave, acting, first = LeaveRow, ActingRow, literal(0)
    in_question = select(chain.c.person)
    return (
        select(literal("leave"), leave.person, _NOBODY, first, leave.starts_at, leave.ends_at).where(
            leave.person.in_(in_question), _leaves_within(start, end)
        ),
        select(
            literal("acting"), acting.person, acting.deputy, first, acting.starts_at, acting.ends_at
        ).where(acting.person.in_(in_question), _acts_within(start, end)),
        select(literal("person"), chain.c.person, _NOBODY, first, _OPEN, _OPEN),
    )


def _of(
    table: type[RosterOverrideRow | RosterShiftRow | StandingHolderRow | RotationRow], post: Post
) -> ColumnElement[bool]:
    return and_(table.role == post.role, table.unit == post.unit)


def _changes_within(start: datetime, end: datetime) -> ColumnElement[bool]:
    row = RosterOverrideRow
    return and_(row.cancelled_at.is_(None), row.starts_at < end, row.ends_at > start)


def _leaves_within(start: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(LeaveRow.state == "granted", LeaveRow.starts_at < end, LeaveRow.ends_at > start)


def _acts_within(start: datetime, end: datetime) -> ColumnElement[bool]:
    row = ActingRow
    return and_(
        row.cancelled_at.is_(None), row.starts_at < end, or_(row.ends_at.is_(None), row.ends_at > start)
    )


def facts_of(rows: Iterable[Row[*tuple[Any, ...]]]) -> Facts:
    """Read what `facts_query` answered; columns that a caller joined on are left alone."""
    turns, leaves, actings = [], [], []
    for row in rows:
        if row.why == "person":
            continue
        span = Span(row.starts_at, row.ends_at)
        if row.why == "leave":
            leaves.append(Leave(row.person, span))
        elif row.why == "acting":
            actings.append(Acting(row.person, row.instead_of, span))
        else:
            turns.append(Turn(row.person, span, Why(row.why), row.position, row.instead_of or None))
    return Facts(tuple(turns), tuple(leaves), tuple(actings))


# Many posts over a time


@dataclass(slots=True)
class Book:
    """The facts of every post in a period, read with a handful of statements."""

    turns: dict[Post, list[Turn]] = field(default_factory=dict)
    leaves: list[Leave] = field(default_factory=list)
    actings: list[Acting] = field(default_factory=list)

    def facts(self, post: Post, *, holders: Sequence[str] = (), since: datetime | None = None) -> Facts:
        """Return what concerns one post.

        Args:
            holders: who holds the role, for a post without a roster; `since` is when they begin to count.
        """
        turns = list(self.turns.get(post, ()))
        if since is not None:
            turns += [Turn(person, Span(since, None), Why.HOLDER) for person in holders]
        people = self._in_question(turns)
        return Facts(
            tuple(turns),
            tuple(leave for leave in self.leaves if leave.person in people),
            tuple(acting for acting in self.actings if acting.person in people),
        )

    def _in_question(self, turns: Iterable[Turn]) -> set[str]:
        behind: dict[str, set[str]] = {}
        for acting in self.actings:
            behind.setdefault(acting.person, set()).add(acting.deputy)
        people: set[str] = set()
        ahead = {turn.person for turn in turns}
        while ahead:
            person = ahead.pop()
            people.add(person)
            ahead |= behind.get(person, set()) - people
        return people


async def open_book(
    session: AsyncSession, start: datetime, end: datetime, *, away: Mapping[str, Span] | None = None
) -> Book:
    """Read the rosters of all posts from `start` to `end`.

    Args:
        away: people who do not count although no leave says so, e.g. without an account.
    """
    book = Book(leaves=[Leave(person, span) for person, span in (away or {}).items()])
    change, shift, standing = RosterOverrideRow, RosterShiftRow, StandingHolderRow
    for row in await session.scalars(select(change).where(_changes_within(start, end))):
        turn = Turn(row.person, Span(row.starts_at, row.ends_at), Why(row.why), 0, row.instead_of or None)
        book.turns.setdefault(Post(row.role, row.unit), []).append(turn)
    # Columns, not objects: of all rows these are by far the most.
    dealt = select(shift.role, shift.unit, shift.person, shift.starts_at, shift.ends_at)
    dealt = dealt.where(shift.starts_at < end, shift.ends_at > start)
    for role, unit, person, starts_at, ends_at in await session.execute(dealt):
        turn = Turn(person, Span(starts_at, ends_at), Why.SHIFT)
        book.turns.setdefault(Post(role, unit), []).append(turn)
    for held in await session.scalars(select(standing).where(standing.since < end)):
        turn = Turn(held.person, Span(held.since, None), Why.STANDING, held.position)
        book.turns.setdefault(Post(held.role, held.unit), []).append(turn)
    for away_row in await session.scalars(select(LeaveRow).where(_leaves_within(start, end))):
        book.leaves.append(Leave(away_row.person, Span(away_row.starts_at, away_row.ends_at)))
    book.actings = await actings_within(session, start, end)
    return book


async def changes_of(session: AsyncSession, post: Post, span: Span) -> list[Turn]:
    """Return the changes of a post that touch a span."""
    query = select(RosterOverrideRow).where(
        _of(RosterOverrideRow, post), _changes_within(span.start, _end(span))
    )
    return [
        Turn(row.person, Span(row.starts_at, row.ends_at), Why(row.why), 0, row.instead_of or None)
        for row in await session.scalars(query)
    ]


async def leaves_of(session: AsyncSession, person: str, span: Span) -> list[Leave]:
    """Return the granted leave of a person that touches a span."""
    query = select(LeaveRow).where(LeaveRow.person == person, _leaves_within(span.start, _end(span)))
    return [Leave(row.person, Span(row.starts_at, row.ends_at)) for row in await session.scalars(query)]


async def actings_within(session: AsyncSession, start: datetime, end: datetime | None) -> list[Acting]:
    """Return who stands in for whom in a period; `end` None looks at everything after `start`."""
    row = ActingRow
    query = select(row).where(row.cancelled_at.is_(None), or_(row.ends_at.is_(None), row.ends_at > start))
    if end is not None:
        query = query.where(row.starts_at < end)
    return [
        Acting(found.person, found.deputy, Span(found.starts_at, found.ends_at))
        for found in await session.scalars(query)
    ]


async def shift_of(session: AsyncSession, post: Post, person: str, starts_at: datetime) -> Span | None:
    """Return the shift that a person has on a post from a moment on, if the rotation dealt it so."""
    row = await session.scalar(
        select(RosterShiftRow).where(
            _of(RosterShiftRow, post), RosterShiftRow.person == person, RosterShiftRow.starts_at == starts_at
        )
    )
    return Span(row.starts_at, row.ends_at) if row else None


def _end(span: Span) -> datetime:
    if span.end is None:
        raise ValueError("a change of a roster has an end")
    return span.end


async def replace_standing(
    session: AsyncSession, post: Post, people: Sequence[str], *, since: datetime
) -> None:
    """Write who holds a post when no shift applies, in this order."""
    await session.execute(delete(StandingHolderRow).where(_of(StandingHolderRow, post)))
    session.add_all(
        StandingHolderRow(role=post.role, unit=post.unit, person=person, position=position, since=since)
        for position, person in enumerate(people)
    )
    await session.flush()
