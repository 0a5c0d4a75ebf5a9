"""What the sockets and the desk are told of rings, queue, duty and visits: read models without identity."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from reception.domain.duty import DutyState
from reception.domain.ids import CaseId, PersonId, VisitId
from reception.domain.visits import VisitState
from reception.services import desk
from reception.services.conflicts import barred_in
from reception.services.work import Work
from reception.store.duty import Duty
from reception.store.tables import CaseRow, OutcomeRow, PersonRow, PlaceRow, VisitRow
from reception.store.visits import Visits
from scheduling.domain.queue import expected_minutes

TYPICAL_CALL_MIN = 12.0  # used until the last 30 days have calls to measure


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One waiting visit as every desk sees it.

    Attributes:
        raised_at: from when on it waits; of a suspended visit, since its line was lost.
        officer: who received a suspended visit before.
    """

    visit: VisitId
    case: CaseId
    ticket: str
    place: str
    matter_kinds: tuple[str, ...]
    raised_at: datetime
    state: str  # waiting | promised | suspended
    direct: bool
    officer: str | None


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
    suspended_at: datetime | None
    suspended_reason: str | None


@dataclass(frozen=True, slots=True)
class PendingLine:
    """One outcome in 待补录."""

    visit: VisitId
    case_number: str
    ticket: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class SuspendedLine:
    """A suspended visit: on the list of who received it, and on its terminal when it was put aside.

    Attributes:
        is_offered: its terminal is back and it stands in the queue.
    """

    visit: VisitId
    case_number: str
    ticket: str
    place: str
    reason: str
    since: datetime
    is_parked: bool
    is_offered: bool


async def suspended_lines(work: Work, rows: Collection[VisitRow]) -> list[SuspendedLine]:
    """Return suspended visits as lines, in the order given."""
    numbers = await _case_numbers(work, rows)
    places = await _place_names(work, {row.place_id for row in rows})
    return [
        SuspendedLine(
            visit=VisitId(row.id),
            case_number=numbers[row.case_id],
            ticket=row.ticket,
            place=places[row.place_id],
            reason=row.suspended_reason or "",
            since=row.suspended_at or row.registered_at,
            is_parked=row.parked_at is not None,
            is_offered=row.first_chance_until is not None,
        )
        for row in rows
    ]


async def without_hidden(work: Work, person: PersonId, rows: Sequence[VisitRow]) -> list[VisitRow]:
    """Leave out the visits that a person must not learn of."""
    out = await barred_in(work, {row.case_id for row in rows}, [person]) if rows else {}
    return [row for row in rows if row.case_id not in out]


async def _case_numbers(work: Work, rows: Collection[VisitRow]) -> dict[str, str]:
    query = select(CaseRow.id, CaseRow.number).where(CaseRow.id.in_({row.case_id for row in rows}))
    return dict((await work.session.execute(query)).all())


async def queues(
    work: Work, lines: Sequence[QueueLine], people: Collection[PersonId]
) -> dict[PersonId, list[QueueLine]]:
    """Return for each of these people the lines of the queue without what is hidden from them."""
    out = await barred_in(work, {line.case for line in lines}, people)
    return {person: [line for line in lines if person not in out.get(line.case, {})] for person in people}


async def queue_lines(work: Work) -> list[QueueLine]:
    """Return the whole waiting queue in calling order; nobody is shown it but through `queues`."""
    rows = await desk.queue(work)
    ids = [row.id for row in rows]
    kinds = await Visits(work.session).matter_kinds(ids)
    promises = await Visits(work.session).promises(ids)
    places = await _place_names(work, {row.place_id for row in rows})
    names = await _names(work, {row.officer_id for row in rows if row.officer_id})
    return [
        QueueLine(
            visit=VisitId(row.id),
            case=CaseId(row.case_id),
            ticket=row.ticket,
            place=places[row.place_id],
            matter_kinds=kinds.get(row.id, ()),
            raised_at=desk.waits_since(row),
            state=_queue_state(row, is_promised=row.id in promises),
            direct=row.is_direct,
            officer=names.get(row.officer_id or ""),
        )
        for row in rows
    ]


def _queue_state(row: VisitRow, *, is_promised: bool) -> str:
    if row.state == VisitState.SUSPENDED:
        return "suspended"
    return "promised" if is_promised else "waiting"


async def _names(work: Work, people: Collection[str]) -> dict[str, str]:
    query = select(PersonRow.id, PersonRow.name).where(PersonRow.id.in_(people))
    return dict((await work.session.execute(query)).all())


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
                suspended_at=row.suspended_at,
                suspended_reason=row.suspended_reason,
            )
        )
    return found


async def _posts(work: Work, people: Collection[str]) -> dict[str, str]:
    query = select(PersonRow.id, PersonRow.post).where(PersonRow.id.in_(people))
    return dict((await work.session.execute(query)).all())


async def pending_lines(work: Work, person: PersonId) -> list[PendingLine]:
    """Return the outcomes in 待补录 that a person owns, oldest first."""
    rows = await without_hidden(work, person, await Visits(work.session).pending_of(person))
    numbers = await _case_numbers(work, rows)
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
