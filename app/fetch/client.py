"""The guarded fetcher: one GET or POST to a stranger, bounded in place, time, size and kind."""

import copy
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self, TypeVar

from app.errors import ImageInstead, OriginFailure, TooLarge, Unusable
from app.fetch import body, meta, referrer
from app.fetch.backoff import Holds, pauses, retry_after
from app.fetch.budget import JobTime, Report, Watch, unreported
from app.fetch.codings import peek
from app.fetch.connection import Dialler, Resolve
from app.fetch.cookies import Cookies
from app.fetch.host_limit import HostLimit
from app.fetch.redirects import Held, Hops
from app.fetch.referrer import Referrers
from app.fetch.session import Session, Trust, public_tls
from app.pictures import formats, svg
from app.pictures.judge import ImageFacts, judge_page, store_image
from app.settings import Settings
from app.urls import Url

if TYPE_CHECKING:
    from app.fetch.proxy import Budget, Proxy

_PAGE_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
_SHEET_ACCEPT = "text/css,*/*;q=0.1"
_IMAGE_ACCEPT = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:+-]{1,40})""", re.ASCII | re.IGNORECASE)

POST_SECONDS = 15.0  # what a receiver has to answer; Standard Webhooks suggests 15 to 30

_HOLDS = Holds()  # manners are those of the whole process,
_LIMIT = HostLimit()  # and so are connections
_T = TypeVar("_T")


class Page(NamedTuple):
    """A document and the URL it came from in the end."""

    url: Url
    body: bytes
    charset: str | None


class Receipt(NamedTuple):
    """What was answered to a message; seconds until the receiver wants to be asked again."""

    status: int
    retry_after: float | None


class Fetcher:
    """Fetches for one job and keeps its connections alive until the job ends.

    All raise `errors.Failure` with the reason, `page` and `image` after three tries if it is
    transient, and `errors.Interrupted` within a second of `cut` saying so.
    """

    def __init__(
        self,
        settings: Settings,
        cut: Callable[[], bool] = lambda: False,
        *,
        resolve: Resolve = socket.getaddrinfo,
        tls: Trust = public_tls,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        holds: Holds = _HOLDS,
        limit: HostLimit = _LIMIT,
        report: Report = unreported,
        job_time: JobTime | None = None,
    ) -> None:
        self._settings = settings
        self.job_time = job_time or JobTime(clock=clock)  # shared with siblings
        self.agent = settings.user_agent + (f" (+{settings.contact})" if settings.contact else "")
        self.referrers = Referrers()  # shared as well
        self._report = report
        misses: Counter[tuple[str, int]] = Counter()
        cookies = Cookies()

        def dialler(watch: Watch, inside: bool = True) -> Dialler:
            reach = settings if inside else replace(settings, allow_networks=())
            return Dialler(watch, reach, resolve, misses, limit)

        def connect() -> tuple[Watch, Session, Hops]:
            watch = Watch(cut, clock, sleep, self.job_time)
            session = Session(dialler(watch).dial, tls, self.agent, cookies)
            return watch, session, Hops(session, watch, holds)

        self._dialler = dialler
        self._connect = connect
        self._watch, self._session, self._hops = connect()

    def sibling(self) -> "Fetcher":
        """Return a fetcher for another thread of the same job, with connections of its own."""
        other = copy.copy(self)
        other._watch, other._session, other._hops = self._connect()
        return other

    def proxy(
        self, listener: socket.socket, seconds: float, budget: "Budget | None" = None
    ) -> "Proxy":
        """Return a proxy that goes where this fetcher may go; it closes the listener in the end."""
        from app.fetch.proxy import BUDGET, Proxy  # few pages are rendered

        return Proxy(listener, self._dialler, seconds, budget or BUDGET, self._report)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def page(self, url: Url) -> Page:
        """Fetch an HTML document into memory."""
        return self._persist(lambda: self._page(url))

    def sheet(
        self, url: Url, page: Url, limit: int, seconds: float, by: Url | None = None, said: str = ""
    ) -> Page:
        """Fetch a style sheet of a page into memory, once: a page can do without.

        `by` is the sheet that imports it, if any, and `said` what its link says of the Referer.
        """
        with self._fetch(min(seconds, self._settings.fetch_seconds)):
            self._hops.start_try()
            policy = self.referrers.policy(by or page, self.referrers.policy(page))
            policy = referrer.of_element(said, policy)
            final, response = self._hops.follow(url, _SHEET_ACCEPT, by or page, policy)
            with response:
                declared = response.headers.get("Content-Type", "")
                if declared.partition(";")[0].strip().lower() not in ("", "text/css"):
                    raise Unusable(f"not a style sheet: {declared}")
                content = b"".join(body.read(response, limit, self._watch))
            if policy := referrer.of_header(response.headers.get("Referrer-Policy", ""), ""):
                self.referrers.policies[final] = policy
            named = _CHARSET.search(declared)
            return Page(final, content, named and named[1])

    def image(self, url: Url, into: BinaryIO, referer: Url | None = None) -> ImageFacts:
        """Fetch an image into a file open for writing and reading; what it held is lost.

        An OSError of the file itself, such as a full disk, passes unchanged.
        """
        return self._persist(lambda: self._image(url, into, referer))

    def post(self, url: Url, message: bytes, headers: Mapping[str, str]) -> Receipt:
        """Send a message, once; a redirect is an answer, and the body of one is not waited for."""
        with (
            self._fetch(min(POST_SECONDS, self._settings.fetch_seconds)),
            self._session.deliver(url, message, headers) as response,
        ):
            pass
        return Receipt(response.status_code, retry_after(response.headers.get("Retry-After")))

    @contextmanager
    def _fetch(self, seconds: float) -> Iterator[None]:
        """Set the deadline; report in the end how long it took and how many bytes came."""
        self._watch.start(seconds)
        try:
            yield
        finally:
            self._report(*self._watch.spent())

    def _persist(self, turn: Callable[[], _T]) -> _T:
        """Try again, within the one deadline, what may end better next time."""
        with self._fetch(self._settings.fetch_seconds):
            for pause in pauses():
                try:
                    return turn()
                except OriginFailure as failure:
                    late = pause >= self._watch.left()
                    if late or not failure.transient or isinstance(failure, Held):
                        raise
                self._watch.sleep(pause)
            return turn()

    def _page(self, url: Url) -> Page:
        """Fetch what a page's refreshes lead to in the end; they count as redirects."""
        self._hops.start_try()
        while True:
            page, refresh = self._document(url)
            if refresh is None or page.url.join(refresh) == page.url:
                return page
            url = self._hops.lead(page.url, refresh)

    def _document(self, url: Url) -> tuple[Page, str | None]:
        """Fetch one document, and return it with where its refresh leads, if anywhere."""
        limit = self._settings.max_page_bytes
        final, response = self._hops.follow(url, _PAGE_ACCEPT)
        with response:
            declared = response.headers.get("Content-Type", "")
            try:
                head, pieces = peek(body.read(response, limit, self._watch), formats.HEAD_BYTES)
                judge_page(declared, head)
            except TooLarge as failure:
                if declared[:6].lower() != "image/":
                    raise
                raise ImageInstead(f"not HTML: {declared}", url=str(final)) from failure
            except ImageInstead as failure:
                failure.url = str(final)
                raise
            named = _CHARSET.search(declared)
            content, charset = b"".join(pieces), named and named[1]
            policy = referrer.of_header(response.headers.get("Referrer-Policy", ""))
            self.referrers.policies[final] = meta.referrer_policy(content, charset, policy)
            refresh = meta.refresh_target(response.headers.get("Refresh", ""))
            refresh = refresh or meta.refresh(content, charset, str(final))
            return Page(final, content, charset), refresh

    def _image(self, url: Url, into: BinaryIO, referer: Url | None) -> ImageFacts:
        limit = self._settings.max_image_bytes
        self._hops.start_try()
        policy = referrer.DEFAULT
        if referer:
            referer, policy = self.referrers.of_image(referer, url)
        _, response = self._hops.follow(url, _IMAGE_ACCEPT, referer, policy)
        with response:
            head, pieces = peek(body.read(response, limit, self._watch), formats.HEAD_BYTES)
            if not formats.sniff(head) and svg.is_unfinished(head):
                head, pieces = peek(pieces, svg.ROOT_BYTES)
            return store_image(head, pieces, into, self._settings.max_image_pixels)
