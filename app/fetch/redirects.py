"""From a URL to an answer of 200: redirects followed, hosts that asked for a pause given one."""

import time
from urllib.parse import quote

import requests

from app.errors import BOOKMARKLET, OriginStatus
from app.fetch import body, referrer
from app.fetch.backoff import Holds, retry_after
from app.fetch.budget import Watch
from app.fetch.session import Session
from app.urls import Url

MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
# No parts, and nothing that is still to come: 203 is what a proxy on the way has changed.
_WHOLE = {200, 201, 203, 226}
_TRANSIENT = {408, 429, 502, 503, 504}
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


class Held(OriginStatus):
    """A host asked to be left alone for longer than the deadline leaves."""

    def __init__(self, host: str, seconds: float) -> None:
        super().__init__(f"the server asked to wait {seconds:.0f} s", transient=True)
        self.host = host
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds until it wants to be asked again."""
        return max(0.0, self._until - time.monotonic())


class Hops:
    """Sends one request after the other, each judged anew, until one is answered."""

    def __init__(self, session: Session, watch: Watch, holds: Holds) -> None:
        self._session = session
        self._watch = watch
        self._holds = holds
        self._redirects = 0

    def follow(
        self, url: Url, accept: str, page: Url | None = None, policy: str = referrer.DEFAULT
    ) -> tuple[Url, requests.Response]:
        """Return the answer, its body still on the wire, and the URL that gave it."""
        while True:
            referer = referrer.referer(page, url, policy) if page else None
            response = self._ask(url, accept, referer)
            if response.status_code in _WHOLE:
                return url, response
            body.discard(response, self._watch)
            if response.status_code == 400 and "|" in url.target:
                # The standard leaves a bar as it is; Chromium encodes it, and Tomcat wants that.
                url = url._replace(target=url.target.replace("|", "%7C"))
                continue
            policy = referrer.of_header(response.headers.get("Referrer-Policy", ""), policy)
            url = self.lead(url, _location(response))

    def start_try(self) -> None:
        """Begin a try, with its whole byte budget and all its redirects."""
        self._watch.start_try()
        self._redirects = 0

    def lead(self, url: Url, reference: str) -> Url:
        """Return where a redirect or refresh leads that came from `url`; raw bytes are encoded."""
        target = url.join(quote(reference, safe=_PRINTABLE, encoding="latin-1"))
        self._redirects += 1
        if self._redirects > MAX_REDIRECTS:
            raise OriginStatus(f"more than {MAX_REDIRECTS} redirects")
        return target

    def _ask(self, url: Url, accept: str, referer: str | None) -> requests.Response:
        """Send one request, and again as often as the host says when to come back."""
        while True:
            wait = self._holds.left(url.host)
            if wait >= self._watch.left():
                raise Held(url.host, wait)
            self._watch.pause(wait)
            self._watch.expect_pace(False)
            response = self._session.fetch(url, accept, referer)
            if response.status_code not in (429, 503):
                return response
            seconds = retry_after(response.headers.get("Retry-After"))
            if seconds is None:
                return response
            body.discard(response, self._watch)
            self._holds.hold(url.host, seconds)


def _location(response: requests.Response) -> str:
    """Read where a redirect leads."""
    status, location = response.status_code, response.headers.get("Location")
    if status not in _REDIRECTS or location is None:
        advice = f"; {BOOKMARKLET}" if status in (401, 403) else ""
        raise OriginStatus(f"the server answered {status}{advice}", transient=status in _TRANSIENT)
    return location
