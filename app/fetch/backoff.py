"""Manners towards origins: when to come again."""

import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_HOLD_SECONDS = 300.0  # one path of a shared host must not shut it out for longer
MIN_HOLD_SECONDS = 1.0
_FIRST_PAUSE = 0.5
_TRIES_MORE = 2


class Holds:
    """Hosts that asked to be left alone for a while; one for all jobs of the process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def hold(self, host: str, seconds: float) -> None:
        """Leave the host alone for this long."""
        now = self._clock()
        until = now + min(max(seconds, MIN_HOLD_SECONDS), MAX_HOLD_SECONDS)
        with self._lock:
            self._until = {one: end for one, end in self._until.items() if end > now}
            self._until[host] = max(until, self._until.get(host, 0.0))

    def left(self, host: str) -> float:
        """Return the seconds that the host still wants to be left alone."""
        return max(0.0, self._until.get(host, 0.0) - self._clock())

    def __len__(self) -> int:
        return len(self._until)


def retry_after(value: str | None) -> float | None:
    """Read a Retry-After header: seconds or a date; None when there is no sense in it."""
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,20}(?:\.[0-9]{1,20})?", text):  # no fraction by RFC 9110, but sent
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


def pauses() -> Iterator[float]:
    """Yield how long to wait before each further try: growing, and never in step with others."""
    for turn in range(_TRIES_MORE):
        yield _FIRST_PAUSE * 2**turn * random.uniform(0.5, 1.5)  # noqa: S311
