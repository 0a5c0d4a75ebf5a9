"""What the forms of the rosters' page offer, and the requests that wait for an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from reception.domain.access import can
from reception.domain.actors import Officer
from reception.domain.ids import PersonId
from reception.domain.policy import Action
from reception.domain.roles import ADMINS, Role
from reception.services.roster_plans import POSTS
from reception.services.roster_requests import LEAVE_KINDS, leaves_for, shifts_of, swaps_for
from reception.services.work import Work
from reception.store.tables import PersonRow, RoleGrantRow, UnitRow
from scheduling.domain.rotation import Rotation
from scheduling.store import roster_shifts, rosters
from scheduling.store.roster_tables import ActingRow, LeaderDayRow, RosterOverrideRow, RosterShiftRow


@dataclass(frozen=True, slots=True)
class PersonChoice:
    """Somebody who can be chosen."""

    id: PersonId
    name: str
    post: str
    unit: str


@dataclass(frozen=True, slots=True)
class PostChoice:
    """A post that can be chosen; `value` is `role:unit`."""

    value: str
    role: str
    unit_name: str


@dataclass(frozen=True, slots=True)
class ShiftChoice:
    """A shift that can be offered; `value` is `role:unit@start`."""

    value: str
    unit_name: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """Something that the office may take back."""

    form: str  # override | acting | leader-day | leave
    id: str
    name: str
    other: str
    unit_name: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Choices:
    """Everything that the forms need; for people outside of the office only what is their own."""

    people: Sequence[PersonChoice]
    leaders: Sequence[PersonChoice]
    colleagues: Sequence[PersonChoice]
    posts: Sequence[PostChoice]
    units: Sequence[tuple[str, str]]
    roles: Sequence[str]
    rotations: Sequence[tuple[Rotation, str, tuple[str, ...]]]
    changes: Sequence[ChangeLine]
    shifts: Sequence[ShiftChoice]
    leave_kinds: Sequence[str] = LEAVE_KINDS


async def choices(work: Work, actor: Officer) -> Choices:
    """Read what the forms offer."""
    units = dict(
        (await work.session.execute(select(UnitRow.id, UnitRow.name).order_by(UnitRow.position))).all()
    )
    shifts = [
        ShiftChoice(_value(row), units.get(row.unit, ""), row.starts_at, row.ends_at)
        for row in await shifts_of(work, actor.person)
    ]
    everybody = await _people(work, units)
    colleagues = [
        person
        for person, roles in everybody
        if person.id != actor.person and person.unit == units.get(actor.unit) and roles & actor.roles
    ]
    if not can(actor, Action.KEEP_ROSTERS):
        return Choices((), (), colleagues, (), (), (), (), (), shifts)
    names = {person.id: person.name for person, _ in everybody}
    leading = {Role.BRANCH_LEADER, Role.MAIN_LEADER}
    return Choices(
        people=[person for person, _ in everybody],
        leaders=[person for person, roles in everybody if roles & leading],
        colleagues=colleagues,
        posts=[
            PostChoice(f"{post.role}:{post.unit}", post.role, units.get(post.unit, ""))
            for post in await rosters.posts(work.session)
        ],
        units=list(units.items()),
        roles=[role.value for role in Role if role in POSTS],
        rotations=[
            (
                one,
                units.get(one.post.unit, ""),
                tuple(names.get(PersonId(person), "") for person in one.members),
            )
            for one in await roster_shifts.rotations(work.session)
            if one.ends_on is None or one.ends_on >= work.today
        ],
        changes=await _changes(work, actor, names, units),
        shifts=shifts,
    )


def _value(row: RosterShiftRow) -> str:
    return f"{row.role}:{row.unit}@{row.starts_at.isoformat()}"


async def _people(work: Work, units: dict[str, str]) -> list[tuple[PersonChoice, frozenset[Role]]]:
    """Return everybody with an open account who works with cases, by unit and name."""
    query = (
        select(PersonRow, RoleGrantRow.role)
        .join(RoleGrantRow, RoleGrantRow.person_id == PersonRow.id)
        .where(PersonRow.is_active, RoleGrantRow.role.not_in([role.value for role in ADMINS]))
    )
    roles: dict[str, set[Role]] = {}
    rows: dict[str, PersonRow] = {}
    for person, role in await work.session.execute(query):
        rows[person.id] = person
        roles.setdefault(person.id, set()).add(Role(role))
    place = {unit: position for position, unit in enumerate(units)}
    ordered = sorted(rows.values(), key=lambda row: (place[row.unit_id], row.name, row.id))
    return [
        (PersonChoice(PersonId(row.id), row.name, row.post, units[row.unit_id]), frozenset(roles[row.id]))
        for row in ordered
    ]


async def _changes(
    work: Work, actor: Officer, names: dict[PersonId, str], units: dict[str, str]
) -> list[ChangeLine]:
    """Return the changes in force that the office may take back, soonest first."""

    def name(person: str) -> str:
        return names.get(PersonId(person), "")

    override, acting, day = RosterOverrideRow, ActingRow, LeaderDayRow
    lines = [
        ChangeLine(
            "override",
            row.id,
            name(row.person),
            name(row.instead_of),
            units.get(row.unit, ""),
            row.starts_at,
            row.ends_at,
        )
        for row in await work.session.scalars(
            select(override).where(override.cancelled_at.is_(None), override.ends_at > work.now)
        )
    ]
    lines += [
        ChangeLine("acting", row.id, name(row.deputy), name(row.person), "", row.starts_at, row.ends_at)
        for row in await work.session.scalars(select(acting).where(acting.cancelled_at.is_(None)))
        if row.ends_at is None or row.ends_at > work.now
    ]
    lines += [
        ChangeLine("leader-day", row.id, name(row.person), "", "", row.starts_at, row.ends_at)
        for row in await work.session.scalars(
            select(day).where(day.cancelled_at.is_(None), day.ends_at > work.now)
        )
    ]
    lines += [
        ChangeLine("leave", row.id, name(row.person), "", "", row.starts_at, row.ends_at)
        for row in await leaves_for(work, actor, "granted")
    ]
    return sorted(lines, key=lambda line: (line.form, line.starts_at, line.id))


# Requests


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One open request, with what this person may do about it.

    Attributes:
        kind: `swap` or `leave`.
        to: who is asked; empty for all colleagues, and for leave.
        may: of accept, decline, withdraw, grant.
    """

    kind: str
    id: str
    name: str
    to: str
    unit_name: str
    starts_at: datetime
    ends_at: datetime
    back_starts_at: datetime | None
    note: str
    state: str
    may: tuple[str, ...]


