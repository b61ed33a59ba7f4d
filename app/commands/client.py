"""A client of a service that runs somewhere."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry
from werkzeug.http import parse_options_header

from app.commands.problem import NoAnswer, Problem

TIMEOUTS = 10, 60  # seconds to connect, and without a byte
HURRY = 5  # seconds for either, where a person wants to leave
RESTART = 60  # seconds that a service may be away from a job that it has accepted
CHUNK_BYTES = 1 << 16
UNFINISHED = "queued", "running"

# A service that is busy says for how long; a POST is safe to repeat, it has an Idempotency-Key.
PATIENCE = Retry(
    total=8,
    connect=2,
    read=2,
    status_forcelist=(429, 503),
    allowed_methods=None,
    backoff_factor=0.5,
    backoff_max=10,
    raise_on_status=False,
    retry_after_max=60,
)


class Client:
    """Has jobs done; all it does raises `Problem`.

    It looks every `pause` seconds how they go, and leaves on the service what is done.
    """

    def __init__(self, session: requests.Session, service: str, *, pause: float) -> None:
        self._session = session
        self._service = service.rstrip("/")
        self._pause = pause

    @contextmanager
    def job(self, path: str, **options: Any) -> Iterator[str]:
        """Have something done, and yield the path of the job; Ctrl-C cancels it."""
        key = {"Idempotency-Key": str(uuid4())}
        with self._ask("POST", path, json=options, headers=key) as answer:
            place = answer.headers.get("Location")
        if answer.status_code != 202 or not place:
            raise Problem({"detail": f"{answer.url} answered {answer.status_code}, not 202"})
        try:
            yield place
        except KeyboardInterrupt:
            self._cancel(place)
            raise

    def follow(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the document of a job, again and again until it has ended."""
        answered = time.monotonic()
        while True:
            try:
                with self._connected(), self._ask("GET", path) as answer:
                    document = answer.json()
            except NoAnswer as error:
                if time.monotonic() - answered > RESTART:
                    detail = f"{error}; the job may go on there all the same"
                    raise NoAnswer({"detail": detail}) from error
            else:
                answered = time.monotonic()
                yield document
                if document["status"] not in UNFINISHED:
                    return
            time.sleep(self._pause)

    @contextmanager
    def file(self, path: str) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Yield the name of a file and its bytes, piece by piece."""
        with self._ask("GET", path, stream=True) as answer:
            _, options = parse_options_header(answer.headers.get("Content-Disposition"))
            name = "".join(filter(str.isprintable, Path(options.get("filename", "")).name))
            with self._connected():
                yield name.lstrip(".") or "images", answer.iter_content(CHUNK_BYTES)

    def _cancel(self, path: str) -> None:
        """Withdraw a job if that takes no patience, which the session would have."""
        with suppress(requests.RequestException):
            url = self._url(path)
            requests.delete(url, auth=self._session.auth, timeout=HURRY, stream=True).close()

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response:
        options |= {"timeout": TIMEOUTS, "allow_redirects": False}
        with self._connected():
            answer = self._session.request(method, self._url(path), **options)
        if answer.ok:
            return answer
        with answer, self._connected():
            if answer.headers.get("Content-Type", "").startswith("application/problem+json"):
                raise Problem(answer.json())
            # A proxy speaks for a service that is away; what the service itself says is a problem.
            kind = NoAnswer if answer.status_code >= 500 else Problem
            raise kind({"detail": f"{answer.url} answered {answer.status_code}"})

    def _url(self, path: str) -> str:
        """Return where a path is; behind a proxy, the service itself may name it with its own."""
        prefix = urlsplit(self._service).path
        named = path.startswith((f"{prefix}/download/", f"{prefix}/images/"))
        return self._service + path.removeprefix(prefix if named else "")

    @contextmanager
    def _connected(self) -> Iterator[None]:
        try:
            yield
        except requests.RequestException as error:
            detail = f"no answer from {self._service}: {_first_cause(error)}"
            raise NoAnswer({"detail": detail}) from error


def _first_cause(error: BaseException) -> str:
    """Return what the system said: around it, each library has put its own words."""
    while error.__context__:
        error = error.__context__
    return getattr(error, "strerror", None) or str(error)


@contextmanager
def at(service: str, key: str | None) -> Iterator[Client]:
    """Be a client of a service somewhere."""
    with requests.Session() as session:
        for scheme in "http://", "https://":
            session.mount(scheme, HTTPAdapter(max_retries=PATIENCE))
        if key:
            session.auth = partial(_show, key)  # so that no ~/.netrc takes its place
        yield Client(session, service, pause=1)


def _show(key: str, request: requests.PreparedRequest) -> requests.PreparedRequest:
    request.headers["Authorization"] = f"Bearer {key}"
    return request
