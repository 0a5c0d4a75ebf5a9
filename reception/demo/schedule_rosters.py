"""The county's rosters: every post filled, one leave with its deputy, swaps, and one gap to see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from reception.demo.county import County, Staff, Unit
from reception.demo.names import fixed_id
from reception.demo.trail import Link
from reception.domain.actors import seat_of_person
from reception.domain.roles import Role
from reception.services.roster_plans import dealing
from reception.services.work import OFFICE_TIME, Work
from reception.store.audit import AuditAction
from scheduling.domain.roster import Post, Why
from scheduling.domain.rotation import Handover, Rotation
from scheduling.store import roster_shifts, rosters
from scheduling.store.roster_tables import (
    ActingRow,
    ContactChannelRow,
    LeaderDayRow,
    LeaveRow,
    RosterOverrideRow,
    RosterSwapRow,
)

HORIZON = timedelta(days=60)
WEEKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
OPENS, CLOSES = time(8, 30), time(17, 30)
# One department has nobody else to fall back on, so that a gap is there to be seen.
ALONE = "water"
UNREACHED = "transport"
_TUESDAY, _THURSDAY = 1, 3


@dataclass(slots=True)
class _Author:
    """Writes rows and gathers the audit links that belong to them."""

    work: Work
    county: County
    seed_number: int
    monday: date
    links: list[Link]

    @property
    def office(self) -> Staff:
        return self.county.account("office1")

    def id(self, *parts: str) -> str:
        return fixed_id(self.seed_number, "roster", *parts)

    def at(self, days: int, clock: time) -> datetime:
        """Return an office hour, days after the Monday of this week."""
        return datetime.combine(self.monday + timedelta(days=days), clock, OFFICE_TIME)

    def note(
        self,
        action: AuditAction,
        kind: str,
        chosen: str,
        *,
        by: Staff | None = None,
        reason: str | None = None,
    ) -> None:
        actor = seat_of_person((by or self.office).id)
        self.links.append(Link(self.work.now, actor, action, kind, chosen, reason=reason))

    def second(self, unit: Unit) -> Staff:
        """Return a department's other liaison."""
        return self.county.staff_of(unit.id, Role.DEPARTMENT_LIAISON)[-1]


async def write(work: Work, county: County, seed_number: int) -> list[Link]:
    """Fill every post; return the audit links.  Shifts are dealt from now on."""
    monday = work.today - timedelta(days=work.today.weekday())
    author = _Author(work, county, seed_number, monday, [])
    await _standing(author)
    await _rotations(author)
    _leave_and_deputies(author)
    _swaps(author)
    _leader_days(author)
    _channels(author)
    await work.session.flush()
    for shared in (rosters.ALL_LEAVES, rosters.ALL_ACTINGS):
        await rosters.change_post(work.session, shared)
    return author.links


# Posts


async def _standing(author: _Author) -> None:
    for post, people in _holders(author.county):
        await rosters.change_post(author.work.session, post)
        await rosters.replace_standing(
            author.work.session, post, [person.id for person in people], since=author.at(0, time(0))
        )
        author.note(AuditAction.STANDING_SET, "roster_post", f"{post.role}:{post.unit}")


def _holders(county: County) -> Iterable[tuple[Post, Sequence[Staff]]]:
    """Say who holds each post when no shift applies."""
    office, commission = county.unit("petition-office").id, county.unit("commission").id
    keepers = county.staff_of(office, Role.PETITION_OFFICE)
    vice, member = county.staff_of(commission, Role.BRANCH_LEADER)
    yield Post(Role.COUNTY_DUTY_OFFICER, office), county.staff_of(office, Role.COUNTY_DUTY_OFFICER)
    yield Post(Role.PETITION_OFFICE, office), keepers
    yield Post(Role.MAIN_LEADER, commission), county.staff_of(commission, Role.MAIN_LEADER)
    sections = [unit for unit in county.units if unit.kind in ("section", "group")]
    for number, unit in enumerate(sections):
        directors = county.staff_of(unit.id, Role.SECTION_DIRECTOR) or keepers[-1:]
        yield Post(Role.SECTION_DIRECTOR, unit.id), directors
        # The deputy secretary is in charge of the petition office and every other section.
        leader = vice if number % 2 == 0 else member
        yield Post(Role.BRANCH_LEADER, unit.id), [leader]
    for unit in county.units:
        if unit.kind == "township":
            yield Post(Role.TOWNSHIP_OFFICER, unit.id), county.staff_of(unit.id, Role.TOWNSHIP_OFFICER)[::-1]
        if unit.kind == "department" and unit.key != ALONE:
            liaisons = county.staff_of(unit.id, Role.DEPARTMENT_LIAISON)
            yield Post(Role.DEPARTMENT_LIAISON, unit.id), liaisons[:1]


async def _rotations(author: _Author) -> None:
    county, how = author.county, await dealing(author.work, HORIZON)
    office = county.unit("petition-office")
    turns = [(office, Role.COUNTY_DUTY_OFFICER, Handover.DAILY)]
    turns += [
        (unit, Role.DEPARTMENT_LIAISON, Handover.WEEKLY) for unit in county.units if unit.kind == "department"
    ]
    for unit, role, handover in turns:
        people = county.staff_of(unit.id, role)
        made = Rotation(
            id=author.id("rotation", unit.key),
            post=Post(role, unit.id),
            members=tuple(person.id for person in (people[:1] if unit.key == ALONE else people)),
            rule=WEEKDAYS,
            opens=OPENS,
            closes=CLOSES,
            starts_on=author.monday,
            handover=handover,
        )
        await rosters.change_post(author.work.session, made.post)
        await roster_shifts.add_rotation(author.work.session, made)
        await roster_shifts.deal(author.work.session, made, how)
        author.note(AuditAction.ROTATION_SET, "rotation", made.id)


