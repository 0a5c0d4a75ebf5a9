"""What is done to a running call: hold, private part, removal, and who leads it.

Every change is rows first, with its audit link and timeline event; the hub carries it out
after the commit and opens a room under these conditions again after a restart.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import or_
from sqlalchemy.exc import IntegrityError

from reception.domain.access import may
from reception.domain.actors import Actor, Officer, guest_of_seat, person_of_seat, seat_of_person
from reception.domain.conditions import (
    CannotLead,
    CannotRemove,
    LeadNotOffered,
    LeadNotTaken,
    NotInCall,
    NotLeading,
    NotYourself,
    RemoveReason,
    refuse_private,
)
from reception.domain.duty import OfficerBusy
from reception.domain.errors import NotFound
from reception.domain.ids import PersonId, VisitId
from reception.domain.policy import Action
from reception.domain.visits import SuspendReason, VisitState, WrongState
from reception.services import suspension
from reception.services.notes import ConditionsChanged, DutyChanged, Removed, VisitChanged
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.bringing_tables import GuestRow
from reception.store.tables import ParticipantRow, PersonRow, VisitRow
from reception.store.visits import Visits
from signaling.ids import SeatId
from signaling.media.forwarding import Conditions


async def conditions_of(work: Work, visit: VisitId) -> Conditions:
    """Return the conditions under which the visit's room is open, as the rows say."""
    visits = Visits(work.session)
    return _conditions(await visits.get(visit), await visits.participants(visit))


def _conditions(row: VisitRow, places: Collection[ParticipantRow]) -> Conditions:
    group = frozenset(SeatId(place.seat) for place in places if place.in_private)
    return Conditions(
        held=frozenset(SeatId(place.seat) for place in places if place.is_held),
        private=group if row.private_since is not None else None,
        lead=lead_of(row),
        offered=SeatId(row.lead_offered_to) if row.lead_offered_to else None,
    )


def lead_of(row: VisitRow) -> SeatId | None:
    """Return the seat that leads a call: the officer who received it, until somebody else takes the lead."""
    if row.lead_seat is not None:
        return SeatId(row.lead_seat)
    return seat_of_person(PersonId(row.officer_id)) if row.officer_id else None


async def conducted(work: Work, actor: Actor, visit: VisitId) -> VisitRow:
    """Return a running call that this actor conducts.

    Raises:
        NotFound, NotLeading: as `led`.
        WrongState: it is not running.
    """
    row = await led(work, actor, visit)
    if VisitState(row.state) is not VisitState.IN_CALL:
        raise WrongState
    return row


async def led(work: Work, actor: Actor, visit: VisitId) -> VisitRow:
    """Return a visit that this actor received, or leads; its call may be over.

    Raises:
        NotFound: the actor has no part in it.
        NotLeading: the actor only takes part.
    """
    may(actor, Action.CONTROL_CALL)
    row = await Visits(work.session).get(visit)
    if not conducts(actor, row):
        place = await Visits(work.session).participant(visit, actor.seat)
        if place is None or place.admitted_at is None or place.removed_at is not None:
            raise NotFound
        raise NotLeading
    return row


def conducts(actor: Actor, row: VisitRow) -> bool:
    """Say whether the actor received this visit or leads its call."""
    return actor.seat == row.lead_seat or (isinstance(actor, Officer) and actor.person == row.officer_id)


async def hold(work: Work, actor: Officer, visit: VisitId, seat: SeatId, on: bool) -> None:
    """Put somebody on hold, or release them; a second time it changes nothing.

    Raises:
        NotYourself, NotInCall, NotLeading, NotFound, WrongState
    """
    row = await conducted(work, actor, visit)
    place = await _place(work, visit, seat)
    if on and seat == actor.seat:
        raise NotYourself
    if place.is_held == on:
        return
    place.is_held = on
    await _note(work, visit, place, "held" if on else "unheld")
    await work.record(actor.seat, AuditAction.SEAT_HELD if on else AuditAction.SEAT_RELEASED, row)
    work.tell(ConditionsChanged(visit))


async def set_private(work: Work, actor: Officer, visit: VisitId, seats: Collection[SeatId] | None) -> None:
    """Begin a private part between some of those in the call, change its group, or end it with None.

    Raises:
        BadInput: fewer than two, or somebody who is not in the call.
        NotLeading, NotFound, WrongState
    """
    row = await conducted(work, actor, visit)
    visits = Visits(work.session)
    places = await visits.participants(visit)
    if seats is not None:
        refuse_private(seats, [place.seat for place in places])
    group = frozenset(seats) if seats is not None else None
    if group == _conditions(row, places).private:
        return
    if row.private_since is not None:
        await visits.note_event(visit, "private_ended", at=work.now, person=actor.person)
        await work.record(actor.seat, AuditAction.PRIVATE_ENDED, row)
    row.private_since = work.now if group is not None else None
    for place in places:
        place.in_private = group is not None and place.seat in group
    if group is not None:
        await visits.note_event(visit, "private_began", at=work.now, person=actor.person)
        for place in places:
            if place.in_private:
                await _note(work, visit, place, "private_with")
        await work.record(actor.seat, AuditAction.PRIVATE_BEGAN, row)
    work.tell(ConditionsChanged(visit))


