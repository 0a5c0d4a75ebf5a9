"""Who handles the fictional cases, and the two that people came back for: rungs, hearings, what was said.

The visits themselves are `ledger.py`'s; nothing here adds one, so its figures stay as they are.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import select

from reception.demo.calendar import office_date
from reception.demo.county import County
from reception.demo.names import fixed_id
from reception.demo.trail import Link
from reception.domain.actors import seat_of_person
from reception.domain.handling import Question, Reply
from reception.domain.ids import CaseId, PersonId
from reception.domain.ladder import FIRST, AbsenceReason, Met, Rung
from reception.domain.roles import Role
from reception.services.intake import seal_content
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.repeat_tables import (
    CaseAssignmentRow,
    HandlingAnswerRow,
    HearingRow,
    LadderExceptionRow,
    RepeatLinkRow,
)
from reception.store.repeats import CONFIRMED
from reception.store.tables import MatterRow, OutcomeRow, VisitRow
from reception.store.vault import Purpose

_MINUTES = "听取第二监督检查室汇报。来访人反映的情况属实的部分已有结论，补偿办法由水利部门牵头提出。"
_ORDER = "承办科室每周与来访人联系一次，期限内当面答复，不再让来访人跑第四趟。"
_LEFT = timedelta(days=4)  # until the open hearing is due
# What the visitors said, one after the other.
_SAID = (
    ("yes", "partly", "partly", ""),
    ("yes", "yes", "yes", ""),
    ("partly", "no", "no", "打过一次电话，没有说什么时候有结果。"),
    ("yes", "partly", "yes", ""),
    ("yes", "yes", "partly", "愿意再等，希望有人来告知。"),
)


async def write(work: Work, county: County, seed_number: int) -> list[Link]:
    """Assign the cases that a section took on, and trace the visits of those who came back.

    Returns:
        The audit links of it, in no particular order.
    """
    visits: dict[str, list[VisitRow]] = defaultdict(list)
    for row in await work.session.scalars(select(VisitRow).order_by(VisitRow.registered_at)):
        visits[row.case_id].append(row)
    outcomes = {row.visit_id: row for row in await work.session.scalars(select(OutcomeRow))}
    links = _assign(work, county, visits.values(), outcomes)
    recurring = [rows for rows in visits.values() if len(rows) > 1]
    said = iter(_SAID)
    for number, rows in enumerate(recurring):
        links += _assign_to(work, county, rows[0], "director1", outcomes[rows[0].id].logged_at)
        await work.session.flush()
        for count, row in enumerate(rows[1:], start=2):
            link, of_visit = _link(row, count, await _matter(work, row), seed_number)
            work.session.add(link)
            links += of_visit
            await work.session.flush()
            await _excuse(work, link, row)
            links += await _handling(work, county, link, row, next(said))
            if count == FIRST.step(Rung.MULTIPLE).threshold:
                hearing = await _hearing(work, county, link, row, seed_number, is_open=number > 0)
                work.session.add(hearing)
    await work.session.flush()
    return links


def _assign(
    work: Work, county: County, cases: Iterable[Sequence[VisitRow]], outcomes: dict[str, OutcomeRow]
) -> list[Link]:
    """Assign every single visit's case whose next step a director of a section owns."""
    directors = {str(person.id): person for person in county.staff if person.role is Role.SECTION_DIRECTOR}
    links = []
    for rows in cases:
        outcome = outcomes.get(rows[0].id)
        if len(rows) == 1 and outcome is not None and outcome.owner_id in directors:
            director = directors[outcome.owner_id]
            links += _assign_to(work, county, rows[0], director.username, outcome.logged_at)
    return links


def _assign_to(work: Work, county: County, row: VisitRow, username: str, after: datetime) -> list[Link]:
    director = next(person for person in county.staff if person.username == username)
    office, at = county.account("office1"), after + timedelta(minutes=20)
    work.session.add(
        CaseAssignmentRow(
            case_id=row.case_id,
            section_id=director.unit,
            owner_id=director.id,
            assigned_by=office.id,
            assigned_at=at,
            version=1,
        )
    )
    seat = seat_of_person(office.id)
    return [Link(at, seat, AuditAction.CASE_ASSIGNED, "case", row.case_id, row.case_id)]