async def requests_of(work: Work, actor: Officer) -> list[RequestLine]:
    """Return the open requests that concern this person, soonest first."""
    names = dict((await work.session.execute(select(PersonRow.id, PersonRow.name))).all())
    units = dict((await work.session.execute(select(UnitRow.id, UnitRow.name))).all())
    is_office = can(actor, Action.KEEP_ROSTERS)
    lines = []
    for row in await swaps_for(work, actor):
        is_mine, is_asked = row.asker == actor.person, row.taker == actor.person
        may_take = is_asked or (row.taker is None and not is_mine and not is_office)
        may = (
            *(["accept"] if may_take else []),
            *(["decline"] if is_asked else []),
            *(["withdraw"] if is_mine or is_office else []),
        )
        lines.append(
            RequestLine(
                "swap",
                row.id,
                names[row.asker],
                names.get(row.taker or "", ""),
                units.get(row.unit, ""),
                row.starts_at,
                row.ends_at,
                row.back_starts_at,
                "",
                row.state,
                may,
            )
        )
    # What is granted is no request any more for the office, which takes it back where it takes back all else.
    for leave in await leaves_for(work, actor, *(["requested"] if is_office else ["requested", "granted"])):
        is_open = leave.state == "requested"
        may = ("grant", "decline") if is_office else ("withdraw",) if is_open else ()
        lines.append(
            RequestLine(
                "leave",
                leave.id,
                names[leave.person],
                "",
                "",
                leave.starts_at,
                leave.ends_at,
                None,
                leave.kind,
                leave.state,
                may,
            )
        )
    return sorted(lines, key=lambda line: (line.state != "requested", line.starts_at, line.id))
