"""What signalling reports becomes rows: a chat line with everything that hangs on it, or nothing of it."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import pytest
from sqlalchemy import select

from reception.domain.ids import new_id
from reception.domain.visits import VisitState
from reception.journal import SeatJournal
from reception.observer import VisitObserver
from reception.presence import Presence
from reception.services import visit
from reception.services.notes import Said
from reception.services.work import Work
from reception.store.line_tables import SeatEventRow
from reception.store.signal_sessions import SignalSessions
from reception.store.tables import AuditRow, ChatLineRow, CommandResultRow
from reception.switchboard import Switchboard
from signaling.errors import SignalingError
from signaling.ids import RoomId, SeatId
from signaling.messages import ChatLine, Quality
from tests.support.factories import RING_FOR, County, MadeVisit

TEXT = "我听不清，请写下来。"


@dataclass(slots=True)
class Reports:
    """Takes reports of lines, and keeps what it was given."""

    taken: list[tuple[RoomId, SeatId, Quality, datetime]] = field(default_factory=list)

    async def take(self, room: RoomId, seat: SeatId, report: Quality, at: datetime) -> None:
        self.taken.append((room, seat, report, at))


def an_observer(county: County, reports: Reports | None = None) -> VisitObserver:
    edge, clock = county.edge, county.clock
    return VisitObserver(
        edge,
        Switchboard(countdown_ms=0),
        Presence(clock()),
        clock,
        SignalSessions(edge.sessions, edge.readers, clock),
        reports or Reports(),
    )


async def counts(county: County) -> Counter[str]:
    """Count what a line leaves behind."""
    rows = await county.rows()
    return Counter({name: rows[name] for name in ("chat_line", "command_result")})


async def says(
    county: County, made: MadeVisit, text: str = TEXT, *, command: str, login: str = ""
) -> datetime:
    terminal = made.terminal.actor
    return await an_observer(county).chat(
        RoomId(made.id), terminal.seat, text, login=login or terminal.login, command=command
    )


async def test_a_line_is_kept_with_its_answer_and_told_to_everybody_admitted(county: County) -> None:
    made = await county.visit(VisitState.IN_CALL)
    host, guest, invited = made.officer, await county.on_duty(), await county.on_duty()
    assert host is not None
    for one in (guest, invited):
        await county.edge.run(partial(visit.invite, actor=host, visit=made.id, person=one.person))
    await county.edge.run(lambda work: visit.join(work, guest, made.id))

    at = await says(county, made, command=new_id())

    assert at == county.clock()
    (note,) = county.hall.of(Said)
    assert set(note.seats) == {made.terminal.actor.seat, host.seat, guest.seat}
    told = SeatJournal(county.edge, RING_FOR)
    for seat in note.seats:
        lines = [event for event in await told.after(seat, 0) if isinstance(event, ChatLine)]
        assert [(line.room, line.from_seat, line.text, line.at) for line in lines] == [
            (RoomId(made.id), made.terminal.actor.seat, TEXT, at)
        ]
    assert not [event for event in await told.after(invited.seat, 0) if isinstance(event, ChatLine)]


async def test_a_repeated_line_is_kept_once_and_answered_with_its_first_moment(county: County) -> None:
    made, command = await county.visit(VisitState.IN_CALL), new_id()
    first = await says(county, made, command=command)
    county.clock.advance(seconds=40)

    again = await asyncio.gather(*(says(county, made, command=command) for _ in range(10)))

    assert set(again) == {first}
    assert await counts(county) == {"chat_line": 1, "command_result": 1}


async def test_a_repetition_is_answered_after_the_call_is_over(county: County) -> None:
    made, command = await county.visit(VisitState.IN_CALL), new_id()
    first = await says(county, made, command=command)
    assert made.officer is not None
    await county.ends(made.officer, made.id)

    assert await says(county, made, command=command) == first
    with pytest.raises(SignalingError, match="wrong_state"):
        await says(county, made, command=new_id())
    assert await counts(county) == {"chat_line": 1, "command_result": 1}


async def test_another_text_under_the_same_id_is_refused(county: County) -> None:
    made, command = await county.visit(VisitState.IN_CALL), new_id()
    await says(county, made, command=command)

    with pytest.raises(SignalingError) as caught:
        await says(county, made, "别的话", command=command)

    assert caught.value.code == "id_reused"
    assert await counts(county) == {"chat_line": 1, "command_result": 1}


async def test_the_same_id_of_another_login_is_another_command(county: County) -> None:
    made, command = await county.visit(VisitState.IN_CALL), new_id()

    await says(county, made, command=command)
    await says(county, made, command=command, login="another login")

    assert await counts(county) == {"chat_line": 2, "command_result": 2}


async def test_nothing_that_was_said_stands_in_journal_or_stored_answer(county: County) -> None:
    made = await county.visit(VisitState.IN_CALL)

    await says(county, made, command=new_id())

    async def read(work: Work) -> list[str]:
        tables = (SeatEventRow.__table__, CommandResultRow.__table__, ChatLineRow.__table__)
        return [str(row) for table in tables for row in (await work.session.execute(select(table))).all()]

    assert all(TEXT not in row for row in await county.read(read))


async def test_whoever_has_no_place_in_the_visit_says_nothing(county: County) -> None:
    made = await county.visit(VisitState.IN_CALL)

    with pytest.raises(SignalingError, match="unknown_room"):
        await an_observer(county).chat(
            RoomId(made.id), SeatId("p-stranger"), TEXT, login="login", command=new_id()
        )

    assert await counts(county) == {"chat_line": 0, "command_result": 0}


async def test_a_token_that_came_back_leaves_a_link_in_the_trail(county: County) -> None:
    await an_observer(county).session_reused(SeatId("p-one"), "login-one")

    async def read(work: Work) -> AuditRow | None:
        assert (await work.audit.verify(work.session)).ok
        return await work.session.scalar(select(AuditRow).where(AuditRow.action == "line_token_reused"))

    row = await county.read(read)
    assert row is not None
    assert (row.actor, row.object_type, row.object_id) == ("p-one", "login", "login-one")
    assert '"result":"deny"' in row.body
