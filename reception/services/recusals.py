"""Recusals, asked for by the person or the visitor and decided a level above; and what staff declare."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.ids import CaseId, PersonId, VisitId, new_id
from reception.domain.policy import Action
from reception.domain.recusal import (
    AlreadyDecided,
    AlreadyRecused,
    Decision,
    Origin,
    RecusalReason,
    may_decide,
    origin_of,
)
from reception.domain.roles import COUNTY, Role
from reception.services.conflicts import barred_cases, visit_for
from reception.services.separation import separate, separate_everywhere
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.conflict_tables import PostingRow, RecusalRow, RelativeRow
from reception.store.conflicts import Conflicts
from reception.store.tables import CaseRow, ParticipantRow, PersonRow, RoleGrantRow, UnitRow

RELATIONS = ("spouse", "parent_child", "sibling", "in_law", "other")
NAME_LIMIT = 40


@dataclass(frozen=True, slots=True)
class OpenRecusal:
    """A recusal that waits for the reader's decision."""

    id: str
    case_number: str
    person: str
    post: str
    origin: Origin
    reason: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class TiesTold:
    """What a member of staff has declared, as they see it themselves."""

    unit: str
    postings: tuple[tuple[str, date, date | None], ...]
    relatives: tuple[tuple[str, str, str], ...]  # relation, unit, name
    units: tuple[tuple[str, str], ...]


async def ask(
    work: Work, actor: Officer, visit: VisitId, *, reason: str, person: PersonId | None = None
) -> Origin:
    """Ask that somebody takes no part in a visit's case.

    Args:
        person: whom the visitor does not want; None for the actor's own word, which binds at once and which
            the actor can not take back.

    Raises:
        BadInput: no reason from the list, or a person who is not of the county.
        AlreadyRecused: asked for before, and not refused.
    """
    may(actor, Action.ASK_RECUSAL)
    row = await visit_for(work, actor, visit)
    is_own = person is None
    whom = person or actor.person
    if not await _may_speak_of(work, actor, visit, is_own=is_own):
        raise NotFound
    roles = await _roles(work, whom)
    faults = {}
    if reason not in set(RecusalReason):
        faults["reason"] = "required"
    if not roles & COUNTY:
        faults["person"] = "unknown"
    if faults:
        raise BadInput(faults)
    origin = origin_of(roles, is_own=is_own)
    kept = RecusalRow(
        id=new_id(),
        case_id=row.case_id,
        person_id=whom,
        origin=origin,
        reason=reason,
        asked_by=actor.person,
        asked_at=work.now,
    )
    if not await Conflicts(work.session, work.vault).add_recusal(kept):
        raise AlreadyRecused
    await work.record(actor.seat, AuditAction.RECUSAL_ASKED, row, reason=origin)
    if origin is not Origin.VISITOR:
        await separate(work, CaseId(row.case_id))
    return origin


async def _may_speak_of(work: Work, actor: Officer, visit: VisitId, *, is_own: bool) -> bool:
    """Tell whether this officer has to do with the visit: every one of the county for the own recusal."""
    if is_own or Role.PETITION_OFFICE in actor.roles:
        return True
    place = await work.session.get(ParticipantRow, (visit, actor.seat))
    return place is not None and place.admitted_at is not None and place.removed_at is None


async def awaiting(work: Work, actor: Officer) -> list[OpenRecusal]:
    """Return the recusals that this leader has to decide, oldest first."""
    may(actor, Action.DECIDE_RECUSAL)
    hidden = await barred_cases(work, actor)
    query = (
        select(RecusalRow, CaseRow.number, PersonRow.name, PersonRow.post)
        .join(CaseRow, CaseRow.id == RecusalRow.case_id)
        .join(PersonRow, PersonRow.id == RecusalRow.person_id)
        .where(RecusalRow.decision.is_(None), RecusalRow.origin != Origin.ABOVE)
        .order_by(RecusalRow.asked_at, RecusalRow.id)
    )
    return [
        OpenRecusal(row.id, number, name, post, Origin(row.origin), row.reason, row.asked_at)
        for row, number, name, post in await work.session.execute(query)
        if row.case_id not in hidden and may_decide(actor.roles, await _roles(work, PersonId(row.person_id)))
    ]


