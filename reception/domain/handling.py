"""What a visitor is asked about how a section handled the matter, without the handlers (背靠背).  No IO.

Source: domain paper 3.3 (了解办理信访过程答复情况).  The section is asked about, never the visitor (N-10).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reception.domain.errors import Refusal

WORDS_LIMIT = 2000
TOLD_FROM = 5  # answers; below that a total would tell who said what


class Question(StrEnum):
    """The three fixed questions, in their order."""

    CONTACTED = "contacted"  # did the section get in touch and listen
    EXPLAINED = "explained"  # did it explain progress and reasons
    SATISFIED = "satisfied"  # is today's answer satisfactory


class Reply(StrEnum):
    """What may be answered; saying nothing is an answer."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    NO_ANSWER = "no_answer"


class HandlersPresent(Refusal):
    """Somebody who handles the case still hears the visitor."""

    code = "handlers_present"


class AlreadyAsked(Refusal):
    """The visitor was asked about this matter in this visit; an answer is written once."""

    code = "already_asked"


@dataclass(frozen=True, slots=True)
class Answers:
    """What a visitor said; `words` may be empty."""

    replies: Mapping[Question, Reply]
    words: str


@dataclass(frozen=True, slots=True)
class Total:
    """What was said of one section.

    Attributes:
        answers: how many there are; None while there are too few to tell.
        counts: per question how often each reply was given; empty while there are too few.
    """

    section: str
    answers: int | None
    counts: Mapping[Question, Mapping[Reply, int]]


def answer_faults(replies: Mapping[str, str], words: str) -> dict[str, str]:
    """Name what does not hold, field to code."""
    faults: dict[str, str] = {
        question: "required" for question in Question if replies.get(question) not in set(Reply)
    }
    if len(words) > WORDS_LIMIT:
        faults["words"] = "too_long"
    return faults


def total_of(section: str, given: Iterable[Answers]) -> Total:
    """Count the replies of a section; with fewer than five not even how many there are."""
    given = list(given)
    if len(given) < TOLD_FROM:
        return Total(section, None, {})
    counts = {question: Counter(one.replies[question] for one in given) for question in Question}
    return Total(
        section,
        len(given),
        {question: {reply: counts[question][reply] for reply in Reply} for question in Question},
    )
