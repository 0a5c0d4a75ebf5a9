"""Gapless numbers, raced."""

import asyncio

from reception.store.engine import Sessions
from reception.store.numbers import next_number


async def test_numbers_taken_at_once_have_no_gap_and_no_double(sessions: Sessions) -> None:
    async def take() -> int:
        async with sessions.write.begin() as session:
            return await next_number(session, "case", "2026")

    numbers = await asyncio.gather(*(take() for _ in range(30)))

    assert sorted(numbers) == list(range(1, 31))


async def test_a_number_of_a_use_case_that_failed_is_given_again(sessions: Sessions) -> None:
    async with sessions.write() as session:
        await next_number(session, "case", "2026")
        await session.rollback()

    async with sessions.write.begin() as session:
        assert await next_number(session, "case", "2026") == 1


async def test_every_series_and_period_counts_for_itself(sessions: Sessions) -> None:
    async with sessions.write.begin() as session:
        taken = [
            await next_number(session, series, period)
            for series, period in (("case", "2026"), ("case", "2027"), ("ticket", "2026"), ("case", "2026"))
        ]

    assert taken == [1, 1, 1, 2]
