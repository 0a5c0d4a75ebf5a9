"""What an authenticated seat sends is forwarded or dropped; nothing of it raises or is kept without bound."""

from collections import Counter
from pathlib import Path

import pytest

from signaling.media.relay.bounds import MAX_MISSING, MAX_WAITING_ARRIVALS
from tests.signaling.media import fuzz_wire


def test_twenty_thousand_mutated_packets_are_forwarded_or_dropped() -> None:
    outcome = fuzz_wire.run(20_000, seed=20260323)

    assert outcome.escaped == Counter()
    assert outcome.sent > 1000
    assert outcome.most_kept < 2 * MAX_MISSING + MAX_WAITING_ARRIVALS


@pytest.mark.parametrize("path", sorted(fuzz_wire.CORPUS.glob("*.bin")), ids=lambda path: path.stem)
def test_a_packet_that_once_was_trouble_is_none_any_more(path: Path) -> None:
    target = fuzz_wire.Target.make()

    for _ in range(3):
        target.take(path.read_bytes())


def test_the_corpus_of_packets_never_shrinks() -> None:
    assert len(list(fuzz_wire.CORPUS.glob("*.bin"))) >= 19
