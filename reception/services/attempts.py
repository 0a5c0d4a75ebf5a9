"""Failed attempts to sign in: what is answered, and when the next one counts."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from reception.domain.errors import Refusal

DELAY_FROM, LOCK_FROM = 5, 10  # failures in a row
LOCK = timedelta(minutes=15)
_NAMES_REMEMBERED = 4096


class SignInFailed(Refusal):
    """Name, password or one-time code is wrong; it is not said which."""

    code = "sign_in_failed"


class SignInDelayed(Refusal):
    """Too many failures in a row: the next attempt counts only after a while."""

    code = "sign_in_delayed"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(self.code)
        self.retry_after_s = retry_after_s

    @classmethod
    def until(cls, moment: datetime, now: datetime) -> Self:
        """Say how long it is still to `moment`."""
        return cls(max(1, round((moment - now).total_seconds())))


class OneTimeCodeNeeded(Refusal):
    """The password is right; the account also asks for a one-time code."""

    code = "totp_needed"


class OneTimeCodeMissing(Refusal):
    """This installation demands one-time codes and the account has none set up."""

    code = "totp_not_enrolled"


def delay_after(failures: int) -> timedelta:
    """Return how long the next attempt has to wait after so many failures in a row."""
    if failures < DELAY_FROM:
        return timedelta(0)
    if failures < LOCK_FROM:
        return timedelta(seconds=5 * 2 ** (failures - DELAY_FROM))  # 5, 10, 20, 40, 80 s
    return LOCK


@dataclass(frozen=True, slots=True)
class _Streak:
    failures: int
    locked_until: datetime | None


class UnknownNames:
    """Failures in a row under names that nobody has; they answer like real ones, or the delay would tell."""

    def __init__(self) -> None:
        self._streaks: OrderedDict[str, _Streak] = OrderedDict()

    def count(self, name: str, now: datetime) -> Refusal:
        """Count one attempt and return what it is answered.

        Args:
            name: digest of the typed name.
        """
        streak = self._streaks.pop(name, _Streak(0, None))
        refusal: Refusal = SignInFailed()
        if streak.locked_until is not None and now < streak.locked_until:
            refusal = SignInDelayed.until(streak.locked_until, now)
        else:
            wait = delay_after(streak.failures + 1)
            streak = _Streak(streak.failures + 1, now + wait if wait else None)
        self._streaks[name] = streak
        if len(self._streaks) > _NAMES_REMEMBERED:
            self._streaks.popitem(last=False)
        return refusal
