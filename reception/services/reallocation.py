"""A whole day of somebody who is away, given to others in one action; what nobody can take is listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotFound
from reception.domain.ids import PersonId
from reception.domain.policy import Action
from reception.domain.roles import COUNTY, Role
from reception.services.appointments import make_known, rebook
from reception.services.availability import leaves_of
from reception.services.conflicts import Barred, barred_in
from reception.services.rosters import who_now
from reception.services.work import OFFICE_TIME, Work
from reception.store.audit import AuditAction
from reception.store.tables import PersonRow, RoleGrantRow
from scheduling.domain.appointments import MOVABLE, AppointmentState
from scheduling.domain.reallocation import HandOver, hand_over
from scheduling.domain.slots import Plan, Span, of_person
from scheduling.store.appointments import Appointments, plan_of


@dataclass(frozen=True, slots=True)
class Reallocated:
    """What became of a day: who took which appointment, and which nobody could take."""

    moved: Sequence[HandOver]
    left: Sequence[str]


async def reallocate(
    work: Work, actor: Officer, person: PersonId, day: date, to: PersonId | None
) -> Reallocated:
    """Give every appointment that somebody has on a day to people who are free for it.

    Each keeps its hour, room, liaison and case; every constraint holds for it as for a new booking.
    What has begun stays with whom it is.

    Args:
        to: who takes the day; without a name whoever holds the same post or stands in for it.

    Raises:
        NotFound: no such official.
        BadInput: `to` is nobody who could take it.
    """
    may(actor, Action.REALLOCATE_DAY)
    if not await _county_roles(work, person):
        raise NotFound
    if to is not None and (to == person or not await _county_roles(work, to)):
        raise BadInput({"to": "unknown"})
    appointments = Appointments(work.session)
    ahead = [row for row in await appointments.of_official(person, _day(day)) if row.starts_at > work.now]
    rows = {row.id: row for row in ahead if AppointmentState(row.state) in MOVABLE}
    stand_ins = [to] if to is not None else await _same_post(work, person, day)
    plans = [(row.id, plan_of(row)) for row in rows.values()]
    around = _around(plans, day)
    taken = await appointments.taken([of_person(one) for one in stand_ins], around, work.now)
    leaves = await leaves_of(work, stand_ins, around)
    barred = await _barred(work, [plan for _, plan in plans], stand_ins)

    def may_take(plan: Plan) -> bool:
        is_away = any(plan.whole.overlaps(leave) for leave in leaves.get(plan.official, ()))
        return not is_away and plan.official not in barred.get(plan.case or "", {})

    handed = hand_over(plans, stand_ins, taken=taken, may_take=may_take)
    # Whoever sits in the room already is rung through to everybody, if their official is not there.
    moved, left = [], [row.id for row in ahead if row.id not in rows]
    for one in handed:
        # The claims decide: somebody may have booked the stand-in since they were looked at.
        if one.stand_in is not None and await rebook(work, rows[one.appointment], one.plan):
            await make_known(work, actor.seat, AuditAction.APPOINTMENT_MOVED, rows[one.appointment])
            moved.append(one)
        else:
            left.append(one.appointment)
    await work.record_about(actor.seat, AuditAction.DAY_REALLOCATED, "person", person)
    return Reallocated(moved, left)


def _day(day: date) -> Span:
    start = datetime.combine(day, time(), OFFICE_TIME)
    return Span(start, start + timedelta(days=1))


def _around(plans: Sequence[tuple[str, Plan]], day: date) -> Span:
    """Return the day, with whatever briefing and wrap-up reach out of it."""
    wholes = [_day(day), *(plan.whole for _, plan in plans)]
    return Span(min(span.start for span in wholes), max(span.end for span in wholes))


async def _barred(work: Work, plans: Sequence[Plan], people: Sequence[PersonId]) -> Barred:
    cases = {plan.case for plan in plans if plan.case is not None}
    return await barred_in(work, cases, people) if cases else {}


async def _county_roles(work: Work, person: PersonId) -> frozenset[Role]:
    query = (
        select(RoleGrantRow.role)
        .join(PersonRow, PersonRow.id == RoleGrantRow.person_id)
        .where(PersonRow.id == person, PersonRow.is_active)
    )
    return frozenset(map(Role, await work.session.scalars(query))) & COUNTY


async def _same_post(work: Work, person: PersonId, day: date) -> list[PersonId]:
    """Return who may stand in: first whom the roster names for the post that day, then its other holders."""
    noon = datetime.combine(day, time(12), OFFICE_TIME)
    unit = (await work.session.get_one(PersonRow, person)).unit_id
    found: dict[PersonId, None] = {}
    for role in sorted(await _county_roles(work, person)):
        for candidate in await who_now(work, role, unit, present=frozenset(), at=noon):
            found.setdefault(candidate.person)
        query = (
            select(PersonRow.id)
            .join(RoleGrantRow, RoleGrantRow.person_id == PersonRow.id)
            .where(PersonRow.unit_id == unit, PersonRow.is_active, RoleGrantRow.role == role)
            .order_by(PersonRow.username)
        )
        for holder in await work.session.scalars(query):
            found.setdefault(PersonId(holder))
    found.pop(person, None)
    return list(found)
