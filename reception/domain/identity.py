"""Names, citizen ID numbers and telephone numbers as they are typed: one normal form, or a field code."""

import re
import unicodedata
from datetime import date

from reception.domain.errors import Refusal

NAME_LIMIT = 50

_WEIGHTS = tuple(pow(2, 17 - position, 11) for position in range(17))
_CHECK_DIGITS = "10X98765432"
_ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0[0-9]{2,3}[0-9]{7,8}")
_SEPARATORS = str.maketrans("", "", " -()\u3000")
# Controls, format characters (bidi overrides among them), surrogates, line separators.  Unassigned and
# private characters stay: rare names are written with characters younger than this Unicode table.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class BadIdentity(Refusal):
    """One field does not hold; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def normal_name(typed: str) -> str:
    """Return a person's name in NFC, trimmed.

    Raises:
        BadIdentity: `required`, `too_long` (over 50 characters) or `name_characters`.
    """
    name = unicodedata.normalize("NFC", typed).strip()
    if not name:
        raise BadIdentity("required")
    if len(name) > NAME_LIMIT:
        raise BadIdentity("too_long")
    if any(unicodedata.category(sign) in _REFUSED_CATEGORIES for sign in name):
        raise BadIdentity("name_characters")
    return name


def normal_id_number(typed: str) -> str:
    """Return an 18-character citizen identity number (GB 11643-1999), upper case.

    The region is not checked: regions are renamed and dissolved, numbers stay.

    Raises:
        BadIdentity: `id_number_length`, `id_number_date` (no such birthday) or `id_number_check_digit`.
    """
    number = unicodedata.normalize("NFKC", typed).translate(_SEPARATORS).upper()
    if _ID_NUMBER.fullmatch(number) is None:
        raise BadIdentity("id_number_length")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise BadIdentity("id_number_date") from None
    if not 1850 <= born.year < 2100:
        raise BadIdentity("id_number_date")
    if number[17] != check_digit(number[:17]):
        raise BadIdentity("id_number_check_digit")
    return number


def check_digit(first_17: str) -> str:
    """Return the last character of a citizen identity number (ISO 7064, MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True))
    return _CHECK_DIGITS[total % 11]


def normal_phone(typed: str) -> str:
    """Return a mainland mobile or landline number as digits, without country code.

    Raises:
        BadIdentity: `phone_format`; a landline needs its area code, because the county calls back.
    """
    number = unicodedata.normalize("NFKC", typed).translate(_SEPARATORS)
    for prefix in ("+86", "0086"):
        number = number.removeprefix(prefix)
    if _MOBILE.fullmatch(number) or _LANDLINE.fullmatch(number):
        return number
    raise BadIdentity("phone_format")
