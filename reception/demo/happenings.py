"""The trace of a past visit: timeline, bells, seats, promise, and its audit links.  No IO."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from reception.demo.history import PastVisit
from reception.demo.names import fixed_id
from reception.demo.talks import CALLBACK_MIN, Call
from reception.demo.trail import Link
from reception.domain.actors import seat_of_device, seat_of_person
from reception.domain.ids import DeviceId, PersonId
from reception.domain.visits import PendingReason, SuspendReason, VisitState
from reception.store.audit import AuditAction
from reception.store.tables import ParticipantRow, PromiseRow, RingRow, VisitEventRow, VisitRow
from scheduling.store.base import Base
from signaling.ids import SeatId

_COUNTY = "county_duty_officer"
_PATIENCE = timedelta(seconds=45)  # from the lost line to the suspension


@dataclass(frozen=True, slots=True)
class Entry:
    """A past visit, its row, and the terminal it took place at."""

    visit: PastVisit
    row: VisitRow
    device: DeviceId

    @property
    def terminal(self) -> SeatId:
        """The terminal's seat."""
        return seat_of_device(self.device)


@dataclass(frozen=True, slots=True)
class _Event:
    """One line of the timeline."""

    at: datetime
    kind: str
    role: str | None = None
    person: PersonId | None = None
    code: str | None = None


def happenings(entry: Entry, seed_number: int) -> tuple[list[Base], list[Link]]:
    """Return the rows that trace a visit, and its audit links."""
    visit, call = entry.visit, entry.visit.call
    events, links = _at_terminal(entry), _links_at_terminal(entry)
    rows: list[Base] = []
    if call is not None:
        events += _in_call(visit, call)
        links += _links_in_call(entry, call)
        rows += [*_bells(entry, call, seed_number), *_seats(entry, call), *_promise(entry, call, seed_number)]
    for seq, event in enumerate(sorted(events, key=lambda event: event.at), start=1):
        rows.append(
            VisitEventRow(
                visit_id=entry.row.id,
                seq=seq,
                at=event.at,
                kind=event.kind,
                role=event.role,
                person_id=event.person,
                code=event.code,
            )
        )
    return rows, links


def _at_terminal(entry: Entry) -> list[_Event]:
    visit = entry.visit
    events = [_Event(visit.registered_at, "registered", "terminal")]
    if visit.reply is not None:
        code = "satisfied" if visit.reply.doubt is None else "doubted"
        events.append(
            _Event(visit.reply.at, "township_answered", "township_officer", visit.reply.by.id, code)
        )
    if visit.raised_at is not None:
        events.append(_Event(visit.raised_at, "raised", "terminal"))
    if visit.cancelled_at is not None:
        events.append(_Event(visit.cancelled_at, "cancelled", "terminal"))
    return events


def _in_call(visit: PastVisit, call: Call) -> list[_Event]:
    officer, answered_at = call.officer.id, call.answered_at
    assert visit.raised_at is not None, "a call follows a raised visit"  # noqa: S101
    events = [_Event(visit.raised_at, "rung", person=person.id) for person in call.rung]
    if call.promised_at is not None:
        events.append(_Event(call.promised_at, "callback_promised", person=call.rung[0].id))
    seconds = timedelta(seconds=1)
    events += [
        _Event(answered_at, "answered", person=officer),
        _Event(answered_at + 1 * seconds, "joined", _COUNTY, officer),
        _Event(answered_at + 2 * seconds, "joined", "terminal"),
        _Event(answered_at + 4 * seconds, "live"),
        _Event(answered_at + 5 * seconds, "media_up", "terminal"),
        _Event(answered_at + 5 * seconds, "media_up", _COUNTY, officer),
        *_way_out(call),
    ]
    if call.guest is not None:
        invited_at = answered_at + timedelta(minutes=2)
        events += [
            _Event(invited_at, "invited", person=call.guest.id),
            _Event(invited_at + 9 * seconds, "invitation_accepted", person=call.guest.id),
            _Event(invited_at + 10 * seconds, "joined", _COUNTY, call.guest.id),
        ]
    if call.away is not None:
        left_at, back_at = call.away
        events += [
            _Event(left_at, "left", "terminal", code="socket"),
            _Event(back_at, "joined", "terminal"),
        ]
    if visit.outcome is not None:
        code = visit.outcome.form.code
        events.append(_Event(visit.outcome.logged_at, "outcome_logged", person=officer, code=code))
    return events


