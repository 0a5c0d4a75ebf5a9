"""Virtual time: what is to be done when, and in which order by dice where it is due at once. No waiting."""

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

Action = Callable[[], None]

_REMEMBERED = 60


@dataclass(slots=True)
class Life:
    """Whose steps fall away when it ends, as a process's do."""

    is_over: bool = False


class Clockwork:
    """Steps in the order of their time; the dice shuffle those of one moment.

    Args:
        dice: decides on order and on nothing else.
    """

    def __init__(self, dice: random.Random) -> None:
        self.now = 0.0
        self.steps = 0
        self.last: deque[tuple[float, str, str]] = deque(maxlen=_REMEMBERED)
        self._luck = dice.random
        self._due: list[tuple[int, float, int, Action, str, str, Life | None]] = []
        self._count = 0
        self._tick = 0

    def later(self, ms: int, action: Action, name: str, of: str = "", *, life: Life | None = None) -> None:
        """Do something `ms` from now, unless `life` is over by then.

        Args:
            of: whom it concerns; what concerns nobody is left out of the trace.
        """
        self._count += 1
        heapq.heappush(self._due, (self._tick + ms, self._luck(), self._count, action, name, of, life))

    def step(self) -> bool:
        """Do what is due next; False when there is nothing."""
        while self._due:
            tick, _, _, action, name, of, life = heapq.heappop(self._due)
            if life is not None and life.is_over:
                continue
            self._tick = tick
            self.now = tick / 1000
            self.steps += 1
            if of:
                self.last.append((self.now, name, of))
            action()
            return True
        return False
