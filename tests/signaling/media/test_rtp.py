"""RTP and RTCP as written are read the same by others; as read, they never surprise."""

import struct

import pytest
from aiortc.rtp import RtcpPacket, RtcpRtpfbPacket
from hypothesis import given
from hypothesis import strategies as st

from signaling.media.relay import rtp
from signaling.media.relay.arrivals import FeedbackLog, Losses, Reception


@given(st.sets(st.integers(1, 3000), min_size=1, max_size=80))
def test_a_nack_names_exactly_the_missing_numbers(numbers: set[int]) -> None:
    message = rtp.nack(1, 2, sorted(numbers))

    (parsed,) = RtcpPacket.parse(message)

    assert isinstance(parsed, RtcpRtpfbPacket)
    assert set(parsed.lost) == numbers


def test_a_nack_goes_over_the_wrap_around() -> None:
    message = rtp.nack(1, 2, [65535, 65536, 65538])

    assert struct.unpack("!HH", message[12:]) == (65535, 0b101)


@pytest.mark.parametrize(
    ("body", "starts"),
    [
        (b"\x10\x00", True),  # short descriptor
        (b"\x10\x01", False),  # the P bit: predicted from another frame
        (b"\x00\x00", False),  # not the start of a partition
        (b"\x11\x00", False),  # another partition
        (b"\x90\x80\x05\x00", True),  # picture id of one byte
        (b"\x90\x80\x85\x06\x00", True),  # picture id of two bytes
        (b"\x90\xe0\x85\x06\x01\x20\x00", True),  # picture id, TL0PICIDX and TID
        (b"\x90\xe0\x85\x06\x01\x20\x01", False),  # the same, predicted
        (b"\x90\x80", False),  # cut off
        (b"\x90", False),
        (b"", False),
    ],
)
def test_a_vp8_key_frame_is_told_by_its_first_bytes(body: bytes, starts: bool) -> None:
    assert rtp.starts_vp8_key_frame(body) is starts


@given(st.binary(min_size=12, max_size=60), st.integers(1, 14))
def test_any_header_is_refused_or_read_within_the_packet(packet: bytes, wanted: int) -> None:
    try:
        start, value = rtp.body_start(packet, wanted)
    except ValueError:
        return

    assert 12 <= start <= len(packet)
    assert value is None or 0 <= value <= 0xFFFF
    rtp.starts_vp8_key_frame(packet[start:])


def test_the_transport_wide_number_is_found_among_other_extensions() -> None:
    extensions = bytes([0x12, 1, 2, 3, 0x00, 0x31, 0xAB, 0xCD])
    packet = bytes([0x90]) + bytes(11) + struct.pack("!HH", 0xBEDE, 2) + extensions + b"body"

    assert rtp.body_start(packet, 3) == (24, 0xABCD)


def decoded(message: bytes) -> list[tuple[int, int]]:
    """Read a transport-wide feedback message as its draft says."""
    base, count, reference = struct.unpack_from("!HHI", message, 12)
    symbols: list[int] = []
    position = 20
    while len(symbols) < count:
        (chunk,) = struct.unpack_from("!H", message, position)
        symbols += [chunk >> (12 - 2 * n) & 3 for n in range(7)]
        position += 2
    time, result = (reference >> 8) << 8, []
    for offset, symbol in enumerate(symbols[:count]):
        if symbol == 1:
            time += message[position]
        elif symbol == 2:
            time += struct.unpack_from("!h", message, position)[0]
        position += symbol
        if symbol:
            result.append((base + offset & 0xFFFF, time))
    return result


@given(
    st.integers(0, 0xFFFF),
    st.lists(st.tuples(st.integers(1, 20), st.integers(-300, 3000)), min_size=1, max_size=100),
)
def test_feedback_tells_every_arrival(first: int, steps: list[tuple[int, int]]) -> None:
    arrivals, number, ticks = [], first, 5_000_000
    for step, wait in steps:
        number, ticks = number + step, ticks + wait
        arrivals.append((number, ticks))

    message = rtp.transport_feedback(1, 2, 5, arrivals)

    assert len(message) % 4 == 0
    assert struct.unpack_from("!H", message, 2)[0] == len(message) // 4 - 1
    assert decoded(message) == [(n & 0xFFFF, t) for n, t in arrivals]


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=200))
def test_any_transport_wide_numbers_make_a_message_of_bounded_size(numbers: list[int]) -> None:
    log = FeedbackLog()
    for n, number in enumerate(numbers):
        log.add(number, n / 100)

    taken = log.take()

    assert taken is not None
    assert len(rtp.transport_feedback(1, 2, *taken)) < 1200
    assert log.take() is None


def test_a_number_asked_for_often_enough_is_given_up() -> None:
    losses = Losses(asks=8)
    losses.gap([10, 11], 0.0)

    asked = [losses.due(20, float(second)) for second in range(1, 12)]

    assert asked == [[10, 11]] * 7 + [[]] * 4


def test_a_number_is_asked_for_quickly_twice_and_then_at_leisure() -> None:
    losses = Losses(asks=8)
    losses.gap([10], 0.0)

    asked = [tick for tick in range(1, 100) if losses.due(20, tick * 0.010001)]

    assert asked == [4, 8, 16, 32, 48, 64, 80]


def test_a_receiver_report_counts_losses_since_the_last_one() -> None:
    reception = Reception(90_000)
    reception.restart(100)
    reception.received, reception.highest = 75, 199

    first, second = reception.report(7, 1.0), reception.report(7, 2.0)

    assert (first.fraction_lost, first.packets_lost, first.highest_sequence) == (64, 25, 199)
    assert second.fraction_lost == 0
