"""The journal of facts: gapless positions whoever writes, and what a page that comes back is told."""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.exc import TimeoutError as QueueTooLong

from reception.domain.actors import Officer
from reception.domain.ids import new_id
from reception.domain.visits import VisitState
from reception.journal import AT_MOST, SeatJournal
from reception.services import visit
from reception.services.line import FACTS_KEPT, keep_up_line, welcome_officer
from reception.services.notes import Invited, RingStopped, Rung, Said
from reception.services.work import Work
from reception.store.line_tables import SeatEventRow
from reception.store.signal_sessions import SignalSessions
from signaling.messages import Invite, Ring
from signaling.messages import RingStopped as RingStoppedMessage
from signaling.ports import StoredSession
from tests.support.factories import RING_FOR, County


def told_by(county: County) -> SeatJournal:
    return SeatJournal(county.edge, RING_FOR)


async def rows(county: County) -> list[SeatEventRow]:
    """Return the whole journal, seat by seat, in order."""

    async def read(work: Work) -> list[SeatEventRow]:
        query = select(SeatEventRow).order_by(SeatEventRow.seat, SeatEventRow.pos)
        return list((await work.session.scalars(query)).all())

    return await county.read(read)


# Writing


async def test_a_ring_and_its_end_are_in_the_journal_of_everybody_rung(county: County) -> None:
    first, second = await county.on_duty(), await county.on_duty()
    made = await county.visit(VisitState.WAITING)

    await county.answers(first, made.id)

    written = [(row.seat, row.pos, row.kind, row.visit_id, row.code) for row in await rows(county)]
    assert written == sorted(
        [
            fact
            for officer in (first, second)
            for fact in (
                (officer.seat, 1, "ring", made.id, None),
                (officer.seat, 2, "ring_stopped", made.id, "answered"),
            )
        ]
    )


async def test_what_was_rolled_back_is_in_nobodys_journal(county: County) -> None:
    officer, made = await county.on_duty(), await county.visit(VisitState.WAITING)
    before = len(await rows(county))

    async def use_case(work: Work) -> None:
        await visit.answer(work, officer, made.id)
        raise RuntimeError("the power goes")

    with pytest.raises(RuntimeError):
        await county.edge.run(use_case)

    assert len(await rows(county)) == before


async def test_positions_have_no_gap_under_two_hundred_use_cases_at_once(county: County) -> None:
    made = await county.visit(VisitState.WAITING)
    officers = [await county.officer() for _ in range(4)]
    people = tuple(officer.person for officer in officers)

    async def use_case(work: Work, number: int) -> None:
        concerned = people if number % 2 else people[number % 4 :]
        work.tell(RingStopped(made.id, concerned, "declined"))
        work.tell(Said(made.id, f"line {number}", (officers[0].seat,)))
        if number % 10 == 9:
            raise RuntimeError("rolled back: its positions are nobody's")

    async def insists(number: int) -> None:
        while True:
            with contextlib.suppress(QueueTooLong):  # too many before it; a page asks again
                return await county.edge.run(partial(use_case, number=number))

    done = await asyncio.gather(*(insists(number) for number in range(200)), return_exceptions=True)

    assert sum(isinstance(result, RuntimeError) for result in done) == 20
    positions: dict[str, list[int]] = {}
    for row in await rows(county):
        positions.setdefault(row.seat, []).append(row.pos)
    assert positions.keys() == {officer.seat for officer in officers}
    for found in positions.values():
        assert found == list(range(1, len(found) + 1))
    # Kept are 80 odd numbers, which concern all four, and 100 even ones, half of which begin with the first.
    stops = Counter(row.kind for row in await rows(county) if row.seat == officers[0].seat)
    assert stops == {"chat": 180, "ring_stopped": 80 + 50}


async def test_old_facts_are_forgotten_and_positions_go_on_counting(county: County) -> None:
    officer, made = await county.on_duty(), await county.visit(VisitState.WAITING)
    await county.answers(officer, made.id)
    county.clock.now += FACTS_KEPT + timedelta(minutes=1)

    await county.edge.run(keep_up_line)

    left = [(row.pos, row.kind) for row in await rows(county)]
    assert left == [(2, "ring_stopped")]

    async def again(work: Work) -> None:
        work.tell(RingStopped(made.id, (officer.person,), "answered"))

    await county.edge.run(again)
    assert [row.pos for row in await rows(county)] == [2, 3]


# Telling


async def test_a_running_ring_is_told_with_what_is_left_of_it(county: County) -> None:
    officer, made = await county.on_duty(), await county.visit(VisitState.WAITING)
    county.clock.advance(seconds=20)

    (ring,) = await told_by(county).after(officer.seat, 0)

    assert isinstance(ring, Ring)
    assert (ring.visit, ring.ticket, ring.pos) == (made.id, made.ticket, 1)
    assert (ring.matter_kinds, ring.direct, ring.answer_by_s) == (("report",), False, 70)


async def test_a_ring_that_is_over_is_not_told_but_its_end_is(county: County) -> None:
    first, second = await county.on_duty(), await county.on_duty()
    made = await county.visit(VisitState.WAITING)
    await county.answers(first, made.id)

    told = await told_by(county).after(second.seat, 0)

    assert told == [RingStoppedMessage(visit=made.id, why="answered", pos=2)]
    assert await told_by(county).after(second.seat, 2) == []


