"""A slot is one continuous stream, whoever is shown in it."""

import struct
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.ids import SeatId
from signaling.media.forwarding import Kind, Row
from signaling.media.relay.slot import Slot
from signaling.media.relay.track import PLI_INTERVAL_S, Track
from signaling.media.sdp import Section

KEY = bytes([0x10, 0x00]) + b"key"
DELTA = bytes([0x10, 0x01]) + b"delta"


class Recorder:
    """A receiver that keeps what it is sent."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.reports: list[bytes] = []

    def send_rtp(self, packet: bytes) -> bool:
        self.packets.append(packet)
        return True

    def send_rtcp(self, packet: bytes) -> None:
        self.reports.append(packet)

    @property
    def heads(self) -> list[tuple[int, int, int]]:
        """(sequence number, timestamp, SSRC) of each packet."""
        return [struct.unpack_from("!2xHII", packet) for packet in self.packets]


class Source:
    """A sender's track, fed by hand. `asked` collects the RTCP that it would get."""

    def __init__(self, kind: Kind = "video", ssrc: int = 7, sequence: int = 65530) -> None:
        self.asked: list[bytes] = []
        self.track = Track(kind, self.asked.append, rtcp_ssrc=1)
        self._ssrc = ssrc
        self._sequence = sequence
        self._timestamp = 4_294_960_000  # about to wrap around

    def send(self, body: bytes, now: float, *, skip: int = 0) -> int:
        """Send one packet after leaving out `skip`; gives its sequence number."""
        sequence = self._sequence + skip & 0xFFFF
        self.send_again(sequence, body, now)
        self._sequence = sequence + 1 & 0xFFFF
        self._timestamp = self._timestamp + 3000 & 0xFFFFFFFF
        return sequence

    def send_again(self, sequence: int, body: bytes, now: float) -> None:
        packet = struct.pack("!BBHII", 0x80, 96, sequence, self._timestamp, self._ssrc) + body
        self.track.received(packet, 12, now)

    def asked_for(self, kind: int, fmt: int) -> int:
        """How many feedback messages of this kind the sender got."""
        return sum(m[1] == kind and m[0] & 0x1F == fmt for m in self.asked)


def slot_of(recorder: Recorder, kind: Kind = "video") -> Slot:
    section = Section(kind, "3", 100, None, (), (), wants=True, gives=False)
    return Slot(3 if kind == "video" else 2, section, recorder)


def shown(slot: Slot, source: Source, now: float) -> None:
    shown_track(slot, source.track, now)


def shown_track(slot: Slot, track: Track, now: float) -> None:
    slot.follow(Row(SeatId("receiver"), 1, SeatId("sender"), slot.kind), track, now)


def steps(values: list[int], modulus: int) -> Iterator[int]:
    return ((b - a) % modulus for a, b in pairwise(values))


def test_numbers_and_times_stay_continuous_over_a_change_of_sender() -> None:
    recorder, first, second = Recorder(), Source(), Source(ssrc=8, sequence=12)
    slot = slot_of(recorder)
    shown(slot, first, 0.0)
    for n in range(20):
        first.send(KEY if n == 0 else DELTA, 1.0 + n / 30)
    shown(slot, second, 2.0)
    for n in range(20):
        second.send(KEY if n == 0 else DELTA, 2.1 + n / 30)

    numbers, times, ssrcs = zip(*recorder.heads, strict=True)
    assert len(numbers) == 40
    assert set(steps(list(numbers), 1 << 16)) == {1}
    assert all(0 < step < 90_000 for step in steps(list(times), 1 << 32))
    assert set(ssrcs) == {slot.ssrc}


def test_a_picture_starts_with_a_key_frame() -> None:
    recorder, source = Recorder(), Source()
    slot = slot_of(recorder)
    shown(slot, source, 0.0)
    source.send(DELTA, 1.0)
    source.send(DELTA, 1.03)
    assert recorder.packets == []

    source.send(KEY, 1.06)
    source.send(DELTA, 1.1)

    assert [packet[12:] for packet in recorder.packets] == [KEY, DELTA]


