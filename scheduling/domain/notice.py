"""Reading a holiday notice that somebody typed: one line for each stretch of days.  No IO.

    2027-02-05 2027-02-11 off spring_festival
    2027-02-14 work spring_festival

Dates may also be written 2027/2/5 or in the Chinese way; which further words mean
`off`, `work` and a holiday is the caller's, because they differ by language.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from scheduling.domain.calendar import DayKind, NamedDay, first_day_of_notice
from scheduling.domain.forecast import Holiday

LONGEST = 31  # days of one stretch
_DATE = re.compile(r"(\d{4})\D(\d{1,2})\D(\d{1,2})日?")
_KINDS = {"off": DayKind.HOLIDAY, "work": DayKind.MAKE_UP}
_HOLIDAYS = frozenset(holiday.value for holiday in Holiday)


@dataclass(frozen=True, slots=True)
class Notice:
    """What was read.

    Attributes:
        faults: line number, from 1, to code; `0` speaks of the whole.
    """

    year: int
    days: dict[date, NamedDay] = field(default_factory=dict)
    faults: dict[int, str] = field(default_factory=dict)


def read_notice(text: str, year: int, words: Mapping[str, str]) -> Notice:
    """Read a notice; every line that does not hold is named, none is guessed.

    Args:
        words: further words to `off`, `work` or the code of a holiday; to nothing where they say nothing.
    """
    notice = Notice(year)
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            fault = _read_line(notice, line.strip(), words)
            if fault:
                notice.faults[number] = fault
    if not notice.days and not notice.faults:
        notice.faults[0] = "required"
    return notice


def _read_line(notice: Notice, line: str, words: Mapping[str, str]) -> str | None:
    try:
        dates = [date(*map(int, found)) for found in _DATE.findall(line)]
    except ValueError:
        return "not_a_date"
    said = _codes(_DATE.sub(" ", line), words)
    kinds = [_KINDS[word] for word in said if word in _KINDS]
    names = [Holiday(word) for word in said if word in _HOLIDAYS]
    is_understood = len(kinds) + len(names) == len(said)
    if not (1 <= len(dates) <= 2 and len(kinds) == 1 and len(names) <= 1 and is_understood):
        return "unreadable"
    first, last = dates[0], dates[-1]
    if not first <= last < first + timedelta(days=LONGEST):
        return "order"
    if not (first_day_of_notice(notice.year) <= first and last.year <= notice.year):
        return "other_year"
    stretch = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    if kinds[0] is DayKind.MAKE_UP and any(day.weekday() < 5 for day in stretch):
        return "not_a_weekend"
    if notice.days.keys() & set(stretch):
        return "twice"
    notice.days.update(dict.fromkeys(stretch, NamedDay(kinds[0], names[0] if names else None)))
    return None


def _codes(text: str, words: Mapping[str, str]) -> list[str]:
    """Split what is left of a line beside its dates; a name may consist of several words."""
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, f" {words[word]} ")
    return [code for code in re.split(r"[\s,，;；~-]+", text) if code]
