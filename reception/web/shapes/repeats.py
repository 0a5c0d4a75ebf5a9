"""Bodies and answers of repeat visits: links, ladder, hearings, the question about handling."""

from datetime import date, datetime
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from reception.web.api.answers import Answer
from reception.web.api.bodies import Body, Code, Id

Words = Annotated[str, Meta(max_length=8000)]


# Answers


class LastAnswerView(Answer, kw_only=True):
    """What the county said last about a matter."""

    visited_on: date
    code: str
    answer: str
    next: str
    owner: str
    owner_post: str
    due_on: date | None
    is_overdue: bool
    is_provisional: bool


class AssignmentView(Answer, kw_only=True):
    """Who handles a case."""

    section: str
    section_name: str
    owner: str
    owner_name: str
    owner_post: str
    assigned_at: datetime


class RequiredView(Answer, kw_only=True):
    """A post that a rung of the ladder asks for; `came_at` null while nobody in it was in the call."""

    role: str
    unit: str
    name: str | None
    post: str
    why: str
    instead_of: str | None
    is_reachable: bool
    came_at: datetime | None


class ExcuseView(Answer, kw_only=True):
    """Why the people of a rung did not take part."""

    kind: str
    resumes_on: date | None
    reason: str | None
    note: str


class HearingBriefView(Answer, kw_only=True):
    """The main leader's hearing on the case."""

    state: str
    due_on: date
    planned_on: date | None
    order_due_on: date | None


class HandlingPlaceView(Answer, kw_only=True):
    """Where the question about the handling stands."""

    is_asked: bool
    is_alone: bool
    in_the_way: list[str]


class RepeatView(Answer, kw_only=True):
    """An earlier case that the visit is (`confirmed`) or may be (`proposed`) about.

    `handling` is absent, not null, for everybody who must not know of the question.
    """

    id: str
    state: str
    evidence: list[str]
    matter: int
    case_number: str
    township: str
    opened_at: datetime
    summary: str
    before: int
    count: int | None
    last: LastAnswerView | None
    assignment: AssignmentView | None
    rung: str | None
    met: str | None
    required: list[RequiredView]
    excuse: ExcuseView | None
    hearing: HearingBriefView | None
    handling: HandlingPlaceView | UnsetType = UNSET


class RepeatsView(Answer, kw_only=True):
    """The earlier cases of a visit; `may_judge` when the reader decides on proposals."""

    visit: str
    may_judge: bool
    is_host: bool
    links: list[RepeatView]
    absence_reasons: list[str]


class LinkMoved(Answer, kw_only=True):
    """Where a link stands now."""

    link: str
    state: str
    count: int | None
    rung: str | None


class LookedAgain(Answer, kw_only=True):
    """How many proposals are new."""

    found: int


class Kept(Answer, kw_only=True):
    """What was sent is kept."""

    id: str


class AnswersView(Answer, kw_only=True):
    """What a visitor said about a section."""

    contacted: str
    explained: str
    satisfied: str
    words: str


class TotalView(Answer, kw_only=True):
    """What was said of one section; `answers` null and `counts` empty with fewer than five."""

    section: str
    answers: int | None
    counts: dict[str, dict[str, int]]


class TotalsView(Answer, kw_only=True):
    """What was said of the sections."""

    told_from: int
    totals: list[TotalView]


class HearingLineView(Answer, kw_only=True):
    """A hearing that is due."""

    id: str
    case_number: str
    township: str
    count: int
    section: str | None
    owner: str | None
    due_on: date
    planned_on: date | None


class HearingsView(Answer, kw_only=True):
    """What the main leader is to hear."""

    hearings: list[HearingLineView]


class LadderAdopted(Answer, kw_only=True):
    """The new version of the ladder."""

    version: int
    effective_from: date


# Bodies


class AssignBody(Body, kw_only=True):
    """Which section handles a case, and who in it."""

    section: Id
    owner: Id


class ExcuseBody(Body, kw_only=True):
    """Why the people of a rung did not take part: put off to a day, or a reason."""

    kind: Code
    resumes_on: date | None = None
    reason: Code = ""
    note: Annotated[str, Meta(max_length=2000)] = ""


class AloneBody(Body, kw_only=True):
    """Whether the visitor is alone with the county's officer."""

    on: bool


class HandlingBody(Body, kw_only=True):
    """What a visitor said about a section."""

    contacted: Code
    explained: Code
    satisfied: Code
    words: Words = ""


class HearingDayBody(Body, kw_only=True):
    """On which day the report is heard."""

    on: date


class HearingBody(Body, kw_only=True):
    """The minutes of a hearing and the acceleration order."""

    minutes: Words
    order: Words
    due_on: date | None = None
    owner: Id


class LadderBody(Body, kw_only=True):
    """A version of the ladder that the county decides on."""

    effective_from: date
    repeat_threshold: int
    multiple_threshold: int
