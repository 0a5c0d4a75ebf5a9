"""The keys of an installation: files in `<data_dir>/keys`, made once, never in the database or its backup."""

import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

KEY_BYTES = 32


class KeyFileError(RuntimeError):
    """The service must not start with these key files; the message names the file, never its content."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys, 256 bits each.  `repr` shows none of them.

    Attributes:
        identity_kek: wraps the data keys over who came.
        content_kek: wraps the data keys over what was said.
        service_kek: seals secrets of staff accounts (one-time password seeds).
        index_key: keys the blind index and the hash of enrolment codes.
        audit_key: keys the audit chain.
    """

    identity_kek: bytes = field(repr=False)
    content_kek: bytes = field(repr=False)
    service_kek: bytes = field(repr=False)
    index_key: bytes = field(repr=False)
    audit_key: bytes = field(repr=False)

    @classmethod
    def fresh(cls) -> Self:
        """Make new random keys; they exist in memory only."""
        return cls(*(secrets.token_bytes(KEY_BYTES) for _ in fields(cls)))

    @classmethod
    def load_or_create(cls, data_dir: Path) -> Self:
        """Return the installation's keys, made on the first run.

        A set of which one file is missing is refused rather than completed: a
        new key beside old ones would make what the lost one sealed unreadable,
        and nobody would notice until it is needed.

        Raises:
            KeyFileError: a file is missing, damaged or readable by others.
        """
        folder = data_dir / "keys"
        if not folder.exists():
            cls.fresh()._write(folder)
        return cls(*(_read(path) for path in _paths(folder)))

    def _write(self, folder: Path) -> None:
        """Put the whole set in place at once: a crash leaves no half set behind."""
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="keys-", dir=folder.parent))
        try:
            for key, path in zip(fields(self), _paths(draft), strict=True):
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(getattr(self, key.name))
                    file.flush()
                    os.fsync(file.fileno())
            _sync(draft)
            draft.rename(folder)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            # Two first starts at once: the other one's keys are in place and they are the ones to load.
            if not folder.exists():
                raise KeyFileError(f"{folder} can not be written") from error
        _sync(folder.parent)


def _paths(folder: Path) -> list[Path]:
    """Name the files in the order of the fields: `identity_kek` is kept in `identity.kek`."""
    return [folder / key.name.replace("_", ".") for key in fields(Keyring)]


def _read(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        key = path.read_bytes()
    except FileNotFoundError as error:
        raise KeyFileError(f"{path} is missing; restore it from the key backup") from error
    except OSError as error:
        raise KeyFileError(f"{path} can not be read") from error
    if mode & 0o077:
        raise KeyFileError(f"{path} is open to other users; it must be 0600")
    if len(key) != KEY_BYTES:
        raise KeyFileError(f"{path} is damaged")
    return key


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
