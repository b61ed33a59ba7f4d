"""The style sheets of one page, fetched within a budget of their own."""

import time
from collections.abc import Callable
from functools import partial

from app.errors import Failure, TimeUp, TooLarge
from app.fetch import Fetcher
from app.scrape import Load, Loaded
from app.setting_values import MiB
from app.urls import Url

MAX_BYTES = 2 * MiB  # of one sheet,
ALL_BYTES = 4 * MiB  # of all of a page,
ALL_SECONDS = 10.0  # and from the first to the last


class SheetLoader:
    """Loads the sheets of a page; `failed` counts those that it could not load, or not any more."""

    def __init__(
        self, fetcher: Fetcher, most: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.failed = 0
        self._fetcher = fetcher
        self._most = most
        self._bytes = ALL_BYTES
        self._clock = clock
        self._ends = 0.0

    def of(self, page: Url) -> Load | None:
        """Return what loads a sheet of a page; None: none is to be loaded."""
        return partial(self._load, page) if self._most else None

    def _load(self, page: Url, url: str, by: str, policy: str) -> Loaded | None:
        self._ends = self._ends or self._clock() + ALL_SECONDS
        seconds, limit = self._ends - self._clock(), min(MAX_BYTES, self._bytes)
        self._most -= 1
        if self._most < 0 or seconds <= 0 or limit <= 0:
            self.failed += 1
            return None
        try:
            importing = Url.lenient(by) if by else None
            sheet = self._fetcher.sheet(Url.lenient(url), page, limit, seconds, importing, policy)
        except TimeUp:
            raise
        except Failure as failure:
            self.failed += 1
            self._bytes -= limit if isinstance(failure, TooLarge) else 0
            return None
        self._bytes -= len(sheet.body)
        return Loaded(str(sheet.url), sheet.body, sheet.charset)
