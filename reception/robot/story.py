"""What a robot's visitor says: an invented person with an invented matter, another one each time.  No IO."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

from reception.demo.names import Visitors
from reception.demo.themes import GRIEVANCES, REPORTS
from reception.domain.registration import Visitor
from reception.web.api import bodies

GREETING = "您好，能听到吗"
_REPLIES = ("好的，听到了", "请稍等，我看一下材料", "是的，情况就是这样", "谢谢，我记下了")


@dataclass(frozen=True, slots=True)
class Story:
    """One visit, from registration to declaration."""

    visitor: Visitor
    kind: str
    summary: str
    answer: str
    doubt: str

    def registration(self) -> bodies.Register:
        """Return the registration form."""
        who = bodies.VisitorBody(
            name=self.visitor.name,
            id_number=self.visitor.id_number,
            phone=self.visitor.phone,
            address=self.visitor.address,
        )
        matter = bodies.MatterBody(kind=self.kind, summary=self.summary)
        return bodies.Register(anonymous=False, visitor=who, matters=[matter])

    def township_answer(self, officer: str) -> bodies.TownshipAnswerBody:
        """Return what the township answered, and the doubt."""
        return bodies.TownshipAnswerBody(
            answer=self.answer, satisfied=False, doubt=self.doubt, officer=officer
        )

    def declaration(self) -> bodies.DeclarationBody:
        """Return who is in the room."""
        return bodies.DeclarationBody(present=["visitor_only"], officer_left=True, confirmed=True)


def story(number: int, township: str) -> Story:
    """Return the story that belongs to a number; any number will do."""
    chances = random.Random(f"story/{number}")  # noqa: S311 - nothing secret
    theme = chances.choice((*REPORTS, *GRIEVANCES))
    return Story(
        visitor=Visitors(number).next(township),
        kind=theme.kind,
        summary=chances.choice(theme.summaries),
        answer=chances.choice(theme.answers),
        doubt=chances.choice(theme.doubts),
    )


def replies() -> Iterator[str]:
    """Yield what to say to a chat line, one after the other."""
    return cycle(_REPLIES)
