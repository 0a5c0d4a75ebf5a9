"""What leaves the house: both ways out keep one contract, and the dispatcher loses and doubles nothing."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from reception.dispatch import Dispatcher
from reception.messengers import FolderDrop, HttpGateway, Letter, Messenger, NotDelivered
from reception.services.outbox import LEASE, Channel, Outgoing
from reception.tasks import running
from reception.web.contexts import when
from reception.web.i18n import Catalogues
from scheduling.domain.appointments import AppointmentState, CancelReason
from tests.support.appointed import Appointed
from tests.support.factories import NOW, County
from tests.support.gateway import FakeGateway, a_gateway
from tests.support.ics import calendar_of, events_of

LETTER = Letter("a1:p1:0:soon", "duty1", "接访预约即将开始。", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")


@dataclass(slots=True)
class WayOut:
    """A messenger with what the other side has of it, and a way to have it fail."""

    messenger: Messenger
    taken: Callable[[], dict[str, tuple[str, str, bytes]]]
    fail: Callable[[], None]


@pytest.fixture(params=["folder", "gateway"])
async def way_out(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[WayOut]:
    """Both ways out, one after the other."""
    if request.param == "folder":
        yield _folder(tmp_path / "outbox")
        return
    async with a_gateway() as gateway:
        yield _gateway(gateway)


def _folder(folder: Path) -> WayOut:
    def taken() -> dict[str, tuple[str, str, bytes]]:
        found = {}
        for path in folder.glob("*.json"):
            message = json.loads(path.read_text())
            calendar = (folder / message["calendar"]).read_bytes()
            found[message["key"]] = (message["to"], message["text"], calendar)
        return found

    def fail() -> None:
        folder.write_text("")  # a file stands where the folder should be: not even root can write into it

    return WayOut(FolderDrop(folder), taken, fail)


def _gateway(gateway: FakeGateway) -> WayOut:
    def taken() -> dict[str, tuple[str, str, bytes]]:
        return {
            key: (message["to"], message["text"], base64.b64decode(message["calendar"]))
            for key, message in gateway.taken.items()
        }

    def fail() -> None:
        gateway.status = 500

    return WayOut(HttpGateway(gateway.url), taken, fail)


async def test_a_messenger_hands_over_words_and_calendar(way_out: WayOut) -> None:
    await way_out.messenger.send(LETTER)

    assert way_out.taken() == {LETTER.key: (LETTER.recipient, LETTER.text, LETTER.calendar)}


async def test_the_same_message_twice_arrives_once(way_out: WayOut) -> None:
    await way_out.messenger.send(LETTER)
    await way_out.messenger.send(LETTER)

    assert list(way_out.taken()) == [LETTER.key]


async def test_what_is_not_taken_is_said_with_a_code(way_out: WayOut) -> None:
    way_out.fail()

    with pytest.raises(NotDelivered) as refused:
        await way_out.messenger.send(LETTER)

    assert refused.value.code in ("folder_unwritable", "gateway_refused")


async def test_a_gateway_that_is_away_is_said_with_a_code() -> None:
    async with a_gateway() as gateway:
        url = gateway.url

    with pytest.raises(NotDelivered) as refused:
        await HttpGateway(url).send(LETTER)

    assert refused.value.code == "gateway_unreachable"


async def test_a_folder_shows_a_message_only_when_it_is_whole(tmp_path: Path) -> None:
    await FolderDrop(tmp_path).send(LETTER)

    kinds = [path.suffix for path in tmp_path.iterdir()]  # noqa: ASYNC240 - the writer is done
    assert sorted(kinds) == [".ics", ".json"]


# The dispatcher


@dataclass(slots=True)
class Recorder:
    """A messenger that keeps letters, and may fail or die after taking one."""

    letters: list[Letter] = field(default_factory=list)
    failures: int = 0
    dies: bool = False

    async def send(self, letter: Letter) -> None:
        if self.failures:
            self.failures -= 1
            raise NotDelivered("gateway_refused")
        self.letters.append(letter)
        if self.dies:
            raise ConnectionAbortedError  # no answer that the dispatcher knows: as if it had been killed


def a_dispatcher(county: County, messenger: Messenger) -> Dispatcher:
    catalogues = Catalogues.load()

    def begins(message: Outgoing) -> str:
        return when(message.params.starts_at)

    return Dispatcher(
        county.edge, {Channel.SMS: messenger}, lambda code: catalogues.say("zh_CN", code), begins, 3600
    )


async def test_a_due_reminder_goes_out_in_neutral_words_with_an_invitation(county: County) -> None:
    appointed = await Appointed.at(county, NOW + timedelta(hours=5))
    recorder = Recorder()

    assert await a_dispatcher(county, recorder).dispatch() == 2
    assert await a_dispatcher(county, recorder).dispatch() == 0

    letter = next(one for one in recorder.letters if one.recipient == appointed.official.username)
    ticket = (await appointed.row()).ticket
    assert letter.text == f"接访预约提醒：2026年3月2日 14:00，视频接访室，预约号 {ticket}。请提前安排好时间。"
    [event] = events_of(letter.calendar)
    assert calendar_of(letter.calendar)["METHOD"] == "REQUEST"
    assert event["UID"] == f"{appointed.id}@reception.invalid"
    assert (event["SEQUENCE"], event["STATUS"]) == (0, "CONFIRMED")
    assert event.start == NOW + timedelta(hours=5)
    assert event["SUMMARY"] == f"接访预约 {ticket}"


async def test_a_change_keeps_the_uid_and_raises_the_sequence_and_a_cancellation_says_so(
    county: County,
) -> None:
    appointed = await Appointed.at(county, NOW + timedelta(hours=5))
    recorder = Recorder()
    dispatcher = a_dispatcher(county, recorder)
    await dispatcher.dispatch()
    await appointed.change(starts_at=NOW + timedelta(hours=6))
    await dispatcher.dispatch()
    await appointed.change(state=AppointmentState.CANCELLED, reason=CancelReason.SOLVED)
    await dispatcher.dispatch()

    told = []
    for letter in recorder.letters:
        if letter.recipient == appointed.official.username:
            [event] = events_of(letter.calendar)
            told.append(
                (calendar_of(letter.calendar)["METHOD"], event["UID"], event["SEQUENCE"], event["STATUS"])
            )

    uid = f"{appointed.id}@reception.invalid"
    assert told == [
        ("REQUEST", uid, 0, "CONFIRMED"),
        ("REQUEST", uid, 1, "CONFIRMED"),
        ("CANCEL", uid, 2, "CANCELLED"),
    ]


async def test_a_gateway_that_was_away_gets_everything_once_it_is_back(county: County) -> None:
    await Appointed.at(county, NOW + timedelta(hours=5))
    recorder = Recorder(failures=5)
    dispatcher = a_dispatcher(county, recorder)

    for _ in range(20):
        await dispatcher.dispatch()
        county.clock.advance(minutes=3)

    keys = [letter.key for letter in recorder.letters]
    assert len(keys) == len(set(keys)) == 2
    assert recorder.failures == 0


async def test_a_dispatcher_that_dies_after_handing_over_sends_the_same_news_again(county: County) -> None:
    await Appointed.at(county, NOW + timedelta(hours=5))
    dying, next_one = Recorder(dies=True), Recorder()

    with pytest.raises(ConnectionAbortedError):
        await a_dispatcher(county, dying).dispatch()
    assert await a_dispatcher(county, next_one).dispatch() == 0, "the lease still runs"
    county.clock.now += LEASE
    await a_dispatcher(county, next_one).dispatch()

    [taken] = dying.letters
    assert taken in next_one.letters, "the same key, words and calendar, so the receiver sees it is the same"
    assert len(next_one.letters) == 2


async def test_two_dispatchers_at_once_send_each_message_once(county: County) -> None:
    for hour in range(2, 8):
        await Appointed.at(county, NOW + timedelta(hours=hour))
    recorder = Recorder()

    sent = await asyncio.gather(*(a_dispatcher(county, recorder).dispatch() for _ in range(4)))

    keys = [letter.key for letter in recorder.letters]
    assert sum(sent) == len(keys) == len(set(keys)) == 12


async def test_a_dispatcher_goes_on_after_a_defect(county: County) -> None:
    await Appointed.at(county, NOW + timedelta(hours=5))
    went_out = asyncio.Event()

    class Once:
        calls = 0

        async def send(self, letter: Letter) -> None:
            Once.calls += 1
            if Once.calls == 1:
                county.clock.now += LEASE
                raise ConnectionAbortedError
            went_out.set()

    dispatcher = a_dispatcher(county, Once())
    dispatcher.every_s = 0.01
    async with asyncio.timeout(10), running(dispatcher.run(), "dispatcher"):
        await went_out.wait()

    assert Once.calls >= 2