async def remove(work: Work, actor: Officer, visit: VisitId, seat: SeatId, reason: RemoveReason) -> None:
    """Put somebody out of the call; they stay out of this visit until they are readmitted.

    Raises:
        CannotRemove: the visitor, or the officer who received the visit.
        NotYourself, NotInCall, NotLeading, NotFound, WrongState
    """
    row = await conducted(work, actor, visit)
    if seat == actor.seat:
        raise NotYourself
    host = seat_of_person(PersonId(row.officer_id or ""))
    if seat == host or (person_of_seat(seat) is None and guest_of_seat(seat) is None):
        raise CannotRemove
    place = await _place(work, visit, seat, also_invited=True)
    await _put_out(work, row, place, reason, by=actor.seat)


async def eject(work: Work, visit: VisitId, seat: SeatId, reason: str) -> bool:
    """Put somebody out of a visit by a rule, whoever they are; say whether they had a place in it.

    Where nobody is left to conduct the call, it is suspended at once: it goes back to the head of
    the queue, and the one who was put out is not offered it again.

    Args:
        reason: a code; `RemoveReason.CONFLICT` for a recusal.
    """
    row = await Visits(work.session).get(visit)
    place = await Visits(work.session).participant(visit, seat)
    if place is None or place.removed_reason is not None:
        return False
    if VisitState(row.state) not in (VisitState.IN_CALL, VisitState.SUSPENDED):
        return False
    was_conducting = lead_of(row) == seat or (
        row.host_left_at is None and seat == seat_of_person(PersonId(row.officer_id or ""))
    )
    await _put_out(work, row, place, reason, by="service")
    if was_conducting and not await _is_conducted(work, row):
        await suspension.suspend(work, visit, SuspendReason.OFFICER_GONE)
    return True


async def _is_conducted(work: Work, row: VisitRow) -> bool:
    """Say whether anybody who may conduct the call still has a place in it."""
    seat = lead_of(row)
    place = await Visits(work.session).participant(VisitId(row.id), seat) if seat else None
    return place is not None and place.admitted_at is not None and place.removed_at is None


async def _put_out(work: Work, row: VisitRow, place: ParticipantRow, reason: str, *, by: str) -> None:
    visits, visit, seat = Visits(work.session), VisitId(row.id), SeatId(place.seat)
    await visits.remove(visit, seat, at=work.now, reason=reason)
    if row.lead_seat == seat:
        row.lead_seat = row.host_left_at = None  # back to the officer who received the visit
    if row.lead_offered_to == seat:
        row.lead_offered_to = None
    await _note(work, visit, place, "removed", code=reason)
    await work.record(by, AuditAction.SEAT_REMOVED, row, reason=reason)
    work.tell(Removed(visit, seat, "removed"), ConditionsChanged(visit), VisitChanged(visit))
    if place.person_id is not None:
        work.tell(DutyChanged(PersonId(place.person_id)))


async def readmit(work: Work, actor: Officer, visit: VisitId, seat: SeatId) -> None:
    """Let somebody who was put out be invited again; they are not in the call by this alone.

    Raises:
        NotInCall: nobody was put out of that seat.
        NotLeading, NotFound, WrongState
    """
    row = await conducted(work, actor, visit)
    place = await Visits(work.session).participant(visit, seat)
    if place is None or place.removed_reason is None:
        raise NotInCall
    place.removed_reason = None
    await _note(work, visit, place, "readmitted")
    await work.record(actor.seat, AuditAction.SEAT_READMITTED, row)


async def offer_lead(work: Work, actor: Officer, visit: VisitId, seat: SeatId | None) -> None:
    """Ask somebody in the call to lead it, or withdraw that with None; nothing changes until they take it.

    Raises:
        CannotLead: not a member of staff.
        NotYourself: that seat leads already.
        NotInCall, NotLeading, NotFound, WrongState
    """
    row = await conducted(work, actor, visit)
    if seat is not None:
        place = await _place(work, visit, seat)
        if place.person_id is None:
            raise CannotLead
        if lead_of(row) == seat:
            raise NotYourself
    if row.lead_offered_to == seat:
        return
    row.lead_offered_to = seat
    if seat is not None:
        await _note(work, visit, place, "lead_offered")
    await work.record(actor.seat, AuditAction.LEAD_OFFERED, row)
    work.tell(ConditionsChanged(visit))


