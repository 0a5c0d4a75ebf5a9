"""Feeds: a secret address shows hour, room and number of what was agreed, and nothing of who comes."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from reception.domain.actors import Officer
from reception.domain.errors import NotAllowed, NotFound
from reception.domain.roles import Role
from reception.services import feeds
from reception.services.feeds import FeedKind, Words
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.reminder_tables import CalendarFeedRow
from reception.store.tables import AuditRow, PersonRow
from scheduling.domain.appointments import AppointmentState, CancelReason
from tests.support.appointed import Appointed
from tests.support.factories import NOW, County, a_form
from tests.support.ics import calendar_of, events_of

WORDS = Words("接访预约", "我的接访预约", "{room}的接访预约")
LATER = NOW + timedelta(days=2)
CANARIES = ("欧阳金丝雀", "99999919700101001", "13800007788", "金丝雀村九号", "金丝雀反映的事项")


async def issue(county: County, actor: Officer, kind: FeedKind = FeedKind.PERSON, subject: str = "") -> str:
    whose = subject or actor.person
    return await county.edge.run(lambda work: feeds.issue(work, actor, kind, whose))


async def read(county: County, secret: str) -> bytes:
    return await county.read(lambda work: feeds.read(work, secret, WORDS))


async def test_a_person_sees_the_own_appointments_and_nobody_elses(county: County) -> None:
    mine, other = await Appointed.at(county, LATER), await Appointed.at(county, LATER)

    text = await read(county, await issue(county, mine.official))

    [event] = events_of(text)
    assert event["UID"] == f"{mine.id}@reception.invalid"
    assert event.start == LATER
    assert event["LOCATION"] == "视频接访室"
    assert calendar_of(text)["X-WR-CALNAME"] == "我的接访预约"
    assert other.id not in text.decode()


async def test_a_room_shows_what_is_agreed_for_it(county: County) -> None:
    appointed, _ = await Appointed.at(county, LATER), await Appointed.at(county, LATER)
    office = await county.officer(Role.PETITION_OFFICE)

    text = await read(county, await issue(county, office, FeedKind.ROOM, appointed.room))

    assert [event["UID"] for event in events_of(text)] == [f"{appointed.id}@reception.invalid"]
    assert calendar_of(text)["X-WR-CALNAME"] == "视频接访室的接访预约"


async def test_what_was_called_off_is_gone_and_a_move_raises_the_sequence(county: County) -> None:
    appointed = await Appointed.at(county, LATER)
    secret = await issue(county, appointed.official)

    await appointed.change(starts_at=LATER + timedelta(hours=1))
    [event] = events_of(await read(county, secret))
    assert (event["SEQUENCE"], event.start) == (1, LATER + timedelta(hours=1))

    await appointed.change(state=AppointmentState.CANCELLED, reason=CancelReason.SOLVED)
    assert events_of(await read(county, secret)) == []


async def test_nothing_of_the_petitioner_gets_into_a_feed(county: County) -> None:
    """The same person's visit, case and appointment stand in one database; none of it is in the feed."""
    form = a_form(name=CANARIES[0], phone=CANARIES[2], address=CANARIES[3])
    made = await county.visit(form=form)
    case = (await county.row(made.id)).case_id
    appointed = await Appointed.at(county, LATER)
    await appointed.change(case_id=case, visit_id=made.id, note_sealed=CANARIES[4])

    secret = await issue(county, appointed.official)
    text = await read(county, secret)

    said = text.decode().replace("\r\n ", "")  # unfolded: a long line may be broken anywhere
    assert appointed.id in said
    for canary in (*CANARIES, case, made.case_number, made.id):
        assert canary not in said


async def test_a_new_address_replaces_the_one_before(county: County) -> None:
    appointed = await Appointed.at(county, LATER)
    old = await issue(county, appointed.official)

    new = await issue(county, appointed.official)

    assert old != new
    with pytest.raises(NotFound):
        await read(county, old)
    assert len(events_of(await read(county, new))) == 1


@pytest.mark.both_databases
async def test_an_address_that_was_taken_back_shows_nothing(county: County) -> None:
    officer = await county.officer()
    secret = await issue(county, officer)

    await county.edge.run(lambda work: feeds.revoke(work, officer, FeedKind.PERSON, officer.person))

    with pytest.raises(NotFound):
        await read(county, secret)
    assert await county.read(lambda work: feeds.open_feeds(work, FeedKind.PERSON, [officer.person])) == {}
    query = select(AuditRow.action).where(AuditRow.action.like("feed%")).order_by(AuditRow.seq)
    actions = (await county.read(lambda work: work.session.scalars(query))).all()
    assert actions == [AuditAction.FEED_ISSUED, AuditAction.FEED_REVOKED]


async def test_a_closed_accounts_feed_is_closed(county: County) -> None:
    officer = await county.officer()
    secret = await issue(county, officer)

    async def close(work: Work) -> None:
        (await work.session.get_one(PersonRow, officer.person)).is_active = False

    await county.edge.run(close)

    with pytest.raises(NotFound):
        await read(county, secret)


async def test_the_database_does_not_know_the_secret(county: County) -> None:
    officer = await county.officer()
    secret = await issue(county, officer)

    row = await county.read(lambda work: work.session.scalar(select(CalendarFeedRow)))

    assert row is not None
    assert secret not in repr([getattr(row, column.name) for column in CalendarFeedRow.__table__.columns])
    assert len(secret) >= 43, "256 random bits"


async def test_a_feed_is_given_out_by_whoever_it_belongs_to(county: County) -> None:
    own_room, other_room = await county.room(), await county.room(county.other_township)
    township, admin = await county.officer(Role.TOWNSHIP_OFFICER), await county.officer(Role.SYS_ADMIN)
    duty = await county.officer()

    assert await issue(county, township, FeedKind.ROOM, own_room)
    for actor, kind, subject, refusal in (
        (township, FeedKind.ROOM, other_room, NotFound),
        (township, FeedKind.ROOM, "unknown", NotFound),
        (duty, FeedKind.ROOM, own_room, NotAllowed),
        (duty, FeedKind.PERSON, township.person, NotAllowed),
        (admin, FeedKind.PERSON, admin.person, NotAllowed),
    ):
        with pytest.raises(refusal):
            await issue(county, actor, kind, subject)
