"""Holidays by name, and a forecast of them for years whose notice nobody has published yet."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from holidays import country_holidays


class Holiday(StrEnum):
    """The holidays that a notice may name; a closed list, so that each has its word in every language."""

    NEW_YEAR = "new_year"
    SPRING_FESTIVAL = "spring_festival"
    TOMB_SWEEPING = "tomb_sweeping"
    LABOUR_DAY = "labour_day"
    DRAGON_BOAT = "dragon_boat"
    MID_AUTUMN = "mid_autumn"
    NATIONAL_DAY = "national_day"
    COMMEMORATION = "commemoration"
    LOCAL = "local"  # the county's own day


# How the English names of published data begin; a day of two holidays is that of the first named.
_BEGINNINGS = {
    "New Year": Holiday.NEW_YEAR,
    "Spring Festival": Holiday.SPRING_FESTIVAL,
    "Chinese New Year": Holiday.SPRING_FESTIVAL,
    "Tomb-": Holiday.TOMB_SWEEPING,
    "Labo": Holiday.LABOUR_DAY,
    "Dragon Boat": Holiday.DRAGON_BOAT,
    "Mid-": Holiday.MID_AUTUMN,
    "National Day": Holiday.NATIONAL_DAY,
}


def holiday_of(english: str) -> Holiday:
    """Find the holiday behind an English name."""
    return next(
        (holiday for beginning, holiday in _BEGINNINGS.items() if english.startswith(beginning)),
        Holiday.COMMEMORATION,
    )


@lru_cache(maxsize=64)
def forecast(year: int) -> Mapping[date, Holiday]:
    """Return the days off that the law and the lunar calendar give a year.

    Which weekends are worked in exchange is in no law, so a forecast has no make-up days.
    Years beyond the lunar tables are forecast without any holiday.
    """
    found = country_holidays("CN", years=year, language="en_US", observed=True)
    return MappingProxyType({day: holiday_of(name) for day, name in found.items() if day.year == year})