def test_sound_starts_at_once() -> None:
    recorder, source = Recorder(), Source("audio")
    shown(slot_of(recorder, "audio"), source, 0.0)

    source.send(b"opus", 1.0)

    assert len(recorder.packets) == 1


def test_a_slot_switched_off_gets_nothing_more() -> None:
    recorder, source = Recorder(), Source()
    slot = slot_of(recorder)
    shown(slot, source, 0.0)
    source.send(KEY, 1.0)

    slot.follow(None, None, 1.0)
    source.send(DELTA, 1.1)

    assert len(recorder.packets) == 1


def test_a_lost_packet_comes_again_with_the_same_number() -> None:
    recorder, source = Recorder(), Source()
    slot = slot_of(recorder)
    shown(slot, source, 0.0)
    source.send(KEY, 1.0)
    source.send(DELTA, 1.1)
    lost = recorder.heads[1]

    slot.resend([lost[0]], 1.2)

    assert recorder.heads[2] == lost
    assert recorder.packets[2][12:] == recorder.packets[1][12:]


def test_nothing_from_before_the_row_was_on_can_be_had() -> None:
    recorder, source = Recorder(), Source()
    slot = slot_of(recorder)
    for n in range(50):
        source.send(KEY, n / 30)
    shown(slot, source, 2.0)
    source.send(KEY, 2.1)
    first = recorder.heads[0][0]

    slot.resend([first - n & 0xFFFF for n in range(1, 60)], 2.2)

    assert len(recorder.packets) == 1


def retransmission(sequence: int, body: bytes, *, padding: int = 0) -> bytes:
    """A packet as RFC 4588 repeats it: under another SSRC, its old number before its body."""
    head = struct.pack("!BBHII", 0xA0 if padding else 0x80, 97, 5, 0, 99)
    return head + struct.pack("!H", sequence) + body + bytes([0] * (padding - 1) + [padding] * (padding > 0))


def test_a_retransmission_takes_the_place_of_the_lost_packet_once() -> None:
    recorder, source = Recorder(), Source()
    shown(slot_of(recorder), source, 0.0)
    source.send(KEY, 1.0)
    after_gap = source.send(DELTA, 1.1, skip=1)

    for _ in range(2):
        source.track.repeated(retransmission(after_gap - 1 & 0xFFFF, DELTA, padding=4), 12, 1.2)

    numbers = [head[0] for head in recorder.heads]
    assert [(n - numbers[0]) % 65536 for n in numbers] == [0, 2, 1]
    assert recorder.packets[2][12:] == DELTA
    assert source.track.stats().lost == 0


@pytest.mark.parametrize(
    "packet",
    [
        retransmission(65530, b"", padding=50),  # a probe of the link
        retransmission(65530, DELTA),  # a packet that has come
        retransmission(40_000, DELTA),  # a packet of long ago, or yet to come
        retransmission(65530, b"")[:12],  # nothing at all
        retransmission(65530, b"x", padding=3)[:-1] + b"\xff",  # padding beyond the packet
    ],
)
def test_a_retransmission_of_nothing_new_is_dropped(packet: bytes) -> None:
    recorder, source = Recorder(), Source()
    shown(slot_of(recorder), source, 0.0)
    source.send(KEY, 1.0)
    source.send(DELTA, 1.1)

    source.track.repeated(packet, 12, 1.2)

    assert len(recorder.packets) == 2


def test_a_late_packet_keeps_its_place() -> None:
    recorder, source = Recorder(), Source()
    slot = slot_of(recorder)
    shown(slot, source, 0.0)
    source.send(KEY, 1.0)
    after_gap = source.send(DELTA, 1.1, skip=1)

    source.send_again(after_gap - 1 & 0xFFFF, DELTA, 1.2)

    numbers = [head[0] for head in recorder.heads]
    assert [(n - numbers[0]) % 65536 for n in numbers] == [0, 2, 1]


def test_a_gap_is_asked_for_and_asked_for_again() -> None:
    source = Source()
    source.send(KEY, 1.0)
    source.send(DELTA, 1.1, skip=3)
    assert source.asked_for(205, 1) == 1
    assert source.track.stats().nacks == 3

    source.track.tick(1.25)

    assert source.track.stats().nacks == 6
    assert source.track.stats().lost == 3


