"""The county's side of a fictional visit: ring, call, conversation, outcome.  No IO, no clock."""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from reception.demo.calendar import in_words
from reception.demo.county import County, Staff
from reception.demo.themes import CHATS, COUNTY_WORDS, Theme
from reception.domain.outcomes import NEEDS_DUE, Outcome, OutcomeCode
from reception.domain.registration import Matter
from reception.domain.roles import Role

RING_S = 90  # how long the bells ran before a call-back was promised
CALLBACK_MIN = 30
_GIVEN_UP_AFTER = timedelta(minutes=15)
_OFFICERS = ("duty1", "duty1", "duty1", "duty2", "duty2", "office1")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the conversation."""

    at: datetime
    is_visitor: bool
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call from the first bell to its end.

    Attributes:
        rung: whose bells rang, the one who answered among them.
        promised_at: when a call-back was promised because nobody answered at once.
        guest: who was asked in, e.g. the director of the section in charge.
        away: when the terminal's line was lost and when it came back.
        lost_at: when the visitor was said to have left, after the terminal's line was lost at the end.
    """

    officer: Staff
    rung: tuple[Staff, ...]
    promised_at: datetime | None
    answered_at: datetime
    guest: Staff | None
    away: tuple[datetime, datetime] | None
    lines: tuple[Line, ...]
    ended_at: datetime
    lost_at: datetime | None


@dataclass(frozen=True, slots=True)
class PastOutcome:
    """What the officer logged, and when."""

    form: Outcome
    logged_at: datetime


def past_call(county: County, chances: random.Random, raised_at: datetime, *, officer: Staff | None) -> Call:
    """Throw the course of a call; at most 26 minutes from `raised_at` to its end.

    Args:
        officer: who answered the last time, when the visitor came back.
    """
    officer = officer or county.account(chances.choice(_OFFICERS))
    others = [person for person in map(county.account, ("duty1", "duty2")) if person is not officer]
    is_promised = chances.random() < 0.08
    wait_s = chances.randint(RING_S + 30, 420) if is_promised else chances.randint(8, RING_S - 10)
    answered_at = raised_at + timedelta(seconds=wait_s)
    length_s = chances.randint(6 * 60, 18 * 60)
    ended_at = answered_at + timedelta(seconds=length_s)
    return Call(
        officer=officer,
        rung=tuple(dict.fromkeys([officer, *others[: chances.randint(0, 1)]])),
        promised_at=raised_at + timedelta(seconds=RING_S) if is_promised else None,
        answered_at=answered_at,
        guest=county.account("director1") if chances.random() < 0.1 else None,
        away=_away(chances, answered_at) if chances.random() < 0.07 else None,
        lines=_lines(chances, answered_at) if chances.random() < 0.25 else (),
        ended_at=ended_at,
        lost_at=ended_at + _GIVEN_UP_AFTER if chances.random() < 0.03 else None,
    )


def _away(chances: random.Random, answered_at: datetime) -> tuple[datetime, datetime]:
    left = answered_at + timedelta(seconds=chances.randint(200, 320))
    return left, left + timedelta(seconds=chances.randint(4, 25))


def _lines(chances: random.Random, answered_at: datetime) -> tuple[Line, ...]:
    at, lines = answered_at + timedelta(seconds=15), []
    for speaker, text in chances.choice(CHATS):
        at += timedelta(seconds=chances.randint(6, 30))
        lines.append(Line(at, speaker == "visitor", text))
    return tuple(lines)


def outcome_of(
    county: County,
    chances: random.Random,
    theme: Theme,
    step: int | None,
    matter: Matter,
    call: Call,
    visited_on: date,
) -> PastOutcome:
    """Throw the outcome that ended a call.

    Args:
        step: which visit of a recurring case this is, from 0; None for a single visit.
    """
    code = chances.choice(theme.codes) if step is None else theme.codes[step]
    if call.lost_at is not None and step is None:
        code = OutcomeCode.ABORTED
    owner = _owner(county, chances, code, call)
    due_on = visited_on + timedelta(days=_days(chances, code)) if NEEDS_DUE[code] else None
    answer, next_step = COUNTY_WORDS[code]
    section = next(unit.name for unit in county.units if unit.id == owner.unit)
    later = (
        timedelta(minutes=chances.randint(20, 50))
        if call.lost_at
        else timedelta(seconds=chances.randint(90, 420))
    )
    form = Outcome(
        code=code,
        asked=matter.summary,
        answer=answer,
        next=next_step.format(about=theme.about, section=section, due=in_words(due_on) if due_on else ""),
        due_on=due_on,
        owner=owner.id,
    )
    return PastOutcome(form, call.ended_at + later)


def _owner(county: County, chances: random.Random, code: OutcomeCode, call: Call) -> Staff:
    if code is OutcomeCode.ACCEPTED_IN_SCOPE:
        directors = [person for person in county.staff if person.role is Role.SECTION_DIRECTOR]
        return chances.choice(directors)
    if code in {OutcomeCode.TRANSMIT_LOWER, OutcomeCode.SEND_UP, OutcomeCode.OUT_OF_SCOPE_TRANSFERRED}:
        return county.account("office1")
    if code is OutcomeCode.REPEAT_LINKED:
        return county.account("director1")
    return call.officer


def _days(chances: random.Random, code: OutcomeCode) -> int:
    if code is OutcomeCode.SEND_UP:
        return 7  # five working days
    if code is OutcomeCode.ABORTED:
        return chances.randint(2, 5)
    return chances.choice((15, 15, 30, 30, 60))
