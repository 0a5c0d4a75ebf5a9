"""What several tests of the services begin with."""

import pytest

from tests.reception.services.diary import Diary
from tests.support.factories import County


@pytest.fixture
async def diary(county: County) -> Diary:
    return await Diary.open(county)
