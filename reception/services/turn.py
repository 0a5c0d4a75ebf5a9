"""The ways round a blocked UDP: which TURN servers a browser may use, with a new credential each time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from reception.services.denials import TooManyAttempts
from reception.settings import Settings
from signaling.turn import Credential, mint, read_secret

# A page asks before each build and restart of its one transport; on a poor line that is every few seconds.
PER_LOGIN = RateLimitItemPerMinute(30)


@dataclass(frozen=True, slots=True)
class TurnServers:
    """The county's own TURN servers; none of them when `urls` is empty.

    Attributes:
        is_only: browsers take no other way, so that nobody learns a terminal's address.
    """

    urls: tuple[str, ...]
    is_only: bool
    ttl: timedelta
    _secret: str = field(repr=False)
    _limiter: FixedWindowRateLimiter = field(
        default_factory=lambda: FixedWindowRateLimiter(MemoryStorage()), repr=False
    )

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Read the secret once, at start.

        Raises:
            SecretUnfit
        """
        path = settings.turn_secret_file
        secret = read_secret(path) if settings.turn_urls and path is not None else ""
        return cls(settings.turn_urls, settings.turn_only, timedelta(hours=settings.turn_ttl_h), secret)

    def credential(self, login: str, now: datetime) -> Credential | None:
        """Mint a credential for a login; None when there is no TURN server.

        Raises:
            TooManyAttempts: a login that asks more often than a transport restarts.
        """
        if not self._limiter.hit(PER_LOGIN, login):
            raise TooManyAttempts
        return mint(self._secret, now=now, ttl=self.ttl) if self.urls else None