async def test_an_invitation_is_told_while_its_call_runs(county: County) -> None:
    made = await county.visit(VisitState.IN_CALL)
    host, guest = made.officer, await county.on_duty()
    assert host is not None
    await county.edge.run(lambda work: visit.invite(work, host, made.id, guest.person))

    (invite,) = await told_by(county).after(guest.seat, 0)
    await county.ends(host, made.id)

    assert isinstance(invite, Invite)
    assert (invite.visit, invite.from_name, invite.from_post) == (made.id, host.name, host.post)
    assert await told_by(county).after(guest.seat, 0) == []


async def test_a_page_is_told_at_most_a_hundred_facts_at_a_time_and_none_is_left_out(county: County) -> None:
    officer, made = await county.officer(), await county.visit(VisitState.WAITING)

    async def stopped(work: Work, why: str = "declined") -> None:
        work.tell(RingStopped(made.id, (officer.person,), "declined"))

    for _ in range(AT_MOST + 5):
        await county.edge.run(stopped)

    first = await told_by(county).after(officer.seat, 0)
    second = await told_by(county).after(officer.seat, first[-1].pos)
    assert [event.pos for event in (*first, *second)] == list(range(1, AT_MOST + 6))


async def test_facts_behind_many_that_are_over_are_found(county: County) -> None:
    officer, made = await county.officer(), await county.visit(VisitState.WAITING)

    async def rung(work: Work) -> None:  # without a bell: over before anybody asks
        work.tell(Rung(made.id, (officer.person,)))

    for _ in range(AT_MOST + 1):
        await county.edge.run(rung)

    async def stopped(work: Work) -> None:
        work.tell(RingStopped(made.id, (officer.person,), "unanswered"))

    await county.edge.run(stopped)

    told = await told_by(county).after(officer.seat, 0)
    assert [(type(event), event.pos) for event in told] == [(RingStoppedMessage, AT_MOST + 2)]


# A page that came while its bell rang


@dataclass(slots=True)
class Page:
    """An officer's page with a session of its own; facts up to `start` are not told to it."""

    county: County
    officer: Officer
    sessions: SignalSessions
    start: int

    async def connects(self) -> None:
        """Be seen, for the first time or on a new socket."""
        behind = self.sessions.began_behind(self.officer.seat)
        await self.county.edge.run(
            lambda work: welcome_officer(work, self.officer.person, began_behind=behind)
        )


async def opened(county: County, officer: Officer) -> Page:
    """Open a session as the hub does."""
    edge = county.edge
    sessions, start = (
        SignalSessions(edge.sessions, edge.readers, county.clock),
        await told_by(county).head(officer.seat),
    )
    await sessions.open(StoredSession(new_id(), officer.seat, officer.login, "hash", None, "epoch"))
    return Page(county, officer, sessions, start)


async def heard(county: County, officer: Officer, start: int) -> list[str]:
    """Return the visits whose ring the officer's page was told since it started."""
    return [
        event.visit for event in await told_by(county).after(officer.seat, start) if isinstance(event, Ring)
    ]


async def test_a_page_that_was_opened_while_its_bell_rings_hears_it_once(county: County) -> None:
    officer, other = await county.on_duty(), await county.on_duty()
    over = await county.visit(VisitState.WAITING)
    await county.answers(other, over.id)
    ringing = await county.visit(VisitState.WAITING)

    page = await opened(county, officer)
    await page.connects()
    await page.connects()  # on a new socket of the same session

    assert await heard(county, officer, page.start) == [ringing.id]


async def test_a_bell_that_starts_when_the_page_comes_is_heard_once(county: County) -> None:
    officer = await county.officer()
    await county.goes_on_duty(officer, present=False)
    made = await county.visit(VisitState.WAITING)
    county.hall.present.add(officer.person)

    page = await opened(county, officer)
    await page.connects()
    await page.connects()

    assert await heard(county, officer, page.start) == [made.id]


async def test_a_page_without_a_bell_is_rung_for_nothing(county: County) -> None:
    officer, other = await county.on_duty(), await county.on_duty()
    made = await county.visit(VisitState.WAITING)
    await county.answers(other, made.id)

    page = await opened(county, officer)
    await page.connects()

    assert page.start == 2
    assert await told_by(county).after(officer.seat, page.start) == []


async def test_a_page_of_an_earlier_run_is_not_rung_again_for_what_it_heard(county: County) -> None:
    officer, made = await county.on_duty(), await county.visit(VisitState.WAITING)
    edge = county.edge
    sessions = SignalSessions(edge.sessions, edge.readers, county.clock)
    start = await told_by(county).head(officer.seat)

    await Page(county, officer, sessions, start).connects()

    assert await heard(county, officer, start) == []
    assert await heard(county, officer, 0) == [made.id]


async def test_a_note_that_is_told_twice_is_one_fact(county: County) -> None:
    made = await county.visit(VisitState.IN_CALL)
    guest = await county.officer()
    assert made.officer is not None
    note = Invited(made.id, guest.person, made.officer.person)

    async def twice(work: Work) -> None:
        work.tell(note, note)

    await county.edge.run(twice)

    assert [row.pos for row in await rows(county) if row.seat == guest.seat] == [1]
