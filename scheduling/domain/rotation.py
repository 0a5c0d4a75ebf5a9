"""A rotation: whose turn it is on which day, by a rule of RFC 5545.  No IO, no clock."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from dateutil.rrule import rrule, rrulestr

from scheduling.domain.roster import Post, Span
from scheduling.errors import SchedulingRefusal

WorkingDay = Callable[[date], bool]

# Days only: a rule by the minute would have a roster of half a million shifts a year.
_PART = re.compile(
    r"FREQ=(DAILY|WEEKLY|MONTHLY)|INTERVAL=[1-9]\d?|BYDAY=([+-]?[1-5]?(MO|TU|WE|TH|FR|SA|SU),?)+"
    r"|BYMONTHDAY=(-?\d{1,2},?)+|BYSETPOS=-?\d"
)


class RuleWrong(SchedulingRefusal):
    """The rule of the rotation cannot be read."""

    code = "rotation_rule_wrong"


class Handover(StrEnum):
    """When the next member takes over."""

    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True)
class Rotation:
    """Members who take turns on a post.

    Attributes:
        members: in order; may be empty, and then every day of the rule is a gap.
        rule: on which days, e.g. `FREQ=WEEKLY;BYDAY=TU,TH`.
        opens: when a shift begins, office time.
        closes: when it ends; not after `opens` means on the next day.
        ends_on: last day, or None.
        working_days_only: days that the calendar names as off are left out.
    """

    id: str
    post: Post
    members: tuple[str, ...]
    rule: str
    opens: time
    closes: time
    starts_on: date
    ends_on: date | None = None
    handover: Handover = Handover.WEEKLY
    working_days_only: bool = True


@dataclass(frozen=True, slots=True)
class Shift:
    """One turn of one member; `person` None when the rotation has no members."""

    rotation: str
    post: Post
    person: str | None
    span: Span


def refuse_wrong_rule(rule: str) -> None:
    """Raise RuleWrong unless a rule names days of the year and nothing finer, without an end of its own."""
    parts = rule.split(";")
    if not parts[0].startswith("FREQ=") or not all(_PART.fullmatch(part) for part in parts):
        raise RuleWrong
    try:
        is_empty = next(iter(_days(rule, date(2026, 1, 1), date(2027, 1, 1))), None) is None
    except ValueError:
        raise RuleWrong from None
    if is_empty:
        raise RuleWrong


def shifts(
    rotation: Rotation, first: date, last: date, *, zone: tzinfo, is_working_day: WorkingDay
) -> Iterator[Shift]:
    """Deal the shifts that begin from `first` to `last`, both included, earliest first.

    Turns are counted over the days that are really held, from the first day of
    the rotation on, so nobody's turn is eaten by a holiday.  When a notice moves
    a holiday, the turns after it move along.
    """
    turn, held = -1, None
    for day in _held(rotation, min(last, rotation.ends_on or last), is_working_day):
        key = day if rotation.handover is Handover.DAILY else day - timedelta(days=day.weekday())
        if key != held:
            turn, held = turn + 1, key
        if day >= first:
            person = rotation.members[turn % len(rotation.members)] if rotation.members else None
            yield Shift(rotation.id, rotation.post, person, _span(rotation, day, zone))


def _held(rotation: Rotation, last: date, is_working_day: WorkingDay) -> Iterator[date]:
    for moment in _days(rotation.rule, rotation.starts_on, last):
        day = moment.date()
        if not rotation.working_days_only or is_working_day(day):
            yield day


def _days(rule: str, first: date, last: date) -> rrule:
    found = rrulestr(rule, dtstart=datetime.combine(first, time()))
    if not isinstance(found, rrule):
        raise ValueError("one rule, not a set of rules")  # noqa: TRY004 - what the text says is wrong
    return found.replace(until=datetime.combine(last, time()))


def _span(rotation: Rotation, day: date, zone: tzinfo) -> Span:
    start = datetime.combine(day, rotation.opens, zone)
    ends_on = day if rotation.closes > rotation.opens else day + timedelta(days=1)
    return Span(start, datetime.combine(ends_on, rotation.closes, zone))
