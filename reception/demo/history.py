"""The fictional county before today: a plan of past visits, in order of time.  No IO, no clock.

The figures can be checked by hand: 168 reports in the year before last and 127
last year, two cases that people came back for at least twice, twelve petitions
about one thing.  Every report is a case of its own with one matter and none was
cancelled, so cases, visits and matters give the same count.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from reception.demo.calendar import beginnings, office_date, working_days
from reception.demo.county import County, Room, Staff
from reception.demo.names import Visitors, dice
from reception.demo.talks import Call, PastOutcome, outcome_of, past_call
from reception.demo.themes import ADVICE, CLOSINGS, GRIEVANCES, LAND, OPENINGS, REPEATS, REPORTS, Theme
from reception.domain.registration import Matter, Visitor
from reception.domain.roles import Role
from reception.domain.visits import VisitState

REPORTS_YEAR_BEFORE_LAST, REPORTS_LAST_YEAR = 168, 127
LAND_PETITIONS = 12
_LAND_REPORTS = 7
_OTHERS_YEAR_BEFORE_LAST, _OTHERS_LAST_YEAR = 26, 30
_REPORTS_THIS_YEAR, _OTHERS_THIS_YEAR = 36, 12  # at most; fewer in January


@dataclass(frozen=True, slots=True)
class Reply:
    """The township's own answer; `doubt` None when the visitor accepted it."""

    by: Staff
    answer: str
    doubt: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class PastVisit:
    """One visit that is over.

    Attributes:
        case: number of its case within the history; several visits may share one.
        people: who came, the petitioner first; empty for an anonymous visit.
        raised_at: None when the county was not called.
        cancelled_at: None unless the visitor took the visit back.
    """

    case: int
    room: Room
    registered_at: datetime
    people: tuple[Visitor, ...]
    head_count: int
    matter: Matter
    is_direct: bool
    reply: Reply | None
    present: tuple[str, ...]
    raised_at: datetime | None
    call: Call | None
    outcome: PastOutcome | None
    cancelled_at: datetime | None

    @property
    def state(self) -> VisitState:
        """How the visit ended."""
        if self.cancelled_at:
            return VisitState.CANCELLED
        return VisitState.OUTCOME_LOGGED if self.outcome else VisitState.CLOSED_SATISFIED

    @property
    def closed_at(self) -> datetime:
        """When it ended."""
        if self.cancelled_at:
            return self.cancelled_at
        if self.outcome:
            return self.outcome.logged_at
        assert self.reply is not None, "a satisfied visitor was answered"  # noqa: S101
        return self.reply.at


@dataclass(frozen=True, slots=True)
class _Intent:
    """What a visit is to be about before its details are thrown; `repeat` counts from 0 within its case."""

    theme: Theme
    repeat: tuple[int, int] | None = None


def plan(county: County, seed_number: int, today: date) -> list[PastVisit]:
    """Return all visits before `today`, oldest first."""
    visitors = Visitors(seed_number)
    chances = dice(seed_number, "visits")
    visits: list[PastVisit] = []
    recurring: dict[int, PastVisit] = {}
    case = 0
    for begins_at, intent in _beginnings(dice(seed_number, "beginnings"), today):
        before = recurring.get(intent.repeat[0]) if intent.repeat else None
        if before is None:
            case += 1
        visit = _visit(county, chances, visitors, begins_at, intent, before, case)
        if intent.repeat:
            recurring[intent.repeat[0]] = visit
        visits.append(visit)
    return visits


