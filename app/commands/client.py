"""A client of the API: of a service somewhere, or of the application in this very process."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from uuid import uuid4
from wsgiref.types import WSGIApplication

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.util import Retry
from werkzeug.http import parse_options_header
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import create_app
from app.commands.problem import NoAnswer, Problem
from app.database import sqlite
from app.settings import load

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

    It looks every `pause` seconds how they go, and leaves on a service that `keeps` them what is
    done.
    """

    def __init__(
        self, session: requests.Session, service: str, *, pause: float, keeps: bool
    ) -> None:
        self._session = session
        self._service = service.rstrip("/")
        self._pause = pause
        self._keeps = keeps

    @contextmanager
    def job(self, path: str, **wish: Any) -> Iterator[str]:
        """Have something done, and yield the path of the job; Ctrl-C cancels it."""
        key = {"Idempotency-Key": str(uuid4())}
        with self._ask("POST", path, json=wish, headers=key) as answer:
            place = answer.headers.get("Location")
        if answer.status_code != 202 or not place:
            raise Problem({"detail": f"{answer.url} answered {answer.status_code}, not 202"})
        try:
            yield place
        except KeyboardInterrupt:
            if self._keeps:
                self._cancel(place)
            raise
        if not self._keeps:
            self._remove(place)

    def follow(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield what is told of a job, again and again until it has ended."""
        answered = time.monotonic()
        while True:
            try:
                with self._connected(), self._ask("GET", path) as answer:
                    told = answer.json()
            except NoAnswer as error:
                if time.monotonic() - answered > RESTART:
                    detail = f"{error}; the job may go on there all the same"
                    raise NoAnswer({"detail": detail}) from error
            else:
                answered = time.monotonic()
                yield told
                if told["status"] not in UNFINISHED:
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
            url = f"{self._service}{path}"
            requests.delete(url, auth=self._session.auth, timeout=HURRY, stream=True).close()

    def _remove(self, path: str) -> None:
        self._ask("DELETE", path).close()

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response:
        options |= {"timeout": TIMEOUTS, "allow_redirects": False}
        with self._connected():
            answer = self._session.request(method, f"{self._service}{path}", **options)
        if answer.ok:
            return answer
        with answer:
            if answer.headers.get("Content-Type", "").startswith("application/problem+json"):
                raise Problem(answer.json())
            # A proxy speaks for a service that is away; what the service itself says is a problem.
            kind = NoAnswer if answer.status_code >= 500 else Problem
            raise kind({"detail": f"{answer.url} answered {answer.status_code}"})

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
            session.auth = _Bearer(key)
        yield Client(session, service, pause=1, keeps=True)


@contextmanager
def in_process() -> Iterator[Client]:
    """Be a client of the application in this process, on a storage of its own that goes after it.

    Raises:
        ConfigurationError: a setting is not valid.

    """
    with TemporaryDirectory(prefix="image-downloader-") as folder, requests.Session() as session:
        # What concerns a service and its clients is left out.
        settings = replace(
            load(),
            storage_dir=Path(folder),
            job_threads=1,
            hosts=(),
            api_keys=(),
            rate_limit=None,
            accel="",
            keep_days=0,
        )
        app = create_app(settings)
        engine = app.extensions["engine"]
        session.trust_env = False
        session.mount("http://", _InProcess(app))
        try:
            yield Client(session, "http://in-process", pause=0.1, keeps=False)
        finally:
            engine.stop()
            sqlite.db.close()


class _Bearer(requests.auth.AuthBase):
    """A key; as `auth`, so that no ~/.netrc takes its place."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class _InProcess(BaseAdapter):
    """Calls an application where other adapters send over a network."""

    def __init__(self, app: WSGIApplication) -> None:
        super().__init__()
        self._app = app

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Return the application's answer; its body is not read yet."""
        asked = EnvironBuilder(
            request.path_url,
            method=str(request.method),
            headers=[(name, str(value)) for name, value in request.headers.items()],
            data=cast(bytes | None, request.body),
        )
        pieces, status, headers = run_wsgi_app(self._app, asked.get_environ())
        answer = requests.Response()
        answer.status_code = int(status[:3])
        answer.headers = CaseInsensitiveDict(headers)
        answer.raw = _Body(pieces)
        answer.request, answer.url = request, request.url or ""
        return answer

    def close(self) -> None:
        """Do nothing: there is no connection."""


class _Body:
    """As much of a urllib3 response as requests needs."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """Yield the body."""
        yield from self._pieces

    def close(self) -> None:
        """Tell the application that its answer was read, or is not wanted."""
        if close := getattr(self._pieces, "close", None):
            close()
