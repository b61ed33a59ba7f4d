"""The two busiest calls, `POST /images` with one URL and `GET /images/<id>`, without Flask.

Flask, flask-smorest, webargs and marshmallow take half a millisecond to find a view, read its input
and wrap its answer, which is several times what the work itself takes. Here the plainest form of
these two calls is recognized and answered from the same functions that their views use.

The views are the reference: whatever is unusual about a request, and whatever would be refused,
is left to them. tests/api/test_direct.py asks both and compares.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any
from uuid import UUID
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import orjson
from flask import Flask
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import generate_etag, quote_etag

from app import jobs
from app.api.schemas import judge
from app.database.models import UNFINISHED
from app.errors import Refused
from app.http.files import KEPT_BY_NGINX
from app.http.problems import RETRY_SECONDS
from app.http.responses import encode
from app.jobs.documents import ImageDocument
from app.jobs.lists import ImageRow

MAX_PLAIN_BYTES = 2048  # few URLs are longer; what is may be a list, with a long answer

# What these change about an answer, the views know.
MEANINGFUL = frozenset(
    f"HTTP_{name}"
    for name in (
        *("CONTENT_ENCODING", "IDEMPOTENCY_KEY", "PREFER", "RANGE", "TRANSFER_ENCODING"),
        *("IF_MATCH", "IF_MODIFIED_SINCE", "IF_NONE_MATCH", "IF_RANGE", "IF_UNMODIFIED_SINCE"),
    )
)

COLLECTION, HEALTH = "/images", "/healthz"
JSON = {"*/*", "application/json"}  # what accepts it, in its plainest forms
_DETAILS = re.compile(r"/images/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.ASCII)
_DOCUMENT = ImageDocument()

Answer = tuple[str, list[tuple[str, str]], bytes]


class Direct:
    """Stands before the views of an application and answers what is plain."""

    def __init__(self, views: WSGIApplication, app: Flask) -> None:
        self._views = views
        self._app = app
        self._allowed = app.extensions["settings"].allow_networks

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request (PEP 3333); what it writes is on disk when the answer is iterated."""
        try:
            answer = self._begin(environ) if takes(environ) else None
        except Exception as error:
            return self._explain(error, environ, start_response)
        if answer is None:
            return self._views(environ, start_response)
        return self._tell(answer, environ, start_response)

    def _tell(
        self, answer: Callable[[], Answer], environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterator[bytes]:
        try:
            status, headers, body = answer()
        except Exception as error:
            yield from self._explain(error, environ, start_response)
            return
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        if environ["REQUEST_METHOD"] != "HEAD":
            yield body

    def _begin(self, environ: WSGIEnvironment) -> Callable[[], Answer] | None:
        """Do what can be done at once; return what does the rest."""
        if environ["REQUEST_METHOD"] == "POST":
            url = self._url(environ)
            return self._add(url) if url else None
        if environ["PATH_INFO"] == HEALTH:
            return None
        row = jobs.row(UUID(environ["PATH_INFO"][len(COLLECTION) + 1 :]))
        return partial(_show, row) if row else None

    def _url(self, environ: WSGIEnvironment) -> str | None:
        """Return the URL that is asked for, when nothing else is and it is not refused."""
        length = int(environ["CONTENT_LENGTH"])
        try:
            body = environ["wsgi.input"].read(length)
        except OSError as error:
            raise ClientDisconnected from error  # as Werkzeug does
        if len(body) < length:
            raise ClientDisconnected
        environ["wsgi.input"] = io.BytesIO(body)  # for the view to read again
        try:
            match orjson.loads(body):
                case {"url": str(url), **rest} if not rest:
                    judge(url, self._allowed)
                    return url
        except (orjson.JSONDecodeError, Refused):
            pass
        return None

    def _add(self, url: str) -> Callable[[], Answer]:
        self._app.extensions["capacity"].admit(1)
        written = jobs.enter_images([url])

        def accepted() -> Answer:
            [image] = written.result()
            self._app.extensions["engine"].submit()
            headers = [
                ("Content-Type", "application/json"),
                ("Retry-After", str(RETRY_SECONDS)),
                ("Location", f"{COLLECTION}/{image.id}"),
            ]
            return "202 ACCEPTED", headers, encode(_DOCUMENT.dump(image))

        return accepted

    def _explain(
        self, error: Exception, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Say what went wrong, as Flask does when it is raised by a view."""
        app: Any = self._app
        with app.request_context(environ):
            try:
                answer = app.finalize_request(app.handle_user_exception(error))
            except Exception as fault:
                answer = app.handle_exception(fault)
            pieces: Iterable[bytes] = answer(environ, start_response)
            return pieces


def takes(environ: WSGIEnvironment) -> bool:
    """Tell whether a request is for a lane: of the two calls, without a header that changes them.

    So is the question whether the process answers: it must not wait for a thread.
    """
    if not environ.keys().isdisjoint(MEANINGFUL) or environ.get("HTTP_ACCEPT", "*/*") not in JSON:
        return False
    if environ["REQUEST_METHOD"] == "POST":
        length = environ.get("CONTENT_LENGTH", "")
        plain = environ["PATH_INFO"] == COLLECTION and length.isdigit()
        json = environ.get("CONTENT_TYPE") == "application/json"
        return plain and json and int(length) <= MAX_PLAIN_BYTES
    path = environ["PATH_INFO"]
    return environ["REQUEST_METHOD"] in ("GET", "HEAD") and bool(
        path == HEALTH or _DETAILS.fullmatch(path)
    )


def _show(row: ImageRow) -> Answer:
    body = encode(_DOCUMENT.dump(row))
    headers = {
        "Content-Type": "application/json",
        "ETag": quote_etag(generate_etag(body)),
        **(KEPT_BY_NGINX if row.status not in UNFINISHED else {}),
    }
    return "200 OK", [*headers.items()], body
