"""Passwords: argon2id, hashed off the event loop, and the rules for a new one."""

import asyncio
import unicodedata
from dataclasses import dataclass, field
from typing import Self

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from reception.domain.errors import BadInput

MIN_LENGTH, MAX_LENGTH = 12, 128  # a phrase; the upper bound only keeps the hash's input small
_AT_ONCE = 2  # one hash takes 64 MiB: a crowd at the door must not take the machine's memory

_DENIED_PARTS = ("password", "12345678", "qwerty", "admin123", "xinfang", "jiwei", "11111111", "00000000")


@dataclass(frozen=True, slots=True)
class Passwords:
    """Hashes and checks passwords.

    Attributes:
        hasher: cost of one hash; `Passwords()` is the only profile that a service runs with.
    """

    # OWASP asks for 19 MiB at t=2 or more; 64 MiB take about 0.1 s on one core.
    hasher: PasswordHasher = field(
        default_factory=lambda: PasswordHasher(memory_cost=64 * 1024, time_cost=2, parallelism=1)
    )
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE), repr=False)

    @classmethod
    def insecure_fast(cls) -> Self:
        """Return a profile that is quick and worthless: for tests, where no password protects anything."""
        return cls(PasswordHasher(memory_cost=8, time_cost=1, parallelism=1))

    async def hash(self, password: str) -> str:
        """Return the hash of a password, in the form that names its own cost."""
        async with self._turns:
            return await asyncio.to_thread(self.hasher.hash, password)

    async def is_right(self, password_hash: str, password: str) -> bool:
        """Tell whether a password belongs to a hash; takes the same time either way."""
        async with self._turns:
            return await asyncio.to_thread(self._verify, password_hash, password)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self.hasher.verify(password_hash, password)
        except (Argon2Error, InvalidHashError):
            return False


def refuse_weak(password: str, username: str) -> None:
    """Raise BadInput unless the password may be used.

    Length decides; beyond it only what everybody tries first is refused (NIST SP 800-63B, 3.1.1.2).
    """
    plain = unicodedata.normalize("NFKC", password).casefold()
    if len(password) < MIN_LENGTH:
        raise BadInput({"password": "password_too_short"})
    if len(password) > MAX_LENGTH:
        raise BadInput({"password": "too_long"})
    if username.casefold() in plain or any(part in plain for part in _DENIED_PARTS) or len(set(plain)) < 5:
        raise BadInput({"password": "password_too_common"})
