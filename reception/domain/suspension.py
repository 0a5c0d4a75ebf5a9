"""What becomes of a visit whose line is lost: a pure decision.  No IO, no clock.

A lost line is first only lost: the room stays open and the other side sees who is
missing.  After some patience the visit is suspended and keeps its place for the
office day; when the terminal is back, it goes on where it stopped.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reception.domain.duty import DutyState
from reception.domain.errors import Refusal
from reception.domain.visits import SuspendReason, VisitState

# A terminal that blinks keeps its bells: they fall silent only when it stays away.
BLINK = timedelta(seconds=5)


class PlaceTaken(Refusal):
    """Another visit is at the terminal by now."""

    code = "place_taken"


class VisitorAway(Refusal):
    """The suspended visit's terminal is not back; there is nobody to talk to."""

    code = "visitor_away"


class Fate(StrEnum):
    """What the service does with a visit by itself."""

    STAY = "stay"
    SUSPEND = "suspend"  # the line is lost for too long
    RETURN = "return"  # terminal and the same officer are there: the call goes on
    OFFER = "offer"  # the terminal is back, the officer is not: to the head of the queue
    WITHDRAW = "withdraw"  # offered, but the terminal is gone again
    GIVE_UP = "give_up"  # nobody comes back any more: the outcome is owed


@dataclass(frozen=True, slots=True)
class Patience:
    """How long somebody may be away, with a call running and with only the outcome form open."""

    line: timedelta
    form: timedelta


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that decides on a visit.

    Attributes:
        terminal_away: since when the terminal has no line; None while it has.
        officer_away: the same of the officer who received the visit.
        officer_duty: whether that officer could take a visit now.
        is_offered: it stands in the queue again.
        is_parked: the terminal put it aside to serve somebody else.
        is_place_taken: another visit is at the terminal.
        has_declined: the officer silenced the bell of this very suspension.
        is_of_today: the office day of the visit has not ended.
    """

    state: VisitState
    terminal_away: datetime | None
    officer_away: datetime | None
    officer_duty: DutyState
    is_offered: bool = False
    is_parked: bool = False
    is_place_taken: bool = False
    has_declined: bool = False
    is_of_today: bool = True


def fate_of(situation: Situation, now: datetime, patience: Patience) -> Fate:
    """Decide on one visit; asked again and again, so every answer but STAY changes what it is asked about."""
    match situation.state:
        case VisitState.IN_CALL:
            seats = (situation.terminal_away, situation.officer_away)
            return Fate.SUSPEND if any(_stays_away(one, now, patience.line) for one in seats) else Fate.STAY
        case VisitState.WRAP_UP:
            return Fate.GIVE_UP if _stays_away(situation.officer_away, now, patience.form) else Fate.STAY
        case VisitState.SUSPENDED:
            return _fate_of_suspended(situation, now)
        case _:
            return Fate.STAY


def _fate_of_suspended(situation: Situation, now: datetime) -> Fate:
    if not situation.is_of_today:
        return Fate.GIVE_UP
    is_blocked = situation.is_parked or situation.is_place_taken
    if is_blocked or situation.terminal_away is not None:
        is_over = is_blocked or _stays_away(situation.terminal_away, now, BLINK)
        return Fate.WITHDRAW if situation.is_offered and is_over else Fate.STAY
    is_officer_back = situation.officer_away is None and situation.officer_duty is DutyState.READY
    if is_officer_back and not situation.has_declined:
        return Fate.RETURN
    return Fate.STAY if situation.is_offered else Fate.OFFER


def reason_of(situation: Situation) -> SuspendReason:
    """Say whose line is lost, for a visit that is to be suspended now."""
    if situation.officer_away is None:
        return SuspendReason.TERMINAL_GONE
    return SuspendReason.OFFICER_GONE if situation.terminal_away is None else SuspendReason.EVERYBODY_GONE


def first_chance(situation: Situation, length: timedelta) -> timedelta:
    """Tell for how long a visit is offered to its former officer alone: not where nobody would hear of it."""
    is_awaited = situation.officer_duty is DutyState.READY and not situation.has_declined
    return length if is_awaited else timedelta(0)


def _stays_away(since: datetime | None, now: datetime, patience: timedelta) -> bool:
    return since is not None and now - since >= patience
