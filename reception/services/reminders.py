"""Who is told what about an appointment, and when: in step with the appointment, never twice the same.

A change of time or room is news; anything else about an appointment is not.  The
messages speak of hour, room and number, never of who comes or about what.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from reception.domain.actors import person_of_seat
from reception.domain.ids import PersonId
from reception.services import outbox
from reception.services.outbox import NewMessage, Params, Template
from reception.services.work import Work
from reception.store.reminder_tables import CalendarEntryRow
from reception.store.tables import PersonRow
from scheduling.domain.appointments import AGREED, AppointmentState
from scheduling.domain.slots import Span
from scheduling.store.appointment_tables import AppointmentRow
from scheduling.store.appointments import Appointments
from signaling.ids import SeatId

DAY_AHEAD = timedelta(hours=24)
SOON = timedelta(minutes=30)
HORIZON = timedelta(days=14)


async def plan_reminders(work: Work) -> None:
    """Plan what is missing for the appointments of the next days, e.g. after an import."""
    span = Span(work.now, work.now + HORIZON)
    for row in await Appointments(work.session).booked(span):
        await plan(work, row)


async def plan(work: Work, row: AppointmentRow) -> None:
    """Bring the messages about an appointment into step with it; called with every change of it.

    Nothing happens where neither time nor room nor people changed.
    """
    query = select(CalendarEntryRow).where(CalendarEntryRow.about_id == row.id)
    entries = {PersonId(entry.person_id): entry for entry in await work.session.scalars(query)}
    state = AppointmentState(row.state)
    if state in AGREED and state is not AppointmentState.APPROVED:
        await outbox.withdraw(work, row.id)  # it has begun, or is over
        return
    concerned = await _concerned(work, row) if state is AppointmentState.APPROVED else []
    for person, entry in entries.items():
        if entry.is_open and person not in concerned:
            await _call_off(work, row, entry)
    for person in concerned:
        await _keep(work, row, person, entries.get(person))
    await work.session.flush()


async def _concerned(work: Work, row: AppointmentRow) -> Sequence[PersonId]:
    """Return the people to be told: official, liaison, and who asked for the appointment."""
    asked_by = person_of_seat(SeatId(row.asked_by))
    wanted = {person for person in (row.official_id, row.liaison_id, asked_by) if person}
    query = select(PersonRow.id).where(PersonRow.id.in_(wanted), PersonRow.is_active)
    return sorted(PersonId(person) for person in await work.session.scalars(query))


async def _keep(work: Work, row: AppointmentRow, person: PersonId, entry: CalendarEntryRow | None) -> None:
    fingerprint = f"{row.starts_at.isoformat()} {row.ends_at.isoformat()} {row.room_id}"
    if entry is None:
        entry = CalendarEntryRow(
            about_id=row.id,
            person_id=person,
            sequence=0,
            fingerprint=fingerprint,
            is_open=True,
            changed_at=work.now,
        )
        work.session.add(entry)
        is_change = False
    elif entry.is_open and entry.fingerprint == fingerprint:
        return
    else:
        is_change = await outbox.was_told(work, row.id, person)
        await outbox.withdraw(work, row.id, person)
        entry.sequence += 1
        entry.fingerprint, entry.is_open, entry.changed_at = fingerprint, True, work.now
    await _remind(work, row, person, entry.sequence, is_change=is_change)


async def _remind(
    work: Work, row: AppointmentRow, person: PersonId, sequence: int, *, is_change: bool
) -> None:
    left = row.starts_at - work.now
    if left <= timedelta(0):
        return
    if is_change:
        await _put(work, row, person, sequence, Template.MOVED, before=left)
    if left > DAY_AHEAD or (left > SOON and not is_change):
        await _put(work, row, person, sequence, Template.DAY_AHEAD, before=DAY_AHEAD)
    if left > SOON or not is_change:
        await _put(work, row, person, sequence, Template.SOON, before=SOON)


async def _call_off(work: Work, row: AppointmentRow, entry: CalendarEntryRow) -> None:
    """Tell somebody who was told of an appointment that it does not concern them any more."""
    was_told = await outbox.was_told(work, row.id, entry.person_id)
    await outbox.withdraw(work, row.id, entry.person_id)
    entry.is_open, entry.changed_at = False, work.now
    entry.sequence += 1
    if was_told and row.starts_at > work.now:
        left = row.starts_at - work.now
        await _put(work, row, PersonId(entry.person_id), entry.sequence, Template.CANCELLED, before=left)


async def _put(
    work: Work,
    row: AppointmentRow,
    person: PersonId,
    sequence: int,
    template: Template,
    *,
    before: timedelta,
) -> None:
    await outbox.put(
        work,
        NewMessage(
            key=f"{row.id}:{person}:{sequence}:{template}",
            recipient=person,
            template=template,
            params=Params(row.room_id, row.starts_at, row.ends_at, row.ticket, sequence),
            about=row.id,
            not_before=row.starts_at - before,
        ),
    )
