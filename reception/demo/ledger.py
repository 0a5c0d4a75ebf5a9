"""Writes past visits into the record as the service would have: numbered, sealed, with timeline.

The services themselves take dozens of statements per visit.  Here every table
is written at once, in an order that the guards of the database allow.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import update

from reception.demo.calendar import office_date
from reception.demo.happenings import Entry, happenings
from reception.demo.history import PastVisit
from reception.demo.names import fixed_id
from reception.demo.talks import RING_S, Call, PastOutcome
from reception.demo.trail import Link
from reception.domain.actors import seat_of_person
from reception.domain.ids import DeviceId, PlaceId
from reception.domain.visits import PendingReason, VisitState
from reception.services.identities import keep_people
from reception.services.intake import seal_content
from reception.services.work import Work
from reception.store.tables import (
    CaseRow,
    ChatLineRow,
    DeclarationRow,
    MatterRow,
    NumberSeriesRow,
    OutcomeRow,
    TownshipAnswerRow,
    VisitRow,
)


@dataclass(slots=True)
class Numbers:
    """Gapless numbers for a database that has given none yet."""

    _last: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def next(self, series: str, period: str) -> int:
        """Take the next number of a series, counting from 1 in each period."""
        self._last[series, period] += 1
        return self._last[series, period]

    def rows(self) -> list[NumberSeriesRow]:
        """Return where every series stands, for the service to count on from there."""
        return [
            NumberSeriesRow(series=series, period=period, last=last)
            for (series, period), last in self._last.items()
        ]


async def write(
    work: Work, visits: Sequence[PastVisit], seed_number: int, devices: Mapping[PlaceId, DeviceId]
) -> list[Link]:
    """Write visits that are over, oldest first.

    Args:
        devices: the terminal that stood in each room.

    Returns:
        The audit links of all that happened, in no particular order; the caller appends them.
    """
    numbers = Numbers()
    cases = _cases(visits, seed_number, numbers)
    work.session.add_all(cases)
    # A case is there before anything is sealed for it, a visit before what hangs on it.
    await work.session.flush()
    entries = [
        _entry(number, visit, seed_number, devices, numbers) for number, visit in enumerate(visits, start=1)
    ]
    work.session.add_all(entry.row for entry in entries)
    await work.session.flush()
    receipts = _receipts(entries, numbers)
    links: list[Link] = []
    with work.session.no_autoflush:
        for entry in entries:
            await _keep_content(work, entry, seed_number, receipts)
            rows, of_visit = happenings(entry, seed_number)
            work.session.add_all(rows)
            links += of_visit
    work.session.add_all(numbers.rows())
    await work.session.flush()
    await _close(work, entries)
    return links


def _cases(visits: Iterable[PastVisit], seed_number: int, numbers: Numbers) -> list[CaseRow]:
    """Open a case per first visit; numbers follow the time."""
    first: dict[int, PastVisit] = {}
    for visit in visits:
        first.setdefault(visit.case, visit)
    rows = []
    for number, visit in first.items():
        year = str(office_date(visit.registered_at).year)
        rows.append(
            CaseRow(
                id=_case_id(seed_number, number),
                number=f"XF{year}-{numbers.next('case', year):05d}",
                township_id=visit.room.unit,
                opened_at=visit.registered_at,
            )
        )
    return rows


def _case_id(seed_number: int, case: int) -> str:
    return fixed_id(seed_number, "case", str(case))


def _entry(
    number: int,
    visit: PastVisit,
    seed_number: int,
    devices: Mapping[PlaceId, DeviceId],
    numbers: Numbers,
) -> Entry:
    """Make the visit's row; one with an outcome is first written as owing it: the guards demand it."""
    call, day = visit.call, office_date(visit.registered_at)
    owes = visit.state is VisitState.OUTCOME_LOGGED
    row = VisitRow(
        id=fixed_id(seed_number, "visit", str(number)),
        case_id=_case_id(seed_number, visit.case),
        place_id=visit.room.id,
        device_id=devices[visit.room.id],
        ticket=f"A-{numbers.next('ticket', day.isoformat()):03d}",
        visited_on=day,
        state=VisitState.OUTCOME_PENDING if owes else visit.state,
        is_direct=visit.is_direct,
        is_anonymous=not visit.people,
        head_count=visit.head_count,
        registered_at=visit.registered_at,
        raised_at=visit.raised_at,
        ring_until=visit.raised_at and visit.raised_at + timedelta(seconds=RING_S),
        answered_at=call and call.answered_at,
        ended_at=call and call.ended_at,
        closed_at=visit.closed_at,
        officer_id=call and call.officer.id,
        outcome_owner_id=call and call.officer.id,
        pending_reason=PendingReason.VISITOR_LEFT if owes else None,
        pending_since=call and call.lost_at,
    )
    return Entry(visit, row, devices[visit.room.id])


