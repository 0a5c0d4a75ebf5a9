"""Reminders: in step with the appointment, one for each change, none without one, and about nobody."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from reception.domain.ids import new_id
from reception.services import outbox, reminders
from reception.services.outbox import MessageState, Outgoing, Template
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.reminder_tables import OutboxMessageRow
from reception.store.tables import AuditRow, PersonRow
from scheduling.domain.appointments import AppointmentState, CancelReason
from tests.support.appointed import Appointed
from tests.support.factories import NOW, County

IN_THREE_DAYS = NOW + timedelta(days=3)


async def messages(county: County, state: MessageState = MessageState.WAITING) -> list[OutboxMessageRow]:
    query = (
        select(OutboxMessageRow)
        .where(OutboxMessageRow.state == state.value)
        .order_by(OutboxMessageRow.recipient_id, OutboxMessageRow.next_try_at)
    )
    return list((await county.read(lambda work: work.session.scalars(query))).all())


async def told(county: County, appointed: Appointed) -> list[tuple[str, timedelta]]:
    """Return what waits for the official: template and how long before the beginning."""
    starts_at = (await appointed.row()).starts_at
    return [
        (row.template, starts_at - row.next_try_at)
        for row in await messages(county)
        if row.recipient_id == appointed.official.person
    ]


async def send_due(county: County) -> list[Outgoing]:
    """Let everything that is due go out."""
    leased = await county.edge.run(outbox.lease)
    for message in leased:
        await county.edge.run(partial(outbox.sent, message=message))
    return leased


async def test_whoever_is_concerned_is_told_a_day_and_half_an_hour_before(county: County) -> None:
    appointed = await Appointed.at(county, IN_THREE_DAYS)

    day, half_an_hour = timedelta(days=1), timedelta(minutes=30)
    assert await told(county, appointed) == [(Template.DAY_AHEAD, day), (Template.SOON, half_an_hour)]
    assert {row.recipient_id for row in await messages(county)} == {
        appointed.official.person,
        appointed.township.person,
    }


@pytest.mark.both_databases
async def test_an_appointment_at_short_notice_is_told_at_once(county: County) -> None:
    soon = await Appointed.at(county, NOW + timedelta(minutes=20))
    today = await Appointed.at(county, NOW + timedelta(hours=5))

    assert await told(county, soon) == [(Template.SOON, timedelta(minutes=20))]
    assert await told(county, today) == [
        (Template.DAY_AHEAD, timedelta(hours=5)),
        (Template.SOON, timedelta(minutes=30)),
    ]


async def test_an_amendment_without_a_change_sends_nothing(county: County) -> None:
    appointed = await Appointed.at(county, IN_THREE_DAYS)
    before = await county.rows()

    await appointed.change()
    await appointed.change(note_sealed="-")
    await county.edge.run(reminders.plan_reminders)

    assert await county.rows() == before
    assert [row.state for row in await messages(county, MessageState.WITHDRAWN)] == []


async def test_a_move_before_anybody_was_told_only_shifts_the_reminders(county: County) -> None:
    appointed = await Appointed.at(county, IN_THREE_DAYS)

    await appointed.change(starts_at=IN_THREE_DAYS + timedelta(hours=2))

    assert [template for template, _ in await told(county, appointed)] == [Template.DAY_AHEAD, Template.SOON]
    assert len(await messages(county, MessageState.WITHDRAWN)) == 4


@pytest.mark.both_databases
async def test_a_move_after_the_reminder_is_told_at_once_with_a_higher_sequence(county: County) -> None:
    appointed = await Appointed.at(county, IN_THREE_DAYS)
    county.clock.now = IN_THREE_DAYS - timedelta(hours=23)
    first = await send_due(county)

    await appointed.change(starts_at=IN_THREE_DAYS + timedelta(hours=1))
    second = await send_due(county)

    assert [message.template for message in first] == [Template.DAY_AHEAD] * 2
    assert [message.template for message in second] == [Template.MOVED] * 2
    assert {message.params.sequence for message in first} == {0}
    assert {message.params.sequence for message in second} == {1}
    assert [template for template, _ in await told(county, appointed)] == [Template.SOON]


@pytest.mark.both_databases
async def test_moving_there_and_back_again_is_two_changes(county: County) -> None:
    appointed = await Appointed.at(county, IN_THREE_DAYS)
    county.clock.now = IN_THREE_DAYS - timedelta(hours=23)
    await send_due(county)

    await appointed.change(starts_at=IN_THREE_DAYS + timedelta(hours=1))
    await send_due(county)
    await appointed.change(starts_at=IN_THREE_DAYS)

    assert {message.params.sequence for message in await send_due(county)} == {2}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (AppointmentState.CANCELLED, CancelReason.CITIZEN_ASKED),
        (AppointmentState.CANCELLED, CancelReason.OFFICIAL_AWAY),
    ],
)
async def test_a_cancelled_appointment_is_called_off_where_it_was_told(
    county: County, state: AppointmentState, reason: CancelReason
) -> None:
    appointed = await Appointed.at(county, IN_THREE_DAYS)
    county.clock.now = IN_THREE_DAYS - timedelta(hours=20)
    await send_due(county)

    await appointed.change(state=state, reason=reason)
    called_off = await send_due(county)

    assert [message.template for message in called_off] == [Template.CANCELLED] * 2
    assert {message.params.sequence for message in called_off} == {1}
    assert await messages(county) == []


async def test_a_cancelled_appointment_that_nobody_was_told_of_stays_untold(county: County) -> None:
    appointed = await Appointed.at(county, IN_THREE_DAYS)

    await appointed.change(state=AppointmentState.CANCELLED, reason=CancelReason.SOLVED)

    assert await messages(county) == []
    assert len(await messages(county, MessageState.WITHDRAWN)) == 4


async def test_another_official_is_told_and_the_former_one_called_off(county: County) -> None:
    appointed = await Appointed.at(county, IN_THREE_DAYS)
    county.clock.now = IN_THREE_DAYS - timedelta(hours=20)
    await send_due(county)
    other = await county.officer()

    await appointed.change(official_id=other.person)
    sent = {message.recipient: message.template for message in await send_due(county)}

    assert sent == {
        appointed.official.username: Template.CANCELLED,
        other.username: Template.DAY_AHEAD,
    }


async def test_who_has_arrived_is_not_reminded_any_more(county: County) -> None:
    appointed = await Appointed.at(county, NOW + timedelta(hours=2))
    await send_due(county)

    await appointed.change(state=AppointmentState.ARRIVED)

    assert await messages(county) == []


async def test_a_reminder_of_what_has_begun_is_given_up_and_counted(county: County) -> None:
    appointed = await Appointed.at(county, IN_THREE_DAYS)
    county.clock.now = IN_THREE_DAYS + timedelta(minutes=1)

    assert await send_due(county) == []

    assert await county.read(outbox.undelivered) == 4
    assert {row.error for row in await messages(county, MessageState.FAILED)} == {"too_late"}
    assert (await appointed.row()).reminded_at is None


async def test_a_leased_message_is_nobody_elses_until_the_lease_is_over(county: County) -> None:
    await Appointed.at(county, NOW + timedelta(hours=5))

    first = await county.edge.run(outbox.lease)
    assert await county.edge.run(outbox.lease) == []
    county.clock.now += outbox.LEASE
    again = await county.edge.run(outbox.lease)

    assert [message.key for message in again] == [message.key for message in first]
    assert {message.attempt for message in again} == {2}


async def test_a_message_that_fails_is_tried_later_and_later_and_at_last_given_up(county: County) -> None:
    await Appointed.at(county, NOW + timedelta(days=30), official=await county.officer())
    county.clock.now = NOW + timedelta(days=29)
    waits, last = [], county.clock.now

    for _ in range(outbox.MOST_ATTEMPTS):
        leased: list[Outgoing] = []
        while not leased:
            county.clock.advance(seconds=10)
            leased = await county.edge.run(outbox.lease)
        waits.append(county.clock.now - last)
        last = county.clock.now
        for message in leased:
            await county.edge.run(partial(outbox.failed, message=message, code="gateway_refused"))

    assert waits[1:] == sorted(waits[1:])
    assert waits[-1] <= outbox.BACK_OFF_MOST + timedelta(seconds=10)
    assert {row.error for row in await messages(county, MessageState.FAILED)} == {"gateway_refused"}
    assert AuditAction.REMINDER_FAILED in await actions(county)


async def actions(county: County) -> set[str]:
    return set((await county.read(lambda work: work.session.scalars(select(AuditRow.action)))).all())


async def test_a_message_counts_as_sent_once(county: County) -> None:
    appointed = await Appointed.at(county, NOW + timedelta(hours=5))
    [message, *_] = await county.edge.run(outbox.lease)

    for _ in range(3):
        await county.edge.run(lambda work: outbox.sent(work, message))
    await county.edge.run(lambda work: outbox.failed(work, message, "gateway_refused"))

    assert [row.id for row in await messages(county, MessageState.SENT)] == [message.id]
    query = select(AuditRow.seq).where(AuditRow.action == AuditAction.REMINDER_SENT)
    assert len((await county.read(lambda work: work.session.scalars(query))).all()) == 1
    assert (await appointed.row()).reminded_at == county.clock.now


async def test_the_same_news_is_written_down_once(county: County) -> None:
    appointed = await Appointed.at(county, IN_THREE_DAYS)
    [row, *_] = await messages(county)
    again = outbox.NewMessage(
        key=row.dedup_key,
        recipient=appointed.official.person,
        template=Template.SOON,
        params=outbox.Params(appointed.room, NOW, NOW, None, 0),
        about=appointed.id,
        not_before=NOW,
    )

    assert not await county.edge.run(lambda work: outbox.put(work, again))


async def test_the_outbox_holds_ids_codes_and_times_alone(county: County) -> None:
    appointed = await Appointed.at(county, IN_THREE_DAYS)

    ticket = (await appointed.row()).ticket
    for row in await messages(county):
        params = row.params.replace(appointed.room, "ROOM").replace(str(ticket), "TICKET")
        assert params == (
            '{"room":"ROOM","starts_at":"2026-03-05T01:00:00Z","ends_at":"2026-03-05T01:30:00Z",'
            '"ticket":"TICKET","sequence":0}'
        )


async def test_an_account_that_was_closed_is_told_nothing(county: County) -> None:
    appointed = await Appointed.at(county, IN_THREE_DAYS)

    async def close(work: Work) -> None:
        (await work.session.get_one(PersonRow, appointed.official.person)).is_active = False

    await county.edge.run(close)
    await appointed.change(room_id=new_id())

    assert {row.recipient_id for row in await messages(county)} == {appointed.township.person}
