"""Who comes next, and how long that may take.  No IO, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import ceil


@dataclass(frozen=True, slots=True)
class Waiting:
    """One visit in the county's queue."""

    id: str
    raised_at: datetime
    is_promised: bool  # nobody answered in time and a call-back was promised
    is_suspended: bool = False  # its call was cut off and is to go on


def in_calling_order(queue: Iterable[Waiting]) -> list[Waiting]:
    """Sort a queue: calls that were cut off first, then promised call-backs, then by the time of raising.

    Whose call was cut off had got to the front before, and a visitor whom nobody
    answered keeps the place that a promise must not cost.
    """
    return sorted(
        queue,
        key=lambda visit: (not visit.is_suspended, not visit.is_promised, visit.raised_at, visit.id),
    )


def expected_minutes(ahead: int, officers: int, typical_min: float) -> int | None:
    """Estimate the wait of a visitor.

    Args:
        ahead: visits in front of this one; >= 0.
        officers: duty officers who take calls now; >= 0.
        typical_min: usual length of a call in minutes; > 0.

    Returns:
        Whole minutes, at least 1; None when nobody is on duty, because any number would be invented.
    """
    if officers <= 0:
        return None
    return max(1, ceil(ahead // officers * typical_min))
