"""Reads the meter in a window: gaps in what arrives, when it came back, how much had to be invented."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.support.chromium import Window


@dataclass(frozen=True, slots=True)
class Track:
    """When media arrived, as a row of moments (seconds since 1970) at which the counters had grown.

    Attributes:
        began, ended: of the measurement.
    """

    began: float
    ended: float
    sound: tuple[float, ...]
    picture: tuple[float, ...]

    @property
    def longest_gap_s(self) -> float:
        """Longest time without sound, from the beginning to the end of the measurement."""
        return _longest(self.began, self.sound, self.ended)

    def back_after_s(self, moment: float) -> float:
        """Seconds from a moment to the first sound after it; infinite when there was none."""
        return next((at - moment for at in self.sound if at >= moment), float("inf"))


def _longest(began: float, moments: Sequence[float], ended: float) -> float:
    return max(later - earlier for earlier, later in pairwise([began, *moments, ended]))


async def start(window: Window) -> None:
    """Begin to look every 50 ms."""
    await window.page.evaluate("() => receptionMeter.start()")


async def stop(window: Window) -> Track:
    """End it and say what arrived."""
    return _track(await window.page.evaluate("() => receptionMeter.stop()"))


async def so_far(window: Window) -> Track:
    """Say what has arrived so far."""
    return _track(await window.page.evaluate("() => receptionMeter.peek()"))


def _track(rows: list[list[float]]) -> Track:
    moments = [row[0] / 1000 for row in rows]
    return Track(moments[0], moments[-1], _grown(rows, 1), _grown(rows, 2))


def _grown(rows: list[list[float]], column: int) -> tuple[float, ...]:
    # A new connection counts from zero: any change means that something arrived.
    return tuple(
        later[0] / 1000 for earlier, later in pairwise(rows) if later[column] not in (earlier[column], 0)
    )


async def totals(window: Window) -> dict[str, float]:
    """Sums over all connections of the window since it was loaded."""
    told: dict[str, float] = await window.page.evaluate("() => receptionMeter.totals()")
    return told


async def route(window: Window) -> dict[str, Any]:
    """The candidate pair that serves: `type` (host, relay), `relayProtocol` (udp, tcp, tls)."""
    told: dict[str, Any] | None = await window.page.evaluate("() => receptionMeter.route()")
    return told or {}
