"""The demo county's conflicts: some accounts are barred from some cases, as the seed says."""

import pytest
from sqlalchemy import select

from reception.domain.ids import PersonId
from reception.services.conflicts import barred_in
from reception.services.work import Work
from reception.store.tables import PersonRow
from tests.reception.demo.conftest import NOW, Seeded


@pytest.mark.parametrize(
    ("username", "cases"),
    [
        ("township2", 2),
        ("duty2", 2),
        ("township1", 1),
        ("liaison-land", 1),
        ("director1", 2),
        ("leader1", 1),
        ("duty1", 0),
        ("office1", 0),
    ],
)
async def test_an_account_is_barred_from_as_many_cases_as_the_demo_says(
    county: Seeded, username: str, cases: int
) -> None:
    async with county.sessions.read() as session:
        work = Work(session, NOW, county.vault, county.audit)
        person = PersonId(
            (await session.scalars(select(PersonRow.id).where(PersonRow.username == username))).one()
        )

        assert len(await barred_in(work, None, [person])) == cases
