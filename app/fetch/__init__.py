"""The guarded fetcher: one GET of a stranger's URL, bounded in place, time, size and kind."""

import functools
import hashlib
import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self, TypeVar
from urllib.parse import quote

import certifi
import requests

from app import formats
from app.errors import NotAnImage, NotHtml, OriginFailure, OriginStatus, TooLarge
from app.fetch import body, manners
from app.fetch.transport import Session
from app.fetch.watch import Watch
from app.fetch.wire import Dialler, Resolve
from app.settings import KiB, Settings
from app.urls import Url

MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_TRANSIENT = {408, 429, 502, 503, 504}
_PAGE_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
_IMAGE_ACCEPT = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))

_HOLDS = manners.Holds()
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Page:
    """A document and the URL it came from in the end."""

    url: Url
    body: bytes
    charset: str | None


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What we know of an image; pixels are unknown for an SVG that names none."""

    content_type: str
    width: int | None
    height: int | None
    bytes: int
    sha256: str


class _Held(OriginStatus):
    """The origin asked to wait longer than we have."""


@functools.cache
def _public_tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


class Fetcher:
    """Fetches for one job; keeps connections alive until the job ends.

    `cut` is asked at least every half second and ends the fetch with Interrupted.
    """

    def __init__(
        self,
        settings: Settings,
        cut: Callable[[], bool] = lambda: False,
        *,
        resolve: Resolve = socket.getaddrinfo,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        holds: manners.Holds = _HOLDS,
    ) -> None:
        self._settings = settings
        self._holds = holds
        self._watch = Watch(cut, clock, sleep)
        dialler = Dialler(self._watch, settings.allow_networks, resolve)
        self._session = Session(dialler.dial, tls or _public_tls())
        self._agent = settings.user_agent

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session.close()

    def page(self, url: Url) -> Page:
        """Fetch an HTML document into memory."""
        return self._persist(lambda: self._page(url))

    def image(self, url: Url, into: BinaryIO, referer: Url | None = None) -> ImageFacts:
        """Fetch an image into a file opened for writing and reading; what it held is gone."""
        return self._persist(lambda: self._image(url, into, referer))

    def _page(self, url: Url) -> Page:
        limit = self._settings.max_page_bytes
        final, response = self._open(url, limit, {"Accept": _PAGE_ACCEPT})
        declared = response.headers.get("Content-Type", "")
        content, judged = bytearray(), False
        with response:
            for piece in body.read(response, limit):
                content += piece
                if not judged and len(content) >= formats.HEAD_BYTES:
                    _judge_page(declared, bytes(content[: formats.HEAD_BYTES]))
                    judged = True
        if not judged:
            _judge_page(declared, bytes(content))
        charset = re.search(r"""charset\s*=\s*["']?([^\s"';]+)""", declared, re.IGNORECASE)
        return Page(final, bytes(content), charset and charset[1])

    def _image(self, url: Url, into: BinaryIO, referer: Url | None) -> ImageFacts:
        limit = self._settings.max_image_bytes
        headers = {"Accept": _IMAGE_ACCEPT}
        if referer and referer.scheme <= url.scheme:  # RFC 9110, 10.1.3: never https to http
            headers["Referer"] = str(referer)
        _, response = self._open(url, limit, headers)
        into.seek(0)
        into.truncate()
        size, digest, head, known = 0, hashlib.sha256(), b"", None
        with response:
            for piece in body.read(response, limit):
                if len(head) < formats.HEAD_BYTES:
                    head = (head + piece)[: formats.HEAD_BYTES]
                    if len(head) == formats.HEAD_BYTES:
                        known = _known(head)
                into.write(piece)
                digest.update(piece)
                size += len(piece)
        known = known or _known(head)
        into.flush()
        width, height = self._dimensions(into, known)
        return ImageFacts(known.content_type, width, height, size, digest.hexdigest())

    def _dimensions(
        self, file: BinaryIO, known: formats.ImageFormat
    ) -> tuple[int, int] | tuple[None, None]:
        found = formats.dimensions(file, known)
        if not found:
            if known is formats.SVG:
                return None, None
            raise NotAnImage(f"not an image: {known.name} with a damaged header")
        width, height = found
        if width * height > self._settings.max_image_pixels:
            raise TooLarge(f"too large: {width} × {height} pixels")
        return found

    def _persist(self, turn: Callable[[], _T]) -> _T:
        """Try again, within the one deadline, what may end better next time."""
        self._watch.start(self._settings.fetch_seconds)
        for pause in manners.pauses():
            try:
                return turn()
            except _Held:
                raise
            except OriginFailure as failure:
                if not failure.transient or pause >= self._watch.left():
                    raise
            self._watch.sleep(pause)
        return turn()

    def _open(self, url: Url, limit: int, headers: dict[str, str]) -> tuple[Url, requests.Response]:
        """Follow redirects to an answer of 200; every hop is judged anew."""
        self._watch.allow(limit + limit // 4 + 256 * KiB)
        headers = {"User-Agent": self._agent, "Accept-Encoding": "identity", **headers}
        for _ in range(MAX_REDIRECTS + 1):
            response = self._answer(url, headers)
            if response.status_code == 200:
                return url, response
            body.discard(response)
            location = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or location is None:
                raise _failure(response)
            # Browsers take a header's raw bytes as percent-encoded ones.
            url = url.join(quote(location, safe=_PRINTABLE, encoding="latin-1"))
        raise OriginStatus(f"origin status: more than {MAX_REDIRECTS} redirects")

    def _answer(self, url: Url, headers: dict[str, str]) -> requests.Response:
        """Send one request, waiting before and after as the host has asked."""
        while True:
            wait = self._holds.left(url.host)
            if wait >= self._watch.left():
                raise _Held(f"origin status: asks to wait {wait:.0f} s", transient=True)
            self._watch.sleep(wait)
            response = self._session.fetch(url, headers)
            if response.status_code not in (429, 503):
                return response
            seconds = manners.retry_after(response.headers.get("Retry-After"))
            if seconds is None:
                return response
            body.discard(response)
            self._holds.hold(url.host, seconds)


def _failure(response: requests.Response) -> OriginStatus:
    status = response.status_code
    return OriginStatus(f"origin status: {status}", transient=status in _TRANSIENT)


def _known(head: bytes) -> formats.ImageFormat:
    known = formats.sniff(head)
    if not known:
        raise NotAnImage(f"not an image: {formats.describe(head)}")
    return known


def _judge_page(declared: str, head: bytes) -> None:
    """Take what says that it is HTML and is no binary, and what looks like HTML."""
    found = formats.sniff(head)
    name = found.name if found else formats.describe(head)
    says = declared.partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml")
    if name == "HTML" or (says and name in ("XML", "text", "unknown bytes")):
        return
    raise NotHtml(f"not HTML: {name}")