def test_a_gap_too_wide_to_repair_asks_for_a_key_frame() -> None:
    source = Source()
    source.send(KEY, 1.0)

    source.send(DELTA, 1.1, skip=200)

    assert source.asked_for(205, 1) == 0
    assert source.asked_for(206, 1) == 1


def test_key_frames_are_asked_for_twice_a_second_at_most() -> None:
    recorder, source = Recorder(), Source()
    slot = slot_of(recorder)
    source.send(KEY, 1.0)
    shown(slot, source, 1.0)
    for n in range(1, 200):
        slot.ask_for_key_frame(1.0 + n / 100)

    assert source.asked_for(206, 1) == 1 + int(1.99 / PLI_INTERVAL_S)


def test_a_key_frame_asked_for_too_soon_is_asked_for_later() -> None:
    source = Source()
    source.send(KEY, 1.0)
    source.track.ask_for_key_frame(1.0)
    source.track.ask_for_key_frame(1.1)
    source.track.tick(1.4)
    assert source.asked_for(206, 1) == 1

    source.track.tick(1.5)

    assert source.asked_for(206, 1) == 2


def test_a_key_frame_that_came_meanwhile_is_not_asked_for_again() -> None:
    source = Source()
    source.send(KEY, 1.0)
    source.track.ask_for_key_frame(1.0)
    source.track.ask_for_key_frame(1.1)
    source.send(KEY, 1.2)

    source.track.tick(1.6)

    assert source.asked_for(206, 1) == 1


def test_a_restarted_source_goes_on_in_the_same_stream() -> None:
    recorder, source = Recorder(), Source()
    slot = slot_of(recorder)
    shown(slot, source, 0.0)
    source.send(KEY, 1.0)

    source.send(KEY, 1.1, skip=30_000)

    numbers = [head[0] for head in recorder.heads]
    assert (numbers[1] - numbers[0]) % 65536 == 1


def test_a_sender_hears_what_its_receivers_can_take() -> None:
    source = Source()
    source.send(KEY, 1.0)
    for share in (1_200_000, 800_000):
        slot = slot_of(Recorder())
        shown(slot, source, 1.0)
        slot.share = share

    source.track.limit_bitrate()

    remb = source.asked[-1]
    exponent, mantissa = remb[17] >> 2, (remb[17] & 3) << 16 | remb[18] << 8 | remb[19]
    assert mantissa << exponent == pytest.approx(996_000, rel=0.001)


def test_the_senders_sound_is_made_as_robust_as_the_worst_receiver_needs() -> None:
    source = Source("audio")
    source.send(b"opus", 1.0)
    for loss in (5, 40):
        slot = slot_of(Recorder(), "audio")
        shown(slot, source, 1.0)
        slot.loss = loss

    report = source.track.report(2.0)

    assert report is not None
    assert report.fraction_lost == 40


def test_a_picture_of_which_nothing_is_said_while_sound_is_reported_does_not_arrive() -> None:
    source = Source()
    slot = slot_of(Recorder())
    shown(slot, source, 0.0)
    assert slot.arriving(heard_at=9.0) == 1.0  # nothing of it was sent yet

    source.send(KEY, 10.0)
    assert slot.arriving(heard_at=9.0) == 1.0  # a seat that says nothing at all is another matter
    assert slot.arriving(heard_at=12.9) == 1.0
    assert slot.arriving(heard_at=13.0) == 0.0

    slot.loss, slot.reported_at = 64, 13.0
    assert slot.arriving(heard_at=14.0) == 0.75


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 3)), max_size=60))
def test_any_order_of_packets_stays_within_the_slots_stream(sent: list[tuple[int, int]]) -> None:
    recorder, source = Recorder(), Source()
    slot = slot_of(recorder)
    shown(slot, source, 0.0)
    for n, (sequence, kind) in enumerate(sent):
        source.send_again(sequence, KEY if kind == 0 else DELTA, 1.0 + n / 100)
        slot.resend([sequence], 1.0 + n / 100)
        source.track.tick(1.0 + n / 100)

    assert {head[2] for head in recorder.heads} <= {slot.ssrc}
