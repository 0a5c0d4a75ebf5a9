"""A source that pauses between two calls keeps sending reports; its clock of that time is nobody's."""

import pytest

from signaling.media.forwarding import Kind
from tests.signaling.media.test_slot import KEY, Recorder, Source, shown, slot_of


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_a_source_that_comes_back_is_timed_by_its_next_report_only(kind: Kind) -> None:
    recorder, source = Recorder(), Source(kind)
    slot = slot_of(recorder, kind)
    shown(slot, source, 0.0)
    source.send(KEY, 0.1)
    source.track.reported(1 << 32, 1 << 32, 3000, 0.2)
    slot.follow(None, None, 0.3)
    source.track.reported(5 << 32, 5 << 32, 3000 + 4 * 90_000, 4.2)  # nothing is sent, the report guesses
    recorder.reports.clear()

    shown(slot, source, 10.0)
    source.send(KEY, 10.0)

    # An old clock with new times made receivers hold the picture back, longer with every call.
    assert recorder.reports == []
    source.track.reported(11 << 32, 11 << 32, 6000, 10.5)
    assert len(recorder.reports) == 1
