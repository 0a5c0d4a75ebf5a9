"""Who was asked into a visit and what became of it: the presence of each, and why somebody did not come."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from reception.domain.access import may
from reception.domain.actors import Officer, guest_of_seat, person_of_seat
from reception.domain.attendance import ABSENT, Absence, Asked, CameAfterAll, Presence, presence_of
from reception.domain.errors import BadInput
from reception.domain.ids import CaseId, PersonId, VisitId
from reception.domain.policy import Action
from reception.services.conflicts import barred_in
from reception.services.notes import VisitChanged
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.bringing import Attendances
from reception.store.bringing_tables import AttendanceRow, GuestRow
from reception.store.rows import takes
from reception.store.tables import ParticipantRow, PersonRow, UnitRow, VisitRow
from signaling.ids import SeatId


@dataclass(frozen=True, slots=True)
class AskedLine:
    """One person who was asked into a visit.

    Attributes:
        unit: of the post that was asked for; empty for a colleague asked by name and for guests.
        name: of who was asked; a guest's title.
        instead_of: name of whom they acted for.
        guest: id of the one-time link.
        is_held: is in the call and waits there for the host.
    """

    id: str
    visit: VisitId
    role: str
    unit_id: str | None
    unit: str
    person: str | None
    guest: str | None
    name: str
    post: str
    why: str
    instead_of: str | None
    presence: Presence
    asked_by: str
    asked_at: datetime
    rung_at: datetime | None
    joined_at: datetime | None
    left_at: datetime | None
    absence: str | None
    confirmed_by: str | None
    is_held: bool


@dataclass(frozen=True, slots=True)
class UnitLine:
    """How often a unit was asked and came, over a span of time."""

    unit: str
    asked: int
    came: int
    absent: int
    unexplained: int
    lines: tuple[AskedLine, ...]


async def asked_into(work: Work, visits: Collection[VisitId]) -> dict[VisitId, list[AskedLine]]:
    """Return who was asked into these visits, in order."""
    found: dict[VisitId, list[AskedLine]] = {}
    for line in await _told(work, await Attendances(work.session).of_visits(visits)):
        found.setdefault(line.visit, []).append(line)
    return found


async def by_unit(work: Work, actor: Officer, starts_at: datetime, ends_at: datetime) -> list[UnitLine]:
    """Return the attendance of every unit that was asked in a span of time."""
    may(actor, Action.VIEW_ATTENDANCE)
    rows = [row for row in await Attendances(work.session).between(starts_at, ends_at) if row.unit_id]
    hidden = await _hidden_visits(work, actor, {row.visit_id for row in rows})
    rows = [row for row in rows if row.visit_id not in hidden]
    units: dict[str, list[AskedLine]] = {}
    for line in await _told(work, rows):
        units.setdefault(line.unit, []).append(line)
    return [_unit_line(unit, lines) for unit, lines in sorted(units.items())]


async def _hidden_visits(work: Work, actor: Officer, visits: set[str]) -> set[str]:
    """Return the visits of cases that this actor must not learn of."""
    query = select(VisitRow.id, VisitRow.case_id).where(VisitRow.id.in_(visits))
    cases = dict((await work.session.execute(query)).all())
    barred = await barred_in(work, set(cases.values()), [actor.person])
    return {visit for visit, case in cases.items() if CaseId(case) in barred}


def _unit_line(unit: str, lines: list[AskedLine]) -> UnitLine:
    absent = [line for line in lines if line.presence in ABSENT]
    return UnitLine(
        unit=unit,
        asked=len(lines),
        came=sum(line.joined_at is not None for line in lines),
        absent=len(absent),
        unexplained=sum(line.absence is None for line in absent),
        lines=tuple(lines),
    )


async def confirm_absence(work: Work, actor: Officer, attendance: str, reason: str) -> None:
    """Write why somebody who was asked did not come; a later word replaces an earlier one.

    Raises:
        CameAfterAll: they are in the call, or it still rings.
    """
    row = await Attendances(work.session).get(attendance)
    may(actor, Action.CONFIRM_ABSENCE, is_own=row.asked_by == actor.person)
    if reason not in set(Absence):
        raise BadInput({"reason": "unknown"})
    if presence_of(moments_of(row), work.now) not in ABSENT:
        raise CameAfterAll
    statement = (
        update(AttendanceRow)
        .where(AttendanceRow.id == attendance, AttendanceRow.joined_at.is_(None))
        .values(absence=reason, confirmed_by=actor.person, confirmed_at=work.now)
        .execution_options(synchronize_session="fetch")
    )
    if not await takes(work.session, statement):
        raise CameAfterAll
    visit = await work.session.get_one(VisitRow, row.visit_id)
    await work.record(actor.seat, AuditAction.ABSENCE_CONFIRMED, visit, reason=reason)
    work.tell(VisitChanged(VisitId(row.visit_id)))


async def note_presence(work: Work, visit: VisitId, seat: SeatId, *, is_there: bool) -> None:
    """Write that somebody who was asked entered or left the call; nothing for anybody else."""
    row = await _row_of(work, visit, seat)
    if row is None:
        return
    if is_there:
        row.joined_at, row.left_at = row.joined_at or work.now, None
        row.absence = row.confirmed_by = row.confirmed_at = None  # came after all
    elif row.joined_at is not None:
        row.left_at = work.now
    work.tell(VisitChanged(visit))


async def _row_of(work: Work, visit: VisitId, seat: SeatId) -> AttendanceRow | None:
    attendances, guest, person = Attendances(work.session), guest_of_seat(seat), person_of_seat(seat)
    if guest is not None:
        return await attendances.of_guest(guest)
    return await attendances.open_for(visit, person) if person is not None else None


async def withdraw(work: Work, visit: VisitId, person: PersonId) -> None:
    """Close what somebody was asked to, because they may not come any more."""
    row = await Attendances(work.session).open_for(visit, person)
    if row is not None:
        row.closed_at, row.why_closed = work.now, "withdrawn"
        row.left_at = work.now if row.joined_at is not None and row.left_at is None else row.left_at


def moments_of(row: AttendanceRow) -> Asked:
    """Return what the presence of a row follows from."""
    return Asked(row.asked_at, row.rung_at, row.accepted_at, row.joined_at, row.left_at, row.why_closed)


async def _told(work: Work, rows: Iterable[AttendanceRow]) -> list[AskedLine]:
    rows = list(rows)
    people = await _people(
        work, {one for row in rows for one in (row.person_id, row.asked_by, row.confirmed_by)}
    )
    titles = await _titles(work, {row.guest_id for row in rows})
    units = await _units(work, {row.unit_id for row in rows})
    held = await _held(work, {row.visit_id for row in rows})
    return [
        _line(row, people, titles, units, work.now, is_held=(row.visit_id, row.person_id) in held)
        for row in rows
    ]


def _line(
    row: AttendanceRow,
    people: dict[str, tuple[str, str]],
    titles: dict[str, str],
    units: dict[str, str],
    now: datetime,
    *,
    is_held: bool,
) -> AskedLine:
    name, post = people.get(row.person_id or "", (titles.get(row.guest_id or "", ""), ""))
    return AskedLine(
        id=row.id,
        visit=VisitId(row.visit_id),
        role=row.role,
        unit_id=row.unit_id,
        unit=units.get(row.unit_id or "", ""),
        person=row.person_id,
        guest=row.guest_id,
        name=name,
        post=post,
        why=row.why,
        instead_of=row.instead_of,
        presence=presence_of(moments_of(row), now),
        asked_by=people[row.asked_by][0],
        asked_at=row.asked_at,
        rung_at=row.rung_at,
        joined_at=row.joined_at,
        left_at=row.left_at,
        absence=row.absence,
        confirmed_by=people[row.confirmed_by][0] if row.confirmed_by else None,
        is_held=is_held,
    )


async def _people(work: Work, ids: set[str | None]) -> dict[str, tuple[str, str]]:
    query = select(PersonRow.id, PersonRow.name, PersonRow.post).where(PersonRow.id.in_(ids - {None}))
    return {person: (name, post) for person, name, post in await work.session.execute(query)}


async def _held(work: Work, visits: set[str]) -> set[tuple[str, str | None]]:
    query = select(ParticipantRow.visit_id, ParticipantRow.person_id).where(
        ParticipantRow.visit_id.in_(visits),
        ParticipantRow.is_held,
        ParticipantRow.admitted_at.is_not(None),
        ParticipantRow.removed_at.is_(None),
    )
    return {(visit, person) for visit, person in await work.session.execute(query)}


async def _titles(work: Work, ids: set[str | None]) -> dict[str, str]:
    query = select(GuestRow.id, GuestRow.title).where(GuestRow.id.in_(ids - {None}))
    return dict((await work.session.execute(query)).all())


async def _units(work: Work, ids: set[str | None]) -> dict[str, str]:
    query = select(UnitRow.id, UnitRow.name).where(UnitRow.id.in_(ids - {None}))
    return dict((await work.session.execute(query)).all())
