"""How often one client may ask all web processes together."""

import math
import time
from collections.abc import Callable

from limits import RateLimitItem
from limits.storage import RedisStorage
from redis import RedisError

from app.http.rate_limit import RateLimit

SECONDS = 0.5  # that a request may wait for Redis
AWAY_SECONDS = 1.0  # from one that waited in vain until the next tries


class SharedRateLimit(RateLimit):
    """A guard that counts in Redis; while that is away, each process counts for itself."""

    def __init__(
        self, rate: RateLimitItem, url: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(rate, clock)
        self._counts = RedisStorage(url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS)
        self._away_until = 0.0

    def _hit(self, who: str, times: int = 1) -> tuple[int, int]:
        if self._clock() >= self._away_until:
            key = self._rate.key_for(who)
            try:
                count = self._counts.incr(key, self._rate.get_expiry(), times)
                seconds = self._counts.get_expiry(key) - time.time()
            except RedisError:
                self._away_until = self._clock() + AWAY_SECONDS
            else:
                return count, max(1, math.ceil(seconds))
        return super()._hit(who, times)
