"""Hold, private part, removal and lead: who may set them, what they leave behind, and who wins."""

from collections.abc import Awaitable, Callable

import pytest

from reception.domain.actors import Officer
from reception.domain.conditions import (
    CannotRemove,
    LeadNotOffered,
    LeadNotTaken,
    NotLeading,
    NotYourself,
    RemovedFromCall,
    RemoveReason,
)
from reception.domain.errors import BadInput, NotFound
from reception.domain.ids import VisitId
from reception.domain.visits import VisitState
from reception.observer import _write_line
from reception.services import call_control, visit
from reception.services.chronicle import conversation
from reception.services.notes import ConditionsChanged, Removed
from reception.services.work import Work
from reception.store.visits import Visits
from signaling.errors import OnHold
from signaling.ids import RoomId, SeatId
from signaling.media.forwarding import Conditions
from tests.support.factories import County


class Call:
    """A running call of a terminal, its officer and an invited colleague."""

    def __init__(
        self, county: County, chosen: VisitId, host: Officer, guest: Officer, terminal: SeatId
    ) -> None:
        self.county, self.id = county, chosen
        self.host, self.guest, self.terminal = host, guest, terminal

    async def do(self, deed: Callable[..., Awaitable[object]], actor: Officer, *rest: object) -> None:
        await self.county.edge.run(lambda work: deed(work, actor, self.id, *rest))

    async def conditions(self) -> Conditions:
        return await self.county.read(lambda work: call_control.conditions_of(work, self.id))

    async def kinds(self) -> list[str]:
        events = await self.county.read(lambda work: Visits(work.session).events(self.id))
        return [event.kind for event in events]

    async def says(self, actor: Officer, text: str) -> None:
        self.county.clock.advance(seconds=1)
        await self.county.edge.run(lambda work: _write_line(work, RoomId(self.id), actor.seat, text))

    async def hears(self, seat: SeatId) -> list[str]:
        async def read(work: Work) -> list[str]:
            row = await Visits(work.session).get(self.id)
            return [line.text for line in await conversation(work, row, seat)]

        return await self.county.read(read)

    async def hands_over(self) -> None:
        await self.do(call_control.offer_lead, self.host, self.guest.seat)
        await self.do(call_control.take_lead, self.guest)


@pytest.fixture
async def call(county: County) -> Call:
    host, guest = await county.on_duty(), await county.on_duty()
    made = await county.visit(VisitState.WAITING)
    await county.answers(host, made.id)
    await county.edge.run(lambda work: visit.invite(work, host, made.id, guest.person))
    await county.edge.run(lambda work: visit.join(work, guest, made.id))
    return Call(county, made.id, host, guest, made.terminal.actor.seat)


@pytest.mark.both_databases
async def test_a_hold_is_kept_told_and_taken_off_again(call: Call) -> None:
    await call.do(call_control.hold, call.host, call.terminal, True)
    held = await call.conditions()
    await call.do(call_control.hold, call.host, call.terminal, False)

    assert held == Conditions(held=frozenset({call.terminal}), lead=call.host.seat)
    assert await call.conditions() == Conditions(lead=call.host.seat)
    assert [kind for kind in await call.kinds() if "held" in kind] == ["held", "unheld"]
    assert call.county.hall.of(ConditionsChanged)


async def test_only_who_conducts_the_call_sets_its_conditions(call: Call) -> None:
    stranger = await call.county.on_duty()

    with pytest.raises(NotLeading):
        await call.do(call_control.hold, call.guest, call.terminal, True)
    with pytest.raises(NotFound):
        await call.do(call_control.hold, stranger, call.terminal, True)
    with pytest.raises(NotYourself):
        await call.do(call_control.hold, call.host, call.host.seat, True)

    assert await call.conditions() == Conditions(lead=call.host.seat)


async def test_a_private_part_names_its_group_and_admits_no_other(call: Call) -> None:
    group = [call.host.seat, call.terminal]

    await call.do(call_control.set_private, call.host, group)

    ruled = await call.conditions()
    assert ruled.private == frozenset(group)
    assert not ruled.admits(call.guest.seat)
    assert (await call.kinds()).count("private_with") == 2
    await call.do(call_control.set_private, call.host, None)
    assert (await call.conditions()).private is None


async def test_a_private_part_takes_two_who_are_there(call: Call) -> None:
    for seats in ([call.terminal], [call.terminal, SeatId("p-nobody")], []):
        with pytest.raises(BadInput):
            await call.do(call_control.set_private, call.host, seats)


