"""Sealed columns: envelope encryption, one data key per case and purpose, wrapped by a key that is not here.

A sealed value reads `v1.aesgcm.<data key id>.<nonce>.<ciphertext>`.  Its
associated data name the table, column, row and case it belongs to, so a value
that was moved anywhere else in the database does not open.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import unicodedata
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from reception.domain.ids import CaseId, new_id
from reception.keyring import Keyring
from reception.store.tables import DataKeyRow, KeyCheckRow

WRAPPING_VERSION = 1
_FORMAT = "v1.aesgcm"
_NONCE_BYTES = 12
_INDEX_HEX = (
    10  # 40 bits: enough to find a row, too few to prove a match; the final comparison is after opening
)
_CACHED_KEYS = 256
_CHECK_TEXT = "reception key check"
_SERVICE_KEY = "service"


class Purpose(StrEnum):
    """Which key tree a value hangs on: who came, or what was said."""

    IDENTITY = "identity"
    CONTENT = "content"


class VaultError(RuntimeError):
    """The vault can not do its work; never carries a value or a key."""


class WrongKey(VaultError):
    """A key file is not the one this database was written with; the service must not start."""


class SealBroken(VaultError):
    """A sealed value was changed, moved to another row, or belongs to a key that is gone."""


@dataclass(frozen=True, slots=True)
class _Sealed:
    """The parts of a sealed value."""

    key_id: str
    nonce: bytes
    ciphertext: bytes

    @classmethod
    def parse(cls, text: str) -> "_Sealed":
        parts = text.split(".")
        if len(parts) != 5 or ".".join(parts[:2]) != _FORMAT:
            raise SealBroken("not a sealed value")
        try:
            return cls(parts[2], _decode(parts[3]), _decode(parts[4]))
        except (binascii.Error, ValueError) as error:
            raise SealBroken("not a sealed value") from error

    def __str__(self) -> str:
        return f"{_FORMAT}.{self.key_id}.{_encode(self.nonce)}.{_encode(self.ciphertext)}"


class Vault:
    """Seals and opens values; holds the wrapping keys and a few unwrapped data keys."""

    def __init__(self, keyring: Keyring) -> None:
        self._wrapping = {Purpose.IDENTITY: keyring.identity_kek, Purpose.CONTENT: keyring.content_kek}
        self._service = keyring.service_kek
        self._index = keyring.index_key
        self._audit = keyring.audit_key
        self._data_keys: OrderedDict[str, bytes] = OrderedDict()

    def __repr__(self) -> str:
        return "<Vault>"

    async def seal(
        self,
        session: AsyncSession,
        purpose: Purpose,
        *,
        case_id: CaseId,
        table: str,
        column: str,
        row_id: str,
        text: str,
    ) -> str:
        """Return `text` sealed for one place in the database.

        The case's data key is made on first use, in the same transaction; the
        case row has to be in the session already.
        """
        key_id, key = await self._key_of_case(session, purpose, case_id)
        return _seal(key, key_id, text, _place(table, column, row_id, case_id))

    async def open(
        self,
        session: AsyncSession,
        purpose: Purpose,
        *,
        case_id: CaseId,
        table: str,
        column: str,
        row_id: str,
        sealed: str,
    ) -> str:
        """Return what was sealed for this very place, or raise SealBroken."""
        parts = _Sealed.parse(sealed)
        key = self._data_keys.get(_cache_name(purpose, case_id, parts.key_id))
        if key is None:
            row = (
                await session.execute(
                    select(DataKeyRow.id, DataKeyRow.wrapped).where(
                        DataKeyRow.id == parts.key_id,
                        DataKeyRow.case_id == case_id,
                        DataKeyRow.purpose == purpose,
                    )
                )
            ).one_or_none()
            if row is None:
                raise SealBroken("its data key is gone or belongs to another case")
            key = self._unwrap(purpose, case_id, row.id, row.wrapped)
        return _open(key, parts, _place(table, column, row_id, case_id))

    def seal_service(self, *, table: str, column: str, row_id: str, text: str) -> str:
        """Seal a secret of the service itself, such as a one-time password seed; no case is involved."""
        return _seal(self._service, _SERVICE_KEY, text, _place(table, column, row_id, ""))

    def open_service(self, *, table: str, column: str, row_id: str, sealed: str) -> str:
        """Return what `seal_service` sealed for this very place, or raise SealBroken."""
        parts = _Sealed.parse(sealed)
        if parts.key_id != _SERVICE_KEY:
            raise SealBroken("not a secret of the service")
        return _open(self._service, parts, _place(table, column, row_id, ""))

    def blind_index(self, kind: str, value: str) -> str:
        """Return what an exact search for `value` compares: a keyed hash, cut to 40 bits.

        An ID number has few unknown digits, so without the key an index would be
        as good as the number itself.  The cut makes strangers collide on purpose.

        Args:
            kind: `id_number` or `phone`; equal texts of different kinds differ.
            value: as typed; width, spaces, hyphens and case do not matter.
        """
        return self.keyed_hash(kind, _plain(value))[:_INDEX_HEX]

    def keyed_hash(self, kind: str, value: str) -> str:
        """Return the whole keyed hash of a short secret, such as an enrolment code."""
        return hmac.digest(self._index, f"{kind}\0{value}".encode(), "sha256").hex()

    def forget_keys(self) -> None:
        """Drop every unwrapped data key; a key deleted from the database is then gone for good."""
        self._data_keys.clear()

    async def check_keys(self, session: AsyncSession) -> None:
        """Compare every key with the known text it sealed on the first start; keep that text then.

        Raises:
            WrongKey: names the keys that do not belong to this database.
        """
        known = {
            row.name: row.check_sealed
            for row in await session.scalars(
                select(KeyCheckRow).where(KeyCheckRow.version == WRAPPING_VERSION)
            )
        }
        if not known:
            session.add_all(
                KeyCheckRow(name=name, version=WRAPPING_VERSION, check_sealed=check)
                for name, check in self._checks().items()
            )
            await session.flush()
            return
        wrong = [name for name in self._checks() if name not in known or not self._holds(name, known[name])]
        if wrong:
            raise WrongKey(f"not the keys of this database: {', '.join(wrong)}")

    def _checks(self) -> dict[str, str]:
        ciphers = {**{str(purpose): key for purpose, key in self._wrapping.items()}, "service": self._service}
        macs = {"index": self._index, "audit": self._audit}
        return {
            **{
                name: _seal(key, name, _CHECK_TEXT, _place("key_check", "check_sealed", name, ""))
                for name, key in ciphers.items()
            },
            **{name: hmac.digest(key, _CHECK_TEXT.encode(), "sha256").hex() for name, key in macs.items()},
        }

    def _holds(self, name: str, check: str) -> bool:
        if name in {"index", "audit"}:
            key = self._index if name == "index" else self._audit
            return hmac.compare_digest(hmac.digest(key, _CHECK_TEXT.encode(), "sha256").hex(), check)
        key = self._service if name == "service" else self._wrapping[Purpose(name)]
        try:
            return (
                _open(key, _Sealed.parse(check), _place("key_check", "check_sealed", name, "")) == _CHECK_TEXT
            )
        except SealBroken:
            return False

    async def _key_of_case(
        self, session: AsyncSession, purpose: Purpose, case_id: CaseId
    ) -> tuple[str, bytes]:
        """Return the case's data key, always by a look at the database.

        The cache alone must not decide: a key made in a transaction that was
        rolled back exists nowhere, and what it sealed could never be opened.
        """
        query = select(DataKeyRow.id, DataKeyRow.wrapped).where(
            DataKeyRow.case_id == case_id, DataKeyRow.purpose == purpose
        )
        row = (await session.execute(query)).one_or_none()
        if row is None:
            await self._make_key(session, purpose, case_id)
            row = (await session.execute(query)).one()
        return row.id, self._unwrap(purpose, case_id, row.id, row.wrapped)

    async def _make_key(self, session: AsyncSession, purpose: Purpose, case_id: CaseId) -> None:
        key_id, key = new_id(), secrets.token_bytes(32)
        wrapped = _wrap(self._wrapping[purpose], key, _key_place(purpose, case_id, key_id))
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        await session.execute(
            # Two transactions may meet here on PostgreSQL; the second one uses the key of the first.
            insert(DataKeyRow)
            .values(
                id=key_id,
                case_id=case_id,
                purpose=str(purpose),
                wrapped=wrapped,
                wrapping_version=WRAPPING_VERSION,
                created_at=datetime.now(UTC),
            )
            .on_conflict_do_nothing(index_elements=["case_id", "purpose"])
        )

    def _unwrap(self, purpose: Purpose, case_id: CaseId, key_id: str, wrapped: str) -> bytes:
        name = _cache_name(purpose, case_id, key_id)
        key = self._data_keys.get(name)
        if key is None:
            key = _unwrap(self._wrapping[purpose], wrapped, _key_place(purpose, case_id, key_id))
            self._data_keys[name] = key
            if len(self._data_keys) > _CACHED_KEYS:
                self._data_keys.popitem(last=False)
        self._data_keys.move_to_end(name)
        return key


def request_hash(*parts: bytes) -> str:
    """Return one hash over several byte strings, unambiguous where one ends."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _seal(key: bytes, key_id: str, text: str, place: bytes) -> str:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return str(_Sealed(key_id, nonce, AESGCM(key).encrypt(nonce, text.encode(), place)))


