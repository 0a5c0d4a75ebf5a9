"""From the notes of a use case to the journal: which seats have to be told what."""

from collections.abc import Iterable, Iterator

from reception.domain.actors import seat_of_person
from reception.services.notes import Invited, Note, RingStopped, Rung, Said
from reception.services.work import Work
from reception.store.journal import Fact, FactKind, put_down
from signaling.ids import SeatId


async def keep_facts(work: Work) -> None:
    """Write what seats have to be told, in the transaction that makes it true; called last in it."""
    await put_down(work.session, list(facts_of(work.notes)), at=work.now)


def facts_of(notes: Iterable[Note]) -> Iterator[Fact]:
    """Turn notes into facts, one for each seat that is concerned; a note said twice is one fact."""
    for note in dict.fromkeys(notes):
        match note:
            case Rung(visit, people):
                for person in people:
                    yield Fact(seat_of_person(person), FactKind.RING, visit)
            case RingStopped(visit, people, why):
                for person in people:
                    yield Fact(seat_of_person(person), FactKind.RING_STOPPED, visit, code=why)
            case Invited(visit, person, by):
                yield Fact(seat_of_person(person), FactKind.INVITE, visit, ref=by)
            case Said(visit, line, seats):
                for seat in seats:
                    yield Fact(seat, FactKind.CHAT, visit, ref=line)
            case _:
                continue


def seats_of(notes: Iterable[Note]) -> frozenset[SeatId]:
    """Return the seats whose journal these notes made longer."""
    return frozenset(fact.seat for fact in facts_of(notes))
