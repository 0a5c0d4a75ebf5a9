"""The samples of every message type, and what becomes of them when they are damaged."""

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from signaling import schema
from signaling.errors import ProtocolError
from signaling.messages import (
    CLIENT_MESSAGES,
    MAX_FRAME_BYTES,
    SERVER_MESSAGES,
    decode_client,
    decode_server,
    encode,
)

SAMPLES = Path(__file__).parent / "samples"
DECODE = {"client": decode_client, "server": decode_server}
TYPES = {"client": CLIENT_MESSAGES, "server": SERVER_MESSAGES}


def samples(direction: str, quality: str) -> list[Any]:
    """(direction, sample) of every file, named after its type."""
    return [
        pytest.param(direction, sample, id=f"{path.stem}-{sample.get('why', number)}".replace(" ", "_"))
        for path in sorted((SAMPLES / direction).glob("*.json"))
        for number, sample in enumerate(json.loads(path.read_text(encoding="utf-8"))[quality])
    ]


def frames() -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((SAMPLES / "frames.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("direction", ["client", "server"])
def test_every_type_has_samples_and_every_sample_a_type(direction: str) -> None:
    tags = {message.__struct_config__.tag for message in TYPES[direction]}

    assert {path.stem for path in (SAMPLES / direction).glob("*.json")} == tags


@pytest.mark.parametrize(("direction", "sample"), samples("client", "valid") + samples("server", "valid"))
def test_a_valid_message_is_read_and_written_without_loss(direction: str, sample: dict[str, object]) -> None:
    message = DECODE[direction](json.dumps(sample).encode())

    assert json.loads(encode(message)) == sample
    assert message.__struct_config__.tag == sample["type"]


@pytest.mark.parametrize(("direction", "sample"), samples("client", "invalid") + samples("server", "invalid"))
def test_an_invalid_message_is_refused_with_its_code(direction: str, sample: dict[str, object]) -> None:
    with pytest.raises(ProtocolError) as refusal:
        DECODE[direction](json.dumps(sample["message"]).encode())

    assert refusal.value.code == sample["code"]


@pytest.mark.parametrize("sample", frames(), ids=lambda sample: sample["why"])
def test_what_is_no_message_is_refused_with_its_code(sample: dict[str, str]) -> None:
    with pytest.raises(ProtocolError) as refusal:
        decode_client(sample["frame"].encode())

    assert (refusal.value.code, refusal.value.re) == (sample["code"], None)


def test_a_refusal_carries_the_id_that_can_be_read() -> None:
    command_id = "3f2b8c1e-5a4d-4e6f-8a7b-9c0d1e2f3a4b"

    with pytest.raises(ProtocolError) as refusal:
        decode_client(json.dumps({"type": "join", "id": command_id, "room": "no room"}).encode())

    assert refusal.value.re == command_id


def test_a_frame_above_the_limit_is_not_parsed() -> None:
    with pytest.raises(ProtocolError) as refusal:
        decode_client(b" " * (MAX_FRAME_BYTES + 1))

    assert refusal.value.code == "too_large"


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"type":"pong","n":1,"x":[', '{"type":"pong","n":['])
def test_deep_frames_are_refused_like_others(opening: str) -> None:
    frame = (opening * MAX_FRAME_BYTES)[:MAX_FRAME_BYTES].encode()

    with pytest.raises(ProtocolError):
        decode_client(frame)


@pytest.mark.parametrize("direction", ["client", "server"])
def test_damaged_frames_are_read_or_refused_never_more(direction: str) -> None:
    dice = random.Random(20260302)
    good = [json.dumps(sample.values[1]).encode() for sample in samples(direction, "valid")]
    outcomes = {"read": 0, "refused": 0}

    for _ in range(20_000):
        frame = damaged(dice.choice(good), dice, good)
        try:
            message = DECODE[direction](frame)
        except ProtocolError:
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
            assert msgspec.json.decode(encode(message), type=type(message)) == message

    assert min(outcomes.values()) > 50  # the damage is neither fatal nor harmless throughout


def damaged(frame: bytes, dice: random.Random, good: list[bytes]) -> bytes:
    """Flip, cut, double or splice up to three times."""
    raw = bytearray(frame)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(raw)) if raw else 0
        match dice.randrange(5):
            case 0 if raw:
                raw[at] = dice.randrange(256)
            case 1:
                del raw[at : at + dice.randint(1, 8)]
            case 2:
                raw[at:at] = raw[at : at + dice.randint(1, 40)]
            case 3:
                raw[at:at] = dice.choice(
                    [b"null", b"[]", b"{", b'"', b"\\u0000", b"\\ud800", b"1e999", b"-1"]
                )
            case _:
                raw[at:] = dice.choice(good)[at:]
    return bytes(raw)


def test_the_browsers_types_are_current() -> None:
    assert schema.TARGET.read_text(encoding="utf-8") == schema.render(), (
        "run python -m signaling.schema --write"
    )
    assert schema.main([]) == 0
