"""Lines as they are in a county, and what a call over each has to be: the grid of media quality."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tests.chaos.net.impairments import Line
from tests.chaos.net.wire import Weather, Wire

SEED = 20260302


@dataclass(frozen=True, slots=True)
class Profile:
    """One line and its goals; everything happens each way.

    Attributes:
        loss: share of UDP packets, each for itself.
        burst: share of the time in which nothing of UDP passes, 200 to 800 ms at a stretch.
        cap_kbit: 0 for none.
        concealed: highest share of sound that may be invented.
        fps: lowest rate of pictures; 0 where sound alone is enough.
        freezes: highest number of standing pictures; None where nothing is promised.
    """

    name: str
    concealed: float
    fps: float = 0.0
    freezes: int | None = None
    loss: float = 0.0
    burst: float = 0.0
    cap_kbit: int = 0
    weather: Weather | None = None

    @contextlib.asynccontextmanager
    async def over(self, line: Line, wire: Wire | None) -> AsyncIterator[None]:
        """Make the line like this for a while."""
        if self.loss:
            line.lose(self.loss)
        if self.cap_kbit:
            line.cap(self.cap_kbit)
        if self.weather is not None and wire is not None:
            wire.change(self.weather)
        try:
            if self.burst:
                async with line.bursts(self.burst, seed=SEED, length_s=(0.2, 0.8)):
                    yield
            else:
                yield
        finally:
            line.clear()
            if self.weather is not None and wire is not None:
                wire.change(Weather())


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            Profile("none", 0.005, 20, 0),
            Profile("loss5", 0.03, 18, 1, loss=0.05),
            Profile("loss10", 0.06, 15, 2, loss=0.10),
            Profile("loss20", 0.10, 10, loss=0.20),
            Profile("loss30", 0.18, loss=0.30),
            Profile("bursty10", 0.12, burst=0.10),
            Profile("cap300", 0.03, cap_kbit=300),
            Profile("cap100", 0.05, cap_kbit=100),
            Profile("cap50", 0.10, cap_kbit=50),
            Profile("rtt200", 0.03, weather=Weather(delay_ms=100, jitter_ms=25)),
        )
    }
)