# What is out of the ordinary


def _leave_and_deputies(author: _Author) -> None:
    county = author.county
    director, vice, head = (county.account(name) for name in ("director1", "leader1", "principal1"))
    colleague = county.staff_of(county.unit("section-supervision-1").id, Role.SECTION_DIRECTOR)[0]
    member = county.staff_of(county.unit("commission").id, Role.BRANCH_LEADER)[1]
    alone = county.staff_of(county.unit(ALONE).id, Role.DEPARTMENT_LIAISON)[0]
    for person, deputy in ((director, colleague), (vice, member), (head, vice)):
        row = ActingRow(
            id=author.id("acting", person.username),
            person=person.id,
            deputy=deputy.id,
            starts_at=author.at(0, time(0)),
            ends_at=None,
            made_by=author.office.id,
            made_at=author.work.now,
        )
        author.work.session.add(row)
        author.note(AuditAction.ACTING_SET, "acting", row.id)
    # The director is away for three days and has a deputy; the lonely liaison is away for two and has none.
    _leave(author, director, 9, 12, "training", granted=True)
    _leave(author, alone, 8, 10, "leave", granted=True)
    _leave(author, county.account("liaison-land"), 16, 17, "errand", granted=False)


def _leave(author: _Author, person: Staff, first: int, end: int, kind: str, *, granted: bool) -> None:
    by, state = (author.office, "granted") if granted else (person, "requested")
    row = LeaveRow(
        id=author.id("leave", person.username),
        person=person.id,
        kind=kind,
        starts_at=author.at(first, time(0)),
        ends_at=author.at(end, time(0)),
        state=state,
        asked_by=by.id,
        asked_at=author.work.now,
        settled_by=by.id if granted else None,
        settled_at=author.work.now if granted else None,
    )
    author.work.session.add(row)
    author.note(AuditAction.LEAVE_ASKED, "leave", row.id, by=by, reason=state)


def _swaps(author: _Author) -> None:
    """One swap of the duty officers that is agreed, and one of two liaisons that waits for an answer."""
    county = author.county
    office, bureau = county.unit("petition-office"), county.unit("agriculture")
    one, two = (county.account(name) for name in ("duty1", "duty2"))
    # Every second working day is the first one's: of a week without holidays Monday and Tuesday change hands.
    agreed = _swap(author, office, Role.COUNTY_DUTY_OFFICER, two, one, 7, back=8, state="accepted")
    for person, instead_of, day in ((one, two, 7), (two, one, 8)):
        change = RosterOverrideRow(
            id=author.id("swap-change", person.username),
            role=Role.COUNTY_DUTY_OFFICER,
            unit=office.id,
            person=person.id,
            instead_of=instead_of.id,
            why=Why.SWAP.value,
            swap_id=agreed,
            starts_at=author.at(day, OPENS),
            ends_at=author.at(day, CLOSES),
            made_by=one.id,
            made_at=author.work.now,
        )
        author.work.session.add(change)
        author.note(AuditAction.ROSTER_OVERRIDDEN, "roster_override", change.id, by=one, reason="swap")
    author.note(AuditAction.SWAP_SETTLED, "swap", agreed, by=one, reason="accepted")
    liaison = county.account("liaison-agriculture")
    _swap(author, bureau, Role.DEPARTMENT_LIAISON, author.second(bureau), liaison, 10, state="requested")


def _swap(
    author: _Author,
    unit: Unit,
    role: Role,
    asker: Staff,
    taker: Staff,
    day: int,
    *,
    back: int | None = None,
    state: str,
) -> str:
    is_settled = state == "accepted"
    row = RosterSwapRow(
        id=author.id("swap", unit.key),
        role=role,
        unit=unit.id,
        asker=asker.id,
        taker=taker.id,
        starts_at=author.at(day, OPENS),
        ends_at=author.at(day, CLOSES),
        back_starts_at=None if back is None else author.at(back, OPENS),
        back_ends_at=None if back is None else author.at(back, CLOSES),
        state=state,
        asked_at=author.work.now,
        settled_by=taker.id if is_settled else None,
        settled_at=author.work.now if is_settled else None,
    )
    author.work.session.add(row)
    author.note(AuditAction.SWAP_ASKED, "swap", row.id, by=asker)
    return row.id


def _leader_days(author: _Author) -> None:
    """Tuesdays and Thursdays of four weeks, in turn."""
    county = author.county
    leaders = [
        county.account("leader1"),
        county.account("principal1"),
        county.staff_of(county.unit("commission").id, Role.BRANCH_LEADER)[1],
    ]
    days = [7 * week + weekday for week in range(4) for weekday in (_TUESDAY, _THURSDAY)]
    for number, day in enumerate(days):
        row = LeaderDayRow(
            id=author.id("leader-day", str(day)),
            person=leaders[number % len(leaders)].id,
            starts_at=author.at(day, time(9, 0)),
            ends_at=author.at(day, time(11, 30)),
            made_by=author.office.id,
            made_at=author.work.now,
        )
        author.work.session.add(row)
        author.note(AuditAction.LEADER_DAY_SET, "leader_day", row.id)


def _channels(author: _Author) -> None:
    """Everybody answers the telephone but one liaison."""
    unreached = author.county.staff_of(author.county.unit(UNREACHED).id, Role.DEPARTMENT_LIAISON)[0]
    author.work.session.add_all(
        ContactChannelRow(
            person=person.id, kind="phone", works=person != unreached, checked_at=author.work.now
        )
        for person in author.county.staff
    )
