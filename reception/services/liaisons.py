"""A department's liaison: on duty to be asked in, never to receive; sees a brief, never who came."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.attendance import Presence, presence_of
from reception.domain.duty import DutyState
from reception.domain.ids import CaseId, PersonId, VisitId
from reception.domain.policy import Action
from reception.domain.visits import VisitState
from reception.services import desk
from reception.services.attendance import moments_of
from reception.services.conflicts import conflict_of
from reception.services.shifts import close_shift
from reception.services.work import Work
from reception.store.bringing import Attendances
from reception.store.bringing_tables import AttendanceRow
from reception.store.duty import Duty
from reception.store.tables import MatterRow, PersonRow, UnitRow, VisitRow
from reception.store.visits import Visits

# Not answered yet, however long it has been ringing.
_OPEN = frozenset({Presence.UNREACHED, Presence.RINGING, Presence.NO_ANSWER})


@dataclass(frozen=True, slots=True)
class Brief:
    """What a liaison may know before coming.

    Attributes:
        ticket: the visitor's alias.
        summaries: what the matters are about; empty unless the host has let it be read.
    """

    visit: VisitId
    ticket: str
    matter_kinds: tuple[str, ...]
    summaries: tuple[str, ...]
    from_name: str
    from_post: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a liaison stands."""

    state: DutyState
    unit: str
    briefs: list[Brief]
    current: VisitId | None


async def go_on(work: Work, actor: Officer, *, camera: bool, microphone: bool, ring_heard: bool) -> DutyState:
    """Open the liaison's shift, after the same check as at the desk."""
    await desk.go_on_duty(work, actor, camera=camera, microphone=microphone, ring_heard=ring_heard)
    return DutyState.READY


async def go_off(work: Work, actor: Officer) -> DutyState:
    """Close the liaison's shift; a liaison owes no outcome, so nothing keeps them."""
    may(actor, Action.GO_ON_DUTY)
    await close_shift(work, actor.person, by=actor.seat)
    return DutyState.OFF


async def read(work: Work, actor: Officer) -> Standing:
    """Return what the liaison's page shows when it is opened."""
    may(actor, Action.GO_ON_DUTY)
    state, _ = await Duty(work.session).state_of(actor.person)
    asked = await Attendances(work.session).open_of(actor.person)
    open_rows = [row for row in asked if presence_of(moments_of(row), work.now) in _OPEN]
    briefs = [await _brief(work, row) for row in open_rows]
    unit = await work.session.get_one(UnitRow, actor.unit)
    joined = await Visits(work.session).joined_call(actor.seat)
    return Standing(
        state=state,
        unit=unit.name,
        briefs=[brief for brief in briefs if brief is not None],
        current=VisitId(joined.id) if joined is not None else None,
    )


async def _brief(work: Work, row: AttendanceRow) -> Brief | None:
    visit = await Visits(work.session).get(VisitId(row.visit_id))
    if VisitState(visit.state) is not VisitState.IN_CALL:
        return None
    if await conflict_of(work, PersonId(row.person_id or ""), CaseId(visit.case_id)) is not None:
        return None
    host = await work.session.get_one(PersonRow, row.asked_by)
    kinds = await Visits(work.session).matter_kinds([visit.id])
    return Brief(
        visit=VisitId(visit.id),
        ticket=visit.ticket,
        matter_kinds=kinds.get(visit.id, ()),
        summaries=await _summaries(work, visit) if row.shows_summary else (),
        from_name=host.name,
        from_post=host.post,
        asked_at=row.asked_at,
    )


async def _summaries(work: Work, visit: VisitRow) -> tuple[str, ...]:
    query = select(MatterRow).where(MatterRow.visit_id == visit.id).order_by(MatterRow.position)
    return tuple(
        [
            await work.open(
                matter.summary_sealed, case=visit.case_id, table="matter", column="summary", row=matter.id
            )
            for matter in (await work.session.scalars(query)).all()
        ]
    )
