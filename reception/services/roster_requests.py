"""What people ask for themselves: giving a shift to a colleague, and leave."""

from datetime import datetime

from sqlalchemy import or_, select, update

from reception.domain.access import can, may
from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.ids import PersonId, new_id
from reception.domain.policy import Action
from reception.services.roster_plans import facts_around, is_colleague, refuse_unknown_people, write_change
from reception.services.work import Work
from reception.store.audit import AuditAction
from scheduling.domain.roster import (
    NotYourShift,
    Post,
    Span,
    refuse_absent,
    refuse_double,
    swapped,
)
from scheduling.errors import SchedulingRefusal
from scheduling.store import rosters
from scheduling.store.roster_tables import LeaveRow, RosterShiftRow, RosterSwapRow

LEAVE_KINDS = ("leave", "errand", "training", "sick")


class SwapSettled(SchedulingRefusal):
    """The request was accepted, declined or withdrawn meanwhile."""

    code = "swap_settled"


class SwapAsked(SchedulingRefusal):
    """This shift is offered already."""

    code = "swap_asked"


class LeaveSettled(SchedulingRefusal):
    """The leave was granted, declined or withdrawn meanwhile."""

    code = "leave_settled"


async def ask_swap(
    work: Work,
    actor: Officer,
    post: Post,
    starts_at: datetime,
    *,
    taker: PersonId | None,
    back_starts_at: datetime | None,
) -> str:
    """Offer a shift of one's own; return the request's id.

    Args:
        taker: who is asked; None asks every colleague of the post, and the first to accept takes it.
        back_starts_at: beginning of the taker's shift that is wanted in return.
    """
    may(actor, Action.ASK_ROSTERS, is_own=True)
    await rosters.change_post(work.session, post)
    given = await _own_shift(work, post, actor.person, starts_at)
    if given.end is not None and given.end <= work.now:
        raise NotYourShift
    back = None
    if taker is not None:
        if taker == actor.person or not await is_colleague(work, post, taker):
            raise BadInput({"to": "unknown"})
        back = None if back_starts_at is None else await _own_shift(work, post, taker, back_starts_at)
    elif back_starts_at is not None:
        raise BadInput({"back_starts_at": "wrong"})
    await _refuse_asked_twice(work, post, actor.person, given)
    row = RosterSwapRow(
        id=new_id(),
        role=post.role,
        unit=post.unit,
        asker=actor.person,
        taker=taker,
        starts_at=given.start,
        ends_at=given.end,
        back_starts_at=back.start if back else None,
        back_ends_at=back.end if back else None,
        state="requested",
        asked_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    await _note(work, actor, AuditAction.SWAP_ASKED, "swap", row.id)
    return row.id


async def _own_shift(work: Work, post: Post, person: str, starts_at: datetime) -> Span:
    """Return a person's shift, unless somebody else has it by now."""
    span = await rosters.shift_of(work.session, post, person, starts_at)
    if span is None or span.end is None:
        raise NotYourShift
    changes = await rosters.changes_of(work.session, post, span)
    if any(change.instead_of in (None, person) for change in changes):
        raise NotYourShift
    return span


async def _refuse_asked_twice(work: Work, post: Post, person: str, given: Span) -> None:
    row = RosterSwapRow
    query = select(row.id).where(
        row.role == post.role,
        row.unit == post.unit,
        row.asker == person,
        row.starts_at == given.start,
        row.state == "requested",
    )
    if await work.session.scalar(query) is not None:
        raise SwapAsked


async def accept_swap(work: Work, actor: Officer, chosen: str) -> None:
    """Take the shift over, and give the own one in return where that was asked for.

    One conditional UPDATE, so of all colleagues who press exactly one takes it.
    """
    asked = await _asked(work, actor, chosen)
    if asked.asker == actor.person or not await _may_answer(work, actor, asked):
        raise NotFound
    post = Post(asked.role, asked.unit)
    await rosters.change_post(work.session, post)
    await _settle(work, actor, chosen, "accepted", taker=actor.person)
    given = await _own_shift(work, post, asked.asker, asked.starts_at)
    back = None
    if asked.back_starts_at is not None:
        back = await _own_shift(work, post, actor.person, asked.back_starts_at)
    for person, span in ((actor.person, given), (asked.asker, back)):
        if span is not None:
            refuse_absent(person, span, await rosters.leaves_of(work.session, person, span))
            refuse_double(person, span, await facts_around(work, post, span))
    for turn in swapped(asked.asker, actor.person, given, back):
        await write_change(work, actor, post, turn, swap=chosen)
    await _note(work, actor, AuditAction.SWAP_SETTLED, "swap", chosen, reason="accepted")


async def decline_swap(work: Work, actor: Officer, chosen: str) -> None:
    """Say no; only who was asked in person can."""
    asked = await _asked(work, actor, chosen)
    if asked.taker != actor.person:
        raise NotFound
    await _settle(work, actor, chosen, "declined", taker=actor.person)
    await _note(work, actor, AuditAction.SWAP_SETTLED, "swap", chosen, reason="declined")


async def withdraw_swap(work: Work, actor: Officer, chosen: str) -> None:
    """Take the request back; the asker, or the office."""
    asked = await _asked(work, actor, chosen)
    if asked.asker != actor.person and not can(actor, Action.KEEP_ROSTERS):
        raise NotFound
    await _settle(work, actor, chosen, "withdrawn", taker=asked.taker)
    await _note(work, actor, AuditAction.SWAP_SETTLED, "swap", chosen, reason="withdrawn")


async def _asked(work: Work, actor: Officer, chosen: str) -> RosterSwapRow:
    may(actor, Action.ASK_ROSTERS, is_own=True)
    row = await work.session.get(RosterSwapRow, chosen)
    if row is None:
        raise NotFound
    return row


async def _may_answer(work: Work, actor: Officer, asked: RosterSwapRow) -> bool:
    # Once it is settled its taker is known, and colleagues may hear that they came too late.
    if asked.taker is not None and asked.state == "requested":
        return asked.taker == actor.person
    return await is_colleague(work, Post(asked.role, asked.unit), actor.person)


async def _settle(work: Work, actor: Officer, chosen: str, state: str, *, taker: str | None) -> None:
    row = RosterSwapRow
    settled = await work.session.scalar(
        update(row)
        .where(row.id == chosen, row.state == "requested")
        .values(state=state, taker=taker, settled_by=actor.person, settled_at=work.now)
        .returning(row.id)
    )
    if settled is None:
        raise SwapSettled


async def swaps_for(work: Work, actor: Officer) -> list[RosterSwapRow]:
    """Return the open requests that this person may answer or take back, soonest shift first."""
    row = RosterSwapRow
    query = (
        select(row).where(row.state == "requested", row.ends_at > work.now).order_by(row.starts_at, row.id)
    )
    if not can(actor, Action.KEEP_ROSTERS):
        query = query.where(or_(row.asker == actor.person, row.taker == actor.person, row.taker.is_(None)))
    return [
        asked
        for asked in await work.session.scalars(query)
        if asked.asker == actor.person
        or can(actor, Action.KEEP_ROSTERS)
        or await _may_answer(work, actor, asked)
    ]


async def shifts_of(work: Work, person: str) -> list[RosterShiftRow]:
    """Return a person's coming shifts as the rotations dealt them, soonest first."""
    row = RosterShiftRow
    query = select(row).where(row.person == person, row.ends_at > work.now).order_by(row.starts_at)
    return list(await work.session.scalars(query.limit(40)))


# Leave


async def ask_leave(work: Work, actor: Officer, person: PersonId, span: Span, kind: str) -> tuple[str, str]:
    """Write down somebody's leave; return its id and state.

    What the office writes down is granted; what people ask for themselves waits for the office.
    """
    is_office = can(actor, Action.KEEP_ROSTERS)
    if not is_office:
        may(actor, Action.ASK_ROSTERS, is_own=person == actor.person)
    if kind not in LEAVE_KINDS:
        raise BadInput({"kind": "unknown"})
    await refuse_unknown_people(work, [person], "person")
    await rosters.change_post(work.session, rosters.ALL_LEAVES)
    if is_office:
        refuse_absent(person, span, await rosters.leaves_of(work.session, person, span))
    state = "granted" if is_office else "requested"
    row = LeaveRow(
        id=new_id(),
        person=person,
        kind=kind,
        starts_at=span.start,
        ends_at=span.end,
        state=state,
        asked_by=actor.person,
        asked_at=work.now,
        settled_by=actor.person if is_office else None,
        settled_at=work.now if is_office else None,
    )
    work.session.add(row)
    await work.session.flush()
    await _note(work, actor, AuditAction.LEAVE_ASKED, "leave", row.id, reason=state)
    return row.id, state


async def settle_leave(work: Work, actor: Officer, chosen: str, state: str) -> None:
    """Grant, decline or withdraw a leave.

    The office decides what was asked and may take back what was granted; people take back their own request.
    """
    row = await work.session.get(LeaveRow, chosen)
    if row is None:
        raise NotFound
    is_office = can(actor, Action.KEEP_ROSTERS)
    if not is_office:
        may(actor, Action.ASK_ROSTERS, is_own=True)
        if row.person != actor.person:
            raise NotFound
        if state != "withdrawn":
            raise NotAllowed
    await rosters.change_post(work.session, rosters.ALL_LEAVES)
    open_states = ["requested", "granted"] if is_office and state == "withdrawn" else ["requested"]
    if state == "granted":
        span = Span(row.starts_at, row.ends_at)
        refuse_absent(row.person, span, await rosters.leaves_of(work.session, row.person, span))
    settled = await work.session.scalar(
        update(LeaveRow)
        .where(LeaveRow.id == chosen, LeaveRow.state.in_(open_states))
        .values(state=state, settled_by=actor.person, settled_at=work.now)
        .returning(LeaveRow.id)
    )
    if settled is None:
        raise LeaveSettled
    await _note(work, actor, AuditAction.LEAVE_SETTLED, "leave", chosen, reason=state)


async def leaves_for(work: Work, actor: Officer, *states: str) -> list[LeaveRow]:
    """Return leave in these states that is not over: everybody's for the office, otherwise one's own."""
    query = select(LeaveRow).where(LeaveRow.state.in_(states), LeaveRow.ends_at > work.now)
    if not can(actor, Action.KEEP_ROSTERS):
        query = query.where(LeaveRow.person == actor.person)
    return list(await work.session.scalars(query.order_by(LeaveRow.starts_at, LeaveRow.id)))


async def _note(
    work: Work, actor: Officer, action: AuditAction, kind: str, chosen: str, *, reason: str | None = None
) -> None:
    await work.record_about(actor.seat, action, kind, chosen, reason=reason)
