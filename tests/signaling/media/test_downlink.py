"""One poor line costs nobody else's picture, and never its own sound."""

from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.media.relay.downlink import (
    AUDIO_BITRATE,
    MAX_BITRATE,
    MIN_BITRATE,
    Doubling,
    Line,
    Step,
    Thinning,
    bearable,
    is_narrow_for_sound,
    sender_limit,
)
from signaling.media.relay.stills import STILL_EVERY_S
from tests.signaling.media.test_slot import DELTA, KEY, Recorder, Source, shown, slot_of

WIDE = Line(estimate=900_000, flowing=600_000)
CLIMBING = Line(estimate=100_000, fell_at=0.0, rose_at=1.0, flowing=600_000)
NARROW = Line(estimate=100_000, fell_at=0.0, flowing=600_000)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (Line(), None),  # nothing is known
        (WIDE, None),
        (Line(estimate=590_000, flowing=600_000), None),  # it follows what arrives
        (NARROW, 100_000),
        (Line(flowing=600_000, loss=0.3), None),  # a bad radio is no narrow line
        (Line(flowing=600_000, loss=0.5), 300_000),
        (Line(estimate=200_000, flowing=600_000, loss=0.5), 200_000),
        (Line(estimate=50_000, loss=1.0), None),  # nothing flows, so nothing is learnt
    ],
)
def test_what_a_line_bears(line: Line, expected: int | None) -> None:
    assert bearable(line) == expected


@pytest.mark.parametrize(
    ("shares", "limit"),
    [
        ([], MAX_BITRATE),  # nobody watches
        ([None], MAX_BITRATE),
        ([1_200_000, 800_000], 996_000),  # the narrower one decides: an eighth more, and sound
        ([None, 450_000], 602_250),  # what is decent is followed whatever the others could take
        ([None, 100_000], MAX_BITRATE),  # a poor line does not make the picture poor for all
        ([300_000, 200_000], 321_000),  # among poor lines the sender comes down as well
        ([300_000, 100_000], 433_500),
        ([200_000], 321_000),  # there is nobody else to spare
        ([10], MIN_BITRATE),  # but never below what sound and a face need
    ],
)
def test_how_far_a_sender_follows(shares: list[int | None], limit: int) -> None:
    assert sender_limit(shares) == limit


def test_a_sender_comes_down_at_once_and_up_by_steps() -> None:
    assert sender_limit([200_000], MAX_BITRATE) == 321_000
    assert sender_limit([None], 400_000) == 440_000


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 10**10)), max_size=8), st.integers(MIN_BITRATE, MAX_BITRATE)
)
def test_a_limit_stays_within_its_bounds(shares: list[int | None], before: int) -> None:
    assert MIN_BITRATE <= sender_limit(shares, before) <= MAX_BITRATE


def test_a_picture_is_thinned_after_three_seconds_of_overload() -> None:
    thinning = Thinning()

    steps = [thinning.decide(NARROW, 100_000, 600_000, MAX_BITRATE, now) for now in (0.1, 1, 2, 3, 3.2)]

    assert steps == [Step.FULL] * 4 + [Step.STILLS]


def test_a_line_too_narrow_for_stills_has_sound_alone() -> None:
    thinning = Thinning()
    for now in (0.0, 3.0):
        thinning.decide(NARROW, 60_000, 600_000, MAX_BITRATE, now)

    assert thinning.step is Step.NONE


@pytest.mark.parametrize(
    ("line", "share", "source", "limit"),
    [
        (WIDE, None, 600_000.0, MAX_BITRATE),
        (NARROW, 100_000, 120_000.0, MAX_BITRATE),  # this source is small enough
        (NARROW, 100_000, 600_000.0, 112_500 + AUDIO_BITRATE),  # the sender is coming down
        (CLIMBING, 100_000, 600_000.0, MAX_BITRATE),
    ],
)
def test_a_picture_stays_whole(line: Line, share: int | None, source: float, limit: int) -> None:
    thinning = Thinning()
    for tick in range(100):
        thinning.decide(line, share, source, limit, tick / 10)

    assert thinning.step is Step.FULL


def test_trials_come_after_ever_longer_pauses_and_end_at_the_first_sign() -> None:
    thinning = Thinning()
    trials: list[float] = []
    for tick in range(4000):
        now, before = tick / 10, thinning.step
        flowing = 600_000 if before is Step.FULL else 30_000
        line = Line(100_000, fell_at=now, flowing=flowing)
        if (
            thinning.decide(line, bearable(line), 600_000, MAX_BITRATE, now) is not before
            and before is not Step.FULL
        ):
            trials.append(now)

    assert [round(later - earlier) for earlier, later in pairwise(trials)] == [
        20,
        40,
        80,
        80,
        80,
        80,
    ]
    assert thinning.step is not Step.FULL


@dataclass
class Way:
    """A line of a given capacity, and a browser at its end that estimates as Chromium does."""

    capacity: float
    thinning: Thinning = field(default_factory=Thinning)
    estimate: float = 300_000
    fell_at: float = float("-inf")
    rose_at: float = float("-inf")
    flowing: float = 0.0
    share: int | None = None
    seen: list[float] = field(default_factory=list)

    def second(self, source: float, limit: int, now: float) -> None:
        self.flowing = {Step.FULL: source, Step.STILLS: 30_000, Step.NONE: 0}[self.thinning.step]
        arriving = min(self.flowing, self.capacity)
        if self.flowing > self.capacity:
            fallen = 0.85 * arriving
            if fallen < self.estimate:
                self.fell_at = now
            self.estimate = min(self.estimate, fallen)
        elif self.estimate < 1.5 * arriving:
            self.estimate = min(self.estimate * 1.08, 1.5 * arriving)
            self.rose_at = now
        line = Line(int(self.estimate), self.fell_at, self.rose_at, self.flowing)
        for tick in range(10):
            if self.thinning.step is Step.FULL:
                self.share = bearable(line)
            self.thinning.decide(line, bearable(line), source, limit, now + tick / 10)
        self.seen.append(self.flowing)


