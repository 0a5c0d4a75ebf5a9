"""The audit trail: an append-only chain of keyed hashes, written in the transaction of the change itself.

Every link's hash covers the whole link and the hash before it, under a key that
is not in the database.  Editing, inserting, removing or reordering links breaks
the chain; cutting its tail is seen against an exported head.  A link holds
codes and ids, never a value: who came is not to be learned from the trail.
"""

import hmac
import json
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
import rfc8785
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from reception.store.audit_actions import AuditAction
from reception.store.tables import AuditRow

__all__ = ["AuditAction", "AuditLog", "Head", "HeadForged", "Result", "Verdict", "head"]

Result = Literal["allow", "deny", "error"]

_GENESIS = "0" * 64
_CHAIN_LOCK = 0x61756469  # "audi": PostgreSQL's number for "the end of the chain"


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain at some moment; `seq` 0 before the first link."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look at the whole chain found.

    Attributes:
        ok: nothing is wrong.
        first_bad_seq: the first link that does not hold or is missing; None when all is well.
        count: links seen up to there.
        head: the last link that holds.
        vouched_seq: up to which link an exported head speaks for completeness; None without one.
    """

    ok: bool
    first_bad_seq: int | None
    count: int
    head: Head
    vouched_seq: int | None


class HeadForged(RuntimeError):
    """The exported head does not carry this installation's seal."""


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    """A link's content, as the hash covers it."""

    seq: int
    at: str
    actor: str
    action: str
    object_type: str
    object_id: str
    case_id: str | None
    result: str
    reason_code: str | None
    fields: list[str]
    previous_hash: str


_decode_body = msgspec.json.Decoder(_Body).decode


class AuditLog:
    """Appends to the chain and verifies it; holds the key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __repr__(self) -> str:
        return "<AuditLog>"

    async def append(
        self,
        session: AsyncSession,
        *,
        at: datetime,
        actor: str,
        action: AuditAction,
        object_type: str,
        object_id: str,
        case_id: str | None = None,
        result: Result = "allow",
        reason_code: str | None = None,
        fields: Sequence[str] = (),
    ) -> int:
        """Add a link in the open transaction, and return its number.

        The end of the chain stays locked until the transaction ends, so numbers
        have no gap.  Append after the change it speaks of, as late as possible.

        Args:
            actor: seat of a person or terminal, or `service`, or `unknown`.
            reason_code: a code, never a sentence.
            fields: names of the fields that were seen or changed, never their values.
        """
        if session.get_bind().dialect.name == "postgresql":
            # SQLite's only writer holds the end of the chain already.
            await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})
        last = await head(session)
        body = _Body(
            seq=last.seq + 1,
            at=_instant(at),
            actor=actor,
            action=action.value,
            object_type=object_type,
            object_id=object_id,
            case_id=case_id,
            result=result,
            reason_code=reason_code,
            fields=list(fields),
            previous_hash=last.hash,
        )
        canonical = rfc8785.dumps(msgspec.to_builtins(body))
        await session.execute(
            insert(AuditRow).values(
                seq=body.seq,
                at=at,
                actor=actor,
                action=action.value,
                object_type=object_type,
                object_id=object_id,
                case_id=case_id,
                body=canonical.decode(),
                previous_hash=last.hash,
                hash=self._link(last.hash, canonical),
            )
        )
        return body.seq

    async def verify(self, session: AsyncSession, exported: Head | None = None) -> Verdict:
        """Walk the chain from its first link, in constant memory.

        Args:
            exported: a head written earlier (`read_head`); without one a cut tail can not be seen.
        """
        last = Head(0, _GENESIS)
        vouched = exported.seq if exported else None
        async for row in _links(session):
            if not self._holds(row, last) or (
                exported and exported.seq == row.seq and exported.hash != row.hash
            ):
                return Verdict(False, last.seq + 1, last.seq, last, vouched)
            last = Head(row.seq, row.hash)
        if exported and exported.seq > last.seq:
            return Verdict(False, last.seq + 1, last.seq, last, vouched)
        return Verdict(True, None, last.seq, last, vouched)

    async def export_head(self, session: AsyncSession, path: Path, *, at: datetime) -> Head:
        """Write the chain's head to a file, replaced as a whole.

        `session` has to see committed links only: a head that speaks of a link
        which is rolled back later would accuse an honest chain.
        """
        last = await head(session)
        record: dict[str, str | int] = {"at": _instant(at), "hash": last.hash, "seq": last.seq}
        record["seal"] = self._seal(record)
        draft = path.with_name(path.name + ".new")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(rfc8785.dumps(record) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        return last

    def read_head(self, path: Path) -> Head | None:
        """Return an exported head, or None when there is none.

        Raises:
            HeadForged: the file was not written with this installation's key.
        """
        try:
            record = json.loads(path.read_bytes())
            seal = record.pop("seal")
            if not hmac.compare_digest(self._seal(record), seal):
                raise HeadForged(path.name)
            return Head(int(record["seq"]), str(record["hash"]))
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError) as error:
            raise HeadForged(path.name) from error

    def _holds(self, row: "_Link", last: Head) -> bool:
        """Tell whether a row follows `last` and its columns say what its sealed body says."""
        if row.seq != last.seq + 1 or row.previous_hash != last.hash:
            return False
        if not hmac.compare_digest(self._link(last.hash, row.body.encode()), row.hash):
            return False
        body = _decode_body(row.body)
        return (
            body.seq,
            body.at,
            body.actor,
            body.action,
            body.object_type,
            body.object_id,
            body.case_id,
        ) == (
            row.seq,
            _instant(row.at),
            row.actor,
            row.action,
            row.object_type,
            row.object_id,
            row.case_id,
        )

    def _link(self, previous_hash: str, canonical: bytes) -> str:
        return hmac.digest(self._key, b"\0" + previous_hash.encode() + canonical, "sha256").hex()

    def _seal(self, record: dict[str, str | int]) -> str:
        return hmac.digest(self._key, b"\1" + rfc8785.dumps(record), "sha256").hex()


async def head(session: AsyncSession) -> Head:
    """Return the last link's number and hash."""
    query = select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)
    row = (await session.execute(query)).one_or_none()
    return Head(row.seq, row.hash) if row else Head(0, _GENESIS)


@dataclass(frozen=True, slots=True)
class _Link:
    """One row as read back."""

    seq: int
    at: datetime
    actor: str
    action: str
    object_type: str
    object_id: str
    case_id: str | None
    body: str
    previous_hash: str
    hash: str


async def _links(session: AsyncSession) -> AsyncIterator[_Link]:
    query = select(
        AuditRow.seq,
        AuditRow.at,
        AuditRow.actor,
        AuditRow.action,
        AuditRow.object_type,
        AuditRow.object_id,
        AuditRow.case_id,
        AuditRow.body,
        AuditRow.previous_hash,
        AuditRow.hash,
    ).order_by(AuditRow.seq)
    result = await session.stream(query, execution_options={"yield_per": 1000})
    async for rows in result.partitions():
        for row in rows:
            yield _Link(
                seq=row.seq,
                at=row.at,
                actor=row.actor,
                action=row.action,
                object_type=row.object_type,
                object_id=row.object_id,
                case_id=row.case_id,
                body=row.body,
                previous_hash=row.previous_hash,
                hash=row.hash,
            )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