def _open(key: bytes, sealed: _Sealed, place: bytes) -> str:
    try:
        return AESGCM(key).decrypt(sealed.nonce, sealed.ciphertext, place).decode()
    except (InvalidTag, ValueError) as error:
        raise SealBroken("the value was changed, or sealed for another place") from error


def _wrap(wrapping_key: bytes, key: bytes, place: bytes) -> str:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _encode(nonce + AESGCM(wrapping_key).encrypt(nonce, key, place))


def _unwrap(wrapping_key: bytes, wrapped: str, place: bytes) -> bytes:
    try:
        blob = _decode(wrapped)
        return AESGCM(wrapping_key).decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], place)
    except (InvalidTag, ValueError) as error:
        raise SealBroken("a data key does not unwrap") from error


def _place(table: str, column: str, row_id: str, case_id: str) -> bytes:
    parts = (table, column, row_id, case_id)
    if any("|" in part for part in parts):
        raise ValueError("names and ids of a sealed place hold no bar")
    return "|".join(parts).encode()


def _key_place(purpose: Purpose, case_id: str, key_id: str) -> bytes:
    return f"data_key|{purpose}|{case_id}|{key_id}|{WRAPPING_VERSION}".encode()


def _cache_name(purpose: Purpose, case_id: str, key_id: str) -> str:
    return f"{purpose}|{case_id}|{key_id}"


def _plain(value: str) -> str:
    """Bring a typed number into one form: half-width, without spaces and hyphens, upper case."""
    folded = unicodedata.normalize("NFKC", value).upper()
    return "".join(sign for sign in folded if sign.isalnum() or sign == "+")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