async def take_lead(work: Work, actor: Officer, visit: VisitId) -> None:
    """Take the lead that was offered; the officer who received the visit may also take it back unasked.

    One conditional UPDATE: an offer that is withdrawn in the same moment is not taken.

    Raises:
        LeadNotOffered: to somebody else, or not any more.
        OfficerBusy: the officer is in another call by now.
        NotInCall, WrongState
    """
    may(actor, Action.CONTROL_CALL)
    visits = Visits(work.session)
    row = await visits.get(visit)
    if VisitState(row.state) is not VisitState.IN_CALL:
        raise WrongState
    place = await _place(work, visit, actor.seat)
    if lead_of(row) == actor.seat:
        return
    is_owner = actor.person == row.officer_id
    is_asked = VisitRow.lead_offered_to == actor.seat
    changes: dict[str, object] = {"lead_seat": None if is_owner else actor.seat, "lead_offered_to": None}
    if is_owner:
        changes["host_left_at"] = None
        is_asked = or_(is_asked, VisitRow.host_left_at.is_(None))
    try:
        taken = await visits.change_call(visit, is_asked, changes=changes)
    except IntegrityError as error:  # uq_visit_officer_busy
        raise OfficerBusy from error
    if not taken:
        raise LeadNotOffered
    await _note(work, visit, place, "lead_taken")
    await work.record(actor.seat, AuditAction.LEAD_TAKEN, row)
    work.tell(ConditionsChanged(visit), VisitChanged(visit), DutyChanged(actor.person))


async def leave(work: Work, actor: Officer, visit: VisitId) -> None:
    """Go out of a running call that goes on; its outcome stays with the officer who received it.

    One conditional UPDATE: of the officer who leaves and the leader who gives back, one is first.

    Raises:
        LeadNotTaken: this seat leads, or the officer who received the visit has not handed it over.
        NotFound, WrongState
    """
    may(actor, Action.CONTROL_CALL)
    visits = Visits(work.session)
    row = await visits.get(visit)
    place = await visits.participant(visit, actor.seat)
    if place is None or place.admitted_at is None or place.removed_at is not None:
        raise NotFound
    if VisitState(row.state) is not VisitState.IN_CALL:
        raise WrongState
    is_led_by_another = VisitRow.lead_seat.is_not(None) & (VisitRow.lead_seat != actor.seat)
    if actor.person == row.officer_id:
        changes: dict[str, object] = {"host_left_at": work.now, "lead_offered_to": None}
        if not await visits.change_call(visit, is_led_by_another, changes=changes):
            raise LeadNotTaken
    elif row.lead_seat == actor.seat:
        raise LeadNotTaken
    await visits.remove(visit, actor.seat, at=work.now)
    await _note(work, visit, place, "call_left")
    await work.record(actor.seat, AuditAction.CALL_LEFT, row)
    work.tell(
        Removed(visit, actor.seat, "left"),
        ConditionsChanged(visit),
        VisitChanged(visit),
        DutyChanged(actor.person),
    )


@dataclass(frozen=True, slots=True)
class PutOut:
    """Somebody who was put out of a visit and may not come back by themselves.

    Attributes:
        name: a guest's is what the host wrote on the link, never the one they gave themselves.
    """

    seat: SeatId
    name: str
    role: str
    reason: str


async def put_out(work: Work, actor: Officer, visit: VisitId) -> list[PutOut]:
    """Return who was put out of a running call, for whoever conducts it."""
    await conducted(work, actor, visit)
    found = []
    for place in await Visits(work.session).removed(visit):
        name = await _name(work, place)
        found.append(PutOut(SeatId(place.seat), name, place.role, place.removed_reason or ""))
    return found


async def _name(work: Work, place: ParticipantRow) -> str:
    if place.person_id is not None:
        return (await work.session.get_one(PersonRow, place.person_id)).name
    return (await work.session.get_one(GuestRow, guest_of_seat(SeatId(place.seat)))).title


async def _place(work: Work, visit: VisitId, seat: SeatId, *, also_invited: bool = False) -> ParticipantRow:
    place = await Visits(work.session).participant(visit, seat)
    if place is None or place.removed_at is not None or (place.admitted_at is None and not also_invited):
        raise NotInCall
    return place


async def _note(
    work: Work, visit: VisitId, place: ParticipantRow, kind: str, *, code: str | None = None
) -> None:
    await Visits(work.session).note_event(
        visit, kind, at=work.now, role=place.role, person=place.person_id, code=code
    )
