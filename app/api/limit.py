"""How often one client may ask."""

import math
import time
from ipaddress import IPv6Address, IPv6Network
from wsgiref.types import WSGIApplication, WSGIEnvironment

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from app.api.door import KEY, Headers
from app.api.problems import refusal

# A supervisor must not take a busy service for a dead one, nor people get half a page.
EXEMPT, EXEMPT_FOLDER = "/healthz", "/static/"


class RateLimit:
    """A guard that counts, by key or else by address, what this process was asked.

    Tells where a client stands by the fields of draft-ietf-httpapi-ratelimit-headers-06, the last
    one with those that clients and libraries know; later drafts put them into one.
    """

    def __init__(self, rate: RateLimitItem) -> None:
        self._rate = rate
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._fixed = [
            ("RateLimit-Limit", f"{rate.amount}"),
            ("RateLimit-Policy", f"{rate.amount};w={rate.get_expiry()}"),
        ]

    def __call__(self, environ: WSGIEnvironment, headers: Headers) -> WSGIApplication | None:
        """Refuse who asks too often."""
        path = environ.get("PATH_INFO", "")
        if path == EXEMPT or path.startswith(EXEMPT_FOLDER):
            return None
        who = environ.get(KEY) or _network(environ.get("REMOTE_ADDR", ""))
        within = self._limiter.hit(self._rate, who)
        stand = self._limiter.get_window_stats(self._rate, who)
        seconds = max(0, math.ceil(stand.reset_time - time.time()))
        headers += self._fixed
        headers.append(("RateLimit-Remaining", f"{stand.remaining}"))
        headers.append(("RateLimit-Reset", f"{seconds}"))
        if within:
            return None
        answer = refusal(429, f"no more than {self._rate}")
        answer.headers["Retry-After"] = f"{max(1, seconds)}"
        return answer


def _network(address: str) -> str:
    """Return whom an address stands for: whoever has one of IPv6 has all of its /64."""
    if ":" not in address:
        return address
    try:
        found = IPv6Address(address)
    except ValueError:  # a proxy told more than the address
        return address
    return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))
