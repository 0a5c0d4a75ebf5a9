"""What the petition office decides: rotations, overrides, deputies, standing holders, leaders' days."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, or_, select, update

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotFound
from reception.domain.ids import PersonId, new_id
from reception.domain.policy import Action
from reception.domain.roles import Role
from reception.services.work import OFFICE_TIME, Work
from reception.store.audit import AuditAction
from reception.store.tables import PersonRow, RoleGrantRow, UnitRow
from scheduling.domain.roster import (
    Acting,
    Facts,
    Post,
    Span,
    Turn,
    Why,
    refuse_absent,
    refuse_bad_chain,
    refuse_double,
    refuse_no_gap,
    refuse_overlap,
)
from scheduling.domain.rotation import Handover, Rotation, refuse_wrong_rule
from scheduling.errors import SchedulingRefusal
from scheduling.store import calendars, roster_shifts, rosters
from scheduling.store.roster_tables import (
    ActingRow,
    LeaderDayRow,
    RosterOverrideRow,
    RotationMemberRow,
    StandingHolderRow,
)

MAX_SPAN = timedelta(days=400)  # a slip of the year in a date field is not a plan
# Who a roster is made for; other roles are not looked up by post.
POSTS = frozenset(
    {
        Role.TOWNSHIP_OFFICER,
        Role.COUNTY_DUTY_OFFICER,
        Role.PETITION_OFFICE,
        Role.SECTION_DIRECTOR,
        Role.BRANCH_LEADER,
        Role.MAIN_LEADER,
        Role.DEPARTMENT_LIAISON,
    }
)


class LeaderDayTaken(SchedulingRefusal):
    """The leader has a reception day at a part of that time already."""

    code = "leader_day_taken"


@dataclass(frozen=True, slots=True)
class NewRotation:
    """A rotation as the office writes it; `members` in order."""

    post: Post
    members: tuple[PersonId, ...]
    rule: str
    opens: time
    closes: time
    starts_on: date
    handover: Handover
    working_days_only: bool


def checked(start: datetime, end: datetime) -> Span:
    """Return a span that a form gave.

    Raises:
        BadInput: it ends before it begins, or is longer than anybody plans.
    """
    if end <= start:
        raise BadInput({"ends_at": "before_start"})
    if end - start > MAX_SPAN:
        raise BadInput({"ends_at": "too_long"})
    return Span(start, end)


async def known_post(work: Work, role: str, unit: str) -> Post:
    """Return a post.

    Raises:
        BadInput: no such unit, or a role that no roster is made for.
    """
    if role not in POSTS:
        raise BadInput({"role": "unknown"})
    if await work.session.get(UnitRow, unit) is None:
        raise BadInput({"unit": "unknown"})
    return Post(role, unit)


async def refuse_unknown_people(work: Work, people: Sequence[str], field: str) -> None:
    """Raise BadInput unless all of them have an open account."""
    query = select(func.count()).where(PersonRow.id.in_(set(people)), PersonRow.is_active)
    if await work.session.scalar(query) != len(set(people)):
        raise BadInput({field: "unknown"})


async def is_colleague(work: Work, post: Post, person: str) -> bool:
    """Tell whether somebody may take shifts of a post: by role in the unit, by rotation, or as its holder."""
    by_role = select(RoleGrantRow.person_id).where(
        RoleGrantRow.role == post.role,
        RoleGrantRow.person_id.in_(select(PersonRow.id).where(PersonRow.unit_id == post.unit)),
    )
    holding = select(StandingHolderRow.person).where(
        StandingHolderRow.role == post.role, StandingHolderRow.unit == post.unit
    )
    mine = [one.id for one in await roster_shifts.rotations(work.session, post)]
    turning = select(RotationMemberRow.person).where(RotationMemberRow.rotation_id.in_(mine))
    query = select(PersonRow.id).where(
        PersonRow.id == person,
        PersonRow.is_active,
        or_(PersonRow.id.in_(by_role), PersonRow.id.in_(holding), PersonRow.id.in_(turning)),
    )
    return await work.session.scalar(query) is not None


# Rotations


async def add_rotation(work: Work, actor: Officer, new: NewRotation, *, horizon: timedelta) -> str:
    """Make a rotation and deal its shifts; return its id."""
    may(actor, Action.KEEP_ROSTERS)
    refuse_wrong_rule(new.rule)
    await known_post(work, new.post.role, new.post.unit)
    await refuse_unknown_people(work, new.members, "members")
    made = Rotation(
        id=new_id(),
        post=new.post,
        members=new.members,
        rule=new.rule,
        opens=new.opens,
        closes=new.closes,
        starts_on=new.starts_on,
        handover=new.handover,
        working_days_only=new.working_days_only,
    )
    await rosters.change_post(work.session, new.post)
    await roster_shifts.add_rotation(work.session, made)
    await roster_shifts.deal(work.session, made, await dealing(work, horizon))
    await _note(work, actor, AuditAction.ROTATION_SET, "rotation", made.id)
    return made.id


async def change_rotation(
    work: Work,
    actor: Officer,
    chosen: str,
    members: Sequence[PersonId],
    *,
    ends_on: date | None,
    horizon: timedelta,
) -> None:
    """Give a rotation other members or a last day; what is past, swapped or overridden stays as it is."""
    may(actor, Action.KEEP_ROSTERS)
    before = await roster_shifts.rotation(work.session, chosen)
    if before is None:
        raise NotFound
    await refuse_unknown_people(work, members, "members")
    await rosters.change_post(work.session, before.post)
    await roster_shifts.replace_members(work.session, chosen, members, ends_on=ends_on)
    after = await roster_shifts.rotation(work.session, chosen)
    if after is None:
        raise NotFound
    await roster_shifts.deal(work.session, after, await dealing(work, horizon))
    await _note(work, actor, AuditAction.ROTATION_SET, "rotation", chosen, reason="changed")


async def deal_due(work: Work, *, horizon: timedelta) -> int:
    """Deal the shifts of rotations that do not reach the horizon any more; return how many rotations."""
    how = await dealing(work, horizon)
    due = await roster_shifts.unfilled(work.session, how.until)
    for chosen in due:
        await _deal_again(work, chosen, how)
    return len(due)


async def deal_all(work: Work) -> list[str]:
    """Deal what follows the working days anew, as far as it is dealt; return the rotations that changed."""
    how = await dealing(work, timedelta())
    dealt = await roster_shifts.dealt_by_working_days(work.session)
    again = [(chosen, replace(how, until=until)) for chosen, until in dealt if until >= work.today]
    return [chosen for chosen, anew in again if await _deal_again(work, chosen, anew)]


async def _deal_again(work: Work, chosen: str, how: roster_shifts.Dealing) -> bool:
    found = await roster_shifts.rotation(work.session, chosen)
    if found is None:
        return False
    is_changed = await roster_shifts.deal(work.session, found, how)
    if is_changed:
        await rosters.change_post(work.session, found.post)
    return is_changed


async def dealing(work: Work, horizon: timedelta) -> roster_shifts.Dealing:
    """Return what dealing depends on now."""
    calendar = await calendars.load(work.session)
    return roster_shifts.Dealing(work.now, work.today + horizon, OFFICE_TIME, calendar.is_working_day)


# Changes of a post


async def add_override(
    work: Work, actor: Officer, post: Post, person: PersonId, span: Span, *, instead_of: PersonId | None
) -> str:
    """Put somebody on a post; return the change's id.

    The office may put anybody there.  Others may put themselves where nobody is, as colleagues of the post.
    """
    is_office = Role.PETITION_OFFICE in actor.roles
    may(actor, Action.KEEP_ROSTERS if is_office else Action.ASK_ROSTERS, is_own=person == actor.person)
    await known_post(work, post.role, post.unit)
    await refuse_unknown_people(work, [person, *([instead_of] if instead_of else [])], "person")
    await rosters.change_post(work.session, post)
    facts = await facts_around(work, post, span)
    refuse_absent(person, span, await rosters.leaves_of(work.session, person, span))
    if is_office:
        turn = Turn(person, span, Why.OVERRIDE, instead_of=instead_of)
    else:
        if not await is_colleague(work, post, person):
            raise NotFound
        refuse_no_gap(span, facts)
        turn = Turn(person, span, Why.TAKEN)
    refuse_double(person, span, facts)
    return await write_change(work, actor, post, turn)


async def facts_around(work: Work, post: Post, span: Span) -> Facts:
    """Return everything that decides who is on a post in a span."""
    book = await rosters.open_book(work.session, span.start, span.end or span.start)
    return book.facts(post)


async def write_change(work: Work, actor: Officer, post: Post, turn: Turn, *, swap: str | None = None) -> str:
    """Write a change of a post, unless another one takes the same shift; return its id."""
    refuse_overlap(turn, await rosters.changes_of(work.session, post, turn.span))
    row = RosterOverrideRow(
        id=new_id(),
        role=post.role,
        unit=post.unit,
        person=turn.person,
        instead_of=turn.instead_of or "",
        why=turn.why.value,
        swap_id=swap,
        starts_at=turn.span.start,
        ends_at=turn.span.end,
        made_by=actor.person,
        made_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    await _note(work, actor, AuditAction.ROSTER_OVERRIDDEN, "roster_override", row.id, reason=turn.why.value)
    return row.id


async def set_standing(work: Work, actor: Officer, post: Post, people: Sequence[PersonId]) -> None:
    """Say who holds a post when no shift applies, first to ring first; nobody ends it."""
    may(actor, Action.KEEP_ROSTERS)
    await known_post(work, post.role, post.unit)
    await refuse_unknown_people(work, people, "people")
    await rosters.change_post(work.session, post)
    await rosters.replace_standing(work.session, post, people, since=work.now)
    await _note(work, actor, AuditAction.STANDING_SET, "roster_post", f"{post.role}:{post.unit}")


# Deputies and leaders' days


async def add_acting(
    work: Work, actor: Officer, person: PersonId, deputy: PersonId, start: datetime, end: datetime | None
) -> str:
    """Name a deputy for somebody's leave; return the row's id.  Circles and long chains are refused."""
    may(actor, Action.KEEP_ROSTERS)
    span = Span(start, None) if end is None else checked(start, end)
    await refuse_unknown_people(work, [person, deputy], "deputy")
    # One lock for all chains: two halves of a circle could be written side by side.
    await rosters.change_post(work.session, rosters.ALL_ACTINGS)
    known = await rosters.actings_within(work.session, start, end)
    refuse_bad_chain(Acting(person, deputy, span), known)
    row = ActingRow(
        id=new_id(),
        person=person,
        deputy=deputy,
        starts_at=start,
        ends_at=end,
        made_by=actor.person,
        made_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    await _note(work, actor, AuditAction.ACTING_SET, "acting", row.id)
    return row.id


async def add_leader_day(work: Work, actor: Officer, person: PersonId, span: Span) -> str:
    """Publish a leader's reception day; return its id."""
    may(actor, Action.KEEP_ROSTERS)
    leads = select(RoleGrantRow.person_id).where(
        RoleGrantRow.person_id == person, RoleGrantRow.role.in_([Role.BRANCH_LEADER, Role.MAIN_LEADER])
    )
    if await work.session.scalar(leads) is None:
        raise BadInput({"person": "no_leader"})
    row, end = LeaderDayRow, span.end or span.start
    taken = select(row.id).where(
        row.person == person, row.cancelled_at.is_(None), row.starts_at < end, row.ends_at > span.start
    )
    if await work.session.scalar(taken) is not None:
        raise LeaderDayTaken
    refuse_absent(person, span, await rosters.leaves_of(work.session, person, span))
    day = LeaderDayRow(
        id=new_id(),
        person=person,
        starts_at=span.start,
        ends_at=end,
        made_by=actor.person,
        made_at=work.now,
    )
    work.session.add(day)
    await work.session.flush()
    await _note(work, actor, AuditAction.LEADER_DAY_SET, "leader_day", day.id)
    return day.id


_CANCELLED: dict[str, type[RosterOverrideRow | ActingRow | LeaderDayRow]] = {
    "override": RosterOverrideRow,
    "acting": ActingRow,
    "leader_day": LeaderDayRow,
}


async def cancel(work: Work, actor: Officer, kind: str, chosen: str) -> None:
    """Take back an override, a deputy or a leader's day; what it has been good for stays in the records."""
    may(actor, Action.KEEP_ROSTERS)
    row = _CANCELLED[kind]
    found = await work.session.scalar(
        update(row)
        .where(row.id == chosen, row.cancelled_at.is_(None))
        .values(cancelled_at=work.now)
        .returning(row.id)
    )
    if found is None:
        raise NotFound
    taken_back = await work.session.get(RosterOverrideRow, chosen) if kind == "override" else None
    post = Post(taken_back.role, taken_back.unit) if taken_back else rosters.ALL_ACTINGS
    await rosters.change_post(work.session, post)
    await _note(work, actor, AuditAction.ROSTER_CHANGE_CANCELLED, kind, chosen)


async def _note(
    work: Work, actor: Officer, action: AuditAction, kind: str, chosen: str, *, reason: str | None = None
) -> None:
    await work.record_about(actor.seat, action, kind, chosen, reason=reason)
