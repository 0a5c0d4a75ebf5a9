"""Appointments: asked for, answered, moved, cancelled."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.ids import PersonId
from reception.domain.roles import Role
from reception.services import appointments
from reception.services.appointments import Shift, Wish
from reception.store.audit import AuditAction
from reception.store.tables import AuditRow
from scheduling.domain.appointments import AppointmentState, AppointmentWrongState
from scheduling.domain.booking import (
    SlotTaken,
    VersionConflict,
)
from scheduling.store.appointment_tables import AppointmentRow
from tests.reception.services.diary import QUARTER, TEN, Diary
from tests.support.factories import NOW

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


@pytest.mark.both_databases
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


@pytest.mark.both_databases
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


@pytest.mark.both_databases
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
