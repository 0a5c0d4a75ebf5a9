"""Bodies and answers of the API of conflicts of interest."""

from datetime import datetime

from reception.web.api.answers import Answer
from reception.web.api.bodies import Body, Code, Id, Short


class AccusedBody(Body, kw_only=True):
    """A unit that the case complains about, and a person of it where one is named."""

    unit: Id
    name: Short = ""


class AccusedView(Answer, kw_only=True):
    """One entry; `kind` is unit or person."""

    id: str
    kind: str
    label: str


class UnitView(Answer, kw_only=True):
    """A unit to choose; `depth` counts the units above it."""

    id: str
    name: str
    depth: int


class CaseAccusedView(Answer, kw_only=True):
    """Whom the case complains about, and what follows: how many stay out, whether an entry is missing."""

    lines: list[AccusedView]
    taken_out: int
    is_missing: bool
    is_about_the_room: bool
    units: list[UnitView]
    staff: list[str]


class AccusedChanged(Answer, kw_only=True):
    """The entry was made or taken back; whoever is in conflict by it is out already."""

    visit: str


class RecusalBody(Body, kw_only=True):
    """Who takes no part and why; without a person it is one's own word."""

    reason: Code
    person: Id | None = None


class RecusalAsked(Answer, kw_only=True):
    """`origin` tells whether it binds already: own and above do, visitor waits for a decision."""

    origin: str


class OpenRecusalView(Answer, kw_only=True):
    """A recusal that waits for the reader's decision."""

    id: str
    case_number: str
    person: str
    post: str
    origin: str
    reason: str
    asked_at: datetime


class OpenRecusalsView(Answer, kw_only=True):
    """Recusals to decide, oldest first."""

    recusals: list[OpenRecusalView]


class DecideRecusal(Body, kw_only=True):
    """Granted or not."""

    granted: bool


class RecusalDecided(Answer, kw_only=True):
    """What was decided: granted or refused."""

    decision: str
