"""Whom a few fictional cases complain about, and what staff declared: some accounts are barred somewhere."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from reception.demo.calendar import office_date
from reception.demo.county import County
from reception.demo.names import fixed_id
from reception.demo.trail import Link
from reception.domain.actors import seat_of_person
from reception.domain.ids import CaseId
from reception.services.intake import seal_content
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.conflict_tables import AccusedRow, PostingRow, RelativeRow
from reception.store.conflicts import Conflicts
from reception.store.tables import CaseRow, MatterRow, VisitRow

_LEFT_AGO = timedelta(days=500)  # well within the three years that count
_SERVED = timedelta(days=1200)


@dataclass(frozen=True, slots=True)
class _Complaint:
    """A unit, by its key, that the newest reports of a township are about; the last one names a person."""

    unit: str
    township: str
    cases: int
    name: str = ""


# township2 and duty2 see nothing of the first, township1 nothing of the second, liaison-land and director1
# nothing of the third, director1 and the commission's leaders nothing of the last.
_COMPLAINTS = (
    _Complaint("weibo", "weibo", 2),
    _Complaint("mailong", "mailong", 1, "田晓穗"),
    _Complaint("land", "songlan", 1),
    _Complaint("section-supervision-2", "hedu", 1),
)


async def write(work: Work, county: County, seed_number: int) -> list[Link]:
    """Enter the accused of a few cases, a former post and a relative.

    Returns:
        The audit links of it, in no particular order.
    """
    links = _declare(work, county, seed_number)
    by = county.account("duty1")
    for complaint in _COMPLAINTS:
        for visit in await _reports(work, county, complaint):
            unit = county.unit(complaint.unit)
            entries = [("unit", unit.id, unit.name)]
            if complaint.name:
                entries.append(("person", complaint.name, f"{unit.name} {complaint.name}"))
            for kind, value, label in entries:
                row = await _entry(work, visit, kind, value, label, seed_number, by.id)
                work.session.add(row)
                at, seat = row.entered_at, seat_of_person(by.id)
                action = AuditAction.ACCUSED_ADDED
                links.append(Link(at, seat, action, "visit", visit.id, visit.case_id, kind))
    await work.session.flush()
    return links


async def _reports(work: Work, county: County, complaint: _Complaint) -> list[VisitRow]:
    """Return the newest reports of a township that somebody unconcerned received."""
    names = ("duty2", "director1", "leader1", "principal1", "office1")
    concerned = {county.account(name).id for name in names}
    query = (
        select(VisitRow)
        .join(CaseRow, CaseRow.id == VisitRow.case_id)
        .where(
            CaseRow.township_id == county.unit(complaint.township).id,
            VisitRow.id.in_(select(MatterRow.visit_id).where(MatterRow.kind == "report")),
            VisitRow.officer_id.not_in(concerned),
            VisitRow.outcome_owner_id.not_in(concerned),
        )
        .order_by(VisitRow.registered_at.desc(), VisitRow.id)
        .limit(complaint.cases)
    )
    return list(await work.session.scalars(query))


async def _entry(
    work: Work, visit: VisitRow, kind: str, value: str, label: str, seed_number: int, by: str
) -> AccusedRow:
    ident = fixed_id(seed_number, "accused", f"{visit.id}/{kind}")
    return AccusedRow(
        id=ident,
        case_id=visit.case_id,
        kind=kind,
        token=Conflicts(work.session, work.vault).token(CaseId(visit.case_id), kind, value),
        label_sealed=await seal_content(work, visit, "accused", "label", ident, label),
        entered_by=by,
        entered_at=visit.answered_at or visit.registered_at,
    )


def _declare(work: Work, county: County, seed_number: int) -> list[Link]:
    """Have duty2 say where they served before, and director1 where a relative works."""
    posted, related = county.account("duty2"), county.account("director1")
    left_on, at = office_date(work.now) - _LEFT_AGO, work.now - _LEFT_AGO
    work.session.add(
        PostingRow(
            id=fixed_id(seed_number, "posting", posted.username),
            person_id=posted.id,
            unit_id=county.unit("weibo").id,
            since_on=left_on - _SERVED,
            to_on=left_on,
            declared_at=at,
        )
    )
    work.session.add(
        RelativeRow(
            id=fixed_id(seed_number, "relative", related.username),
            person_id=related.id,
            unit_id=county.unit("land").id,
            relation="spouse",
            name_sealed=None,
            declared_at=at,
        )
    )
    return [
        Link(at, seat_of_person(posted.id), AuditAction.POSTING_DECLARED, "person", posted.id),
        Link(at, seat_of_person(related.id), AuditAction.RELATIVE_DECLARED, "person", related.id),
    ]
