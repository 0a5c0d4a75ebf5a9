"""Sealed values: only for their own place, only with the right keys."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from reception.domain.ids import CaseId
from reception.keyring import Keyring
from reception.store.engine import Sessions
from reception.store.tables import DataKeyRow
from reception.store.vault import Purpose, SealBroken, Vault, WrongKey
from tests.support.rows import add_case

SECRET = "张三 住址一号"


@pytest.fixture
def keyring() -> Keyring:
    """Keys of one installation."""
    return Keyring.fresh()


async def _seal(vault: Vault, session: AsyncSession, case: CaseId, row: str = "r1") -> str:
    return await vault.seal(
        session, Purpose.IDENTITY, case_id=case, table="identity", column="name", row_id=row, text=SECRET
    )


async def _open(
    vault: Vault,
    session: AsyncSession,
    sealed: str,
    case: CaseId,
    *,
    purpose: Purpose = Purpose.IDENTITY,
    table: str = "identity",
    column: str = "name",
    row: str = "r1",
) -> str:
    return await vault.open(
        session, purpose, case_id=case, table=table, column=column, row_id=row, sealed=sealed
    )


async def test_what_is_sealed_opens_in_its_place(sessions: Sessions, keyring: Keyring) -> None:
    async with sessions.write.begin() as session:
        case = CaseId((await add_case(session)).id)
        sealed = await _seal(Vault(keyring), session, case)

    async with sessions.read() as session:
        assert await _open(Vault(keyring), session, sealed, case) == SECRET
    assert sealed.startswith("v1.aesgcm.")
    assert SECRET not in sealed


@pytest.mark.parametrize(
    "place", [{"table": "matter"}, {"column": "phone"}, {"row": "r2"}, {"purpose": Purpose.CONTENT}]
)
async def test_a_value_that_was_moved_does_not_open(
    sessions: Sessions, keyring: Keyring, place: dict[str, str]
) -> None:
    vault = Vault(keyring)
    async with sessions.write.begin() as session:
        case = CaseId((await add_case(session)).id)
        sealed = await _seal(vault, session, case)

        with pytest.raises(SealBroken):
            await _open(vault, session, sealed, case, **place)  # type: ignore[arg-type]  # a row per argument


async def test_a_value_does_not_open_for_another_case(sessions: Sessions, keyring: Keyring) -> None:
    vault = Vault(keyring)
    async with sessions.write.begin() as session:
        case, other = [CaseId((await add_case(session)).id) for _ in range(2)]
        sealed = await _seal(vault, session, case)
        await _seal(vault, session, other)

        with pytest.raises(SealBroken):
            await _open(vault, session, sealed, other)


async def test_a_data_key_that_was_moved_to_another_case_does_not_unwrap(
    sessions: Sessions, keyring: Keyring
) -> None:
    async with sessions.write.begin() as session:
        case, other = [CaseId((await add_case(session)).id) for _ in range(2)]
        sealed = await _seal(Vault(keyring), session, case)
        await session.execute(text("UPDATE data_key SET case_id = :other"), {"other": other})

        with pytest.raises(SealBroken):
            await _open(Vault(keyring), session, sealed, other)


@pytest.mark.parametrize("position", [10, 40, -1])
async def test_a_changed_value_does_not_open(sessions: Sessions, keyring: Keyring, position: int) -> None:
    vault = Vault(keyring)
    async with sessions.write.begin() as session:
        case = CaseId((await add_case(session)).id)
        sealed = list(await _seal(vault, session, case))
        # The first sign of the last group: its other bits may be padding.
        index = "".join(sealed).rindex(".") + 1 if position == -1 else position
        sealed[index] = "A" if sealed[index] != "A" else "B"

        with pytest.raises(SealBroken):
            await _open(vault, session, "".join(sealed), case)


@pytest.mark.parametrize("garbage", ["", "v1", "v2.aesgcm.a.b.c", "v1.aesgcm.a.*.c", "张三"])
async def test_garbage_does_not_open(sessions: Sessions, keyring: Keyring, garbage: str) -> None:
    async with sessions.read() as session:
        with pytest.raises(SealBroken):
            await _open(Vault(keyring), session, garbage, CaseId("c"))


async def test_the_same_text_is_never_sealed_to_the_same_value(sessions: Sessions, keyring: Keyring) -> None:
    vault = Vault(keyring)
    async with sessions.write.begin() as session:
        case = CaseId((await add_case(session)).id)

        assert len({await _seal(vault, session, case) for _ in range(20)}) == 20


async def test_a_key_made_in_a_use_case_that_failed_seals_nothing_later(
    sessions: Sessions, keyring: Keyring
) -> None:
    vault = Vault(keyring)
    async with sessions.write.begin() as session:
        case = CaseId((await add_case(session)).id)
    async with sessions.write() as session:
        await _seal(vault, session, case)
        await session.rollback()

    async with sessions.write.begin() as session:
        sealed = await _seal(vault, session, case)

    async with sessions.read() as session:
        assert await _open(Vault(keyring), session, sealed, case) == SECRET


async def test_a_case_has_one_key_however_many_start_at_once(sessions: Sessions, keyring: Keyring) -> None:
    vault = Vault(keyring)
    async with sessions.write.begin() as session:
        case = CaseId((await add_case(session)).id)

    async def use_case(row: str) -> str:
        async with sessions.write.begin() as session:
            return await _seal(vault, session, case, row)

    sealed = await asyncio.gather(*(use_case(str(number)) for number in range(6)))

    async with sessions.read() as session:
        assert await session.scalar(select(func.count()).select_from(DataKeyRow)) == 1
        for row, value in enumerate(sealed):
            assert await _open(Vault(keyring), session, value, case, row=str(row)) == SECRET


async def test_without_its_data_key_a_case_is_unreadable(sessions: Sessions, keyring: Keyring) -> None:
    vault = Vault(keyring)
    async with sessions.write.begin() as session:
        case = CaseId((await add_case(session)).id)
        sealed = await _seal(vault, session, case)
        await session.execute(delete(DataKeyRow))
    vault.forget_keys()

    async with sessions.read() as session:
        with pytest.raises(SealBroken):
            await _open(vault, session, sealed, case)


@pytest.mark.parametrize("field", ["identity_kek", "content_kek", "service_kek", "index_key", "audit_key"])
async def test_a_service_with_a_wrong_key_does_not_start(
    sessions: Sessions, keyring: Keyring, field: str
) -> None:
    async with sessions.write.begin() as session:
        await Vault(keyring).check_keys(session)
    other = replace(keyring, **{field: b"x" * 32})

    async with sessions.write.begin() as session:
        with pytest.raises(WrongKey, match=field.partition("_")[0]):
            await Vault(other).check_keys(session)


async def test_a_service_with_its_own_keys_starts_again(sessions: Sessions, keyring: Keyring) -> None:
    for _ in range(2):
        async with sessions.write.begin() as session:
            await Vault(keyring).check_keys(session)


def test_a_secret_of_the_service_opens_for_its_own_row_only(keyring: Keyring) -> None:
    vault = Vault(keyring)
    sealed = vault.seal_service(table="person", column="totp", row_id="p1", text="SEED")

    assert vault.open_service(table="person", column="totp", row_id="p1", sealed=sealed) == "SEED"
    with pytest.raises(SealBroken):
        vault.open_service(table="person", column="totp", row_id="p2", sealed=sealed)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("999999 19900101 123x", "99999919900101123X"),
        ("９９９９９９19900101123X", "99999919900101123X"),  # full width
        ("138-0000-0000", "13800000000"),
    ],
)
def test_an_index_finds_a_number_however_it_is_typed(keyring: Keyring, typed: str, stored: str) -> None:
    vault = Vault(keyring)

    assert vault.blind_index("id_number", typed) == vault.blind_index("id_number", stored)


def test_an_index_is_short_keyed_and_differs_by_kind(keyring: Keyring) -> None:
    vault, stranger = Vault(keyring), Vault(Keyring.fresh())

    index = vault.blind_index("phone", "13800000000")

    assert len(index) == 10  # 40 bits
    assert index != vault.blind_index("id_number", "13800000000")
    assert index != stranger.blind_index("phone", "13800000000")


def test_no_key_is_shown(keyring: Keyring) -> None:
    shown = repr(keyring) + repr(Vault(keyring)) + str(keyring)

    assert not any(
        key.hex() in shown or repr(key) in shown for key in (keyring.identity_kek, keyring.index_key)
    )
