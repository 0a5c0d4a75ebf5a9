"""The key of a robot's terminal: P-256, signs as a browser's WebCrypto does."""

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

_COORDINATE_BYTES = 32


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A private key with its public half as the service wants it."""

    _private: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def fresh(cls) -> Self:
        """Make a new key."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a key that `text` wrote; ValueError when it is none."""
        try:
            scalar = int.from_bytes(base64.b64decode(text, altchars=b"-_", validate=True), "big")
        except binascii.Error as error:
            raise ValueError("not a key") from error
        return cls(ec.derive_private_key(scalar, ec.SECP256R1()))

    @property
    def text(self) -> str:
        """The private key as one line, for a file that only its owner reads."""
        scalar = self._private.private_numbers().private_value
        return base64.urlsafe_b64encode(scalar.to_bytes(_COORDINATE_BYTES, "big")).decode()

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public key as JWK (RFC 7517)."""
        point = self._private.public_key().public_numbers()
        return {"crv": "P-256", "kty": "EC", "x": _coordinate(point.x), "y": _coordinate(point.y)}

    @property
    def canonical_jwk(self) -> str:
        """The public key in the form that the service keeps (RFC 7638)."""
        return json.dumps(self.public_jwk, separators=(",", ":"), sort_keys=True)

    def sign(self, message: str) -> str:
        """Return the ECDSA signature over SHA-256 of `message`: base64url of r and s, 32 bytes each."""
        r, s = decode_dss_signature(self._private.sign(message.encode(), ec.ECDSA(SHA256())))
        return _encode(_bytes(r) + _bytes(s))


def _bytes(number: int) -> bytes:
    return number.to_bytes(_COORDINATE_BYTES, "big")


def _coordinate(number: int) -> str:
    return _encode(_bytes(number))


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
