"""Who was asked into the calls of the last weeks, who came, and why somebody did not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle

from sqlalchemy import select

from reception.demo.county import County, Staff
from reception.demo.names import fixed_id
from reception.demo.trail import Link
from reception.domain.actors import seat_of_person
from reception.domain.attendance import Absence
from reception.domain.ids import PersonId
from reception.domain.roles import Role
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.bringing_tables import AttendanceRow
from reception.store.tables import MatterRow, ParticipantRow, VisitRow
from scheduling.domain.roster import Why

_SINCE = timedelta(days=80)  # the page looks back a little further
_JOINS_AFTER, _ANSWERS_AFTER, _CONFIRMED_AFTER = (
    timedelta(seconds=20),
    timedelta(seconds=12),
    timedelta(hours=1),
)


@dataclass(frozen=True, slots=True)
class _Fate:
    """What became of one invitation; `closed` None where somebody came.

    Attributes:
        instead: somebody else stands in.
        is_reached: a page of theirs was connected, so that it rang.
    """

    closed: str | None = None
    absence: Absence | None = None
    instead: bool = False
    is_reached: bool = True


_CAME, _STOOD_IN = _Fate(), _Fate(instead=True)
# One call after the other, the newest first; the last word on one of them is still owed.
_FATES = (
    _CAME,
    _Fate("declined", Absence.OTHER_DUTY),
    _CAME,
    _Fate("visit_over"),
    _STOOD_IN,
    _Fate("visit_over", Absence.NO_CHANNEL, is_reached=False),
    _CAME,
    _CAME,
)
# Asked where something was reported; departments only where nothing was, so that nobody accused is.
_STAND_INS = "section-review"
_SECTIONS = ("section-conduct", "section-supervision-1", "section-control", "group-1")
_DEPARTMENTS = ("housing", "agriculture", "hotline", "civil-affairs", "labour")


@dataclass(frozen=True, slots=True)
class _Post:
    """Whose turn it was, and who was asked."""

    unit: str
    role: Role
    turn: Staff
    person: Staff


async def write(work: Work, county: County, seed_number: int) -> list[Link]:
    """Write down who was asked into the newest calls; return the audit links."""
    links, sections, departments = [], cycle(_SECTIONS), cycle(_DEPARTMENTS)
    reported = set(await work.session.scalars(select(MatterRow.visit_id).where(MatterRow.kind == "report")))
    for fate, visit in zip(_FATES, await _calls(work), strict=False):
        if visit.id in reported:
            unit, role = county.unit(next(sections)), Role.SECTION_DIRECTOR
            others = county.staff_of(county.unit(_STAND_INS).id, role)
        else:
            unit, role = county.unit(next(departments)), Role.DEPARTMENT_LIAISON
            others = county.staff_of(unit.id, role)
        turn = county.staff_of(unit.id, role)[0]
        person = others[-1] if fate.instead else turn
        links += _ask(work, _Post(unit.id, role, turn, person), fate, visit, seed_number)
    await work.session.flush()
    return links


async def _calls(work: Work) -> Sequence[VisitRow]:
    """Return the newest calls that somebody answered and ended."""
    query = (
        select(VisitRow)
        .where(
            VisitRow.registered_at > work.now - _SINCE,
            VisitRow.answered_at.is_not(None),
            VisitRow.ended_at.is_not(None),
        )
        .order_by(VisitRow.registered_at.desc(), VisitRow.id)
        .limit(len(_FATES))
    )
    return (await work.session.scalars(query)).all()


def _ask(work: Work, post: _Post, asked: _Fate, visit: VisitRow, seed_number: int) -> list[Link]:
    host, person = visit.officer_id, post.person
    if host is None or visit.answered_at is None or visit.ended_at is None:
        return []
    asked_at, comes = visit.answered_at + timedelta(minutes=3), asked.closed is None
    closed_at = asked_at + _ANSWERS_AFTER if asked.closed == "declined" else visit.ended_at
    row = AttendanceRow(
        id=fixed_id(seed_number, "attendance", visit.id, person.id),
        visit_id=visit.id,
        role=post.role,
        unit_id=post.unit,
        person_id=person.id,
        instead_of=post.turn.name if asked.instead else None,
        why=Why.ACTING if asked.instead else Why.SHIFT,
        asked_by=host,
        asked_at=asked_at,
        rung_at=asked_at if asked.is_reached else None,
        accepted_at=asked_at + _ANSWERS_AFTER if comes else None,
        joined_at=asked_at + _JOINS_AFTER if comes else None,
        left_at=visit.ended_at if comes else None,
        closed_at=closed_at,
        why_closed=asked.closed or "visit_over",
        absence=asked.absence,
        confirmed_by=host if asked.absence else None,
        confirmed_at=visit.ended_at + _CONFIRMED_AFTER if asked.absence else None,
    )
    work.session.add(row)
    if comes:
        work.session.add(_seat(visit, person, host, row))
    return _links(row, visit, person)


def _seat(visit: VisitRow, person: Staff, host: str, row: AttendanceRow) -> ParticipantRow:
    return ParticipantRow(
        visit_id=visit.id,
        seat=seat_of_person(person.id),
        person_id=person.id,
        role=row.role,
        invited_by=host,
        admitted_at=row.joined_at,
    )


def _links(row: AttendanceRow, visit: VisitRow, person: Staff) -> list[Link]:
    host = seat_of_person(PersonId(row.asked_by))

    def link(at: timedelta, actor: str, action: AuditAction, reason: str | None = None) -> Link:
        return Link(row.asked_at + at, actor, action, "visit", visit.id, visit.case_id, reason)

    links = [link(timedelta(), host, AuditAction.INVITED)]
    if row.joined_at is not None:
        links.append(link(_JOINS_AFTER, seat_of_person(person.id), AuditAction.JOINED))
    if row.confirmed_at is not None:
        confirmed = row.confirmed_at - row.asked_at
        links.append(link(confirmed, host, AuditAction.ABSENCE_CONFIRMED, row.absence))
    return links
