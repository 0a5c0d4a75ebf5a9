"""Redundant audio (RFC 2198): several Opus frames in one packet, the newest last. Pure."""

from collections.abc import Sequence

_MAX_BLOCKS = 8
_MAX_OFFSET = (1 << 14) - 1
_MAX_BLOCK_BYTES = (1 << 10) - 1

Block = tuple[int, bytes]
"""How far a frame lies before the packet's own timestamp, in timestamp units, and the frame."""


def blocks(body: bytes, payload_type: int) -> list[Block]:
    """Take a payload apart, oldest frame first; the last one is the packet's own, at 0.

    Raises:
        ValueError: malformed, or not frames of `payload_type` throughout.
    """
    lengths: list[tuple[int, int]] = []
    position = 0
    while True:
        if position >= len(body) or len(lengths) > _MAX_BLOCKS:
            raise ValueError("redundant payload without an end of headers")
        head = body[position]
        if head & 0x7F != payload_type:
            raise ValueError("redundant payload of another codec")
        if not head & 0x80:
            position += 1
            break
        word = int.from_bytes(body[position + 1 : position + 4], "big")
        lengths.append((word >> 10, word & 0x3FF))
        position += 4
    found: list[Block] = []
    for offset, length in lengths:
        found.append((offset, body[position : position + length]))
        position += length
    if position >= len(body):
        raise ValueError("redundant payload shorter than its headers say")
    return [*found, (0, body[position:])]


def payload(frames: Sequence[Block], payload_type: int) -> bytes:
    """Put frames together; those too old or too long for a header are left out.

    Args:
        frames: as `blocks` gives them.
        payload_type: that of the codec at the receiver.
    """
    *earlier, (_, newest) = frames
    fitting = [(o, f) for o, f in earlier if 0 < o <= _MAX_OFFSET and len(f) <= _MAX_BLOCK_BYTES]
    heads = [(0x80 | payload_type) << 24 | offset << 10 | len(frame) for offset, frame in fitting]
    return b"".join(
        [
            *(head.to_bytes(4, "big") for head in heads),
            bytes([payload_type]),
            *(frame for _, frame in fitting),
            newest,
        ]
    )
