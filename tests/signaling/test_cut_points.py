"""A thousand stories of a line that breaks: each thing is heard once and in order, whatever is cut where."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from signaling.ids import RoomId, SeatId
from signaling.messages import (
    Chat,
    Gone,
    Join,
    Pong,
    Resumed,
    ResumeFailed,
    ServerEvent,
    TransportClose,
)
from signaling.room import Member
from signaling.session import Backlog, Session
from tests.signaling.page import PATIENT_LIMITS, Page, Town, a_town
from tests.signaling.peers import a_uuid

SEED = 20261123
LIMITS = replace(PATIENT_LIMITS, close_s=0.02)  # half-open sockets are not waited for
STORIES = 1_000


class Story:
    """One page's life on the line, told by dice; `broken` says what it should not have heard."""

    def __init__(self, town: Town, number: int, seed: int = SEED) -> None:
        self.town = town
        self.dice = random.Random(f"{seed}-{number}")
        self.page = Page(town, SeatId(f"p-{number}"))
        self.room = RoomId(f"visit-{number}")
        self.views = 0
        self.is_owed_whole = True  # nothing happened that a resume may not bridge
        self.passed = 0.0
        self.met: Counter[str] = Counter()

    @property
    def broken(self) -> list[str]:
        return self.page.witness.broken

    async def tell(self) -> None:
        """Live, lose the line and come back some times, then catch up."""
        await self.town.world.hub.open_room(self.room, [Member(self.page.seat, "county", "", "")], 0)
        await self.page.open()
        for _ in range(self.dice.randint(1, 3)):
            await self._live()
            await self._break()
            await self._come_back()
        self.town.durable.journal.fails = False
        self._view()
        await self._say(Pong(n=0))  # a lost call for a fact is made good by the next sign of life
        await self.page.catch_up(self.views)

    async def _live(self) -> None:
        before = self.views
        for _ in range(self.dice.randint(0, 8)):
            await self._happen()
        await self._hear(before)

    async def _hear(self, before: int) -> None:
        """Take some frames, at most until the newest view that was told since `before` is there."""
        patience = self.dice.choice([0.0, 0.5, 0.9, 1.0])
        while (
            not self.broken and self.page.witness.view < self.views > before and self.dice.random() < patience
        ):
            await self.page.read()

    async def _happen(self) -> None:
        happenings: list[Callable[[], Awaitable[None]]] = [
            self._tell_view,
            self._tell_fact,
            self._tell_fact_without_call,
            self._join,
            self._chat,
            self._acknowledge,
            self._pong,
            self._offer,
            self._stop_journal,
            self._start_journal,
        ]
        await self.dice.choice(happenings)()

    async def _tell_view(self) -> None:
        for _ in range(self.dice.choice([1, 1, 1, 20])):
            self._view()

    async def _tell_fact(self) -> None:
        for _ in range(self.dice.choice([1, 1, 1, 20])):
            self.town.fact(self.page.seat)

    async def _tell_fact_without_call(self) -> None:
        self.town.fact(self.page.seat, is_called=False)

    async def _join(self) -> None:
        await self._say(Join(id=a_uuid(), room=self.room))

    async def _chat(self) -> None:
        await self._say(Chat(id=a_uuid(), room=self.room, text="听得清吗"))

    async def _acknowledge(self) -> None:
        if self.page.peer is not None:
            await self.page.acknowledge()

    async def _pong(self) -> None:
        await self._say(Pong(n=self.dice.randrange(9)))

    async def _offer(self) -> None:
        await self._say(TransportClose(id=a_uuid()))

    async def _stop_journal(self) -> None:
        self.town.durable.journal.fails = True

    async def _start_journal(self) -> None:
        self.town.durable.journal.fails = False

    def _view(self) -> None:
        self.views += 1
        self.town.view(self.page.seat, self.views)

    async def _say(self, message: Join | Chat | Pong | TransportClose) -> None:
        if self.page.peer is not None:
            await self.page.peer.say(message)

    # The line breaks

    async def _break(self) -> None:
        breaks: list[Callable[[], Awaitable[None]]] = [
            self._tear,
            self._tear,
            self._half_open,
            self._half_open,
            self._crash,
            self._overflow,
            self._stay_away,
            self._nearly_stay_away,
        ]
        break_ = self.dice.choice(breaks)
        self.met[break_.__name__] += 1
        await break_()

    async def _tear(self) -> None:
        await self.page.lose()
        if self.dice.random() < 0.5:
            await self._absent()
            await self._meanwhile()

    async def _half_open(self) -> None:
        await self.page.lose(half_open=True)
        await self._meanwhile()

    async def _crash(self) -> None:
        await self.page.lose(half_open=self.dice.random() < 0.5)
        await self._meanwhile()
        self.town.durable.journal.fails = False
        await self.town.restart()
        self.page.former.clear()
        await self.town.world.hub.open_room(self.room, [Member(self.page.seat, "county", "", "")], 0)
        await self._meanwhile()

    async def _overflow(self) -> None:
        await self.page.lose()
        await self._absent()
        for _ in range(300):
            self._view()
        self.is_owed_whole = False

    async def _stay_away(self) -> None:
        await self.page.lose()
        await self._absent()
        await self._meanwhile()
        self._pass(121)
        self.is_owed_whole = False

    async def _nearly_stay_away(self) -> None:
        await self.page.lose()
        await self._absent()
        await self._meanwhile()
        self._pass(119)

    async def _absent(self) -> None:
        """Wait until the server has noticed."""
        observer, seat = self.town.world.observer, self.page.seat
        await observer.has_seen(
            lambda noted: (
                [n[0] for n in noted if n[1] == seat and n[0] in {"present", "gone"}][-1:] == ["gone"]
            )
        )

    async def _meanwhile(self) -> None:
        for _ in range(self.dice.randint(0, 3)):
            await self.dice.choice([self._tell_view, self._tell_fact, self._tell_fact_without_call])()

    def _pass(self, seconds: float) -> None:
        self.town.clock.seconds += seconds
        self.passed += seconds

    # and comes back

    async def _come_back(self) -> None:
        for _ in range(self.dice.choice([0, 0, 1, 3])):
            await self.dice.choice([self._lose_first_frame, self._lose_answer, self._lose_replay])()
        answer = await self.page.resume()
        if isinstance(answer, Gone):  # a new session needs the journal
            assert answer.code == "unavailable"
            self.town.durable.journal.fails = False
            answer = await self.page.resume()
        self.met[type(answer).__name__] += 1
        may_begin_anew = not self.is_owed_whole or self.passed > 120
        if isinstance(answer, ResumeFailed) and (answer.reason == "conflict" or not may_begin_anew):
            self.broken.append(f"resume failed with {answer.reason}")
        self.is_owed_whole = True

    async def _lose_first_frame(self) -> None:
        """The socket opens and breaks, before or just behind its first frame."""
        socket = await self.town.world.dial()
        if self.dice.random() < 0.5:
            await socket.say(self.page.resume_frame())
        await socket.drop()

    async def _lose_answer(self) -> None:
        """The server answers, and the page does not hear it; the socket is torn or half open."""
        socket = await self.town.world.dial()
        await socket.say(self.page.resume_frame())
        await socket.read()
        if self.dice.random() < 0.5:
            self.page.former.append(socket)
        else:
            await socket.drop()

    async def _lose_replay(self) -> None:
        """The page hears the answer and a part of what follows."""
        before = self.views
        if isinstance(await self.page.resume(), Resumed):
            self._view()
            await self._hear(before)
        await self.page.lose(half_open=self.dice.random() < 0.5)


