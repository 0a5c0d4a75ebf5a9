"""The line's own use cases: a page that came while its bell rang, and upkeep."""

from datetime import timedelta

from reception.domain.actors import seat_of_person
from reception.domain.ids import PersonId
from reception.services.notes import QueueChanged, Rung
from reception.services.views import running_rings
from reception.services.work import Work
from reception.store import journal
from reception.store.signal_sessions import prune_sessions

FACTS_KEPT = timedelta(hours=24)  # a session that could still ask for one is long over


async def welcome_officer(work: Work, person: PersonId, *, began_behind: int | None) -> None:
    """Have somebody rung whose desk has just connected: anew for what waits, again for what rings already.

    Args:
        began_behind: newest position of the journal when the page's session began. Facts up to it are not
            told to the page, so a bell among them is told once more. None for a session that has heard all.
    """
    work.tell(QueueChanged())
    ringing = [] if began_behind is None else await running_rings(work, person)
    if began_behind is None or not ringing:
        return
    told = await journal.newest_rings(work.session, seat_of_person(person), ringing)
    for visit in ringing:
        if told.get(visit, 0) <= began_behind:
            work.tell(Rung(visit, (person,)))


async def keep_up_line(work: Work) -> None:
    """End and forget signalling sessions of logins that are over, and facts that everybody was told."""
    await prune_sessions(work.session, at=work.now)
    await journal.prune(work.session, work.now - FACTS_KEPT)
