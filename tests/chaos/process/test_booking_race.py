"""Processes that book at once book nothing twice, on both databases; a calendar that asks first does."""

import pytest

from tests.chaos.process.booking_race import Report, race


def counted(report: Report) -> Report:
    """Refuse a run that proves nothing: hardly anybody won, or hardly anybody was in the way."""
    assert report.results["ok"] > report.attempts // 10, report
    assert report.results["taken"] > report.attempts // 10, report
    return report


@pytest.mark.timeout(300)
def test_processes_that_book_at_once_book_nothing_twice(database_url: str) -> None:
    report = counted(race(database_url, attempts=2000, processes=4, seed=1))

    assert report.violations == [], report


@pytest.mark.timeout(300)
def test_a_calendar_that_asks_before_it_books_is_convicted(database_url: str) -> None:
    report = race(database_url, attempts=1000, processes=4, seed=2, variant="asks_first")

    assert any(line.startswith("B1") for line in report.violations), report


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_hundred_thousand_attempts_book_nothing_twice(database_url: str) -> None:
    report = counted(race(database_url, attempts=100_000, processes=4, seed=3))

    assert report.violations == [], report
