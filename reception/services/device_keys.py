"""The key of a terminal: a P-256 public key as JWK, its fingerprint, and the check of a signature."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from reception.domain.errors import BadInput

_COORDINATE_BYTES = 32


def normal_key(jwk: Mapping[str, object]) -> str:
    """Return a public key in its one canonical form (RFC 7638), or raise BadInput.

    Only what makes the key is kept.  A key that comes with its private part is
    refused: it was not made to stay in the terminal.
    """
    x, y = jwk.get("x"), jwk.get("y")
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or "d" in jwk:
        raise BadInput({"public_key": "wrong"})
    if not isinstance(x, str) or not isinstance(y, str):
        raise BadInput({"public_key": "wrong"})
    canonical = json.dumps(
        {"crv": "P-256", "kty": "EC", "x": x.rstrip("="), "y": y.rstrip("=")}, separators=(",", ":")
    )
    try:
        _public_key(canonical)
    except (ValueError, binascii.Error):
        raise BadInput({"public_key": "wrong"}) from None
    return canonical


def fingerprint_of(key: str) -> str:
    """Return six digits by which terminal and administrator see that they speak of the same key."""
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % 1_000_000
    return f"{number // 1000:03d} {number % 1000:03d}"


def is_signed(key: str, message: str, signature: str) -> bool:
    """Tell whether `signature` (base64url of r and s, as WebCrypto gives it) belongs to key and message."""
    try:
        raw = _decode(signature)
        if len(raw) != 2 * _COORDINATE_BYTES:
            return False
        r, s = (int.from_bytes(half, "big") for half in (raw[:_COORDINATE_BYTES], raw[_COORDINATE_BYTES:]))
        _public_key(key).verify(encode_dss_signature(r, s), message.encode(), ec.ECDSA(SHA256()))
    except (ValueError, binascii.Error, InvalidSignature):
        return False
    return True


def _public_key(key: str) -> ec.EllipticCurvePublicKey:
    """Build the key; a point that is not on the curve raises ValueError."""
    parts = json.loads(key)
    x, y = (_decode(parts[name]) for name in ("x", "y"))
    if len(x) != _COORDINATE_BYTES or len(y) != _COORDINATE_BYTES:
        raise ValueError("not a P-256 coordinate")
    point = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1())
    return point.public_key()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
