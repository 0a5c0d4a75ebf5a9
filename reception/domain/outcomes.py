"""Coded outcomes of a visit and what each requires.  Pure data and rules.

Source: domain paper 3.1 (outcome codes) and 6 (promises are dated and owned).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from reception.domain.errors import Refusal
from reception.domain.ids import PersonId

TEXT_LIMIT = 4000  # characters per sentence field


class OutcomeCode(StrEnum):
    ANSWERED_ON_SPOT = "answered_on_spot"
    ACCEPTED_IN_SCOPE = "accepted_in_scope"
    TRANSMIT_LOWER = "transmit_lower"
    SEND_UP = "send_up"
    OUT_OF_SCOPE_NOTIFIED = "out_of_scope_notified"
    OUT_OF_SCOPE_DEPARTMENT_ANSWERED = "out_of_scope_department_answered"
    OUT_OF_SCOPE_TRANSFERRED = "out_of_scope_transferred"
    NO_SUBSTANCE = "no_substance"
    REPEAT_LINKED = "repeat_linked"
    LITIGATION_ROUTED = "litigation_routed"
    REVIEW_RIGHT_EXPLAINED = "review_right_explained"
    REFERRED_MEDIATION = "referred_mediation"
    WITHDRAWN = "withdrawn"
    ABORTED = "aborted"


# Codes after which somebody still has to do something: they carry a date.
NEEDS_DUE: Mapping[OutcomeCode, bool] = MappingProxyType(
    {
        code: code
        in {
            OutcomeCode.ACCEPTED_IN_SCOPE,
            OutcomeCode.TRANSMIT_LOWER,
            OutcomeCode.SEND_UP,
            OutcomeCode.OUT_OF_SCOPE_TRANSFERRED,
            OutcomeCode.REPEAT_LINKED,
            OutcomeCode.REFERRED_MEDIATION,
            OutcomeCode.ABORTED,
        }
        for code in OutcomeCode
    }
)


class OutcomeRequired(Refusal):
    """The visit can not be left without its outcome."""

    code = "outcome_required"


class OutcomeExists(Refusal):
    """The visit already has its outcome; an outcome is written once."""

    code = "outcome_exists"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an officer enters: code, three sentences, owner, date."""

    code: OutcomeCode
    asked: str
    answer: str
    next: str
    due_on: date | None
    owner: PersonId


def faults(
    *, code: str, asked: str, answer: str, next_step: str, due_on: date | None, owner: str, today: date
) -> dict[str, str]:
    """Name every field that does not hold, field to code; empty when the outcome may be logged."""
    found: dict[str, str] = {}
    for field, text in (("asked", asked), ("answer", answer), ("next", next_step)):
        if not text.strip():
            found[field] = "required"
        elif len(text) > TEXT_LIMIT:
            found[field] = "too_long"
    if not owner:
        found["owner"] = "required"
    if code not in set(OutcomeCode):
        found["code"] = "required" if not code else "unknown"
    elif NEEDS_DUE[OutcomeCode(code)] and due_on is None:
        found["due_on"] = "required"
    if due_on is not None and due_on < today:
        found["due_on"] = "in_the_past"
    return found