async def test_a_private_part_whose_group_is_gone_opens_to_nobody(call: Call) -> None:
    await call.do(call_control.set_private, call.host, [call.guest.seat, call.terminal])

    await call.do(call_control.remove, call.host, call.guest.seat, RemoveReason.DISTURBS)

    assert (await call.conditions()).private == frozenset({call.terminal})


async def test_a_line_of_a_private_part_is_for_its_group_alone(call: Call) -> None:
    await call.says(call.guest, "before")
    await call.do(call_control.set_private, call.host, [call.host.seat, call.terminal])
    await call.says(call.host, "between us")
    with pytest.raises(OnHold):
        await call.says(call.guest, "from outside")
    await call.do(call_control.set_private, call.host, None)
    await call.says(call.guest, "after")

    assert await call.hears(call.guest.seat) == ["before", "after"]
    assert await call.hears(call.terminal) == ["before", "between us", "after"]


async def test_who_was_put_out_finds_every_way_closed_until_readmitted(call: Call) -> None:
    await call.do(call_control.remove, call.host, call.guest.seat, RemoveReason.DISTURBS)

    assert Removed(call.id, call.guest.seat, "removed") in call.county.hall.notes
    for way in (
        lambda work: visit.join(work, call.guest, call.id),
        lambda work: visit.invite(work, call.host, call.id, call.guest.person),
    ):
        with pytest.raises(RemovedFromCall):
            await call.county.edge.run(way)

    await call.do(call_control.readmit, call.host, call.guest.seat)
    await call.county.edge.run(lambda work: visit.invite(work, call.host, call.id, call.guest.person))
    await call.county.edge.run(lambda work: visit.join(work, call.guest, call.id))


async def test_neither_the_visitor_nor_the_officer_of_the_visit_is_put_out(call: Call) -> None:
    await call.hands_over()

    for actor, seat in ((call.host, call.terminal), (call.guest, call.host.seat)):
        with pytest.raises(CannotRemove):
            await call.do(call_control.remove, actor, seat, RemoveReason.NOT_NEEDED)


async def test_the_officer_leaves_only_when_somebody_else_leads(call: Call) -> None:
    with pytest.raises(LeadNotTaken):
        await call.do(call_control.leave, call.host)
    await call.do(call_control.offer_lead, call.host, call.guest.seat)
    with pytest.raises(LeadNotTaken):
        await call.do(call_control.leave, call.host)  # offered is not taken

    await call.do(call_control.take_lead, call.guest)
    await call.do(call_control.leave, call.host)

    row = await call.county.row(call.id)
    assert (row.state, row.outcome_owner_id, row.lead_seat) == ("in_call", call.host.person, call.guest.seat)
    with pytest.raises(LeadNotTaken):
        await call.do(call_control.leave, call.guest)


@pytest.mark.both_databases
async def test_a_lead_that_was_not_offered_or_was_withdrawn_is_not_taken(call: Call) -> None:
    with pytest.raises(LeadNotOffered):
        await call.do(call_control.take_lead, call.guest)
    await call.do(call_control.offer_lead, call.host, call.guest.seat)
    await call.do(call_control.offer_lead, call.host, None)
    with pytest.raises(LeadNotOffered):
        await call.do(call_control.take_lead, call.guest)


async def test_the_leader_ends_the_talk_and_the_form_opens_for_its_owner(call: Call) -> None:
    await call.hands_over()
    await call.do(call_control.leave, call.host)

    await call.do(visit.end, call.guest)

    row = await call.county.row(call.id)
    assert (row.state, row.outcome_owner_id, row.host_left_at) == ("wrap_up", call.host.person, None)


async def test_an_owner_who_is_in_another_call_finds_the_outcome_among_the_pending(call: Call) -> None:
    await call.hands_over()
    await call.do(call_control.leave, call.host)
    other = await call.county.visit(VisitState.WAITING)
    await call.county.answers(call.host, other.id)

    await call.do(visit.end, call.guest)

    row = await call.county.row(call.id)
    assert (row.state, row.pending_reason) == ("outcome_pending", "lead_handed_over")
    assert row.outcome_owner_id == call.host.person
    assert await call.county.state(other.id) is VisitState.IN_CALL


async def test_a_rule_that_puts_the_only_leader_out_suspends_the_call(call: Call) -> None:
    await call.county.edge.run(
        lambda work: call_control.eject(work, call.id, call.host.seat, RemoveReason.CONFLICT)
    )

    assert await call.county.state(call.id) is VisitState.SUSPENDED
    assert not await call.county.edge.run(
        lambda work: call_control.eject(work, call.id, call.host.seat, RemoveReason.CONFLICT)
    )
