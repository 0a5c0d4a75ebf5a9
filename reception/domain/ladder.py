"""The ladder of repeat visits (多次走访): what each further visit on an assigned case asks of the county.

Source: domain paper 3.3.  以上 includes the number.  The ladder is data with a date from which it is in
force; a visit keeps the version of its own day.  No IO, no clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from reception.domain.errors import Refusal
from reception.domain.roles import Role

NOTE_LIMIT = 500


class Rung(StrEnum):
    """How far up the ladder a visit is."""

    REPEAT = "repeat"  # 重复走访: those who handle it answer live
    MULTIPLE = "multiple"  # 多次走访: and the main leader hears the report


class Met(StrEnum):
    """How what a rung asks for was met."""

    ATTENDED = "attended"
    RESCHEDULED = "rescheduled"
    EXCUSED = "excused"


class AbsenceReason(StrEnum):
    """Why somebody did not take part, when the visit was not put off either."""

    ON_LEAVE = "on_leave"
    OTHER_RECEPTION = "other_reception"
    URGENT_TASK = "urgent_task"
    NOT_REACHED = "not_reached"
    LINE_LOST = "line_lost"
    VISITOR_DECLINED = "visitor_declined"


class RungUnmet(Refusal):
    """A repeat visit can not be closed: the people it asks for did not take part, and nobody said why."""

    code = "rung_unmet"


class LinkDecided(Refusal):
    """Somebody else decided on this proposal, or it never was what the page shows."""

    code = "link_decided"


class MatterLinked(Refusal):
    """The matter is linked to another case already; that link has to be undone first."""

    code = "matter_linked"


class HearingOver(Refusal):
    """The hearing was held or withdrawn."""

    code = "hearing_over"


@dataclass(frozen=True, slots=True)
class Step:
    """One rung.

    Attributes:
        threshold: the count of visits from which it holds, this visit included.
        roles: whose holders take part in the call.
        hearing_days: calendar days within which the main leader hears the report; None without a hearing.
        order_days: at most so many calendar days for an acceleration order.
    """

    rung: Rung
    threshold: int
    roles: tuple[Role, ...]
    hearing_days: int | None = None
    order_days: int | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """One version of the ladder."""

    version: int
    effective_from: date
    steps: tuple[Step, ...]

    def step_of(self, count: int) -> Step | None:
        """Return the highest rung that the count reaches."""
        reached = [step for step in self.steps if step.threshold <= count]
        return max(reached, key=lambda step: step.threshold, default=None)

    def step(self, rung: Rung) -> Step:
        """Return a rung by its name."""
        return next(step for step in self.steps if step.rung is rung)


_BOTH = (Role.SECTION_DIRECTOR, Role.BRANCH_LEADER)


def ladder_of(
    version: int, effective_from: date, *, repeat_threshold: int, multiple_threshold: int
) -> Ladder:
    """Put a version together from what a county decides."""
    return Ladder(
        version,
        effective_from,
        (
            Step(Rung.REPEAT, repeat_threshold, _BOTH),
            Step(Rung.MULTIPLE, multiple_threshold, _BOTH, hearing_days=7, order_days=15),
        ),
    )


# What the rules of the field leave open, 重复走访 and 多次走访, until a county decides otherwise.
FIRST = ladder_of(1, date(2020, 1, 1), repeat_threshold=2, multiple_threshold=3)


def in_force(ladders: Iterable[Ladder], day: date) -> Ladder:
    """Return the version of a day: the latest that is in force by then, the first one before any was."""
    begun = [ladder for ladder in ladders if ladder.effective_from <= day]
    return max(begun, key=lambda ladder: (ladder.effective_from, ladder.version), default=FIRST)


def ladder_faults(
    *, effective_from: date, repeat_threshold: int, multiple_threshold: int, today: date
) -> dict[str, str]:
    """Name what does not hold in a new version, field to code; past visits keep the rules of their day."""
    faults: dict[str, str] = {}
    if effective_from <= today:
        faults["effective_from"] = "not_in_the_future"
    if not 2 <= repeat_threshold <= 20:
        faults["repeat_threshold"] = "out_of_range"
    if not repeat_threshold < multiple_threshold <= 50:
        faults["multiple_threshold"] = "out_of_range"
    return faults


def absence_faults(
    *, kind: str, resumes_on: date | None, reason: str, note: str, today: date
) -> dict[str, str]:
    """Name what does not hold when somebody says why the people were not there."""
    faults: dict[str, str] = {}
    if kind not in (Met.RESCHEDULED, Met.EXCUSED):
        faults["kind"] = "required"
    elif kind == Met.RESCHEDULED:
        if resumes_on is None:
            faults["resumes_on"] = "required"
        elif resumes_on < today:
            faults["resumes_on"] = "in_the_past"
    elif reason not in set(AbsenceReason):
        faults["reason"] = "required"
    if len(note) > NOTE_LIMIT:
        faults["note"] = "too_long"
    return faults


def order_limit(step: Step, last_due_on: date | None, today: date) -> date:
    """Return the latest day for an acceleration order: within the rung's days, and before what was promised.

    A promise that ran out already can not be undercut; the rung's days alone hold then.
    """
    latest = today + timedelta(days=step.order_days or 15)
    if last_due_on is not None and last_due_on > today:
        latest = min(latest, last_due_on - timedelta(days=1))
    return latest