def _way_out(call: Call) -> list[_Event]:
    """A call is ended by its officer, or suspended and given up when the visitor has left."""
    if call.lost_at is None:
        return [_Event(call.ended_at, "call_ended", person=call.officer.id)]
    return [
        _Event(call.ended_at - _PATIENCE, "left", "terminal", code="socket"),
        _Event(call.ended_at, "suspended", code=SuspendReason.TERMINAL_GONE),
        _Event(call.lost_at, "visitor_left", "terminal"),
        _Event(call.lost_at, "outcome_pending", code=PendingReason.VISITOR_LEFT),
    ]


def _bells(entry: Entry, call: Call, seed_number: int) -> list[RingRow]:
    """Every bell rings from the start; of one that nobody answered in time, the winner's rings again."""
    promised_at = call.promised_at
    return [
        RingRow(
            id=fixed_id(seed_number, "ring", entry.row.id, person.id),
            visit_id=entry.row.id,
            person_id=person.id,
            started_at=entry.visit.raised_at,
            stopped_at=promised_at or call.answered_at,
            why_stopped="unanswered" if promised_at else "answered",
        )
        for person in call.rung
    ]


def _seats(entry: Entry, call: Call) -> list[ParticipantRow]:
    def seat(seat: SeatId, role: str, person: PersonId | None, at: datetime) -> ParticipantRow:
        invited_by = call.officer.id if call.guest and person == call.guest.id else None
        return ParticipantRow(
            visit_id=entry.row.id,
            seat=seat,
            person_id=person,
            role=role,
            invited_by=invited_by,
            admitted_at=at,
        )

    seats = [
        seat(entry.terminal, "terminal", None, call.answered_at),
        seat(seat_of_person(call.officer.id), _COUNTY, call.officer.id, call.answered_at),
    ]
    if call.guest is not None:
        joined_at = call.answered_at + timedelta(seconds=129)
        seats.append(seat(seat_of_person(call.guest.id), _COUNTY, call.guest.id, joined_at))
    return seats


def _promise(entry: Entry, call: Call, seed_number: int) -> list[PromiseRow]:
    if call.promised_at is None:
        return []
    return [
        PromiseRow(
            id=fixed_id(seed_number, "promise", entry.row.id),
            visit_id=entry.row.id,
            kind="call_back",
            owner_id=call.rung[0].id,
            made_at=call.promised_at,
            due_at=call.promised_at + timedelta(minutes=CALLBACK_MIN),
            kept_at=call.answered_at,
        )
    ]


def _link(entry: Entry, at: datetime, actor: str, action: AuditAction, reason: str | None = None) -> Link:
    return Link(at, actor, action, "visit", entry.row.id, entry.row.case_id, reason)


def _links_at_terminal(entry: Entry) -> list[Link]:
    visit, actor = entry.visit, entry.terminal
    links = [_link(entry, visit.registered_at, actor, AuditAction.VISIT_REGISTERED)]
    if visit.reply is not None:
        reason = "satisfied" if visit.state is VisitState.CLOSED_SATISFIED else "doubted"
        links.append(_link(entry, visit.reply.at, actor, AuditAction.TOWNSHIP_ANSWERED, reason))
    if visit.raised_at is not None:
        links.append(_link(entry, visit.raised_at, actor, AuditAction.VISIT_RAISED))
    if visit.cancelled_at is not None:
        links.append(_link(entry, visit.cancelled_at, actor, AuditAction.VISIT_CANCELLED))
    return links


def _links_in_call(entry: Entry, call: Call) -> list[Link]:
    officer, outcome = seat_of_person(call.officer.id), entry.visit.outcome
    links = [_link(entry, call.answered_at, officer, AuditAction.VISIT_ANSWERED)]
    if call.promised_at is not None:
        links.append(_link(entry, call.promised_at, "service", AuditAction.CALLBACK_PROMISED))
    if call.guest is not None:
        invited_at = call.answered_at + timedelta(minutes=2)
        guest = seat_of_person(call.guest.id)
        links += [
            _link(entry, invited_at, officer, AuditAction.INVITED),
            _link(entry, invited_at + timedelta(seconds=9), guest, AuditAction.JOINED),
        ]
    if call.lost_at is None:
        links.append(_link(entry, call.ended_at, officer, AuditAction.CALL_ENDED))
    else:
        suspended, left = SuspendReason.TERMINAL_GONE, PendingReason.VISITOR_LEFT
        links += [
            _link(entry, call.ended_at, "service", AuditAction.VISIT_SUSPENDED, suspended),
            _link(entry, call.lost_at, entry.terminal, AuditAction.VISIT_LOST, left),
        ]
    if outcome is not None:
        links.append(_link(entry, outcome.logged_at, officer, AuditAction.OUTCOME_LOGGED, outcome.form.code))
    return links
