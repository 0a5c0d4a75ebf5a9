"""Bands of the week's board: the rosters' stretches, each in the row that it belongs to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from reception.domain.roles import COUNTY
from reception.services import rosters
from reception.services.work import Work
from scheduling.domain.slots import of_person

# Why somebody is away is between them and the office: the board says that they are.
_AWAY = "away"


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of one row.

    Attributes:
        row: `person:…`, or `post:…` for a gap.
        kind: `shift`, `leader_day`, `away` or `gap`.
        role: of the post; empty where the band belongs to no post.
        why: how the person came to be on, for a shift.
    """

    row: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    role: str = ""
    unit_name: str = ""
    why: str = ""

    @property
    def is_county(self) -> bool:
        """Whether it concerns the county's own posts, which townships may know of."""
        return self.kind == "leader_day" or self.role in COUNTY


async def bands_between(work: Work, first: date, until: date, units: Mapping[str, str]) -> list[Band]:
    """Return the bands of some days, `until` not included, by row and hour.

    Args:
        units: names of the units.
    """
    found = [_band(band, units) for band in await rosters.bands_between(work, first, until)]
    return list(_joined(sorted(found, key=lambda band: (band.row, band.kind, band.role, band.starts_at))))


def _band(band: rosters.Band, units: Mapping[str, str]) -> Band:
    kind = _AWAY if band.kind == "leave" else str(band.kind)
    row = f"post:{band.post_role}:{band.post_unit}" if band.person is None else of_person(band.person)
    return Band(
        row,
        kind,
        band.starts_at,
        band.ends_at,
        role=str(band.post_role),
        unit_name=units.get(band.post_unit, ""),
        why="" if kind == _AWAY else str(band.why),
    )


def _joined(bands: Iterable[Band]) -> list[Band]:
    """Join what goes on without a break: a change of the others cuts nobody's band."""
    joined: list[Band] = []
    for band in bands:
        last = joined[-1] if joined else None
        if last is not None and _goes_on(last, band):
            joined[-1] = replace(last, ends_at=max(last.ends_at, band.ends_at))
            continue
        joined.append(band)
    return joined


def _goes_on(last: Band, band: Band) -> bool:
    is_same = last == replace(band, starts_at=last.starts_at, ends_at=last.ends_at)
    return is_same and band.starts_at <= last.ends_at