async def decide(work: Work, actor: Officer, recusal: str, *, is_granted: bool) -> Decision:
    """Decide a recusal; what is granted stays, what is refused binds nobody any more.

    Raises:
        NotFound: no such recusal, or one of a case that is hidden from this leader.
        NotAllowed: the person is not below this leader.
        AlreadyDecided: somebody was quicker.
    """
    may(actor, Action.DECIDE_RECUSAL)
    hidden = await barred_cases(work, actor)
    row = await work.session.get(RecusalRow, recusal)
    if row is None or row.case_id in hidden or row.origin == Origin.ABOVE:
        raise NotFound
    if not may_decide(actor.roles, await _roles(work, PersonId(row.person_id))):
        raise NotAllowed
    decision = Decision.GRANTED if is_granted else Decision.REFUSED
    store = Conflicts(work.session, work.vault)
    if not await store.decide_recusal(recusal, decision, by=actor.person, at=work.now):
        raise AlreadyDecided
    await work.record_about(
        actor.seat,
        AuditAction.RECUSAL_GRANTED if is_granted else AuditAction.RECUSAL_REFUSED,
        "recusal",
        recusal,
        case=row.case_id,
        reason=row.reason,
    )
    if is_granted:
        await separate(work, CaseId(row.case_id))
    return decision


async def _roles(work: Work, person: PersonId) -> frozenset[Role]:
    roles = await work.session.scalars(select(RoleGrantRow.role).where(RoleGrantRow.person_id == person))
    return frozenset(Role(role) for role in roles)


# What staff declare of themselves


async def read_ties(work: Work, actor: Officer) -> TiesTold:
    """Tell a member of staff what they have declared."""
    may(actor, Action.DECLARE_TIES, is_own=True)
    store = Conflicts(work.session, work.vault)
    units = (await work.session.scalars(select(UnitRow).order_by(UnitRow.position, UnitRow.id))).all()
    names = {unit.id: unit.name for unit in units}
    postings = await work.session.scalars(
        select(PostingRow).where(PostingRow.person_id == actor.person).order_by(PostingRow.declared_at)
    )
    relatives = await work.session.scalars(
        select(RelativeRow).where(RelativeRow.person_id == actor.person).order_by(RelativeRow.declared_at)
    )
    return TiesTold(
        unit=names[actor.unit],
        postings=tuple((names[row.unit_id], row.since_on, row.to_on) for row in postings),
        relatives=tuple((row.relation, names[row.unit_id], store.name_of(row)) for row in relatives),
        units=tuple(names.items()),
    )


async def declare_posting(
    work: Work, actor: Officer, *, unit: str, since: date | None, to: date | None
) -> None:
    """Declare a further or former post; only added to, so that nobody lets themselves in again."""
    may(actor, Action.DECLARE_TIES, is_own=True)
    faults = await _unit_faults(work, unit)
    if since is None:
        faults["since"] = "required"
    elif to is not None and to < since:
        faults["to"] = "out_of_range"
    if faults or since is None:
        raise BadInput(faults)
    work.session.add(
        PostingRow(
            id=new_id(),
            person_id=actor.person,
            unit_id=unit,
            since_on=since,
            to_on=to,
            declared_at=work.now,
        )
    )
    await _settle(work, actor, AuditAction.POSTING_DECLARED)


async def declare_relative(work: Work, actor: Officer, *, unit: str, relation: str, name: str) -> None:
    """Declare a relative who works in a unit, by name where the person wishes to give it."""
    may(actor, Action.DECLARE_TIES, is_own=True)
    faults, name, ident = await _unit_faults(work, unit), name.strip(), new_id()
    if relation not in RELATIONS:
        faults["relation"] = "required"
    if len(name) > NAME_LIMIT:
        faults["name"] = "too_long"
    if faults:
        raise BadInput(faults)
    sealed = work.vault.seal_service(table="relative", column="name", row_id=ident, text=name)
    work.session.add(
        RelativeRow(
            id=ident,
            person_id=actor.person,
            unit_id=unit,
            relation=relation,
            name_sealed=sealed if name else None,
            declared_at=work.now,
        )
    )
    await _settle(work, actor, AuditAction.RELATIVE_DECLARED)


async def _unit_faults(work: Work, unit: str) -> dict[str, str]:
    if not unit:
        return {"unit": "required"}
    return {} if await work.session.get(UnitRow, unit) is not None else {"unit": "unknown"}


async def _settle(work: Work, actor: Officer, action: AuditAction) -> None:
    await work.session.flush()
    await work.record_about(actor.seat, action, "person", actor.person)
    await separate_everywhere(work, actor.person)
