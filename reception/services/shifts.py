"""How a duty shift ends: by its officer, or with the last session that could have ended it."""

from reception.domain.ids import PersonId
from reception.services.notes import DutyChanged, QueueChanged, RingStopped
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.duty import Duty
from reception.store.visits import Visits


async def is_bound(work: Work, person: PersonId) -> bool:
    """Say whether a call, its form or an outcome in 待补录 keeps an officer from going off duty."""
    visits = Visits(work.session)
    return await visits.occupying(person) is not None or bool(await visits.pending_of(person))


async def close_shift(work: Work, person: PersonId, *, by: str) -> None:
    """Close a person's shift, if one is open, and silence the bells that ring for it."""
    shift = await Duty(work.session).open_shift(person)
    if shift is None:
        return
    shift.ended_at = work.now
    silenced = await Visits(work.session).stop_rings(at=work.now, why="off_duty", person=person)
    await work.record_about(by, AuditAction.DUTY_OFF, "person", person)
    for visit, rung in silenced:
        work.tell(RingStopped(visit, (rung,), "off_duty"))
    work.tell(DutyChanged(person), QueueChanged())


async def leave_duty(work: Work, person: PersonId, *, by: str) -> None:
    """Close the shift of somebody who can no longer sit at a desk.

    Whoever still owes a call or an outcome stays on duty: what becomes of that is decided by presence.
    """
    if not await is_bound(work, person):
        await close_shift(work, person, by=by)
