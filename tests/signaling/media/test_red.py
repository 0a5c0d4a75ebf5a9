"""Redundant audio: what one packet repeats of earlier ones mends the way to the relay and the way from it."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.media.relay import red
from signaling.media.relay.slot import Slot
from signaling.media.relay.track import Track
from signaling.media.sdp import ABS_SEND_TIME, Section
from tests.signaling.media.test_slot import Recorder, shown_track

OPUS, RED = 111, 63
PLAIN = Section("audio", "2", OPUS, None, (), (), wants=True, gives=False)
REDUNDANT = replace(PLAIN, redundant_type=RED)


class Speaker:
    """A sender of redundant audio: every packet repeats the frame before it."""

    def __init__(self, repeats: bool = True) -> None:
        self.asked: list[bytes] = []
        self.track = Track("audio", self.asked.append, rtcp_ssrc=1, payload_type=OPUS, repeats=repeats)

    def say(self, number: int, *, padding: int = 0) -> None:
        """Send frame `number`, and the one before it along."""
        frames = [(960, frame(number - 1)), (0, frame(number))] if number else [(0, frame(number))]
        body = red.payload(frames, OPUS)
        self.take(number, body + bytes([0] * (padding - 1) + [padding] * (padding > 0)), padded=padding > 0)

    def take(self, number: int, body: bytes, *, padded: bool = False, redundant: bool = True) -> None:
        head = 0xA0 if padded else 0x80
        packet = struct.pack("!BBHII", head, RED, 65_000 + number & 0xFFFF, number * 960, 7) + body
        self.track.received(packet, 12, number / 50, redundant=redundant)


def frame(number: int) -> bytes:
    return b"frame %d" % number


def listening(speaker: Speaker, section: Section = REDUNDANT) -> tuple[Recorder, Slot]:
    recorder = Recorder()
    slot = Slot(2, section, recorder)
    shown_track(slot, speaker.track, 0.0)
    return recorder, slot


def frames_heard(recorder: Recorder, payload_type: int = OPUS) -> list[list[bytes]]:
    """The frames of each packet sent."""
    return [[body for _, body in red.blocks(packet[12:], payload_type)] for packet in recorder.packets]


frames_of_a_packet = st.lists(
    st.tuples(st.integers(1, (1 << 14) - 1), st.binary(max_size=200)), max_size=5
).map(lambda earlier: [*earlier, (0, b"newest")])


@given(frames_of_a_packet, st.integers(0, 127))
def test_frames_put_together_are_taken_apart_again(frames: list[red.Block], payload_type: int) -> None:
    assert red.blocks(red.payload(frames, payload_type), payload_type) == frames


@given(st.binary(max_size=300))
def test_any_payload_is_refused_or_taken_apart(body: bytes) -> None:
    speaker = Speaker()
    recorder, _ = listening(speaker)
    speaker.say(0)
    for candidate in (body, bytes([OPUS]) + body, bytes([0x80 | OPUS]) + body):
        try:
            speaker.take(1, candidate)
        except ValueError:
            continue

    assert len(recorder.packets) <= 4


@pytest.mark.parametrize(
    "body",
    [
        b"",
        bytes([OPUS]),  # headers and nothing behind them
        bytes([0]) + b"x",  # another codec
        bytes([0x80 | OPUS, 0, 0, 200, OPUS]) + b"short",  # a block longer than the packet
        bytes([0x80 | OPUS, 0, 0, 0]) * 50 + bytes([OPUS]) + b"x",  # headers without an end
    ],
)
def test_a_malformed_payload_is_not_forwarded(body: bytes) -> None:
    speaker = Speaker()
    recorder, _ = listening(speaker)

    with pytest.raises(ValueError, match="redundant payload"):
        speaker.take(0, body)

    assert recorder.packets == []
    assert speaker.track.stats().packets == 0


def test_redundant_sound_is_forwarded_as_it_is() -> None:
    speaker = Speaker()
    recorder, _ = listening(speaker)

    for number in range(3):
        speaker.say(number)

    assert frames_heard(recorder) == [[frame(0)], [frame(0), frame(1)], [frame(1), frame(2)]]
    assert {packet[1] & 0x7F for packet in recorder.packets} == {RED}


def test_a_receiver_that_knows_no_redundancy_gets_each_frame_once() -> None:
    speaker = Speaker()
    recorder, _ = listening(speaker, PLAIN)

    for number in range(3):
        speaker.say(number, padding=3 * number)

    assert [packet[12:] for packet in recorder.packets] == [frame(0), frame(1), frame(2)]
    assert {packet[1] & 0x7F for packet in recorder.packets} == {OPUS}
    assert {packet[0] for packet in recorder.packets} == {0x80}


def test_frames_are_named_by_the_receivers_payload_type() -> None:
    speaker = Speaker()
    recorder, _ = listening(speaker, replace(REDUNDANT, payload_type=96, redundant_type=97))

    speaker.say(0)
    speaker.say(1)

    assert frames_heard(recorder, 96) == [[frame(0)], [frame(0), frame(1)]]
    assert {packet[1] & 0x7F for packet in recorder.packets} == {97}


def test_nothing_said_before_the_row_was_on_goes_along() -> None:
    speaker = Speaker()
    speaker.say(0)
    speaker.say(1)
    recorder, _ = listening(speaker)

    speaker.say(2)
    speaker.say(4)

    assert frames_heard(recorder) == [[frame(2)], [frame(2), frame(3)], [frame(3), frame(4)]]


def test_a_packet_lost_on_the_way_to_the_relay_is_made_again_from_the_next() -> None:
    speaker = Speaker()
    recorder, _ = listening(speaker)
    speaker.say(0)

    speaker.say(2)

    assert frames_heard(recorder) == [[frame(0)], [frame(0), frame(1)], [frame(1), frame(2)]]
    numbers = [head[0] for head in recorder.heads]
    assert [number - numbers[0] for number in numbers] == [0, 1, 2]
    assert [head[1] - recorder.heads[0][1] for head in recorder.heads] == [0, 960, 1920]
    assert speaker.asked == []  # what is there need not be asked for


def test_a_packet_that_comes_after_it_was_made_again_is_dropped() -> None:
    speaker = Speaker()
    recorder, slot = listening(speaker)
    for number in (0, 2):
        speaker.say(number)
    made = recorder.packets[1]

    speaker.say(1)
    slot.resend([recorder.heads[1][0]], 1.0)

    # Other bytes under the same number would be encrypted with the same key stream.
    assert recorder.packets[3:] == [made]


def test_of_two_packets_lost_in_a_row_the_older_one_is_asked_for() -> None:
    speaker = Speaker()
    listening(speaker)
    speaker.say(0)

    speaker.say(3)

    assert [packet[12:14] for packet in speaker.asked] == [struct.pack("!H", 65_001)]
    assert speaker.track.stats().nacks == 1


def test_a_sender_that_repeats_nothing_is_not_asked() -> None:
    speaker = Speaker(repeats=False)
    listening(speaker)
    speaker.say(0)

    speaker.say(3)
    speaker.track.tick(1.0)

    assert speaker.asked == []


def test_sound_is_asked_for_three_times_at_most() -> None:
    speaker = Speaker()
    speaker.say(0)
    speaker.say(3)

    for tick in range(1, 20):
        speaker.track.tick(0.06 + tick * 0.1)

    assert speaker.track.stats().nacks == 3


def test_what_is_repeated_is_the_same_to_the_last_byte() -> None:
    speaker = Speaker()
    recorder, slot = listening(speaker, replace(REDUNDANT, extensions=((2, ABS_SEND_TIME),)))
    speaker.say(0)
    speaker.say(1)

    slot.resend([recorder.heads[1][0]], 5.0)

    assert recorder.packets[2] == recorder.packets[1]


def test_over_a_narrow_line_each_frame_comes_once() -> None:
    speaker = Speaker()
    recorder, slot = listening(speaker)
    speaker.say(0)

    slot.double(False)
    speaker.say(1)
    slot.double(True)
    speaker.say(2)

    assert [packet[1] & 0x7F for packet in recorder.packets] == [RED, OPUS, RED]
    assert recorder.packets[1][12:] == frame(1)


def test_what_came_plain_is_never_repeated_in_another_form() -> None:
    speaker = Speaker()
    recorder, slot = listening(speaker)
    slot.double(False)
    speaker.say(0)
    speaker.say(1)
    asked = [head[0] for head in recorder.heads]

    slot.resend(asked, 1.0)  # too late for sound over such a line
    slot.double(True)
    slot.resend(asked, 1.0)
    assert len(recorder.packets) == 2

    speaker.say(2)
    slot.resend([recorder.heads[2][0]], 1.0)

    assert recorder.packets[3] == recorder.packets[2]
