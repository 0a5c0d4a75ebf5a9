"""What a sender must hear about its packets: losses, reports, congestion feedback. No IO."""

from collections.abc import Sequence

from aiortc.rtp import RtcpReceiverInfo, clamp_packets_lost

from signaling.media.relay.bounds import HISTORY, MAX_FEEDBACK_SPAN, MAX_MISSING, MAX_WAITING_ARRIVALS

# A question or its answer is as easily lost as the packet was, and a picture that waits for 150 ms is seen to
# stand. Browsers repeat a packet once per round trip at most: on a long way asking again costs only itself.
_ASK_AGAIN_S = 0.04
_LONGEST_PAUSE = 4


class Losses:
    """Which sequence numbers of a track are missing and worth asking for."""

    def __init__(self, asks: int) -> None:
        """Args: how often one number is asked for at most."""
        self._asks = asks
        self._missing: dict[int, tuple[int, float]] = {}  # number: (times asked, last asked)

    def gap(self, numbers: Sequence[int], now: float) -> bool:
        """Note that `numbers` did not come; they are to be asked for now.

        Returns:
            False, and forgets all, when so much is gone that only a key frame helps.
        """
        if len(self._missing) + len(numbers) > MAX_MISSING:
            self._missing.clear()
            return False
        self._missing.update((number, (1, now)) for number in numbers)
        return True

    def came(self, number: int) -> None:
        self._missing.pop(number, None)

    def due(self, highest: int, now: float) -> list[int]:
        """Give the numbers to ask for again; forget what is too old or was asked for too often."""
        if not self._missing:
            return []
        asked = self._missing
        self._missing = {
            number: state
            for number, state in asked.items()
            if number > highest - HISTORY and state[0] < self._asks
        }
        late = [n for n, (asks, last) in self._missing.items() if now - last >= _pause_s(asks)]
        for number in late:
            self._missing[number] = (self._missing[number][0] + 1, now)
        return sorted(late)

    def clear(self) -> None:
        self._missing.clear()


def _pause_s(asks: int) -> float:
    """Until a number that was asked for so often is asked for again: 40 ms twice, then longer."""
    return _ASK_AGAIN_S * min(_LONGEST_PAUSE, 1 << max(0, asks - 2))


class Reception:
    """Counters of one track for receiver reports (RFC 3550, 6.4.1 and A.8)."""

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self.restart(0)

    def restart(self, number: int) -> None:
        """Begin again at `number`, the first one of a new source."""
        self.first = self.highest = number
        self.received = 0
        self._jitter = 0.0
        self._transit: float | None = None
        self._expected_before = self._received_before = 0
        self._report: tuple[int, float] | None = None

    def timed(self, timestamp: int, now: float) -> None:
        """Feed the jitter; called for packets in order only."""
        transit = now * self._clock_rate - timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change < 0x10000000:  # the timestamp wrapped around otherwise
                self._jitter += (change - self._jitter) / 16
        self._transit = transit

    def reported(self, ntp: int, now: float) -> None:
        self._report = ((ntp >> 16) & 0xFFFFFFFF, now)

    @property
    def expected(self) -> int:
        return self.highest - self.first + 1 if self.received else 0

    @property
    def lost(self) -> int:
        return self.expected - self.received

    def report(self, ssrc: int, now: float) -> RtcpReceiverInfo:
        expected = self.expected - self._expected_before
        lost = expected - (self.received - self._received_before)
        self._expected_before, self._received_before = self.expected, self.received
        last, delay = 0, 0
        if self._report is not None:
            last = self._report[0]
            delay = min(int((now - self._report[1]) * 65536), 0xFFFFFFFF)
        return RtcpReceiverInfo(
            ssrc=ssrc,
            fraction_lost=min(255, (lost << 8) // expected) if expected > 0 and lost > 0 else 0,
            packets_lost=clamp_packets_lost(self.lost),
            highest_sequence=self.highest & 0xFFFFFFFF,
            jitter=min(int(self._jitter), 0xFFFFFFFF),
            lsr=last,
            dlsr=delay,
        )


class FeedbackLog:
    """Arrival times under transport-wide numbers, until they are fed back."""

    def __init__(self) -> None:
        self._arrivals: list[tuple[int, int]] = []
        self._highest: int | None = None
        self._count = 0

    def add(self, number: int, now: float) -> None:
        if self._highest is None:
            self._highest = number
        delta = (number - self._highest + 0x8000 & 0xFFFF) - 0x8000
        number = self._highest + delta
        if delta > MAX_FEEDBACK_SPAN:
            self._arrivals.clear()  # a restarted or hostile sender: report from here on
        if delta > 0:
            self._highest = number
        if delta > -MAX_FEEDBACK_SPAN and len(self._arrivals) < MAX_WAITING_ARRIVALS:
            self._arrivals.append((number, int(now * 4000)))

    def take(self) -> tuple[int, list[tuple[int, int]]] | None:
        """Give (running number, arrivals) for one feedback message and start afresh."""
        if not self._arrivals:
            return None
        unique = dict(reversed(self._arrivals))  # the first arrival of a repeated number counts
        first = max(unique) - MAX_FEEDBACK_SPAN
        self._arrivals = []
        self._count += 1
        return self._count - 1, sorted((n, t) for n, t in unique.items() if n > first)
