"""The ladder at work: which rung a visit is on, who takes part, and that nobody closes it without them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotFound
from reception.domain.ids import CaseId, PersonId, VisitId, new_id
from reception.domain.ladder import (
    FIRST,
    Ladder,
    Met,
    Rung,
    RungUnmet,
    Step,
    absence_faults,
    in_force,
    ladder_faults,
    ladder_of,
)
from reception.domain.policy import Action
from reception.domain.roles import Role
from reception.domain.visits import OWES_OUTCOME, VisitState
from reception.services.notes import VisitChanged
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.bringing import Attendances
from reception.store.repeat_tables import HearingRow, LadderExceptionRow, LadderRungRow, RepeatLinkRow
from reception.store.repeats import CONFIRMED, Repeats
from reception.store.tables import CaseRow, PersonRow, RoleGrantRow, VisitEventRow, VisitRow


@dataclass(frozen=True, slots=True)
class Came:
    """Somebody in whose post a rung asks for, and when they came into the call."""

    person: PersonId
    at: datetime


# The ladder itself


async def ladders(work: Work) -> list[Ladder]:
    """Return every version, the one that the product ships first."""
    found: dict[int, list[LadderRungRow]] = {}
    for row in await Repeats(work.session).ladder_rows():
        found.setdefault(row.version, []).append(row)
    return [FIRST, *(_ladder(version, rows) for version, rows in found.items())]


def _ladder(version: int, rows: Collection[LadderRungRow]) -> Ladder:
    steps = tuple(
        Step(
            Rung(row.rung),
            row.threshold,
            tuple(Role(role) for role in row.roles.split(",")),
            row.hearing_days,
            row.order_days,
        )
        for row in rows
    )
    return Ladder(version, next(iter(rows)).effective_from, steps)


async def adopt(
    work: Work, actor: Officer, *, effective_from: date, repeat_threshold: int, multiple_threshold: int
) -> Ladder:
    """Keep a new version of the ladder, in force from a later day; past visits keep the one they had.

    Raises:
        BadInput: thresholds out of order, or a day that has begun already.
    """
    may(actor, Action.SET_LADDER)
    faults = ladder_faults(
        effective_from=effective_from,
        repeat_threshold=repeat_threshold,
        multiple_threshold=multiple_threshold,
        today=work.today,
    )
    if faults:
        raise BadInput(faults)
    version = max(ladder.version for ladder in await ladders(work)) + 1
    adopted = ladder_of(
        version, effective_from, repeat_threshold=repeat_threshold, multiple_threshold=multiple_threshold
    )
    work.session.add_all(
        LadderRungRow(
            version=version,
            rung=step.rung,
            effective_from=effective_from,
            threshold=step.threshold,
            roles=",".join(step.roles),
            hearing_days=step.hearing_days,
            order_days=step.order_days,
        )
        for step in adopted.steps
    )
    await work.session.flush()
    await work.record_about(actor.seat, AuditAction.LADDER_CHANGED, "ladder", str(version))
    return adopted


# Where a visit stands on it


async def reconsider(work: Work, case: CaseId) -> None:
    """Count the visits on a case anew and put those that are not closed yet on their rung."""
    # One after the other on PostgreSQL too: two visits that are linked at once must not get one number.
    await work.session.get_one(CaseRow, case, with_for_update=True)
    repeats = Repeats(work.session)
    order = {row.id: number for number, row in enumerate(await repeats.visits_on(case), start=1)}
    is_assigned = case in await repeats.assignments([case])
    versions = await ladders(work)
    needed: HearingRow | None = None
    for link in await repeats.links_to(case):
        row = await work.session.get_one(VisitRow, link.visit_id)
        if row.state == VisitState.OUTCOME_LOGGED:
            continue  # what was asked of a visit that is over stays as it was
        ladder = in_force(versions, row.visited_on)
        link.count = order.get(row.id, link.count)
        step = ladder.step_of(link.count or 1) if is_assigned else None
        link.ladder_version, link.rung = ladder.version, step.rung if step else None
        if step and step.hearing_days is not None:
            needed = needed or _hearing(work, link, step.hearing_days)
        work.tell(VisitChanged(VisitId(row.id)))
    await work.session.flush()
    await _keep_hearing(work, case, needed)


def _hearing(work: Work, link: RepeatLinkRow, days: int) -> HearingRow:
    return HearingRow(
        id=new_id(),
        case_id=link.case_id,
        link_id=link.id,
        state="open",
        created_at=work.now,
        due_on=work.today + timedelta(days=days),
    )


async def _keep_hearing(work: Work, case: CaseId, needed: HearingRow | None) -> None:
    """Have one open hearing while a visit asks for it; one that nothing asks for any more is withdrawn."""
    repeats = Repeats(work.session)
    kept = await repeats.open_hearing(case)
    if kept is None and needed is not None and not await repeats.was_heard(needed.link_id):
        work.session.add(needed)
        await work.session.flush()
        await _record_hearing(work, needed, "due")
    elif kept is not None and needed is None:
        link = await repeats.link(kept.link_id)
        if link.state != CONFIRMED or link.rung is None:
            kept.state = "withdrawn"
            await work.session.flush()
            await _record_hearing(work, kept, "withdrawn")


async def _record_hearing(work: Work, hearing: HearingRow, what: str) -> None:
    await work.record_about(
        "service", AuditAction.HEARING_CHANGED, "hearing", hearing.id, case=hearing.case_id, reason=what
    )


# Who has to take part, and who did


async def step_of(work: Work, link: RepeatLinkRow) -> Step | None:
    """Return what a link's visit asks for, by the version of the ladder that it was made under."""
    if link.state != CONFIRMED or link.rung is None:
        return None
    ladder = next(one for one in await ladders(work) if one.version == link.ladder_version)
    return ladder.step(Rung(link.rung))


