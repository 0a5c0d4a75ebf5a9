"""How the lines of a visit were, told for the record: per participant, with the gaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import msgspec
from sqlalchemy import select

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.errors import NotFound
from reception.domain.ids import VisitId
from reception.domain.line_quality import Gap, Sample, Stretch, condense, gaps
from reception.domain.policy import Action
from reception.services.conflicts import visit_for
from reception.services.sight import sight_of
from reception.services.work import Work
from reception.store.line_tables import QualitySampleRow
from reception.store.quality import QualitySamples
from reception.store.tables import CaseRow, ParticipantRow, PersonRow


@dataclass(frozen=True, slots=True)
class LineTold:
    """One participant's line over a whole visit; `person` is None for the visitor's side."""

    role: str
    person: str | None
    stretches: list[Stretch]
    gaps: list[Gap]

    @property
    def lowest(self) -> Stretch:
        """The worst stretch; there is always one."""
        return min(self.stretches, key=lambda stretch: stretch.score)


class _Body(msgspec.Struct):
    """What the record reads of a stored report; all else is for those who look after the network."""

    route: str
    rtt_ms: float
    up_loss: float
    down_loss: float


async def read_lines(work: Work, actor: Officer, visit: VisitId) -> list[LineTold]:
    """Tell the lines of a visit to somebody who may read its record; NotFound where it is out of sight."""
    may(actor, Action.VIEW_CASE)
    sight = sight_of(actor)
    row = await visit_for(work, actor, visit)
    case = await work.session.get_one(CaseRow, row.case_id)
    if sight.township is not None and (case.township_id != sight.township or row.is_direct):
        raise NotFound
    return await tell_lines(work, visit)


async def lines_of(work: Work, visits: Sequence[VisitId]) -> dict[VisitId, list[LineTold]]:
    """Tell the lines of visits whose record the reader was shown."""
    return {visit: await tell_lines(work, visit) for visit in visits}


async def tell_lines(work: Work, visit: VisitId) -> list[LineTold]:
    """Tell the lines of a visit; the caller has decided that its reader may know."""
    rows = await QualitySamples(work.session).of_visit(visit)
    query = (
        select(ParticipantRow.seat, ParticipantRow.role, PersonRow.name)
        .outerjoin(PersonRow, PersonRow.id == ParticipantRow.person_id)
        .where(ParticipantRow.visit_id == visit)
    )
    who = {seat: (role, name) for seat, role, name in await work.session.execute(query)}
    told = [
        _told(*who[seat], [_sample(row) for row in kept])
        for seat, kept in groupby(rows, key=lambda row: row.seat)
        if seat in who
    ]
    return sorted(told, key=lambda line: line.stretches[0].starts_at)


def _told(role: str, person: str | None, samples: Sequence[Sample]) -> LineTold:
    return LineTold(role, person, condense(samples), gaps(samples))


def _sample(row: QualitySampleRow) -> Sample:
    body = msgspec.json.decode(row.body, type=_Body)
    return Sample(
        at=row.at,
        score=row.score,
        rung=row.rung,
        route=body.route,
        rtt_ms=body.rtt_ms,
        loss=max(body.up_loss, body.down_loss),
    )
