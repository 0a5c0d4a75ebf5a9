"""A repeated request gets its first answer, and no second effect."""

import asyncio
from datetime import timedelta

import pytest

from reception.store.engine import Sessions
from reception.store.idempotency import IdempotencyMismatch, StoredAnswer, forget, recall, remember
from reception.store.numbers import next_number
from tests.support.rows import NOW

ANSWER = StoredAnswer(201, '{"visit":"v1"}')


async def test_a_repeated_request_gets_its_first_answer(sessions: Sessions) -> None:
    async with sessions.write.begin() as session:
        assert await recall(session, "login", "key-0001", "hash") is None
        await remember(session, "login", "key-0001", "hash", ANSWER, at=NOW)

    async with sessions.write.begin() as session:
        assert await recall(session, "login", "key-0001", "hash") == ANSWER


async def test_a_key_that_was_used_for_something_else_is_refused(sessions: Sessions) -> None:
    async with sessions.write.begin() as session:
        await remember(session, "login", "key-0001", "hash", ANSWER, at=NOW)

    async with sessions.write.begin() as session:
        with pytest.raises(IdempotencyMismatch):
            await recall(session, "login", "key-0001", "other")


async def test_the_same_key_of_another_login_is_another_request(sessions: Sessions) -> None:
    async with sessions.write.begin() as session:
        await remember(session, "login", "key-0001", "hash", ANSWER, at=NOW)

        assert await recall(session, "device", "key-0001", "hash") is None


async def test_a_request_sent_ten_times_at_once_has_one_effect(sessions: Sessions) -> None:
    async def request() -> StoredAnswer:
        async with sessions.write.begin() as session:
            known = await recall(session, "login", "key-0001", "hash")
            if known is not None:
                return known
            answer = StoredAnswer(200, str(await next_number(session, "effect", "-")))
            await remember(session, "login", "key-0001", "hash", answer, at=NOW)
            return answer

    answers = await asyncio.gather(*(request() for _ in range(10)))

    assert set(answers) == {StoredAnswer(200, "1")}


async def test_old_answers_are_forgotten(sessions: Sessions) -> None:
    async with sessions.write.begin() as session:
        await remember(session, "login", "old-0001", "hash", ANSWER, at=NOW - timedelta(days=2))
        await remember(session, "login", "new-0001", "hash", ANSWER, at=NOW)

        await forget(session, NOW - timedelta(days=1))

        assert await recall(session, "login", "old-0001", "hash") is None
        assert await recall(session, "login", "new-0001", "hash") == ANSWER