def _receipts(entries: Iterable[Entry], numbers: Numbers) -> dict[str, str]:
    """Number the receipts in the order in which the outcomes were logged."""
    logged = [
        (entry.visit.outcome.logged_at, entry.row.id) for entry in entries if entry.visit.outcome is not None
    ]
    receipts = {}
    for at, visit in sorted(logged):
        year = str(office_date(at).year)
        receipts[visit] = f"JF{year}-{numbers.next('receipt', year):06d}"
    return receipts


async def _keep_content(work: Work, entry: Entry, seed_number: int, receipts: Mapping[str, str]) -> None:
    """Seal who came and everything that was said."""
    visit, row = entry.visit, entry.row
    if visit.people:
        await keep_people(work, row, visit.people[0], visit.people[1:])
    matter = fixed_id(seed_number, "matter", row.id)
    summary = await seal_content(work, row, "matter", "summary", matter, visit.matter.summary)
    work.session.add(
        MatterRow(
            id=matter,
            case_id=row.case_id,
            visit_id=row.id,
            position=0,
            kind=visit.matter.kind,
            summary_sealed=summary,
        )
    )
    await _keep_reply(work, entry)
    if visit.raised_at is not None:
        work.session.add(
            DeclarationRow(
                visit_id=row.id,
                present=",".join(visit.present),
                officer_left="township_officer" not in visit.present,
                confirmed_at=visit.raised_at,
            )
        )
    if visit.call is not None:
        await _keep_chat(work, entry, visit.call, seed_number)
        if visit.outcome is not None:
            await _keep_outcome(work, entry, visit.call, visit.outcome, receipts[row.id])


async def _keep_reply(work: Work, entry: Entry) -> None:
    reply, row = entry.visit.reply, entry.row
    if reply is None:
        return
    answer = await seal_content(work, row, "township_answer", "answer", row.id, reply.answer)
    doubt = None
    if reply.doubt is not None:
        doubt = await seal_content(work, row, "township_answer", "doubt", row.id, reply.doubt)
    work.session.add(
        TownshipAnswerRow(
            visit_id=row.id,
            answered_by=reply.by.id,
            answer_sealed=answer,
            is_satisfied=doubt is None,
            doubt_sealed=doubt,
            answered_at=reply.at,
        )
    )


async def _keep_chat(work: Work, entry: Entry, call: Call, seed_number: int) -> None:
    for number, line in enumerate(call.lines):
        ident = fixed_id(seed_number, "chat", entry.row.id, str(number))
        officer = None if line.is_visitor else call.officer.id
        work.session.add(
            ChatLineRow(
                id=ident,
                visit_id=entry.row.id,
                seat=seat_of_person(officer) if officer else entry.terminal,
                role="county_duty_officer" if officer else "terminal",
                person_id=officer,
                text_sealed=await seal_content(work, entry.row, "chat_line", "text", ident, line.text),
                sent_at=line.at,
            )
        )


async def _keep_outcome(work: Work, entry: Entry, call: Call, outcome: PastOutcome, receipt: str) -> None:
    form, row = outcome.form, entry.row
    work.session.add(
        OutcomeRow(
            visit_id=row.id,
            receipt=receipt,
            code=form.code,
            asked_sealed=await seal_content(work, row, "outcome", "asked", row.id, form.asked),
            answer_sealed=await seal_content(work, row, "outcome", "answer", row.id, form.answer),
            next_sealed=await seal_content(work, row, "outcome", "next", row.id, form.next),
            due_on=form.due_on,
            owner_id=form.owner,
            logged_by=call.officer.id,
            logged_at=outcome.logged_at,
        )
    )


async def _close(work: Work, entries: Iterable[Entry]) -> None:
    """Move every visit whose outcome is written now to its end."""
    lost = [entry.row.id for entry in entries if entry.visit.call and entry.visit.call.lost_at]
    owing = update(VisitRow).where(VisitRow.state == VisitState.OUTCOME_PENDING)
    logged = owing.execution_options(synchronize_session=False).values(state=VisitState.OUTCOME_LOGGED)
    await work.session.execute(logged.where(VisitRow.id.in_(lost)))
    # The others never were in 待补录.
    await work.session.execute(logged.values(pending_reason=None))
