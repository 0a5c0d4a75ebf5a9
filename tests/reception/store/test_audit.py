"""The audit chain: what tampering it shows, and that it accuses nobody wrongly."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from reception.store.audit import AuditAction, AuditLog, Head, HeadForged
from reception.store.engine import Sessions
from reception.store.tables import AuditRow
from tests.support.rows import NOW

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
LENGTH = 10


async def _append(session: AsyncSession, log: AuditLog, count: int = 1) -> int:
    seq = 0
    for _ in range(count):
        seq = await log.append(
            session,
            at=NOW,
            actor="p-1",
            action=AuditAction.CASE_VIEWED,
            object_type="case",
            object_id="c-1",
            case_id="c-1",
            fields=("summary",),
        )
    return seq


@pytest.fixture
async def chain(sessions: Sessions) -> Sessions:
    """A database with a chain of ten links, its append-only guards taken off as an intruder would."""
    async with sessions.write.begin() as session:
        await _append(session, AuditLog(KEY), LENGTH)
        if session.get_bind().dialect.name == "sqlite":
            for name in ("no_update", "no_delete", "no_replace"):
                await session.execute(text(f"DROP TRIGGER audit_event_{name}"))
        else:
            await session.execute(text("ALTER TABLE audit_event DISABLE TRIGGER ALL"))
    return sessions


async def _set(session: AsyncSession, number: int, **values: object) -> None:
    await session.execute(update(AuditRow).where(AuditRow.seq == number).values(**values))


async def _edit_a_column(session: AsyncSession) -> None:
    await _set(session, 5, actor="p-2")


async def _edit_the_body(session: AsyncSession) -> None:
    body = await session.scalar(select(AuditRow.body).where(AuditRow.seq == 5))
    assert body is not None
    await _set(session, 5, actor="p-2", body=body.replace("p-1", "p-2"))


async def _hide_a_refusal(session: AsyncSession) -> None:
    body = await session.scalar(select(AuditRow.body).where(AuditRow.seq == 5))
    assert body is not None
    await _set(session, 5, body=body.replace("allow", "deny"))


async def _flip_a_bit(session: AsyncSession) -> None:
    found = await session.scalar(select(AuditRow.hash).where(AuditRow.seq == 5))
    assert found is not None
    await _set(session, 5, hash=f"{int(found[0], 16) ^ 1:x}{found[1:]}")


async def _delete_the_middle(session: AsyncSession) -> None:
    await session.execute(delete(AuditRow).where(AuditRow.seq == 5))


async def _delete_the_middle_and_renumber(session: AsyncSession) -> None:
    await _delete_the_middle(session)
    for seq in range(6, LENGTH + 1):
        await _set(session, seq, seq=seq - 1)


async def _insert_between(session: AsyncSession) -> None:
    for seq in range(LENGTH, 4, -1):
        await _set(session, seq, seq=seq + 1)
    await _copy(session, 4, 5)


async def _swap(session: AsyncSession) -> None:
    for before, after in ((5, 99), (6, 5), (99, 6)):
        await _set(session, before, seq=after)


async def _duplicate_the_last(session: AsyncSession) -> None:
    await _copy(session, LENGTH, LENGTH + 1)


async def _rewrite_with_another_key(session: AsyncSession) -> None:
    await session.execute(delete(AuditRow).where(AuditRow.seq >= 5))
    await _append(session, AuditLog(OTHER_KEY), LENGTH - 4)


async def _copy(session: AsyncSession, seq: int, to: int) -> None:
    row = (await session.execute(select(AuditRow.__table__).where(AuditRow.seq == seq))).mappings().one()
    await session.execute(insert(AuditRow).values(**{**row, "seq": to}))


@pytest.mark.parametrize(
    ("tamper", "first_bad"),
    [
        (_edit_a_column, 5),
        (_edit_the_body, 5),
        (_hide_a_refusal, 5),
        (_flip_a_bit, 5),
        (_delete_the_middle, 5),
        (_delete_the_middle_and_renumber, 5),
        (_insert_between, 5),
        (_swap, 5),
        (_duplicate_the_last, LENGTH + 1),
        (_rewrite_with_another_key, 5),
    ],
)
async def test_tampering_is_found_at_its_first_link(
    chain: Sessions, tamper: Callable[[AsyncSession], Awaitable[None]], first_bad: int
) -> None:
    async with chain.write.begin() as session:
        await tamper(session)

    async with chain.read() as session:
        verdict = await AuditLog(KEY).verify(session)

    assert (verdict.ok, verdict.first_bad_seq) == (False, first_bad)


async def test_an_untouched_chain_is_sound(chain: Sessions, tmp_path: Path) -> None:
    log, path = AuditLog(KEY), tmp_path / "head.json"
    async with chain.read() as session:
        await log.export_head(session, path, at=NOW)
    async with chain.write.begin() as session:
        await _append(session, log, 3)

    async with chain.read() as session:
        verdict = await log.verify(session, log.read_head(path))

    assert (verdict.ok, verdict.first_bad_seq) == (True, None)
    assert (verdict.count, verdict.head.seq, verdict.vouched_seq) == (LENGTH + 3, LENGTH + 3, LENGTH)


@pytest.mark.parametrize("cut", [1, 4, LENGTH])
async def test_a_cut_tail_is_found_against_the_exported_head(
    chain: Sessions, tmp_path: Path, cut: int
) -> None:
    log, path = AuditLog(KEY), tmp_path / "head.json"
    async with chain.read() as session:
        await log.export_head(session, path, at=NOW)
    async with chain.write.begin() as session:
        await session.execute(delete(AuditRow).where(AuditRow.seq > LENGTH - cut))

    async with chain.read() as session:
        alone = await log.verify(session)
        compared = await log.verify(session, log.read_head(path))

    assert alone.ok  # the chain by itself can not know how long it was
    assert (compared.ok, compared.first_bad_seq) == (False, LENGTH - cut + 1)


async def test_a_tail_that_was_cut_and_regrown_is_found(chain: Sessions, tmp_path: Path) -> None:
    log, path = AuditLog(KEY), tmp_path / "head.json"
    async with chain.read() as session:
        await log.export_head(session, path, at=NOW)
    async with chain.write.begin() as session:
        await session.execute(delete(AuditRow).where(AuditRow.seq > LENGTH - 2))
        for _ in range(4):
            await log.append(
                session, at=NOW, actor="p-9", action=AuditAction.SEARCH, object_type="case", object_id="-"
            )

    async with chain.read() as session:
        verdict = await log.verify(session, log.read_head(path))

    assert (verdict.ok, verdict.first_bad_seq) == (False, LENGTH)


async def test_an_exported_head_can_not_be_forged(chain: Sessions, tmp_path: Path) -> None:
    log, path = AuditLog(KEY), tmp_path / "head.json"
    async with chain.read() as session:
        await log.export_head(session, path, at=NOW)
    path.write_text(json.dumps({**json.loads(path.read_text()), "seq": 3}))

    with pytest.raises(HeadForged):
        log.read_head(path)


def test_a_missing_head_vouches_for_nothing(tmp_path: Path) -> None:
    assert AuditLog(KEY).read_head(tmp_path / "head.json") is None


async def test_an_empty_chain_is_sound(sessions: Sessions) -> None:
    async with sessions.read() as session:
        verdict = await AuditLog(KEY).verify(session)

    assert (verdict.ok, verdict.count, verdict.head) == (True, 0, Head(0, "0" * 64))


async def test_a_link_of_a_use_case_that_failed_is_not_there(sessions: Sessions) -> None:
    log = AuditLog(KEY)
    async with sessions.write() as session:
        await _append(session, log)
        await session.rollback()

    async with sessions.write.begin() as session:
        assert await _append(session, log) == 1


async def test_writers_at_once_leave_one_chain_without_gaps(sessions: Sessions) -> None:
    log = AuditLog(KEY)

    async def use_case() -> int:
        async with sessions.write.begin() as session:
            return await _append(session, log)

    numbers = await asyncio.gather(*(use_case() for _ in range(20)))

    async with sessions.read() as session:
        verdict = await log.verify(session)
    assert sorted(numbers) == list(range(1, 21))
    assert (verdict.ok, verdict.count) == (True, 20)


def test_the_key_is_not_shown() -> None:
    assert "k" * 8 not in repr(AuditLog(KEY))


async def test_a_hundred_thousand_links_are_verified_in_seconds(
    sessions: Sessions, any_database: str
) -> None:
    # Making the rows takes longer on PostgreSQL; the walk is the same.
    count = 20_000 if any_database == "postgresql" else 100_000
    log = AuditLog(KEY)
    async with sessions.write.begin() as session:
        await _append(session, log)
        first = (await session.execute(select(AuditRow.__table__))).mappings().one()
        previous, body, rows = first["hash"], json.loads(first["body"]), []
        for seq in range(2, count + 1):
            link = {**body, "seq": seq, "previous_hash": previous}
            canonical = json.dumps(link, sort_keys=True, separators=(",", ":"))
            row = {
                **first,
                "seq": seq,
                "body": canonical,
                "previous_hash": previous,
                "hash": log._link(previous, canonical.encode()),
            }
            previous = row["hash"]
            rows.append(row)
        await session.execute(insert(AuditRow), rows)

    started = time.perf_counter()
    async with sessions.read() as session:
        verdict = await log.verify(session)

    assert (verdict.ok, verdict.count) == (True, count)
    assert time.perf_counter() - started < count / 10_000
