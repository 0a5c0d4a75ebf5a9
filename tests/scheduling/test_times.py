"""Points in time in the database: aware, in UTC, the same instant back."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite

from scheduling.store.base import UtcDateTime

DIALECTS: list[Dialect] = [
    sqlite.dialect(),
    postgresql.dialect(),  # type: ignore[no-untyped-call]
]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: str(dialect.name))
def test_a_naive_time_is_refused(dialect: Dialect) -> None:
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 3, 2, 9, 0), dialect)  # noqa: DTZ001


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: str(dialect.name))
def test_an_instant_comes_back_as_it_went_in(dialect: Dialect) -> None:
    office = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    column = UtcDateTime()

    found = column.process_result_value(column.process_bind_param(office, dialect), dialect)

    assert found == office
    assert found is not None
    assert found.tzinfo is UTC


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: str(dialect.name))
def test_nothing_stays_nothing(dialect: Dialect) -> None:
    column = UtcDateTime()

    assert column.process_bind_param(None, dialect) is None
    assert column.process_result_value(None, dialect) is None