async def tell_stories(
    count: int, *, seed: int = SEED, spoil: Callable[[Town], None] = lambda _: None
) -> tuple[list[str], Counter[str]]:
    """Tell stories in one town until one goes wrong; what went wrong, and what was met."""
    met: Counter[str] = Counter()
    async with a_town(LIMITS) as town:
        spoil(town)
        for number in range(count):
            story = Story(town, number, seed)
            try:
                await story.tell()
            except TimeoutError:
                story.broken.append("something never came")
            met += story.met
            if story.broken:
                return [f"seed {seed} story {number}: {what}" for what in story.broken], met
    return [], met


@pytest.mark.timeout(400)  # some fifteen seconds of work, on a machine that may have much else to do
async def test_each_thing_is_heard_once_and_in_order_wherever_the_line_is_cut() -> None:
    broken, met = await tell_stories(STORIES)

    assert broken == []
    assert min(met[kind] for kind in ("_tear", "_half_open", "_crash", "_overflow", "_stay_away")) > 50
    assert min(met[kind] for kind in ("Resumed", "ResumeFailed")) > 50


# The witness sees what a defect would do, or the thousand stories prove nothing.


def let_go_early(patch: pytest.MonkeyPatch) -> None:
    """An acknowledgement takes one event more with it, and nobody knows."""
    right = Backlog.acknowledge

    def wrong(backlog: Backlog, seq: int) -> None:
        right(backlog, seq + 1)
        backlog._let_go = min(backlog._let_go, seq)

    patch.setattr(Backlog, "acknowledge", wrong)


def tell_again_what_arrived(patch: pytest.MonkeyPatch) -> None:
    right = Backlog.after
    patch.setattr(Backlog, "after", lambda backlog, seq, now: right(backlog, max(seq - 1, 0), now))


def keep_less_than_is_known(patch: pytest.MonkeyPatch) -> None:
    """The backlog says that it covers what it has dropped."""
    patch.setattr(
        Backlog, "after", lambda backlog, seq, _now: tuple(t.frame for t in backlog._told if t.seq > seq)
    )


def number_each_socket(patch: pytest.MonkeyPatch) -> None:
    right = Session.attached

    def wrong(session: Session, number: int) -> None:
        right(session, number)
        session.seq = 0

    patch.setattr(Session, "attached", wrong)


def forget_where_the_journal_was_read(patch: pytest.MonkeyPatch) -> None:
    right = Session.record

    def wrong(session: Session, event: ServerEvent, now: float) -> bytes | None:
        before = session.pos
        frame = right(session, event, now)
        session.pos = before if event.pos % 7 == 0 else session.pos
        return frame

    patch.setattr(Session, "record", wrong)


@pytest.mark.parametrize(
    "defect",
    [
        let_go_early,
        tell_again_what_arrived,
        keep_less_than_is_known,
        number_each_socket,
        forget_where_the_journal_was_read,
    ],
)
async def test_a_defect_of_the_session_is_noticed(
    defect: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    defect(monkeypatch)

    broken, _ = await tell_stories(STORIES)

    assert broken != []


async def test_a_pump_that_skips_is_noticed() -> None:
    def skip(town: Town) -> None:
        town.durable.journal.skips = lambda pos: pos % 5 == 3

    broken, _ = await tell_stories(STORIES, spoil=skip)

    assert broken != []
