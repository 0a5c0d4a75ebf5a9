"""One visit told whole: matters, answers, timeline, conversation, outcome, opened for a reader.

Only `record.py` and the desk ask for it, after they decided what the reader may see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from reception.domain.ids import VisitId
from reception.domain.redaction import Level
from reception.domain.visits import VisitState
from reception.services.identities import ShownPerson, people_of
from reception.services.work import Work
from reception.store.tables import (
    ChatLineRow,
    DeclarationRow,
    MatterRow,
    OutcomeRow,
    PersonRow,
    PlaceRow,
    TownshipAnswerRow,
    VisitEventRow,
    VisitRow,
)
from reception.store.visits import Visits
from signaling.ids import SeatId


@dataclass(frozen=True, slots=True)
class MatterTold:
    """One issue."""

    kind: str
    summary: str


@dataclass(frozen=True, slots=True)
class TownshipAnswerTold:
    """What the township answered; `doubt` None when the visitor accepted it."""

    by: str
    answer: str
    satisfied: bool
    doubt: str | None
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class DeclarationTold:
    """Who was in the room."""

    present: list[str]
    officer_left: bool


@dataclass(frozen=True, slots=True)
class EventTold:
    """One line of the timeline.

    Attributes:
        gap_s: on a seat's or the visit's return, how long it had been away, in seconds.
    """

    at: datetime
    kind: str
    role: str | None
    person: str | None
    code: str | None
    gap_s: float | None


@dataclass(frozen=True, slots=True)
class ChatTold:
    """One line of the conversation; `who` is empty for the visitor's side.

    Attributes:
        private: said in a private part, to those in it alone.
    """

    at: datetime
    from_seat: str
    who: str
    role: str
    text: str
    private: bool


@dataclass(frozen=True, slots=True)
class OutcomeTold:
    """The outcome as it was logged."""

    receipt: str
    code: str
    asked: str
    answer: str
    next: str
    due_on: date | None
    owner: str
    logged_by: str
    logged_at: datetime


@dataclass(frozen=True, slots=True)
class VisitTold:
    """A visit in its case's record; empty lists and None where the reader may not see content."""

    id: VisitId
    ticket: str
    place: str
    visited_on: date
    state: VisitState
    is_direct: bool
    is_anonymous: bool
    head_count: int
    officer: str | None
    officer_post: str | None
    registered_at: datetime
    raised_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    pending_reason: str | None
    owner: str | None
    matters: list[MatterTold]
    township_answer: TownshipAnswerTold | None
    declaration: DeclarationTold | None
    people: list[ShownPerson]
    timeline: list[EventTold]
    chat: list[ChatTold]
    outcome: OutcomeTold | None


@dataclass(frozen=True, slots=True)
class _Staff:
    name: str
    post: str


async def tell(
    work: Work, row: VisitRow, *, content: bool, people: Level, ear: SeatId | None = None
) -> VisitTold:
    """Tell a visit.

    Args:
        content: open what was said; otherwise texts stay sealed and are left out.
        people: how much of who came is shown.
        ear: leave out what this seat was not to hear while the call ran; the record leaves nothing out.
    """
    visit = VisitId(row.id)
    events = await Visits(work.session).events(visit)
    chat = await _chat_rows(work, visit, ear) if content else []
    answer = await work.session.get(TownshipAnswerRow, visit)
    outcome = await work.session.get(OutcomeRow, visit)
    declaration = await work.session.get(DeclarationRow, visit)
    staff = await _staff(work, row, events, chat, answer, outcome)
    place = await work.session.get_one(PlaceRow, row.place_id)
    officer = staff.get(row.officer_id or "")
    owner = staff.get(row.outcome_owner_id or "")
    return VisitTold(
        id=visit,
        ticket=row.ticket,
        place=place.name,
        visited_on=row.visited_on,
        state=VisitState(row.state),
        is_direct=row.is_direct,
        is_anonymous=row.is_anonymous,
        head_count=row.head_count,
        officer=officer.name if officer else None,
        officer_post=officer.post if officer else None,
        registered_at=row.registered_at,
        raised_at=row.raised_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        pending_reason=row.pending_reason if row.state == VisitState.OUTCOME_PENDING else None,
        owner=owner.name if owner else None,
        matters=await _matters(work, row) if content else [],
        township_answer=await _answer(work, row, answer, staff) if answer and content else None,
        declaration=_declaration(declaration),
        people=await people_of(work, row, people),
        timeline=timeline(events, {person: one.name for person, one in staff.items()}),
        chat=[await _line(work, row, line, staff) for line in chat],
        outcome=await _outcome(work, row, outcome, staff) if outcome and content else None,
    )


