"""What the fault harnesses share: one prepared county, copied by every run."""

from collections.abc import Iterator

import pytest

from tests.chaos.process.staff import Staffed, staffed_county


@pytest.fixture(scope="session")
def staffed() -> Iterator[Staffed]:
    """A county with terminals enrolled and officers on duty, not running."""
    with staffed_county() as prepared:
        yield prepared
