"""Appointments: asked for, answered, moved, cancelled, given to others; who loses is told what is free."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Self

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from reception.domain.actors import Actor, Officer
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.ids import PersonId, PlaceId, new_id
from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.services import appointments, reallocation, room_blocks
from reception.services.appointments import Rules, Shift, Wish
from reception.services.reallocation import Reallocated
from reception.services.room_blocks import Blocked
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.conflict_tables import RecusalRow
from reception.store.faults import is_unavailable
from reception.store.tables import AuditRow, CaseRow
from scheduling.domain.appointments import AppointmentState, AppointmentWrongState
from scheduling.domain.booking import (
    CannotTakePart,
    HoldExpired,
    NotAWorkingDay,
    OfficialOnLeave,
    OutsideHours,
    RoomBlocked,
    SlotTaken,
    VersionConflict,
)
from scheduling.domain.slots import Edges, OffGrid, Span
from scheduling.errors import SchedulingRefusal
from scheduling.store.appointment_tables import AppointmentRow, ClaimRow
from scheduling.store.appointments import Appointments
from scheduling.store.roster_tables import LeaveRow
from tests.support.factories import NOW, County

TEN = NOW + timedelta(hours=1)  # the county's clock stands at 09:00 of a Monday
QUARTER = timedelta(minutes=15)
RULES = Rules(timedelta(minutes=5), Edges(QUARTER, QUARTER))


@dataclass(slots=True)
class Diary:
    """A township room, an official, and those who arrange that they meet."""

    county: County
    room: PlaceId
    township: Officer
    office: Officer
    official: Officer

    @classmethod
    async def open(cls, county: County) -> Self:
        return cls(
            county,
            await county.room(),
            await county.officer(Role.TOWNSHIP_OFFICER),
            await county.officer(Role.PETITION_OFFICE),
            await county.officer(),
        )

    def wish(
        self,
        starts_at: datetime = TEN,
        *,
        room: PlaceId | None = None,
        official: Officer | None = None,
        liaison: PersonId | None = None,
        minutes: int = 30,
        case: str | None = None,
    ) -> Wish:
        person = (official or self.official).person
        return Wish(room or self.room, person, starts_at, minutes, liaison=liaison, case=case)

    async def hold(self, wish: Wish | None = None, *, by: Actor | None = None) -> AppointmentRow:
        wanted, actor = wish or self.wish(), by or self.township
        return await self.county.edge.run(lambda work: appointments.hold(work, actor, wanted, RULES))

    async def request(self, wish: Wish | None = None) -> AppointmentRow:
        row = await self.hold(wish)
        return await self.county.edge.run(lambda work: appointments.request(work, self.township, row.id))

    async def approved(self, wish: Wish | None = None) -> AppointmentRow:
        row = await self.request(wish)
        return await self.approve(row)

    async def approve(self, row: AppointmentRow, *, by: Officer | None = None) -> AppointmentRow:
        actor = by or self.office
        return await self.county.edge.run(lambda work: appointments.approve(work, actor, row.id))

    async def move(
        self, row: AppointmentRow, shift: Shift, *, by: Actor | None = None, version: int | None = None
    ) -> AppointmentRow:
        actor, seen = by or self.office, version or row.version
        return await self.county.edge.run(lambda work: appointments.move(work, actor, row.id, shift, seen))

    async def cancel(
        self, row: AppointmentRow, reason: str = "citizen_asked", *, by: Actor | None = None
    ) -> AppointmentRow:
        actor = by or self.township
        return await self.county.edge.run(lambda work: appointments.cancel(work, actor, row.id, reason))

    async def block(self, start: datetime, end: datetime) -> Blocked:
        span = Span(start, end)
        return await self.county.edge.run(
            lambda work: room_blocks.block(work, self.office, self.room, span, "repair")
        )

    async def give_away(self, person: PersonId, to: PersonId | None = None) -> Reallocated:
        day = TEN.date()
        return await self.county.edge.run(
            lambda work: reallocation.reallocate(work, self.office, person, day, to)
        )

    async def goes_on_leave(self, person: PersonId, start: datetime, end: datetime) -> None:
        async def add(work: Work) -> None:
            work.session.add(
                LeaveRow(
                    id=new_id(),
                    person=person,
                    kind="sick",
                    starts_at=start,
                    ends_at=end,
                    state="granted",
                    asked_by=person,
                    asked_at=work.now,
                )
            )

        await self.county.edge.run(add)

    async def row(self, appointment: str) -> AppointmentRow:
        found = await self.county.read(lambda work: Appointments(work.session).find(appointment))
        assert found is not None
        return found

    async def claims(self, appointment: str) -> int:
        query = select(func.count()).where(ClaimRow.appointment_id == appointment)
        return await self.county.read(lambda work: work.session.scalar(query)) or 0


@pytest.fixture
async def diary(county: County) -> Diary:
    return await Diary.open(county)


# Asking and answering


async def test_a_township_asks_and_the_county_accepts(diary: Diary) -> None:
    row = await diary.hold()
    assert (row.state, row.version) == (AppointmentState.HELD, 1)
    assert row.hold_until == NOW + timedelta(minutes=5)

    asked = await diary.county.edge.run(lambda work: appointments.request(work, diary.township, row.id))
    assert (asked.state, asked.hold_until) == (AppointmentState.REQUESTED, None)

    accepted = await diary.approve(row)
    assert accepted.state == AppointmentState.APPROVED
    assert (accepted.ticket, accepted.held_on) == ("Y-001", TEN.date())
    assert accepted.decided_by == diary.office.seat


async def test_every_step_leaves_a_link_in_the_audit_chain(diary: Diary) -> None:
    row = await diary.approved()
    await diary.cancel(row, "solved")

    query = select(AuditRow.action).where(AuditRow.object_id == row.id).order_by(AuditRow.seq)
    links = list(await diary.county.read(lambda work: work.session.scalars(query)))

    assert links == [
        AuditAction.APPOINTMENT_HELD,
        AuditAction.APPOINTMENT_REQUESTED,
        AuditAction.APPOINTMENT_APPROVED,
        AuditAction.APPOINTMENT_CANCELLED,
    ]


async def test_tickets_count_per_day_without_a_gap(diary: Diary) -> None:
    tomorrow = TEN + timedelta(days=1)

    tickets = [
        (await diary.approved(diary.wish(at))).ticket for at in (TEN, TEN + timedelta(minutes=60), tomorrow)
    ]

    assert tickets == ["Y-001", "Y-002", "Y-001"]


async def test_the_official_decides_on_the_own_appointment_and_on_no_other(diary: Diary) -> None:
    row = await diary.request()
    stranger = await diary.county.officer()

    with pytest.raises(NotAllowed):
        await diary.approve(row, by=stranger)
    assert (await diary.approve(row, by=diary.official)).state == AppointmentState.APPROVED


async def test_the_township_does_not_answer_itself(diary: Diary) -> None:
    row = await diary.request()

    with pytest.raises(NotAllowed):
        await diary.approve(row, by=diary.township)


async def test_a_request_is_refused_with_a_reason_of_the_list_and_its_time_is_free_again(
    diary: Diary,
) -> None:
    row = await diary.request()

    with pytest.raises(BadInput):
        await diary.county.edge.run(lambda work: appointments.reject(work, diary.office, row.id, "busy"))
    refused = await diary.county.edge.run(
        lambda work: appointments.reject(work, diary.office, row.id, "township_first")
    )

    assert (refused.state, refused.reason) == (AppointmentState.REJECTED, "township_first")
    assert await diary.claims(row.id) == 0
    await diary.hold()


async def test_a_step_that_does_not_follow_is_refused_and_changes_nothing(diary: Diary) -> None:
    row = await diary.hold()

    with pytest.raises(AppointmentWrongState):
        await diary.approve(row)

    assert (await diary.row(row.id)).state == AppointmentState.HELD


async def test_another_townships_room_does_not_exist_for_a_township(diary: Diary) -> None:
    stranger = await diary.county.officer(Role.TOWNSHIP_OFFICER, unit=diary.county.other_township)
    row = await diary.request()

    for attempt in (diary.hold(by=stranger), diary.cancel(row, by=stranger)):
        with pytest.raises(NotFound):
            await attempt
    with pytest.raises(NotFound):
        await diary.cancel(replace_id(row, "nothing"))


def replace_id(row: AppointmentRow, appointment: str) -> AppointmentRow:
    return AppointmentRow(id=appointment, version=row.version)


async def test_a_terminal_books_the_room_that_it_stands_in(diary: Diary) -> None:
    terminal = await diary.county.terminal(room=diary.room)
    elsewhere = await diary.county.terminal()

    assert (await diary.hold(by=terminal.actor)).asked_by == terminal.actor.seat
    with pytest.raises(NotFound):
        await diary.hold(by=elsewhere.actor)


@pytest.mark.parametrize("role", [Role.SYS_ADMIN, Role.SECURITY_ADMIN, Role.DEPARTMENT_LIAISON])
async def test_nobody_else_books(diary: Diary, role: Role) -> None:
    stranger = await diary.county.officer(role)

    with pytest.raises(NotAllowed):
        await diary.hold(by=stranger)


async def test_all_fields_that_do_not_hold_are_named_at_once(diary: Diary) -> None:
    wish = Wish(
        diary.room, diary.township.person, TEN, 30, kind="party", liaison=PersonId("x"), note="长" * 501
    )

    with pytest.raises(BadInput) as raised:
        await diary.hold(wish)

    assert set(raised.value.fields) == {"official", "liaison", "kind", "note"}


async def test_a_note_is_kept_sealed(diary: Diary) -> None:
    row = await diary.hold(replace(diary.wish(), note="来访人行动不便。"))

    assert row.note_sealed is not None
    assert "来访人" not in row.note_sealed


# One at a time


@pytest.mark.parametrize("taken", ["room", "official", "liaison", "liaison is the official"])
async def test_what_is_taken_once_is_not_taken_again(diary: Diary, taken: str) -> None:
    liaison = await diary.county.officer(Role.DEPARTMENT_LIAISON)
    other_room, other_official = await diary.county.room(), await diary.county.officer()
    await diary.hold(diary.wish(liaison=liaison.person))

    wish = {
        "room": diary.wish(official=other_official),
        "official": diary.wish(room=other_room),
        "liaison": diary.wish(room=other_room, official=other_official, liaison=liaison.person),
        "liaison is the official": diary.wish(
            room=other_room, official=other_official, liaison=diary.official.person
        ),
    }[taken]
    with pytest.raises(SlotTaken):
        await diary.hold(wish)


async def test_one_case_is_not_in_two_rooms_at_once(diary: Diary) -> None:
    made = await diary.county.visit(VisitState.OUTCOME_LOGGED)
    wish = diary.wish(case=made.case_number)
    await diary.hold(wish, by=diary.office)
    other = diary.wish(
        case=made.case_number,
        room=await diary.county.room(),
        official=await diary.county.officer(),
    )

    with pytest.raises(SlotTaken):
        await diary.hold(other, by=diary.office)


async def test_the_loser_is_offered_the_three_nearest_and_each_can_be_had(diary: Diary) -> None:
    await diary.hold()

    with pytest.raises(SlotTaken) as raised:
        await diary.hold()

    offered = raised.value.alternatives
    # With briefing and wrap-up the official is bound from 09:45 to 10:45.
    assert [(plan.starts_at - TEN) // QUARTER for plan in offered] == [4, -4, 5]
    await diary.hold(diary.wish(offered[0].starts_at))


async def test_an_alternative_respects_hours_blocks_leave_and_other_rooms(diary: Diary) -> None:
    second = await diary.county.room()
    await diary.hold(diary.wish(official=await diary.county.officer()))
    await diary.goes_on_leave(diary.official.person, TEN + 2 * QUARTER, TEN + timedelta(hours=3))

    with pytest.raises(SlotTaken) as raised:
        await diary.hold(diary.wish(minutes=15))

    found = {(plan.room, (plan.starts_at - TEN) // QUARTER) for plan in raised.value.alternatives}
    assert (second, 0) in found
    assert all(plan.whole.end <= TEN + 2 * QUARTER for plan in raised.value.alternatives)


async def test_of_fifty_who_ask_at_once_one_wins_and_the_others_are_offered_something(
    diary: Diary,
) -> None:
    results = await asyncio.gather(*(insists(diary) for _ in range(50)))

    won = [result for result in results if isinstance(result, AppointmentRow)]
    lost = [result for result in results if isinstance(result, SlotTaken)]
    assert (len(won), len(lost)) == (1, 49)
    assert all(len(refusal.alternatives) == 3 for refusal in lost)


async def insists(diary: Diary) -> AppointmentRow | SlotTaken:
    """Ask as a page does: a database that has no time now is asked again."""
    while True:
        try:
            return await diary.hold()
        except SlotTaken as refusal:
            return refusal
        except SQLAlchemyError as error:
            if not is_unavailable(error):
                raise


async def test_a_loser_leaves_nothing_behind(diary: Diary) -> None:
    await diary.hold()
    before = await diary.county.rows()

    with pytest.raises(SlotTaken):
        await diary.hold(diary.wish(TEN + QUARTER, minutes=60))

    assert await diary.county.rows() == before


@pytest.mark.parametrize("later", [60, -60])
async def test_the_next_meeting_of_an_official_leaves_room_for_both_edges(diary: Diary, later: int) -> None:
    await diary.hold()
    near = TEN + timedelta(minutes=later - (15 if later > 0 else -15))

    with pytest.raises(SlotTaken):
        await diary.hold(diary.wish(near))
    await diary.hold(diary.wish(TEN + timedelta(minutes=later)))


async def test_the_next_citizen_may_have_the_room_while_the_former_officials_write(diary: Diary) -> None:
    await diary.hold()

    await diary.hold(diary.wish(TEN + 2 * QUARTER, official=await diary.county.officer()))


# Holds


async def test_a_hold_that_has_run_out_gives_way(diary: Diary) -> None:
    first = await diary.hold()
    diary.county.clock.advance(minutes=5)

    second = await diary.hold()

    gone = await diary.row(first.id)
    assert (gone.state, gone.reason) == (AppointmentState.CANCELLED, "hold_expired")
    assert await diary.claims(first.id) == 0
    assert await diary.claims(second.id) > 0


async def test_a_hold_that_has_run_out_is_not_completed(diary: Diary) -> None:
    row = await diary.hold()
    diary.county.clock.advance(minutes=5)

    with pytest.raises(HoldExpired):
        await diary.county.edge.run(lambda work: appointments.request(work, diary.township, row.id))


async def test_a_request_does_not_run_out(diary: Diary) -> None:
    await diary.request(diary.wish(TEN + timedelta(hours=4)))
    diary.county.clock.advance(hours=3)

    with pytest.raises(SlotTaken):
        await diary.hold(diary.wish(TEN + timedelta(hours=4)))


async def test_nothing_is_offered_that_only_looks_free_because_it_is_held(diary: Diary) -> None:
    await diary.hold()
    await diary.hold(diary.wish(TEN + timedelta(minutes=60)))

    with pytest.raises(SlotTaken) as raised:
        await diary.hold()

    assert TEN + timedelta(minutes=60) not in {plan.starts_at for plan in raised.value.alternatives}


# When a room is closed


@pytest.mark.parametrize(
    ("starts_at", "refusal"),
    [
        (NOW + timedelta(days=5), NotAWorkingDay),  # Saturday
        (NOW + timedelta(hours=3), OutsideHours),  # noon
        (TEN + timedelta(minutes=5), OffGrid),
    ],
)
async def test_a_closed_office_is_not_booked(
    diary: Diary, starts_at: datetime, refusal: type[SchedulingRefusal]
) -> None:
    with pytest.raises(refusal):
        await diary.hold(diary.wish(starts_at))


async def test_a_blocked_room_is_refused_until_its_hour_is_over_and_then_is_back(diary: Diary) -> None:
    """Nothing runs at the end of a block: what is over is over."""
    standing = await diary.hold()
    blocked = await diary.block(TEN, TEN + timedelta(hours=1))
    assert blocked.affected == [standing.id]
    other = await diary.county.officer()

    with pytest.raises(RoomBlocked):
        await diary.hold(diary.wish(TEN + 3 * QUARTER, official=other))

    await diary.hold(diary.wish(TEN + 4 * QUARTER, official=other))


async def test_a_block_that_is_lifted_keeps_nobody_out(diary: Diary) -> None:
    blocked = await diary.block(TEN, TEN + timedelta(days=30))

    for _ in range(2):
        await diary.county.edge.run(lambda work: room_blocks.lift(work, diary.office, blocked.id))

    await diary.hold()


async def test_only_the_petition_office_blocks_rooms(diary: Diary) -> None:
    span = Span(TEN, TEN + timedelta(hours=1))

    for actor in (diary.township, diary.official):
        deed = partial(room_blocks.block, actor=actor, room=diary.room, span=span, reason="repair")
        with pytest.raises(NotAllowed):
            await diary.county.edge.run(deed)
    with pytest.raises(BadInput) as raised:
        await diary.block(TEN, TEN)
    assert raised.value.fields == {"ends_at": "out_of_range"}


async def test_an_official_on_leave_is_not_booked(diary: Diary) -> None:
    await diary.goes_on_leave(diary.official.person, TEN, TEN + timedelta(days=1))

    with pytest.raises(OfficialOnLeave):
        await diary.hold()


# Moving and cancelling


async def test_an_appointment_moves_with_its_claims(diary: Diary) -> None:
    row = await diary.approved()
    later = TEN + timedelta(hours=4)

    moved = await diary.move(row, Shift(later))

    assert (moved.starts_at, moved.ends_at, moved.ticket) == (later, later + 2 * QUARTER, "Y-001")
    await diary.hold()  # the former time is free
    with pytest.raises(SlotTaken):
        await diary.hold(diary.wish(later))


async def test_a_move_by_a_quarter_keeps_what_it_needs(diary: Diary) -> None:
    row = await diary.request()

    moved = await diary.move(row, Shift(TEN + QUARTER))

    assert moved.starts_at == TEN + QUARTER
    assert await diary.claims(row.id) == 2 + 4  # the room's two quarters, the official's four


async def test_a_move_to_another_day_gets_a_ticket_of_that_day(diary: Diary) -> None:
    row = await diary.approved()
    await diary.approved(diary.wish(TEN + timedelta(days=1)))

    moved = await diary.move(row, Shift(TEN + timedelta(days=1, hours=1)))

    assert (moved.ticket, moved.held_on) == ("Y-002", TEN.date() + timedelta(days=1))


async def test_a_move_to_a_taken_time_changes_nothing(diary: Diary) -> None:
    row = await diary.request()
    await diary.request(diary.wish(TEN + timedelta(hours=1)))
    before = await diary.claims(row.id)

    with pytest.raises(SlotTaken) as raised:
        await diary.move(row, Shift(TEN + timedelta(hours=1)))

    assert (await diary.row(row.id)).starts_at == TEN
    assert await diary.claims(row.id) == before
    assert raised.value.alternatives


async def test_a_move_from_an_outdated_page_is_refused(diary: Diary) -> None:
    row = await diary.request()
    seen = row.version
    await diary.move(row, Shift(TEN + timedelta(hours=1)))

    with pytest.raises(VersionConflict):
        await diary.move(row, Shift(TEN + timedelta(hours=4)), version=seen)


async def test_a_township_does_not_move_what_the_county_has_agreed_to(diary: Diary) -> None:
    row = await diary.approved()

    with pytest.raises(AppointmentWrongState):
        await diary.move(row, Shift(TEN + timedelta(hours=4)), by=diary.township)


async def test_a_cancelled_appointment_names_no_side(diary: Diary) -> None:
    row = await diary.approved()

    gone = await diary.cancel(row)

    assert (gone.state, gone.reason, gone.absent_side) == (
        AppointmentState.CANCELLED,
        "citizen_asked",
        None,
    )
    assert await diary.claims(row.id) == 0
    with pytest.raises(AppointmentWrongState):
        await diary.cancel(row)


async def test_nobody_cancels_in_the_name_of_a_hold_that_ran_out(diary: Diary) -> None:
    row = await diary.approved()

    with pytest.raises(BadInput):
        await diary.cancel(row, "hold_expired")


# A sick official's day


async def test_a_whole_day_is_given_to_whoever_of_the_post_is_free(diary: Diary) -> None:
    stand_in = await diary.county.officer()
    first = await diary.approved()
    second = await diary.approved(diary.wish(TEN + timedelta(hours=4)))
    tomorrow = await diary.approved(diary.wish(TEN + timedelta(days=1)))

    found = await diary.give_away(diary.official.person)

    assert [(one.appointment, one.stand_in) for one in found.moved] == [
        (first.id, stand_in.person),
        (second.id, stand_in.person),
    ]
    assert found.left == []
    moved = await diary.row(first.id)
    assert (moved.official_id, moved.starts_at, moved.ticket) == (stand_in.person, TEN, "Y-001")
    assert (await diary.row(tomorrow.id)).official_id == diary.official.person
    with pytest.raises(SlotTaken):
        await diary.hold(diary.wish(room=await diary.county.room(), official=stand_in))


async def test_what_nobody_can_take_is_listed_and_stays_as_it_was(diary: Diary) -> None:
    stand_in, other_room = await diary.county.officer(), await diary.county.room()
    busy = await diary.approved()
    await diary.approved(diary.wish(room=other_room, official=stand_in))
    free = await diary.approved(diary.wish(TEN + timedelta(hours=4)))

    found = await diary.give_away(diary.official.person, stand_in.person)

    assert [one.appointment for one in found.moved] == [free.id]
    assert found.left == [busy.id]
    assert (await diary.row(busy.id)).official_id == diary.official.person


async def test_nobody_on_leave_is_given_a_day(diary: Diary) -> None:
    stand_in = await diary.county.officer()
    await diary.goes_on_leave(stand_in.person, TEN, TEN + timedelta(days=1))
    row = await diary.approved()

    assert (await diary.give_away(diary.official.person)).left == [row.id]


async def test_a_day_is_given_away_by_the_petition_office_to_county_staff(diary: Diary) -> None:
    with pytest.raises(BadInput):
        await diary.give_away(diary.official.person, diary.township.person)
    with pytest.raises(NotFound):
        await diary.give_away(diary.township.person)
    with pytest.raises(NotAllowed):
        await diary.county.edge.run(
            lambda work: reallocation.reallocate(
                work, diary.official, diary.official.person, TEN.date(), None
            )
        )


# Recusal


async def test_an_official_who_is_recused_from_the_case_can_not_be_booked(diary: Diary) -> None:
    made = await diary.county.visit(VisitState.OUTCOME_LOGGED)
    await diary.county.edge.run(lambda work: recuse(work, made.case_number, diary.official.person))

    with pytest.raises(CannotTakePart):
        await diary.hold(diary.wish(case=made.case_number), by=diary.office)
    with pytest.raises(CannotTakePart):  # nor as the one beside
        await diary.hold(
            diary.wish(
                case=made.case_number,
                official=await diary.county.officer(),
                liaison=diary.official.person,
            ),
            by=diary.office,
        )


async def test_for_who_must_not_learn_of_the_case_there_is_no_appointment(diary: Diary) -> None:
    made = await diary.county.visit(VisitState.OUTCOME_LOGGED)
    row = await diary.hold(diary.wish(case=made.case_number), by=diary.office)
    stranger = await diary.county.officer(Role.PETITION_OFFICE)
    await diary.county.edge.run(partial(recuse, number=made.case_number, person=stranger.person))

    with pytest.raises(NotFound):
        await diary.cancel(row, by=stranger)
    with pytest.raises(NotFound):
        await diary.hold(diary.wish(TEN + timedelta(hours=4), case=made.case_number), by=stranger)


async def test_who_is_recused_meanwhile_is_not_confirmed_and_takes_over_no_day(diary: Diary) -> None:
    made = await diary.county.visit(VisitState.OUTCOME_LOGGED)
    stand_in = await diary.county.officer()
    held = await diary.hold(diary.wish(case=made.case_number), by=diary.office)
    asked = await diary.county.edge.run(lambda work: appointments.request(work, diary.office, held.id))
    for person in (diary.official.person, stand_in.person):
        await diary.county.edge.run(partial(recuse, number=made.case_number, person=person))

    with pytest.raises(CannotTakePart):
        await diary.approve(asked)
    assert (await diary.give_away(diary.official.person, stand_in.person)).left == [asked.id]


async def recuse(work: Work, number: str, person: PersonId) -> None:
    case = await work.session.scalar(select(CaseRow).where(CaseRow.number == number))
    assert case is not None
    work.session.add(
        RecusalRow(
            id=new_id(),
            case_id=case.id,
            person_id=person,
            origin="own",
            reason="acquaintance",
            asked_by=person,
            asked_at=work.now,
            decision="granted",
            decided_by=person,
            decided_at=work.now,
        )
    )
