"""The back-to-back question: asked by the county while the handlers are out, sealed, told only as totals."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from reception.domain.access import may
from reception.domain.actors import Officer, seat_of_device
from reception.domain.errors import BadInput, NotFound
from reception.domain.handling import (
    AlreadyAsked,
    Answers,
    HandlersPresent,
    Question,
    Reply,
    Total,
    answer_faults,
    total_of,
)
from reception.domain.ids import CaseId, DeviceId, PersonId, VisitId
from reception.domain.policy import Action
from reception.domain.roles import Role
from reception.domain.visits import OWES_OUTCOME, VisitState, WrongState
from reception.services import call_control
from reception.services.assignments import assignment_of, sections
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.repeat_tables import HandlingAnswerRow, RepeatLinkRow
from reception.store.repeats import CONFIRMED, Repeats
from reception.store.tables import ParticipantRow, PersonRow, RoleGrantRow, VisitRow
from reception.store.visits import Visits

_HANDLERS = frozenset({Role.SECTION_DIRECTOR, Role.BRANCH_LEADER})


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answers as they are sealed."""

    replies: dict[Question, Reply]
    words: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where the question stands for whoever may ask it.

    Attributes:
        is_asked: the answers are in.
        is_alone: a private part lasts.
        in_the_way: names of the handlers who still are in the call and hear the visitor.
    """

    is_asked: bool
    is_alone: bool
    in_the_way: tuple[str, ...]


def is_kept_from(actor: Officer, section: str) -> bool:
    """Tell whether somebody must not even know that the question was asked: who handles, or belongs there."""
    return bool(actor.roles & _HANDLERS) or actor.unit == section


async def place_of(work: Work, actor: Officer, link: RepeatLinkRow, section: str) -> Place | None:
    """Return where the question stands; None for everybody who may not ask it."""
    row = await work.session.get_one(VisitRow, link.visit_id)
    if is_kept_from(actor, section) or not _may_ask(actor, row):
        return None
    is_asked = await work.session.get(HandlingAnswerRow, link.id) is not None
    return Place(is_asked, row.private_since is not None, tuple(await _in_the_way(work, row, section)))


def _may_ask(actor: Officer, row: VisitRow) -> bool:
    return row.outcome_owner_id == actor.person and VisitState(row.state) in OWES_OUTCOME


async def _in_the_way(work: Work, row: VisitRow, section: str) -> list[str]:
    """Name the handlers who hear the visitor now: in the call, neither held nor outside of a private part."""
    if VisitState(row.state) is not VisitState.IN_CALL:
        return []
    query = (
        select(PersonRow.name)
        .join(ParticipantRow, ParticipantRow.person_id == PersonRow.id)
        .outerjoin(RoleGrantRow, RoleGrantRow.person_id == PersonRow.id)
        .where(
            ParticipantRow.visit_id == row.id,
            ParticipantRow.admitted_at.is_not(None),
            ParticipantRow.removed_at.is_(None),
            ParticipantRow.is_held.is_(False),
            PersonRow.id != row.officer_id,
            RoleGrantRow.role.in_(_HANDLERS) | (PersonRow.unit_id == section),
        )
        .distinct()
    )
    if row.private_since is not None:
        query = query.where(ParticipantRow.in_private.is_(True))
    return list(await work.session.scalars(query.order_by(PersonRow.name)))


async def alone(work: Work, actor: Officer, link: str, *, on: bool) -> None:
    """Begin, or end, the part of the call in which the visitor is alone with the county's officer.

    Raises:
        NotFound: not this officer's visit, or one who handles the case.
        WrongState: the call is over.
    """
    may(actor, Action.ASK_ABOUT_HANDLING)
    row_of_link = await Repeats(work.session).link(link)
    row = await Visits(work.session).get(VisitId(row_of_link.visit_id))
    assignment = await assignment_of(work, CaseId(row_of_link.case_id))
    is_own = row.officer_id == actor.person and row.device_id is not None
    if not is_own or assignment is None or is_kept_from(actor, assignment.section):
        raise NotFound
    seats = (seat_of_device(DeviceId(row.device_id or "")), actor.seat) if on else None
    await call_control.set_private(work, actor, VisitId(row.id), seats)


async def keep(work: Work, actor: Officer, link: str, *, replies: Mapping[str, str], words: str) -> None:
    """Keep what the visitor said about a section; once, and only while no handler listens.

    Raises:
        HandlersPresent: hold them, or begin a private part, first.
        AlreadyAsked: the answers are in.
    """
    may(actor, Action.ASK_ABOUT_HANDLING)
    row_of_link = await Repeats(work.session).link(link)
    row = await Visits(work.session).get(VisitId(row_of_link.visit_id))
    assignment = await assignment_of(work, CaseId(row_of_link.case_id))
    if row.outcome_owner_id != actor.person or assignment is None or is_kept_from(actor, assignment.section):
        raise NotFound
    if row_of_link.state != CONFIRMED or VisitState(row.state) not in OWES_OUTCOME:
        raise WrongState
    faults = answer_faults(replies, words)
    if faults:
        raise BadInput(faults)
    if await _in_the_way(work, row, assignment.section):
        raise HandlersPresent
    kept = _Kept({question: Reply(replies[question]) for question in Question}, words.strip())
    work.session.add(
        HandlingAnswerRow(
            link_id=link,
            visit_id=row.id,
            section_id=assignment.section,
            asked_by=actor.person,
            asked_at=work.now,
            answers_sealed=await work.seal(
                msgspec.json.encode(kept).decode(),
                case=row.case_id,
                table="handling_answer",
                column="answers",
                row=link,
            ),
        )
    )
    try:
        await work.session.flush()
    except IntegrityError as error:
        raise AlreadyAsked from error
    # Of the visit, not of the section: the trail is read by people who must not learn more than that.
    await work.record(actor.seat, AuditAction.HANDLING_ASKED, row)


async def read(work: Work, actor: Officer, link: str) -> Answers:
    """Return what was said, to the petition office or whoever asked; the reading is written down."""
    row = await work.session.get(HandlingAnswerRow, link)
    if row is None:
        raise NotFound
    may(actor, Action.READ_HANDLING, is_own=PersonId(row.asked_by) == actor.person)
    if is_kept_from(actor, row.section_id):
        raise NotFound
    visit = await work.session.get_one(VisitRow, row.visit_id)
    await work.record(actor.seat, AuditAction.HANDLING_READ, visit)
    return await _opened(work, row, CaseId(visit.case_id))


async def totals(work: Work, actor: Officer) -> list[Total]:
    """Return what was said of each section, in the county's order; also of those never asked about.

    A list of those alone that were asked about would tell more than its totals do.
    """
    may(actor, Action.TOTAL_HANDLING)
    query = select(HandlingAnswerRow, VisitRow.case_id).join(
        VisitRow, VisitRow.id == HandlingAnswerRow.visit_id
    )
    given: dict[str, list[Answers]] = {}
    for row, case in (await work.session.execute(query)).all():
        given.setdefault(row.section_id, []).append(await _opened(work, row, CaseId(case)))
    return [total_of(name, given.get(section, ())) for section, name in await sections(work)]


async def _opened(work: Work, row: HandlingAnswerRow, case: CaseId) -> Answers:
    text = await work.open(
        row.answers_sealed, case=case, table="handling_answer", column="answers", row=row.link_id
    )
    kept = msgspec.json.decode(text, type=_Kept)
    return Answers(kept.replies, kept.words)
