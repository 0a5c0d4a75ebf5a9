"""A call as its participants find it when they come back: state, and what was said so far."""

from dataclasses import dataclass
from datetime import datetime

from reception.domain.access import may
from reception.domain.actors import Actor
from reception.domain.ids import VisitId
from reception.domain.policy import Action
from reception.domain.visits import VisitState
from reception.services.chronicle import conversation
from reception.services.visit import refuse_unless_in_visit
from reception.services.work import Work
from reception.store import journal

# While a conversation may go on; afterwards the next visitor may stand at the terminal.
_TALKING = frozenset({VisitState.IN_CALL, VisitState.SUSPENDED})


@dataclass(frozen=True, slots=True)
class SaidLine:
    """One line of the conversation; a visitor is only ever a ticket number."""

    seat: str
    role: str
    name: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A call at one moment.

    Attributes:
        pos: newest position of the reader's journal; facts up to it are in here.
        chat: oldest first; empty when the conversation is over.
    """

    visit: VisitId
    state: VisitState
    pos: int
    chat: tuple[SaidLine, ...]


async def snapshot(work: Work, actor: Actor, visit: VisitId) -> Snapshot:
    """Return the call as this participant may know it; for anybody else it does not exist."""
    may(actor, Action.FOLLOW_CALL)
    row = await refuse_unless_in_visit(work, actor, visit)
    # Read before the lines: a line that comes between the two is told twice rather than never.
    pos = await journal.head(work.session, actor.seat)
    state = VisitState(row.state)
    lines = await conversation(work, row, actor.seat) if state in _TALKING else []
    return Snapshot(
        visit=visit,
        state=state,
        pos=pos,
        chat=tuple(
            SaidLine(line.from_seat, line.role, line.who or row.ticket, line.text, line.at) for line in lines
        ),
    )
