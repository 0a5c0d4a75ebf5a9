"""Credentials for a TURN server in coturn's REST convention: minted per call, good for hours. No clock."""

import base64
import hashlib
import hmac
import re
import secrets
import stat
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

MIN_SECRET_CHARACTERS = 32
# What coturn's own file can hold in one value: no blank, no quote, nothing that begins a comment.
_SECRET = re.compile(r"[A-Za-z0-9+/=_.-]+")
_HOST = r"(?:\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)"
# TLS over TCP only: DTLS to the TURN server would be a second handshake on a path that UDP can go by itself.
_URL = re.compile(
    rf"(?:turn:{_HOST}(?::\d{{1,5}})?(?:\?transport=(?:udp|tcp))?|"
    rf"turns:{_HOST}(?::\d{{1,5}})?(?:\?transport=tcp)?)"
)


class SecretUnfit(ValueError):
    """The shared secret can not be used; the message is for whoever starts the service."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a browser shows to the TURN server.

    Attributes:
        username: the second since 1970 at which it ends, and a random name that tells nothing.
    """

    username: str
    password: str = field(repr=False)


def mint(secret: str, *, now: datetime, ttl: timedelta, name: str | None = None) -> Credential:
    """Make a credential that the TURN server accepts until `now + ttl`.

    Args:
        secret: shared with the TURN server (`static-auth-secret`).
        now: aware; the clocks of both servers must agree to a few seconds.
        name: drawn at random when absent, so that two calls of one officer can not be told to be his.
    """
    expires = int((now + ttl).timestamp())
    username = f"{expires}:{name or secrets.token_urlsafe(12)}"
    # SHA-1 is what the convention prescribes; as a keyed hash it is not weakened by collisions.
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return Credential(username, base64.b64encode(digest).decode())


def read_secret(path: Path) -> str:
    """Read the shared secret.

    Raises:
        SecretUnfit: it is missing, open to others, short, or nothing that coturn could read.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretUnfit(f"the TURN secret {path} can not be read") from error
    if mode & 0o077:
        raise SecretUnfit(f"the TURN secret {path} is open to others (mode {mode:04o}): chmod 600 it")
    if len(secret) < MIN_SECRET_CHARACTERS:
        raise SecretUnfit(f"the TURN secret {path} is shorter than {MIN_SECRET_CHARACTERS} characters")
    if not _SECRET.fullmatch(secret):
        raise SecretUnfit(f"the TURN secret {path} may hold letters, digits and + / = _ . - only")
    return secret


def is_turn_url(url: str) -> bool:
    """Say whether a browser may be given this address: TURN alone, never a STUN server of strangers."""
    return _URL.fullmatch(url) is not None