def _beginnings(chances: random.Random, today: date) -> Iterator[tuple[datetime, _Intent]]:
    """Yield when each visit begins and what it is about, year by year."""
    first, yesterday = date(today.year, 1, 1), today - timedelta(days=1)
    elapsed = sum(1 for _ in working_days(first, yesterday))
    years = (
        (today.year - 2, _intents(chances, REPORTS_YEAR_BEFORE_LAST, _OTHERS_YEAR_BEFORE_LAST)),
        (today.year - 1, _eventful_year(chances)),
        (
            today.year,
            _intents(chances, min(_REPORTS_THIS_YEAR, elapsed), min(_OTHERS_THIS_YEAR, elapsed // 3)),
        ),
    )
    for year, intents in years:
        last = min(date(year, 12, 31), yesterday)
        chances.shuffle(intents)
        yield from zip(
            beginnings(chances, date(year, 1, 1), last, len(intents)), _repeats_in_order(intents), strict=True
        )


def _intents(chances: random.Random, reports: int, others: int) -> list[_Intent]:
    rest = (*GRIEVANCES, *GRIEVANCES, *ADVICE)
    return [
        *(_Intent(chances.choice(REPORTS)) for _ in range(reports)),
        *(_Intent(chances.choice(rest)) for _ in range(others)),
    ]


def _eventful_year(chances: random.Random) -> list[_Intent]:
    """Last year holds the petitions on one theme and the cases that people came back for."""
    grievances = replace(LAND, kind="grievance")
    special = [
        *(_Intent(LAND) for _ in range(_LAND_REPORTS)),
        *(_Intent(grievances) for _ in range(LAND_PETITIONS - _LAND_REPORTS)),
        *(_Intent(theme, (number, 0)) for number, theme in enumerate(REPEATS) for _ in theme.summaries),
    ]
    reports = sum(intent.theme.kind == "report" for intent in special)
    others = len(special) - reports
    return special + _intents(chances, REPORTS_LAST_YEAR - reports, _OTHERS_LAST_YEAR - others)


def _repeats_in_order(intents: list[_Intent]) -> Iterator[_Intent]:
    """Count the visits of each recurring case upwards in time."""
    seen: dict[int, int] = {}
    for intent in intents:
        if intent.repeat is None:
            yield intent
            continue
        number = intent.repeat[0]
        yield replace(intent, repeat=(number, seen.get(number, 0)))
        seen[number] = seen.get(number, 0) + 1


def _visit(
    county: County,
    chances: random.Random,
    visitors: Visitors,
    begins_at: datetime,
    intent: _Intent,
    before: PastVisit | None,
    case: int,
) -> PastVisit:
    theme, step = intent.theme, intent.repeat[1] if intent.repeat else None
    room = before.room if before else _room(county, chances)
    may_vary = step is None and theme.kind != "report"  # reports and returning visitors go all the way
    is_direct = step is None and theme.kind == "report" and chances.random() < 0.14
    people = before.people if before else _people(county, chances, visitors, room, is_named=step is not None)
    visit = PastVisit(
        case=before.case if before else case,
        room=room,
        registered_at=begins_at,
        people=people,
        head_count=before.head_count if before else _head_count(chances, people),
        matter=_matter(chances, theme, step),
        is_direct=is_direct,
        reply=None,
        present=("visitor_only",) if is_direct else _present(chances),
        raised_at=None,
        call=None,
        outcome=None,
        cancelled_at=None,
    )
    if may_vary and chances.random() < 0.22:
        return _cancelled(chances, visit)
    if is_direct:
        visit = replace(visit, raised_at=begins_at + timedelta(seconds=chances.randint(240, 540)))
    else:
        is_satisfied = step is None and theme is not LAND and chances.random() < 0.21
        visit = _answered(county, chances, visit, theme, step, is_satisfied=is_satisfied)
        if is_satisfied:
            return visit
    assert visit.raised_at is not None, "set on both ways"  # noqa: S101
    call = past_call(
        county, chances, visit.raised_at, officer=before.call.officer if before and before.call else None
    )
    outcome = outcome_of(county, chances, theme, step, visit.matter, call, office_date(begins_at))
    return replace(visit, call=call, outcome=outcome)


def _cancelled(chances: random.Random, visit: PastVisit) -> PastVisit:
    return replace(visit, cancelled_at=visit.registered_at + timedelta(seconds=chances.randint(180, 900)))


def _answered(
    county: County,
    chances: random.Random,
    visit: PastVisit,
    theme: Theme,
    step: int | None,
    *,
    is_satisfied: bool,
) -> PastVisit:
    officers = county.staff_of(visit.room.unit, Role.TOWNSHIP_OFFICER)
    at = visit.registered_at + timedelta(seconds=chances.randint(420, 1080))
    reply = Reply(
        by=chances.choice(officers),
        answer=_chosen(chances, theme.answers, step),
        doubt=None if is_satisfied else _chosen(chances, theme.doubts, step),
        at=at,
    )
    raised_at = None if is_satisfied else at + timedelta(seconds=chances.randint(40, 150))
    return replace(visit, reply=reply, raised_at=raised_at)


def _room(county: County, chances: random.Random) -> Room:
    """Choose a room; the first townships are larger and come more often."""
    weights = [6 if number < 4 else 4 if number < 10 else 3 for number in range(len(county.rooms))]
    return chances.choices(county.rooms, weights)[0]


def _people(
    county: County, chances: random.Random, visitors: Visitors, room: Room, *, is_named: bool
) -> tuple[Visitor, ...]:
    if not is_named and chances.random() < 0.12:
        return ()
    township = next(unit.name for unit in county.units if unit.id == room.unit)
    further = chances.choice((0,) * 12 + (1, 2, 3))
    petitioner = visitors.next(township, phone=chances.random() < 0.9)
    return (petitioner, *(visitors.next(township, address=False) for _ in range(further)))


def _head_count(chances: random.Random, people: tuple[Visitor, ...]) -> int:
    named = max(1, len(people))
    return named if named == 1 else named + chances.randint(0, 4)


def _matter(chances: random.Random, theme: Theme, step: int | None) -> Matter:
    core = _chosen(chances, theme.summaries, step)
    return Matter(theme.kind, f"{chances.choice(OPENINGS)}{core}{chances.choice(CLOSINGS)}")


def _present(chances: random.Random) -> tuple[str, ...]:
    return chances.choice(
        (("visitor_only",), ("township_officer",), ("township_officer",), ("family", "township_officer"))
    )


def _chosen(chances: random.Random, texts: tuple[str, ...], step: int | None) -> str:
    return chances.choice(texts) if step is None else texts[step]