async def came(work: Work, visit: VisitId, roles: Collection[Role], section: str) -> dict[Role, Came]:
    """Return who of the posts was in the call: from what signalling reported, never from what was typed.

    Whoever was asked in for the post counts, an acting one too; so does its own holder who came another way.
    Nobody counts for two posts at once.
    """
    joined = await _joined(work, visit)
    asked = await Attendances(work.session).of_visits([visit])
    found: dict[Role, Came] = {}
    for role in roles:
        holders = await _holders(work, role, section)
        in_post = [
            PersonId(row.person_id)
            for row in asked
            if row.role == role and row.unit_id == section and row.joined_at is not None and row.person_id
        ]
        taken = {one.person for one in found.values()}
        for person in [*in_post, *(person for person in joined if person in holders)]:
            if person not in taken and person in joined:
                found[role] = Came(person, joined[person])
                break
    return found


async def _joined(work: Work, visit: VisitId) -> dict[PersonId, datetime]:
    query = (
        select(VisitEventRow.person_id, VisitEventRow.at)
        .where(
            VisitEventRow.visit_id == visit,
            VisitEventRow.kind == "joined",
            VisitEventRow.person_id.is_not(None),
        )
        .order_by(VisitEventRow.seq.desc())
    )
    return {PersonId(person): at for person, at in await work.session.execute(query) if person}


async def _holders(work: Work, role: Role, section: str) -> set[str]:
    query = (
        select(PersonRow.id)
        .join(RoleGrantRow, RoleGrantRow.person_id == PersonRow.id)
        .where(RoleGrantRow.role == role, PersonRow.is_active)
    )
    if role is Role.SECTION_DIRECTOR:
        query = query.where(PersonRow.unit_id == section)
    return set(await work.session.scalars(query))


async def excuse(
    work: Work, actor: Officer, link: str, *, kind: str, resumes_on: date | None, reason: str, note: str
) -> None:
    """Write why the people of a rung did not take part, before the visit is closed; the last word counts.

    Raises:
        BadInput: neither a day nor a reason.
        RungUnmet: the visit asks for nobody, or is closed.
    """
    may(actor, Action.WRITE_OUTCOME)
    row_of_link = await Repeats(work.session).link(link)
    row = await work.session.get_one(VisitRow, row_of_link.visit_id)
    if row.outcome_owner_id != actor.person:
        raise NotFound
    asks = row_of_link.rung is not None and row_of_link.state == CONFIRMED
    if not asks or VisitState(row.state) not in OWES_OUTCOME:
        raise RungUnmet
    faults = absence_faults(kind=kind, resumes_on=resumes_on, reason=reason, note=note, today=work.today)
    if faults:
        raise BadInput(faults)
    kept = await work.session.get(LadderExceptionRow, link) or LadderExceptionRow(link_id=link)
    kept.kind, kept.recorded_by, kept.recorded_at = kind, actor.person, work.now
    kept.resumes_on = resumes_on if kind == Met.RESCHEDULED else None
    kept.reason = reason if kind == Met.EXCUSED else None
    kept.note_sealed = None
    if note.strip():
        kept.note_sealed = await work.seal(
            note.strip(), case=row.case_id, table="ladder_exception", column="note", row=link
        )
    work.session.add(kept)
    await work.session.flush()
    await work.record(actor.seat, AuditAction.RUNG_EXCUSED, row, reason=reason or kind)
    work.tell(VisitChanged(VisitId(row.id)))


async def settle(work: Work, row: VisitRow) -> None:
    """Write how what the visit's rungs ask for was met; called before its outcome is written.

    Raises:
        RungUnmet: somebody of a rung was not in the call, and neither a day nor a reason was given.
    """
    repeats = Repeats(work.session)
    for link in await repeats.links_of(row.id):
        step = await step_of(work, link)
        if step is None:
            continue
        assignment = (await repeats.assignments([link.case_id])).get(link.case_id)
        there = await came(work, VisitId(row.id), step.roles, assignment.section_id) if assignment else {}
        excuse_row = await work.session.get(LadderExceptionRow, link.id)
        if set(step.roles) <= set(there):
            link.met = Met.ATTENDED
        elif excuse_row is not None:
            link.met = excuse_row.kind
        else:
            raise RungUnmet
    await work.session.flush()
