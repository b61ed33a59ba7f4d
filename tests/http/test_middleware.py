"""What holds for every request: its id, its line of log, the headers of its answer."""

import io
import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.util import FileWrapper

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from app import logs
from app.http.middleware import CONTENT_SECURITY_POLICY, Middleware

Line = dict[str, Any]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[Line]]:
    """Return the lines of requests so far, as they are written."""
    caplog.set_level(logging.INFO)

    def written() -> list[Line]:
        records = [record for record in caplog.records if record.name == "app.http.request_log"]
        return [json.loads(logs.Formatter().format(record)) for record in records]

    return written


def answering(pieces: Iterable[bytes], *headers: tuple[str, str]) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", list(headers))
        return pieces

    return app


def ask(app: WSGIApplication, **more: Any) -> Any:
    """Return what the application gives to its server."""
    environ = EnvironBuilder("/some/path").get_environ() | more
    return app(environ, lambda status, headers, exc_info=None: lambda data: None)


def test_a_request_is_one_line_in_the_log(
    client: FlaskClient, lines: Callable[[], list[Line]]
) -> None:
    answer = client.get("/openapi.json?secret=1")

    [line] = lines()
    assert line.pop("seconds") >= 0
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "app.http.request_log",
        "message": "request",
        "method": "GET",
        "path": "/openapi.json",
        "status": 200,
        "bytes": len(answer.data),
        "client": "127.0.0.1",
        "key": None,
        "request_id": answer.headers["X-Request-ID"],
    }


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_have_a_line_when_they_fail(
    client: FlaskClient, lines: Callable[[], list[Line]], path: str
) -> None:
    client.post(path)
    status = client.get(path).status_code

    assert [line["status"] for line in lines()] == [405, *([status] if status >= 400 else [])]


def test_the_line_of_an_accepted_job_names_it(
    client: FlaskClient, lines: Callable[[], list[Line]]
) -> None:
    answer = client.post("/images", json={"url": "https://example.com/a.png"})

    assert [line["job"] for line in lines()] == [answer.headers["Location"]]


def test_a_streamed_answer_is_logged_when_it_ends(lines: Callable[[], list[Line]]) -> None:
    body = ask(Middleware(answering(piece for piece in (b"one", b"two"))))

    assert next(iter(body)) == b"one"
    assert lines() == []
    body.close()
    assert [line["bytes"] for line in lines()] == [3]


def test_a_body_is_closed_once_it_is_sent_or_the_client_has_left() -> None:
    class Body(io.BytesIO):
        pass

    body = Body(b"never read")
    ask(Middleware(answering(body))).close()

    assert body.closed


def test_the_answer_to_head_counts_no_bytes(
    client: FlaskClient, lines: Callable[[], list[Line]]
) -> None:
    client.head("/openapi.json")

    assert [(line["method"], line["bytes"]) for line in lines()] == [("HEAD", 0)]


@pytest.mark.parametrize(("position", "counted"), [(0, 6), (4, 4)])
def test_a_file_is_left_to_sendfile_and_counted_by_its_position(
    tmp_path: Path, lines: Callable[[], list[Line]], position: int, counted: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abcdef")
    wrapped = FileWrapper(path.open("rb"))
    middleware = Middleware(answering(wrapped, ("Content-Length", "6")))

    sent = ask(middleware, **{"wsgi.file_wrapper": FileWrapper})
    wrapped.filelike.seek(position)  # gunicorn: to 0 when all was sent
    sent.close()

    assert sent is wrapped
    assert wrapped.filelike.closed
    assert [line["bytes"] for line in lines()] == [counted]


def test_a_request_that_breaks_the_application_is_logged_too(
    lines: Callable[[], list[Line]],
) -> None:
    def broken(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        ask(Middleware(broken))
    assert [line["status"] for line in lines()] == [500]


@pytest.mark.parametrize("given", ["a", "01a1f882-94ec", "A.b_c:d+e/f=@1", "x" * 128])
def test_a_safe_request_id_is_kept(client: FlaskClient, given: str) -> None:
    answer = client.get("/nowhere", headers={"X-Request-ID": given})

    assert answer.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "two words", 'quo"te', "<b>", "é"])
def test_another_request_id_is_replaced(client: FlaskClient, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given})

    assert answer.headers["X-Request-ID"] != given
    assert len(answer.headers["X-Request-ID"]) == 32


def test_lines_written_during_a_request_name_it(app: Flask, client: FlaskClient) -> None:
    def write() -> str:
        return logs.Formatter().format(logging.makeLogRecord({}))

    app.add_url_rule("/write", view_func=write)
    during = client.get("/write", headers={"X-Request-ID": "mine"}).text

    assert json.loads(during)["request_id"] == "mine"
    assert "request_id" not in json.loads(write())


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/images", "/docs/assets/index.css"])
def test_every_answer_has_the_headers_of_a_careful_site(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_an_answer_may_have_a_policy_of_its_own() -> None:
    told: list[tuple[str, str]] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        told.extend(headers)

    middleware = Middleware(answering([], ("content-security-policy", "sandbox")))
    middleware(EnvironBuilder("/").get_environ(), start).close()  # type: ignore[attr-defined]

    policies = [value for name, value in told if name.lower() == "content-security-policy"]
    assert policies == ["sandbox"]