def timeline(events: Sequence[VisitEventRow], names: dict[str, str]) -> list[EventTold]:
    """Tell the events of a visit, with the gap on every return of a seat that had left or of the visit."""
    left: dict[tuple[str | None, str | None], datetime] = {}
    suspended_at: datetime | None = None
    told = []
    for event in events:
        who = (event.role, event.person_id)
        gap_s = None
        if event.kind == "left":
            left[who] = event.at
        elif event.kind == "joined" and who in left:
            gap_s = (event.at - left.pop(who)).total_seconds()
        elif event.kind == "suspended":
            suspended_at = event.at
        elif event.kind == "returned" and suspended_at is not None:
            gap_s = (event.at - suspended_at).total_seconds()
        person = names.get(event.person_id or "")
        told.append(EventTold(event.at, event.kind, event.role, person, event.code, gap_s))
    return told


async def conversation(work: Work, row: VisitRow, ear: SeatId) -> list[ChatTold]:
    """Return the chat of a visit as a seat was to hear it, oldest first."""
    chat = await _chat_rows(work, VisitId(row.id), ear)
    staff = await _staff(work, row, [], chat, None, None)
    return [await _line(work, row, line, staff) for line in chat]


async def _chat_rows(work: Work, visit: VisitId, ear: SeatId | None) -> Sequence[ChatLineRow]:
    query = (
        select(ChatLineRow).where(ChatLineRow.visit_id == visit).order_by(ChatLineRow.sent_at, ChatLineRow.id)
    )
    lines = (await work.session.scalars(query)).all()
    return [line for line in lines if ear is None or line.heard_by is None or ear in line.heard_by.split(",")]


async def _staff(
    work: Work,
    row: VisitRow,
    events: Sequence[VisitEventRow],
    chat: Sequence[ChatLineRow],
    answer: TownshipAnswerRow | None,
    outcome: OutcomeRow | None,
) -> dict[str, _Staff]:
    """Return everybody on the staff whom the visit names, by one query."""
    ids = {row.officer_id, row.outcome_owner_id}
    ids |= {event.person_id for event in events} | {line.person_id for line in chat}
    ids |= {answer.answered_by} if answer else set()
    ids |= {outcome.owner_id, outcome.logged_by} if outcome else set()
    query = select(PersonRow.id, PersonRow.name, PersonRow.post).where(PersonRow.id.in_(ids - {None}))
    return {person: _Staff(name, post) for person, name, post in await work.session.execute(query)}


async def _open(work: Work, row: VisitRow, table: str, column: str, row_id: str, sealed: str) -> str:
    return await work.open(sealed, case=row.case_id, table=table, column=column, row=row_id)


async def _matters(work: Work, row: VisitRow) -> list[MatterTold]:
    query = select(MatterRow).where(MatterRow.visit_id == row.id).order_by(MatterRow.position)
    return [
        MatterTold(matter.kind, await _open(work, row, "matter", "summary", matter.id, matter.summary_sealed))
        for matter in (await work.session.scalars(query)).all()
    ]


async def _answer(
    work: Work, row: VisitRow, answer: TownshipAnswerRow, staff: dict[str, _Staff]
) -> TownshipAnswerTold:
    doubt = answer.doubt_sealed
    return TownshipAnswerTold(
        by=staff[answer.answered_by].name,
        answer=await _open(work, row, "township_answer", "answer", row.id, answer.answer_sealed),
        satisfied=answer.is_satisfied,
        doubt=await _open(work, row, "township_answer", "doubt", row.id, doubt) if doubt else None,
        answered_at=answer.answered_at,
    )


def _declaration(row: DeclarationRow | None) -> DeclarationTold | None:
    return DeclarationTold(row.present.split(","), row.officer_left) if row else None


async def _line(work: Work, row: VisitRow, line: ChatLineRow, staff: dict[str, _Staff]) -> ChatTold:
    return ChatTold(
        at=line.sent_at,
        from_seat=line.seat,
        who=staff[line.person_id].name if line.person_id else "",
        role=line.role,
        text=await _open(work, row, "chat_line", "text", line.id, line.text_sealed),
        private=line.is_private,
    )


async def _outcome(work: Work, row: VisitRow, outcome: OutcomeRow, staff: dict[str, _Staff]) -> OutcomeTold:
    return OutcomeTold(
        receipt=outcome.receipt,
        code=outcome.code,
        asked=await _open(work, row, "outcome", "asked", row.id, outcome.asked_sealed),
        answer=await _open(work, row, "outcome", "answer", row.id, outcome.answer_sealed),
        next=await _open(work, row, "outcome", "next", row.id, outcome.next_sealed),
        due_on=outcome.due_on,
        owner=staff[outcome.owner_id].name,
        logged_by=staff[outcome.logged_by].name,
        logged_at=outcome.logged_at,
    )
