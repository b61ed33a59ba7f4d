"""How often one client may ask."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from itertools import takewhile
from wsgiref.types import WSGIApplication, WSGIEnvironment

from limits import RateLimitItem

from app.http.middleware import KEY, Headers
from app.http.problems import refusal

# A supervisor must not take a busy service for a dead one, nor people get half a page.
EXEMPT, EXEMPT_FOLDER = "/healthz", "/static/"
CHARGE = "image_downloader.charge"  # in the environment: counts a request as so many more
RENDERED = 10  # requests, as which a job counts that a browser is started for


@dataclass
class Window:
    """When a client's count starts again, and how many requests there are until then."""

    end: float
    count: int = 0


class RateLimit:
    """A guard that counts, by key or else by address, what this process was asked.

    Tells where a client stands by the fields of draft-ietf-httpapi-ratelimit-headers-06, the last
    one with those that clients and libraries know; later drafts put them into one.
    """

    def __init__(self, rate: RateLimitItem, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        # A window for each client from its first request on, so in the order that they end. Not
        # those of `limits`, which looks at all of them a hundred times a second.
        self._windows: dict[str, Window] = {}
        self._lock = threading.Lock()
        self._fixed = [
            ("RateLimit-Limit", f"{rate.amount}"),
            ("RateLimit-Policy", f"{rate.amount};w={rate.get_expiry()}"),
        ]

    def __call__(self, environ: WSGIEnvironment, headers: Headers) -> WSGIApplication | None:
        """Refuse who asks too often."""
        path = environ.get("PATH_INFO", "")
        if path == EXEMPT or path.startswith(EXEMPT_FOLDER):
            return None
        who = client_name(environ)
        count, seconds = self._hit(who)
        headers += self._fixed
        place = len(headers)
        headers.append(self._remaining(count))
        headers.append(("RateLimit-Reset", f"{seconds}"))

        def charge(more: int) -> None:
            headers[place] = self._remaining(self._hit(who, more)[0])

        environ[CHARGE] = charge
        if count <= self._rate.amount:
            return None
        said = f"no more than {self._rate}; wait as long as Retry-After says"
        return refusal(429, said, retry_seconds=seconds)

    def _remaining(self, count: int) -> tuple[str, str]:
        return "RateLimit-Remaining", f"{max(0, self._rate.amount - count)}"

    def _hit(self, who: str, times: int = 1) -> tuple[int, int]:
        """Count a request; return how many its window has, and the seconds until that ends."""
        now = self._clock()
        with self._lock:
            for old in list(takewhile(lambda who: self._windows[who].end <= now, self._windows)):
                del self._windows[old]
            window = self._windows.setdefault(who, Window(now + self._rate.get_expiry()))
            window.count += times
            return window.count, math.ceil(window.end - now)


def client_name(environ: WSGIEnvironment) -> str:
    """Return who asks: the short hash of a key, else the address, or the /64 network of IPv6."""
    return environ.get(KEY) or network_of(environ.get("REMOTE_ADDR", ""))


def network_of(address: str) -> str:
    """Return the client of an address: who has one of IPv6 has all of its /64."""
    if ":" not in address:
        return address
    try:
        found = IPv6Address(address)
    except ValueError:  # a proxy sent more than the address
        return address
    return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))
