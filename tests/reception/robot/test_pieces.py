"""The pieces of a robot: its key, its memory, its lock, its story."""

import base64
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from reception.demo.names import PHONE_PREFIX, REGION
from reception.domain.errors import NotFound
from reception.robot import lock, lock_path, memory_path
from reception.robot.key import DeviceKey
from reception.robot.memory import Enrolment, Memory
from reception.robot.story import story
from reception.services.device_keys import is_signed, normal_key
from reception.settings import Settings

ENROLMENT = Enrolment("device-1", "roll-1", DeviceKey.fresh())


def number_in(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def test_the_service_accepts_a_signature() -> None:
    key = DeviceKey.fresh()

    signature = key.sign("a message")

    assert normal_key(key.public_jwk) == key.canonical_jwk
    assert is_signed(key.canonical_jwk, "a message", signature)
    assert not is_signed(key.canonical_jwk, "another message", signature)


def test_a_signature_is_r_and_s_of_32_bytes_each() -> None:
    key = DeviceKey.fresh()

    for _ in range(64):  # one r in 256 is shorter than 32 bytes
        raw = base64.urlsafe_b64decode(key.sign("a message") + "==")
        assert len(raw) == 64
        r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        x, y = (number_in(key.public_jwk[name]) for name in ("x", "y"))
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1())
        public.public_key().verify(encode_dss_signature(r, s), b"a message", ec.ECDSA(SHA256()))


def test_a_key_survives_its_file() -> None:
    assert DeviceKey.from_text(ENROLMENT.key.text).public_jwk == ENROLMENT.key.public_jwk


@pytest.mark.parametrize("text", ["", "no key", "AAAA", "A" * 44])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        DeviceKey.from_text(text)


def test_a_memory_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "robot.json")

    memory.keep(ENROLMENT)
    memory.keep(Enrolment("device-1", "roll-2", ENROLMENT.key))

    assert stat.S_IMODE(memory.path.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["robot.json"]
    kept = memory.recall()
    assert kept is not None
    assert (kept.device, kept.roll) == ("device-1", "roll-2")


def test_secrets_of_a_terminal_are_not_shown() -> None:
    assert "roll-1" not in repr(ENROLMENT)
    assert ENROLMENT.key.text not in repr(ENROLMENT)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"device": "d", "roll": "r", "key": "?"}'])
def test_a_damaged_memory_counts_as_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "robot.json").write_text(text)

    assert Memory(tmp_path / "robot.json").recall() is None
    assert Memory(tmp_path / "missing.json").recall() is None


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    held = lock.take(tmp_path / "room.lock")

    with pytest.raises(lock.RobotRuns):
        lock.take(tmp_path / "room.lock")

    os.close(held)
    os.close(lock.take(tmp_path / "room.lock"))


def test_a_lock_is_handed_over_as_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "room.lock"
    held = lock.take(path)
    take_again = f"from pathlib import Path; from reception.robot import lock; lock.take(Path({str(path)!r}))"

    heir = subprocess.run([sys.executable, "-c", take_again], stdin=held, check=False)
    stranger = subprocess.run(
        [sys.executable, "-c", take_again], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )

    os.close(held)
    assert heir.returncode == 0
    assert stranger.returncode != 0


@pytest.mark.parametrize("room", ["", "../QH01", "QH01/..", "QH 01", ".", "QH01\n"])
def test_a_room_code_can_not_name_a_file_elsewhere(room: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)

    for path_of in (lock_path, memory_path):
        with pytest.raises(NotFound):
            path_of(settings, room)


def test_stories_are_fictional_varied_and_repeatable() -> None:
    stories = [story(number, "麦垄镇") for number in range(50)]

    assert stories[7] == story(7, "麦垄镇")
    assert len({told.summary for told in stories}) > 15
    for told in stories:
        assert told.visitor.id_number.startswith(REGION)
        assert told.visitor.phone.startswith(PHONE_PREFIX)
