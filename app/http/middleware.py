"""What holds for every request, whatever answers it.

A WSGI middleware around the application. It gives each request an id, asks the guards whether it
may pass, adds the headers that every answer has, and counts it and writes its one line of log when
the answer has been sent, or the client has left. It costs microseconds: it holds for the busiest
calls too.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import NamedTuple
from uuid import UUID
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from app import logs
from app.metrics import OTHER, count_request

log = logging.getLogger(logs.REQUESTS)

REQUEST_ID = "image_downloader.request_id"  # in the environment of each request
KEY = "image_downloader.key"  # who asks, by a short hash; absent where no key was needed
JOB = "image_downloader.job"  # the `AddedJob` of a request that added one

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# What an answer gets unless it says so itself.
HEADERS = {
    "x-content-type-options": ("X-Content-Type-Options", "nosniff"),
    "content-security-policy": ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    # Not no-referrer: browsers would send the forms of our own pages with `Origin: null`.
    "referrer-policy": ("Referrer-Policy", "same-origin"),
    "cross-origin-opener-policy": ("Cross-Origin-Opener-Policy", "same-origin"),
    "cross-origin-resource-policy": ("Cross-Origin-Resource-Policy", "same-origin"),
}

# What supervisors and monitors ask every few seconds; written at level DEBUG unless it fails.
PROBES = {"/healthz", "/readyz", "/metrics"}

_SAFE_ID = re.compile(r"[\w.:+/=@-]{1,128}", re.ASCII)

Headers = list[tuple[str, str]]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
# Returns what to answer instead, if anything; may add headers to any answer.
Guard = Callable[[WSGIEnvironment, Headers], WSGIApplication | None]


class AddedJob(NamedTuple):
    """A job that a request added, or had added when it was sent first."""

    id: UUID
    location: str


class Middleware:
    """Stands before an application; the guards are asked in their order.

    `route` gives metrics a name for a path, one of few.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *guards: Guard,
        route: Callable[[str], str] = lambda path: OTHER,
    ) -> None:
        self._app = app
        self._guards = guards
        self._route = route

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        current = _Request(environ, start_response, self._route)
        try:
            for guard in self._guards:
                if refusal := guard(environ, current.headers):
                    return current.watch(refusal(environ, current.start))
            return current.watch(self._app(environ, current.start))
        except BaseException:
            current.close()
            raise


class _Request:
    """One request and its answer."""

    def __init__(
        self,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        route: Callable[[str], str],
    ) -> None:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _SAFE_ID.fullmatch(given) else secrets.token_hex(16)
        environ[REQUEST_ID] = request_id
        logs.request_id.set(request_id)
        self.headers: Headers = [("X-Request-ID", request_id)]
        self._began = time.perf_counter()
        self._environ = environ
        self._start_response = start_response
        self._route = route
        self._status = 500  # what the server answers when the application breaks
        self._length: str | None = None
        self._bytes = 0
        self._pieces: Iterable[bytes] = ()

    def start(
        self, status: str, headers: Headers, exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        """Begin the answer, with what each answer has to say."""
        self._status = int(status[:3])
        said = {name.lower(): value for name, value in headers}
        self._length = said.get("content-length")
        if KEY in self._environ:
            headers = _private(headers)
        added = [header for name, header in HEADERS.items() if name not in said]
        return self._start_response(status, headers + self.headers + added, exc_info)

    def watch(self, pieces: Iterable[bytes]) -> Iterable[bytes]:
        """Return the body such that its end is noticed."""
        self._pieces = pieces
        wrapper = self._environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(pieces, wrapper):
            # It stays what it is, so that the server can use sendfile.
            pieces.close = self._close_file  # type: ignore[attr-defined]
            return pieces
        return self

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._bytes += len(piece)
            yield piece

    def close(self) -> None:
        """Free what was sent, and count it and write its line of log."""
        try:
            if hasattr(self._pieces, "close"):
                self._pieces.close()
        finally:
            self._end()

    def _close_file(self) -> None:
        file = self._pieces.filelike  # type: ignore[attr-defined]
        # gunicorn rewinds what it has sent whole; the position tells how far an aborted one came.
        self._bytes = file.tell() or int(self._length or 0)
        file.close()
        self._end()

    def _end(self) -> None:
        environ = self._environ
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        seconds = time.perf_counter() - self._began
        count_request(method, self._route(path), self._status, seconds)
        level = logging.DEBUG if path in PROBES and self._status < 400 else logging.INFO
        if log.isEnabledFor(level):
            line = {
                "method": method,
                "path": path.encode("latin-1").decode(errors="replace"),
                "status": self._status,
                "seconds": round(seconds, 4),
                "bytes": self._bytes,
                "client": environ.get("REMOTE_ADDR"),
                "key": environ.get(KEY),
                "request_id": environ[REQUEST_ID],
            }
            if job := environ.get(JOB):
                line["job"] = job.location
            # Not log.info(): to find the caller's line costs as much as the rest.
            log.handle(log.makeRecord(log.name, level, "", 0, "request", (line,), None))
        logs.request_id.set(None)


def _private(headers: Headers) -> Headers:
    """Keep what takes a key out of the caches that people share (RFC 9111)."""
    given = [value for name, value in headers if name.lower() == "cache-control"]
    rest = [header for header in headers if header[0].lower() != "cache-control"]
    directives = [part.strip() for value in given for part in value.split(",")]
    kept = [part for part in directives if part and part not in ("public", "private")]
    return [*rest, ("Cache-Control", ", ".join(["private", *kept]))]
