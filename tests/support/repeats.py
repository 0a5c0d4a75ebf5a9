"""A visitor who comes back, and the section whose matter it is."""

from dataclasses import dataclass

from sqlalchemy import select

from reception.domain.actors import Officer
from reception.domain.ids import CaseId, VisitId, new_id
from reception.domain.registration import Matter
from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.services import assignments, repeats
from reception.services.work import Work
from reception.store.repeat_tables import RepeatLinkRow
from reception.store.tables import CaseRow, UnitRow
from reception.store.visits import Visits
from tests.support.factories import County, EnrolledTerminal, MadeVisit, a_form

CANAL = "村东水渠去年秋天塌了一段，报了三次没有人来修。"
CANAL_AGAIN = "水渠还没有修，和去年秋天塌的时候一样。"


@dataclass(frozen=True, slots=True)
class Section:
    """A section with its director, the leader in charge, and the petition office that assigns."""

    id: str
    director: Officer
    leader: Officer
    office: Officer


async def a_section(county: County) -> Section:
    """Make a section and the people whom the ladder asks for."""
    unit = UnitRow(id=new_id(), parent_id=county.organ, kind="section", name="第二监督检查室", position=9)

    async def add(work: Work) -> None:
        work.session.add(unit)

    await county.edge.run(add)
    return Section(
        unit.id,
        await county.officer(Role.SECTION_DIRECTOR, unit=unit.id),
        await county.officer(Role.BRANCH_LEADER),
        await county.officer(Role.PETITION_OFFICE),
    )


async def case_of(county: County, visit: VisitId) -> CaseId:
    """Return the case that a visit was registered under."""
    return CaseId((await county.row(visit)).case_id)


async def assign(county: County, section: Section, visit: VisitId) -> CaseId:
    """Give a visit's case to a section."""
    case = await case_of(county, visit)
    await county.edge.run(
        lambda work: assignments.assign(work, section.office, case, section.id, section.director.person)
    )
    return case


async def comes(
    county: County,
    state: VisitState = VisitState.WAITING,
    *,
    summary: str = CANAL,
    terminal: EnrolledTerminal | None = None,
    officer: Officer | None = None,
    anonymous: bool = False,
) -> MadeVisit:
    """Let the same visitor come once more, a while later."""
    county.clock.advance(minutes=5)
    form = a_form(matters=[Matter("grievance", summary)], anonymous=anonymous)
    return await county.visit(state, terminal=terminal, officer=officer, form=form)


async def links_of(county: County, visit: VisitId) -> list[RepeatLinkRow]:
    """Return every link and proposal of a visit."""

    async def read(work: Work) -> list[RepeatLinkRow]:
        query = select(RepeatLinkRow).where(RepeatLinkRow.visit_id == visit)
        return list(await work.session.scalars(query.order_by(RepeatLinkRow.proposed_at, RepeatLinkRow.id)))

    return await county.read(read)


async def confirms(county: County, officer: Officer, visit: VisitId) -> RepeatLinkRow:
    """Confirm the first proposal of a visit."""
    link = (await links_of(county, visit))[0]
    await county.edge.run(lambda work: repeats.confirm(work, officer, link.id))
    return (await links_of(county, visit))[0]


async def joins(county: County, visit: VisitId, *officers: Officer) -> None:
    """Let signalling report that somebody came into the call."""

    async def note(work: Work) -> None:
        for officer in officers:
            await Visits(work.session).admit(
                visit, officer.seat, role="county_duty_officer", at=work.now, person=officer.person
            )
            await Visits(work.session).note_event(visit, "joined", at=work.now, person=officer.person)

    await county.edge.run(note)


async def number_of(county: County, case: CaseId) -> str:
    """Return the number of a case."""
    return (await county.read(lambda work: work.session.get_one(CaseRow, case))).number
