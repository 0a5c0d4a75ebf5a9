"""Key files: made once, all or nothing, for nobody else."""

import stat
from pathlib import Path

import pytest

from reception.keyring import KeyFileError, Keyring

FILES = ["audit.key", "content.kek", "identity.kek", "index.key", "service.kek"]


def test_the_first_start_makes_the_keys_and_the_next_one_loads_them(tmp_path: Path) -> None:
    made = Keyring.load_or_create(tmp_path)

    assert Keyring.load_or_create(tmp_path) == made
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == FILES
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def test_no_two_keys_are_the_same(tmp_path: Path) -> None:
    Keyring.load_or_create(tmp_path)

    assert len({path.read_bytes() for path in (tmp_path / "keys").iterdir()}) == len(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_lost_key_is_not_replaced_by_a_new_one(tmp_path: Path, name: str) -> None:
    Keyring.load_or_create(tmp_path)
    (tmp_path / "keys" / name).unlink()

    with pytest.raises(KeyFileError, match=name):
        Keyring.load_or_create(tmp_path)
    assert not (tmp_path / "keys" / name).exists()


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    Keyring.load_or_create(tmp_path)
    (tmp_path / "keys" / "identity.kek").chmod(0o640)

    with pytest.raises(KeyFileError, match="0600"):
        Keyring.load_or_create(tmp_path)


def test_a_cut_key_is_refused(tmp_path: Path) -> None:
    Keyring.load_or_create(tmp_path)
    (tmp_path / "keys" / "audit.key").write_bytes(b"short")

    with pytest.raises(KeyFileError, match="damaged"):
        Keyring.load_or_create(tmp_path)
