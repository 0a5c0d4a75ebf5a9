"""What the sockets and the desk are told of rings, queue, duty and visits: read models without identity."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from reception.domain.duty import DutyState
from reception.domain.ids import PersonId, VisitId
from reception.domain.visits import VisitState
from reception.services import desk
from reception.services.work import Work
from reception.store.duty import Duty
from reception.store.tables import CaseRow, OutcomeRow, PersonRow, PlaceRow, VisitRow
from reception.store.visits import Visits
from scheduling.domain.queue import expected_minutes

TYPICAL_CALL_MIN = 12.0  # used until the last 30 days have calls to measure


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One waiting visit as every desk sees it."""

    visit: VisitId
    ticket: str
    place: str
    matter_kinds: tuple[str, ...]
    raised_at: datetime
    state: str  # waiting | promised
    direct: bool


@dataclass(frozen=True, slots=True)
class VisitStanding:
    """Where a visit stands, for its terminal and its participants."""

    visit: VisitId
    state: VisitState
    ticket: str
    case_number: str
    is_direct: bool
    position: int | None
    expected_minutes: int | None
    called: tuple[str, ...]  # posts of the officers whose bell has rung
    officer_name: str | None
    officer_post: str | None
    callback_owner: str | None
    callback_by: datetime | None
    receipt: str | None


@dataclass(frozen=True, slots=True)
class PendingLine:
    """One outcome in 待补录."""

    visit: VisitId
    case_number: str
    ticket: str
    reason: str
    since: datetime


async def queue_lines(work: Work) -> list[QueueLine]:
    """Return the waiting queue in calling order."""
    rows = await desk.queue(work)
    ids = [row.id for row in rows]
    kinds = await Visits(work.session).matter_kinds(ids)
    promises = await Visits(work.session).promises(ids)
    places = await _place_names(work, {row.place_id for row in rows})
    return [
        QueueLine(
            visit=VisitId(row.id),
            ticket=row.ticket,
            place=places[row.place_id],
            matter_kinds=kinds.get(row.id, ()),
            raised_at=row.raised_at or row.registered_at,
            state="promised" if row.id in promises else "waiting",
            direct=row.is_direct,
        )
        for row in rows
    ]


async def _place_names(work: Work, places: Collection[str]) -> dict[str, str]:
    query = select(PlaceRow.id, PlaceRow.name).where(PlaceRow.id.in_(places))
    return dict((await work.session.execute(query)).all())


async def running_rings(work: Work, person: PersonId) -> list[VisitId]:
    """Return the visits whose bell rings for this person now."""
    rung = await Duty(work.session).rung_for(row.id for row in await desk.queue(work))
    return [visit for visit, people in rung.items() if people.get(person, "not_rung") is None]


async def standings(work: Work, visits: Collection[VisitId]) -> list[VisitStanding]:
    """Return where each of these visits stands; unknown ids are left out."""
    officer = select(VisitRow, CaseRow.number, PersonRow, OutcomeRow.receipt).join(
        CaseRow, CaseRow.id == VisitRow.case_id
    )
    query = (
        officer.outerjoin(PersonRow, PersonRow.id == VisitRow.officer_id)
        .outerjoin(OutcomeRow, OutcomeRow.visit_id == VisitRow.id)
        .where(VisitRow.id.in_(visits))
    )
    rows = list(await work.session.execute(query))
    order = [row.id for row in await desk.queue(work)]
    takers = [
        line
        for line in await Duty(work.session).on_shift()
        if line.state in (DutyState.READY, DutyState.BUSY)
    ]
    typical = await Duty(work.session).typical_minutes(work.now - timedelta(days=30)) or TYPICAL_CALL_MIN
    promises = await Visits(work.session).promises(visits)
    rung = await Duty(work.session).rung_for(visits)
    posts = await _posts(
        work,
        {person for people in rung.values() for person in people}
        | {promise.owner_id for promise in promises.values()},
    )
    found = []
    for row, number, person, receipt in rows:
        ahead = order.index(row.id) if row.id in order else None
        promise = promises.get(row.id)
        found.append(
            VisitStanding(
                visit=VisitId(row.id),
                state=VisitState(row.state),
                ticket=row.ticket,
                case_number=number,
                is_direct=row.is_direct,
                position=None if ahead is None else ahead + 1,
                expected_minutes=None if ahead is None else expected_minutes(ahead, len(takers), typical),
                called=tuple(posts[one] for one in rung.get(VisitId(row.id), {})),
                officer_name=person.name if person else None,
                officer_post=person.post if person else None,
                callback_owner=posts[promise.owner_id] if promise else None,
                callback_by=promise.due_at if promise else None,
                receipt=receipt,
            )
        )
    return found


async def _posts(work: Work, people: Collection[str]) -> dict[str, str]:
    query = select(PersonRow.id, PersonRow.post).where(PersonRow.id.in_(people))
    return dict((await work.session.execute(query)).all())


async def pending_lines(work: Work, person: PersonId) -> list[PendingLine]:
    """Return the outcomes in 待补录 that a person owns, oldest first."""
    rows = await Visits(work.session).pending_of(person)
    query = select(CaseRow.id, CaseRow.number).where(CaseRow.id.in_({row.case_id for row in rows}))
    numbers = dict((await work.session.execute(query)).all())
    return [
        PendingLine(
            VisitId(row.id),
            numbers[row.case_id],
            row.ticket,
            row.pending_reason or "",
            row.pending_since or row.registered_at,
        )
        for row in rows
    ]
