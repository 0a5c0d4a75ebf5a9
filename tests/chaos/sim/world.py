"""One seed's county: 3 terminals, 4 officers, a server and its disk, bad luck for a while and then calm."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from reception.domain.visits import VisitState
from signaling.ids import SeatId
from signaling.server_messages import ChatLine
from tests.chaos.sim.clockwork import Clockwork
from tests.chaos.sim.desk import Request
from tests.chaos.sim.disk import Disk
from tests.chaos.sim.page import Page
from tests.chaos.sim.people import AtDesk, AtTerminal, Person
from tests.chaos.sim.service import Service
from tests.chaos.sim.wire import Post, Socket, Weather
from tests.chaos.sim.witness import Violation, Witness

TERMINALS = tuple(SeatId(f"t-{n}") for n in (1, 2, 3))
OFFICERS = tuple(SeatId(f"p-{n}") for n in (1, 2, 3, 4))
_CALM_S = 60.0  # enough for every window, patience and repetition of a calm county


@dataclass(slots=True)
class Report:
    """What a seed came to."""

    seed: int
    steps: int = 0
    problem: str = ""
    last: list[str] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return "\n".join([f"seed {self.seed}, step {self.steps}: {self.problem}", *self.last])


class World:
    """Everything that happens follows from the seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.clockwork = Clockwork(random.Random(seed + 1))
        self.disk = Disk(self.clockwork, self.dice)
        self.witness = Witness(self.disk, self._is_attended)
        self.weather = Weather()
        self.post = Post(self.clockwork, self.dice, self.weather)
        self.trouble_s = self.dice.choice((20.0, 35.0, 50.0))
        self.disturbed = self.dice.choice((0.0, 0.0, 0.3))  # share of sockets through a bad proxy
        self.slow = self.dice.choice((0.0, 0.2, 0.8))  # share of sockets on a slow network
        faults = (
            self._tear,
            self._tear,
            self._freeze,
            self._crash,
            self._reload,
            self._cut_off,
            self._cut_off,
        )
        self.faults = self.dice.sample(faults, self.dice.randint(3, len(faults)))
        self._day_ends_at = self.dice.choice((1e9, 1e9, self.trouble_s * 0.7))
        self.service: Service | None = None
        self.pages: dict[SeatId, list[Page]] = {seat: [] for seat in (*TERMINALS, *OFFICERS)}
        self.people: list[Person] = []
        self._lives = self._page_count = 0
        self._start()
        for seat in self.pages:
            self._open_page(seat)
        self.clockwork.later(500, self._fault, "fault")

    def run(self) -> Report:
        """Live through the trouble and the calm behind it; a report of the first violation."""
        report = Report(self.seed, met=self.witness.met)
        problem = ""
        try:
            self._live_until(self.trouble_s)
            self._calm()
            self._live_until(self.trouble_s + _CALM_S)
            self._check_end()
        except Violation as violation:
            problem = str(violation)
        except Exception as error:  # noqa: BLE001 - whatever it is, its seed and its steps are wanted
            problem = f"{type(error).__name__}: {error}"
        if problem:
            report.problem = problem
            report.last = [f"  {at:8.3f} {name} {of}" for at, name, of in self.clockwork.last]
        report.steps = self.clockwork.steps
        return report

    def _live_until(self, seconds: float) -> None:
        clockwork, disk, witness = self.clockwork, self.disk, self.witness
        version, rooms = -1, (0, -1)
        while clockwork.now < seconds and clockwork.step():
            service = self.service
            if disk.version != version:
                version = disk.version
                witness.check_record()
            if service is not None and (self._lives, service.hall.version) != rooms:
                rooms = (self._lives, service.hall.version)
                witness.check_rooms(service.hall.rooms.values(), disk.tables)

    # Pages and requests

    def _is_attended(self, seat: SeatId) -> bool:
        return any(not page.life.is_over for page in self.pages[seat])

    def _open_page(self, seat: SeatId) -> None:
        self._page_count += 1
        page = Page(
            seat,
            f"{seat}-{self._page_count}",
            self.clockwork,
            self.dice,
            self.witness,
            self._dial,
            lambda: self.disk.tables,
        )
        self.pages[seat].append(page)
        kind = AtTerminal if seat in TERMINALS else AtDesk
        person = kind(page, self.clockwork, self.dice, self.witness, self._send)
        if isinstance(person, AtDesk):
            person.colleagues = tuple(one for one in OFFICERS if one != seat)
        self.people.append(person)
        page.open()

    def _dial(self, page: Page) -> Socket | None:
        if self.service is None or page.seat in self.weather.cut_off:
            return None
        is_bad = not self.weather.is_calm
        is_disturbed = is_bad and self.dice.random() < self.disturbed
        is_slow = is_bad and self.dice.random() < self.slow
        return self.service.dial(page.claims, page, is_disturbed=is_disturbed, is_slow=is_slow)

    def _send(self, request: Request, answered: Callable[[str], None]) -> None:
        def arrive() -> None:
            if self.service is not None:
                self.service.request(request, answer)

        def answer(code: str) -> None:
            self.post.carry(request.seat, lambda: answered(code), "answer")

        self.post.carry(request.seat, arrive, request.deed.value)

    # Bad luck

    def _fault(self) -> None:
        if self.weather.is_calm:
            return
        fault = self.dice.choice(self.faults)
        self.witness.met[fault.__name__] += 1
        fault()
        self.clockwork.later(self.dice.choice((200, 1_000, 3_000, 5_000)), self._fault, "fault")

    def _some_page(self) -> Page:
        seat = self.dice.choice((*TERMINALS, *OFFICERS))
        return self.pages[seat][-1]

    def _tear(self) -> None:
        socket = self._some_page().socket
        if socket is not None:
            socket.tear()

    def _freeze(self) -> None:
        socket = self._some_page().socket
        if socket is not None:
            socket.freeze()

    def _crash(self) -> None:
        """`kill -9` and loss of power at once; another process is there some time later."""
        if self.service is not None:
            self.service.die()
            self.service = None
            self.clockwork.later(self.dice.choice((0, 100, 2_000)), self._start, "start")

    def _start(self) -> None:
        if self.service is None:
            self._lives += 1
            self.service = Service(
                self._lives,
                OFFICERS,
                self.clockwork,
                self.dice,
                self.disk,
                self.witness,
                day_ends_at=self._day_ends_at,
            )

    def _reload(self) -> None:
        """Another page of the same seat; the old one is closed, or it is a tab in the background."""
        page = self._some_page()
        if self.dice.random() < 0.6:
            page.close()
        self._open_page(page.seat)

    def _cut_off(self) -> None:
        """A seat's network is gone for up to longer than any window."""
        seat = self._some_page().seat
        self.weather.cut_off.add(seat)
        for page in self.pages[seat]:
            if page.socket is not None:
                page.socket.freeze()
        ms = self.dice.choice((2_000, 7_000, 12_000, 29_000, 33_000))
        self.clockwork.later(ms, lambda: self.weather.cut_off.discard(seat), "network back", seat)

    # Calm

    def _calm(self) -> None:
        self.weather.is_calm = True
        self.weather.cut_off.clear()
        for person in self.people:
            person.is_resting = True
        for pages in self.pages.values():
            for page in pages:
                if page.socket is not None and (page.socket.is_disturbed or page.socket.is_slow):
                    page.socket.tear()

    def _check_end(self) -> None:
        """Everything acknowledged exists; whoever is connected sees what is."""
        self.witness.check_acknowledged()
        met, tables = self.witness.met, self.disk.tables
        met.update(what for what, _, _ in tables.audit)
        met.update(row.state.value for row in tables.visits.values())
        met.update(row.pending.value for row in tables.visits.values() if row.pending is not None)
        met["again answered"] = sum(what == "answered" and more[0] != "0" for what, _, more in tables.audit)
        met["lines"] = sum(isinstance(fact, ChatLine) for facts in tables.facts.values() for fact in facts)
        for seat, pages in self.pages.items():
            living = [page for page in pages if not page.life.is_over]
            if len(living) != 1:
                self.witness.broken(f"end: {seat} has {len(living)} pages")
            self._check_page(living[0])
        for person in self.people:
            if person.asks is not None and not person.page.life.is_over:
                self.witness.broken(f"end: {person.asks} has no answer")

    def _check_page(self, page: Page) -> None:
        seat, tables, broken = page.seat, self.disk.tables, self.witness.broken
        if not page.is_ready or page.unanswered:
            broken(f"end: {page.name} is not connected, or lacks answers to {list(page.unanswered)}")
        if page.pos != len(tables.facts[seat]):
            broken(f"end: {page.name} has facts up to {page.pos} of {len(tables.facts[seat])}")
        if seat in OFFICERS:
            state, pending = tables.duty_of(seat)
            if page.duty is None or (page.duty.state, page.duty.pending) != (state.value, pending):
                broken(f"end: {page.name} sees duty {page.duty}, it is {state} {pending}")
        for row in tables.visits.values():
            if seat != row.terminal and seat not in tables.participants.get(row.id, ()):
                continue
            if page.visits.get(row.id) != row.state.value:
                broken(f"end: {page.name} sees {row.id} as {page.visits.get(row.id)}, it is {row.state}")
            if row.state is VisitState.IN_CALL:
                self._check_room(page, row.id)

    def _check_room(self, page: Page, visit: str) -> None:
        assert self.service is not None
        room, seen = self.service.hall.rooms[visit], page.rooms.get(visit)
        seats = self.disk.tables.participants[visit]
        if room.view().present != frozenset(seats):
            self.witness.broken(f"end: room {visit} has {room.view().present} of {seats}")
        if seen is None or {peer.seat for peer in seen.peers if peer.present} != set(seats):
            self.witness.broken(f"end: {page.name} sees room {visit} as {seen}")
        if seen is not None and seen.phase != room.phase.value:
            self.witness.broken(f"end: {page.name} sees room {visit} {seen.phase}, it is {room.phase}")


def run(seed: int) -> Report:
    """Run one seed."""
    return World(seed).run()