def simulated(ways: list[Way], seconds: int) -> list[float]:
    """Let one sender of 600 kbit/s run against some lines; gives its video rate of each second."""
    limit, rates = MAX_BITRATE, []
    for second in range(seconds):
        source = max(30_000.0, min(600_000.0, limit - AUDIO_BITRATE))
        for way in ways:
            way.second(source, limit, float(second))
        limit = sender_limit([way.share for way in ways], limit)
        rates.append(source)
    return rates


def test_one_poor_receiver_among_three_pulls_nobody_down() -> None:
    wide, poor = Way(5_000_000), Way(100_000)

    rates = simulated([wide, poor], 120)

    assert sum(rates[10:]) / len(rates[10:]) > 550_000
    assert (
        sum(flow > poor.capacity for flow in poor.seen[10:]) <= 12
    )  # seconds of failed trials in two minutes


def test_a_single_receiver_is_followed_without_losing_its_picture() -> None:
    only = Way(300_000)

    rates = simulated([only], 120)

    assert only.thinning.step is Step.FULL
    assert 150_000 < sum(rates[10:]) / len(rates[10:]) < 330_000


def test_a_line_that_has_recovered_gets_its_picture_back_within_a_minute() -> None:
    wide, poor = Way(5_000_000), Way(100_000)
    simulated([wide, poor], 30)

    poor.capacity = 2_000_000
    simulated([wide, poor], 60)

    assert poor.thinning.step is Step.FULL
    assert poor.seen[-1] > 400_000


def test_of_a_thinned_picture_key_frames_alone_are_sent_slowly_in_one_stream() -> None:
    recorder, source = Recorder(), Source()
    slot = slot_of(recorder)
    shown(slot, source, 0.0)
    source.track.rate = 600_000
    for now in (0.1, 3.2):
        slot.thin(Line(100_000, fell_at=now, flowing=600_000), 100_000, now)
    assert slot.step is Step.STILLS

    big = KEY + bytes(1000)
    for tick in range(200):
        now = 4 + tick / 20
        source.send(big if tick % 20 == 0 else DELTA, now)
        slot.tick(now)

    assert {packet[12:] for packet in recorder.packets} == {big}
    assert len(recorder.packets) == 3
    numbers = [head[0] for head in recorder.heads]
    assert [number - numbers[0] for number in numbers] == [0, 1, 2]
    assert all(b - a > 0 for a, b in pairwise(slot_times(recorder)))
    assert not slot.waits_for_key_frame(4.0 + STILL_EVERY_S / 2)


def slot_times(recorder: Recorder) -> list[int]:
    return [head[1] for head in recorder.heads]


def test_a_thinned_picture_costs_the_others_no_key_frames() -> None:
    recorder, source = Recorder(), Source()
    slot = slot_of(recorder)
    source.send(KEY, 0.0)
    shown(slot, source, 0.0)
    source.track.rate = 600_000
    for now in (0.1, 3.2):
        slot.thin(Line(20_000, fell_at=now, flowing=600_000), 20_000, now)
    asked = source.asked_for(206, 1)

    for tick in range(200):
        source.send(DELTA, 4 + tick / 20)
        slot.ask_for_key_frame(4 + tick / 20)
        source.track.tick(4 + tick / 20)

    assert slot.step is Step.NONE
    assert recorder.packets == []
    assert source.asked_for(206, 1) <= asked + 1
    assert slot.thinned == 200


def test_sound_comes_plain_over_a_narrow_line_until_a_whole_picture_has_flowed_again() -> None:
    doubling = Doubling()

    assert doubling.decide(False, True, 0.0)
    assert doubling.decide(True, True, 1.0)  # one report may be wrong
    assert not doubling.decide(True, True, 3.0)
    assert not doubling.decide(False, False, 100.0)  # without a picture nothing is known
    assert not doubling.decide(False, True, 109.0)
    assert doubling.decide(False, True, 110.0)


def test_one_report_of_heavy_loss_does_not_take_the_second_copy_from_a_line_that_needs_it() -> None:
    doubling = Doubling()
    losses = [0.5, 0.2, 0.5, 0.3, 0.45]

    lines = [Line(loss=loss, flowing=240_000) for loss in losses]

    assert is_narrow_for_sound(lines[0], 0.0)
    assert all(
        doubling.decide(is_narrow_for_sound(line, float(now)), True, float(now))
        for now, line in enumerate(lines)
    )


def test_a_low_estimate_makes_a_line_narrow_only_while_it_falls() -> None:
    low = Line(estimate=60_000, flowing=70_000, rose_at=5.0)

    assert not is_narrow_for_sound(low, 6.0)
    assert is_narrow_for_sound(replace(low, fell_at=5.5), 6.0)
    assert not is_narrow_for_sound(replace(low, fell_at=5.5), 30.0)


def test_a_line_that_carries_a_picture_carries_sound_twice() -> None:
    doubling = Doubling()

    assert all(doubling.decide(False, True, now) for now in (0.0, 20.0))