async def _matter(work: Work, row: VisitRow) -> str:
    found = await work.session.scalar(select(MatterRow.id).where(MatterRow.visit_id == row.id))
    assert found is not None, "a visit has a matter"  # noqa: S101
    return found


def _link(row: VisitRow, count: int, matter: str, seed_number: int) -> tuple[RepeatLinkRow, list[Link]]:
    at = row.answered_at or row.registered_at
    step = FIRST.step_of(count)
    link = RepeatLinkRow(
        id=fixed_id(seed_number, "repeat", row.id),
        visit_id=row.id,
        matter_id=matter,
        case_id=row.case_id,
        state=CONFIRMED,
        evidence="same_id,similar_matter,same_place",
        proposed_at=row.registered_at,
        decided_by=row.officer_id,
        decided_at=at,
        count=count,
        ladder_version=FIRST.version,
        rung=step.rung if step else None,
        met=Met.EXCUSED if count == 2 else Met.ATTENDED,
    )
    actor = seat_of_person(PersonId(row.officer_id or ""))
    return link, [
        Link(row.registered_at, "service", AuditAction.REPEAT_PROPOSED, "visit", row.id, row.case_id),
        Link(at, actor, AuditAction.REPEAT_CONFIRMED, "visit", row.id, row.case_id),
    ]


async def _excuse(work: Work, link: RepeatLinkRow, row: VisitRow) -> None:
    """Of the second visits nobody came: the director was with another visitor."""
    if link.met != Met.EXCUSED:
        return
    work.session.add(
        LadderExceptionRow(
            link_id=link.id,
            kind=Met.EXCUSED,
            reason=AbsenceReason.OTHER_RECEPTION,
            recorded_by=row.officer_id,
            recorded_at=row.ended_at,
        )
    )


async def _handling(
    work: Work, county: County, link: RepeatLinkRow, row: VisitRow, said: tuple[str, str, str, str]
) -> list[Link]:
    *replies, words = said
    kept = {
        "replies": {
            str(question): str(Reply(reply)) for question, reply in zip(Question, replies, strict=True)
        },
        "words": words,
    }
    assert row.officer_id is not None, "somebody answered it"  # noqa: S101
    assert row.ended_at is not None, "it is over"  # noqa: S101
    work.session.add(
        HandlingAnswerRow(
            link_id=link.id,
            visit_id=row.id,
            section_id=county.account("director1").unit,
            asked_by=row.officer_id,
            asked_at=row.ended_at,
            answers_sealed=await seal_content(
                work, row, "handling_answer", "answers", link.id, msgspec.json.encode(kept).decode()
            ),
        )
    )
    seat = seat_of_person(PersonId(row.officer_id))
    return [Link(row.ended_at, seat, AuditAction.HANDLING_ASKED, "visit", row.id, row.case_id)]


async def _hearing(
    work: Work, county: County, link: RepeatLinkRow, row: VisitRow, seed_number: int, *, is_open: bool
) -> HearingRow:
    """The first case was heard a few days later; the second one still waits."""
    hearing = HearingRow(
        id=fixed_id(seed_number, "hearing", row.id),
        case_id=row.case_id,
        link_id=link.id,
        state="open" if is_open else "heard",
        created_at=row.answered_at,
        due_on=_due(work, row, is_open=is_open),
    )
    if is_open:
        return hearing
    heard_at = row.registered_at + timedelta(days=3)
    hearing.heard_by, hearing.heard_at = county.account("principal1").id, heard_at
    hearing.planned_on = office_date(heard_at)
    hearing.minutes_sealed = await _sealed(work, hearing, "minutes", _MINUTES)
    hearing.order_sealed = await _sealed(work, hearing, "order", _ORDER)
    hearing.order_due_on = office_date(heard_at) + timedelta(days=10)
    hearing.order_owner_id = county.account("director1").id
    return hearing


def _due(work: Work, row: VisitRow, *, is_open: bool) -> date:
    return work.today + _LEFT if is_open else row.visited_on + timedelta(days=7)


async def _sealed(work: Work, hearing: HearingRow, column: str, text: str) -> str:
    return await work.vault.seal(
        work.session,
        Purpose.CONTENT,
        case_id=CaseId(hearing.case_id),
        table="hearing",
        column=column,
        row_id=hearing.id,
        text=text,
    )
