"""What people do before their pages, and requests that are repeated until they have an answer."""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable

from signaling.ids import SeatId
from tests.chaos.sim.clockwork import Clockwork
from tests.chaos.sim.desk import Deed, Request
from tests.chaos.sim.page import Page
from tests.chaos.sim.witness import Witness

_PATIENCE_MS = 2_500
_AT_TERMINAL = frozenset({"waiting", "in_call"})

Send = Callable[[Request, Callable[[str], None]], None]


class Person(ABC):
    """Somebody before a page, with one request under way at most."""

    def __init__(
        self, page: Page, clockwork: Clockwork, dice: random.Random, witness: Witness, send: Send
    ) -> None:
        self.page = page
        self.asks: Request | None = None
        self.is_resting = False
        self._clockwork = clockwork
        self._dice = dice
        self._witness = witness
        self._send = send
        self._think()

    @abstractmethod
    def act(self) -> None:
        """Do something that the page offers now."""

    def _think(self) -> None:
        if self.is_resting or self.page.life.is_over:
            return
        if self.asks is None and self.page.is_ready:
            self.act()
        ms = self._dice.choice((300, 1_000, 2_500, 4_000))
        self._clockwork.later(ms, self._think, "think", self.page.name, life=self.page.life)

    def ask(self, deed: Deed, visit: str, other: SeatId | None = None) -> None:
        """Send a request and repeat it until somebody answers."""
        key = self.page.next_key()
        self.asks = Request(key, self.page.seat, deed, visit or key, other)
        self._repeat(self.asks)

    def _talk(self, room: str) -> None:
        for _ in range(self._dice.choice((1, 1, 2, 4))):
            self.page.chat(room)

    def _repeat(self, request: Request) -> None:
        if self.asks is not request:
            return
        self._send(request, lambda answer: self._answered(request, answer))
        action = lambda: self._repeat(request)  # noqa: E731 - a step of its own
        self._clockwork.later(_PATIENCE_MS, action, "repeat", self.page.name, life=self.page.life)

    def _answered(self, request: Request, answer: str) -> None:
        if self.page.life.is_over:
            return
        self._witness.acknowledged.append((request.seat, request.key, answer))
        if self.asks is request:
            self.asks = None
            self.page.ringing.discard(request.visit)


class AtTerminal(Person):
    """A visitor and the township officer beside him."""

    def act(self) -> None:
        visits, luck = self.page.visits, self._dice.random()
        present = next((visit for visit, state in visits.items() if state in _AT_TERMINAL), None)
        suspended = next((visit for visit, state in visits.items() if state == "suspended"), None)
        if present is not None:
            if visits[present] == "waiting" and luck < 0.05:
                self.ask(Deed.CANCEL, present)
            elif present in self.page.rooms:
                self._talk(present)
        elif suspended is not None and luck < 0.6:
            deeds = (Deed.PARK, Deed.TAKE_UP, Deed.TAKE_UP, Deed.VISITOR_LEFT)
            self.ask(deeds[int(luck * 20) % 4], suspended)
        elif suspended is None or luck < 0.8:
            self.ask(Deed.RAISE, "")


class AtDesk(Person):
    """A duty officer.

    Attributes:
        colleagues: whom he may ask to join.
    """

    colleagues: tuple[SeatId, ...] = ()

    def act(self) -> None:
        visits, luck = self.page.visits, self._dice.random()
        for visit, state in visits.items():
            if state in {"wrap_up", "outcome_pending"} and luck < 0.5:
                self.ask(Deed.LOG, visit)
                return
            if state == "in_call":
                self._receive(visit, luck)
                return
            if state == "suspended" and luck < 0.1:
                self.ask(Deed.END if luck < 0.05 else Deed.DECLINE, visit)
                return
        if self.page.ringing:
            self.ask(Deed.ANSWER, min(self.page.ringing))

    def _receive(self, visit: str, luck: float) -> None:
        if luck < 0.12:
            self.ask(Deed.END, visit)
        elif luck < 0.2:
            self.ask(Deed.ADMIT, visit, self._dice.choice(self.colleagues))
        elif visit in self.page.rooms:
            self._talk(visit)
